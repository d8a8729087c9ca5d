"""Whether the records of a loop's body would be more than all that they are computed from.

The forces between n bodies are computed from n positions a step, n * n of them: a record of each pair is larger by a
factor n than all that is there. Such a value is computed again wherever that costs no more than some divisions, a root
or an exponential; where an array has an element for each pair, a record is at most a few times as much.
"""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.ad.records.values import Planner
from adcompiler.analysis.scope import Frame, Path, sites
from adcompiler.ir.walk import blocks
from adcompiler.ir.wengert import Const, Load, Loop, Store, Var

#: How many times as dear such a record is.
GROWING = 4.0


def swells(p: Planner, wanted: set[Var]) -> bool:
    """Whether records of `wanted`, values of one loop's body, would be longer than every array that the body touches.

    Not where one of them can only be recorded: the others are as long as its record.
    """
    frames = p.defs[next(iter(wanted))].frames
    around = [f for f in frames if f.is_loop and long(f)]
    if not around:
        return False
    loops = frozenset(f.path for f in around)
    if any(loops <= reached for reached in touched(p, frames[: frames.index(around[-1]) + 1])):
        return False
    seen: dict[Var, bool] = {}
    return all(derived(p, v, loops, seen) for v in wanted)


def long(frame: Frame) -> bool:
    """Whether nothing bounds how often a loop runs."""
    region = frame.region
    return not isinstance(region, Loop) or not (isinstance(region.start, Const) and isinstance(region.stop, Const))


def derived(p: Planner, v: Var, loops: frozenset[Path], seen: dict[Var, bool]) -> bool:
    """Whether a value of the body of `loops` follows from less than one number for each of its iterations."""
    if v in seen or v not in p.defs or p.ready(v):
        return seen.get(v, True)
    if not loops <= {f.path for f in p.defs[v].loops}:
        return True
    sources = p.sources(v)
    seen[v] = sources is not None and not (loops <= held(p, v))
    seen[v] = seen[v] and all(derived(p, a, loops, seen) for a in sources or () if isinstance(a, Var))
    return seen[v]


def touched(p: Planner, frames: tuple[Frame, ...]) -> Iterator[frozenset[Path]]:
    """Of each array that is loaded from or stored into within the last of `frames`, the loops that move the element."""
    *around, last = frames
    for arm, block in enumerate(blocks(last.region)):
        inside = (*around, Frame(last.path, last.region, arm))
        for stmt, path, within in sites(block, (*last.path, arm), inside):
            if isinstance(stmt, (Load, Store)):
                yield moving(p, stmt, path, within)


def held(p: Planner, v: Var) -> frozenset[Path]:
    """The loops that have numbers of their own in the memory from which the reverse sweep loads a value."""
    d = p.overwrites.defs[v]
    stmt = p.reloads.get(v, d.stmt)
    if not isinstance(stmt, Load):
        return frozenset()
    found = moving(p, stmt, d.path, d.frames)
    root = p.overwrites.memory.root(stmt.array)
    if root in p.primal.restored:
        found |= {f.path for write in p.overwrites.writes.get(root, ()) for f in write.frames if f.is_loop}
    return found


def moving(p: Planner, stmt: Load | Store, path: Path, frames: tuple[Frame, ...]) -> frozenset[Path]:
    """The loops with which an access goes to another element."""
    found = set[Path]()
    access = p.overwrites.accesses.access(stmt.array, stmt.index, path, frames)
    for form in access.axes:
        for name, _ in () if form is None else form.terms:
            found |= turning(p, name)
        if form is None:
            found |= {f.path for f in frames}
    return frozenset(found) | {f.path for f in p.overwrites.defs[access.base].loops}


def turning(p: Planner, name: object) -> set[Path]:
    """The loops with which an integer changes."""
    d = p.overwrites.defs.get(name) if isinstance(name, Var) else None
    if d is None:
        return set()
    return {d.path} if d.role == "index" else {f.path for f in d.loops}


__all__ = ["GROWING", "swells"]
