"""Arrays of which each iteration of a loop keeps a copy, for the loads that find what it began with.

A stencil that fills a second array and copies it back overwrites every element once an iteration. A copy of what the
iteration begins with holds all that its loads read, and the reverse sweep reads it where it lies.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

from adcompiler.analysis.access import Access
from adcompiler.analysis.constraints import Form, symbol
from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import Frame, Path, sites
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import blocks, map_blocks, walk
from adcompiler.ir.wengert import Block, Func, Grow, Load, Loop, Stmt, Var

#: By how many elements an axis may be longer than what an iteration overwrites of it.
_EDGE = 8


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An array, a loop whose iterations copy it first, and the loads that find the same values in the copy."""

    array: Var
    loop: Path
    loads: tuple[Load, ...]


def snapshots(over: Dependence, array: Var) -> list[Snapshot]:
    """What to copy of the arrays that may share memory with `array`.

    Only in loops of which each iteration overwrites nearly all of an array, so that a copy is no more than what is
    lost.
    """
    root = over.memory.root(array)
    if any(isinstance(s, Grow) and over.memory.root(s.array) == root for s in walk(over.fn.body)):
        return []
    loops = {path for write in over.writes.get(root, ()) if (path := swept(over, write)) is not None}
    found: dict[tuple[Path, Var], list[Load]] = {}
    for stmt, path, frames in sites(over.fn.body) if loops else ():
        if isinstance(stmt, Load) and over.memory.root(stmt.array) == root and not over.fn.types[stmt.target.name].rank:
            inner = next((f for f in reversed(frames) if f.path in loops), None)
            if inner is not None and stands(over, stmt.array, inner) and unchanged(over, stmt, path, frames, inner):
                found.setdefault((inner.path, stmt.array), []).append(stmt)
    return [Snapshot(name, loop, tuple(loads)) for (loop, name), loads in found.items()]


def complete(over: Dependence, array: Var, found: Iterable[Snapshot]) -> bool:
    """Whether the snapshots of `array` hold all that loops which store into its memory load from there."""
    root = over.memory.root(array)
    held = {load for snapshot in found for load in snapshot.loads}
    changing = {f.path for write in over.writes.get(root, ()) for f in write.frames if f.is_loop}
    for stmt, _, frames in sites(over.fn.body):
        if isinstance(stmt, Load) and over.memory.root(stmt.array) == root and stmt not in held:
            if any(f.path in changing for f in frames):
                return False
    return True


def unchanged(over: Dependence, load: Load, path: Path, frames: tuple[Frame, ...], loop: Frame) -> bool:
    """Whether a load finds what its element was when the iteration of `loop` began."""
    read = over.accesses.access(load.array, load.index, path, frames)
    writes = over.writes[over.memory.root(load.array)]
    inside = [w for w in writes if any(f.path == loop.path for f in w.frames)]
    return not any(over.meets_later(write, read, frozenset((loop.path,))) for write in inside)


def stands(over: Dependence, array: Var, loop: Frame) -> bool:
    """Whether an array has its name, and extents known from the start, when an iteration of `loop` begins."""
    d = over.defs[array]
    there = all(f.path != loop.path for f in d.frames) or (d.role == "carry" and d.path == loop.path)
    return there and all(not isinstance(e, Var) or not over.defs[e].frames for e in over.fn.shape(array))


# -- loops that overwrite nearly all of an array ------------------------------------------------------------------


def swept(over: Dependence, write: Access) -> Path | None:
    """The loop of which each iteration overwrites nearly all of an array by the store of `write`."""
    indices = {f.region.index for f in write.frames if isinstance(f.region, Loop)}
    moving = [mover(form, indices) for form in write.axes]
    if None in moving or len(set(moving)) < len(moving):
        return None
    own = [f for f in write.frames if isinstance(f.region, Loop) and f.region.index in moving]
    around = write.frames[: len(write.frames) - len(own)]
    if not around or write.frames[len(around) :] != tuple(own) or not isinstance(around[-1].region, Loop):
        return None
    sizes = [length(over, write, s, own) for s in moving]
    for extent, size in zip(write.extents, sizes, strict=True):
        gap = None if size is None else extent - size
        if gap is None or gap.terms or gap.constant > _EDGE:
            return None
    return around[-1].path


def mover(form: Form | None, indices: set[Var]) -> Hashable | None:
    """The one loop index, or position in a slice, with which an index moves element by element."""
    if form is None:
        return None
    found = [(s, c) for s, c in form.terms if s in indices or (isinstance(s, tuple) and s[0] == "position")]
    return found[0][0] if len(found) == 1 and abs(found[0][1]) == 1 else None


def length(over: Dependence, write: Access, moving: Hashable, own: list[Frame]) -> Form | None:
    """How many elements an index or position passes over."""
    for frame in own:
        if isinstance(frame.region, Loop) and frame.region.index == moving:
            region, step = frame.region, over.affine.form(frame.region.step)
            if step.terms or abs(step.constant) != 1 or region.until is not None:
                return None
            return (over.affine.form(region.stop) - over.affine.form(region.start)).times(step.constant)
    last = next((f for f in write.limits if f.coefficient(moving) == -1), None)
    return None if last is None else over.affine.unclipped(last.plus(symbol(moving), 1).shift(1))


# -- the primal with copies ---------------------------------------------------------------------------------------


def with_snapshots(fn: Func, arrays: Iterable[Var]) -> tuple[Func, dict[Var, Load]]:
    """A function in which loops copy arrays first, and the loads of these copies that give what is loaded.

    Before:  for k in range(steps): ...; t = u[i]; ...; u[i] = new[i]
    After:   for k in range(steps): u_before = copy(u); ...; t = u[i]; ...; u[i] = new[i]
    with `t = u_before[i]` among the loads.
    """
    over = dependence(fn)
    wanted: dict[Path, list[Snapshot]] = {}
    for array in sorted(arrays, key=str):
        for snapshot in snapshots(over, array):
            wanted.setdefault(snapshot.loop, []).append(snapshot)
    b, loads = Builder.of(fn), dict[Var, Load]()

    def visit(block: Block, path: Path) -> Block:
        return tuple(one(stmt, (*path, position)) for position, stmt in enumerate(block))

    def one(stmt: Stmt, path: Path) -> Stmt:
        arms = iter([visit(nested, (*path, arm)) for arm, nested in enumerate(blocks(stmt))])
        stmt = map_blocks(stmt, lambda _: next(arms))
        if path not in wanted:
            return stmt
        assert isinstance(stmt, Loop)
        with b.block() as first, b.at(stmt.span):
            for snapshot in wanted[path]:
                copy = b.emit("copy", snapshot.array, hint=f"{snapshot.array}_before")
                loads.update({s.target: replace(s, array=copy) for s in snapshot.loads})
        return replace(stmt, body=(*first, *stmt.body))

    body = visit(fn.body, ())
    return with_body(fn, body, b), loads
