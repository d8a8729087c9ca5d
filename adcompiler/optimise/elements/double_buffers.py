"""Two buffers that change places, of which each iteration keeps one: both live in the tape, row after row.

A time step reads the state from one buffer and writes the next state into the other, and the reverse sweep needs what
was read. Where a row of the tape is the buffer, the step is written once, and recorded thereby.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from adcompiler.analysis.constraints import Form
from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import Frame, Path, sites
from adcompiler.ir.build import ONE, ZERO, Builder, with_body
from adcompiler.ir.walk import all_defs, map_blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Carry, Const, Func, Load, Loop, Stmt, Store, Var, is_element
from adcompiler.optimise.elements.history import copy_rest, counts_rows, is_plain, ranges_of

#: By how many elements an axis may be longer than what a step writes of it.
_EDGE = 8


@dataclass(frozen=True, slots=True)
class Alternating:
    """The loop over the steps, the buffer it reads and the one it writes, and the tape with what it stores there.

    `steps` and `made` are the places of the loop and of the tape's allocation; each step writes the ranges `written`.
    """

    steps: int
    read: Carry
    write: Carry
    tape: Var
    made: int
    keeps: Store
    written: tuple[Loop, ...]


def alternate_in_tapes(fn: Func) -> Func:
    """Let a tape with two rows more hold both buffers of a loop that records what it reads.

    Before:  for s in range(m) carrying u, v: for i in range(1, n - 1): t = u[i]; tape[s, i] = t; v[i] = f(t)
                                              u, v = v, u
    After:   for s in range(m): tape[s + 2, 0] = tape[s, 0]; tape[s + 2, n - 1] = tape[s, n - 1]
                                for i in range(1, n - 1): tape[s + 2, i] = f(tape[s + 1, i])

    The first row is what `v` holds before the loop, the second one is `u`; what was at `tape[s]` is at `tape[s + 1]`.
    """
    loops = [k for k, s in enumerate(fn.body) if isinstance(s, Loop) and len(_buffers(fn, s)) == 2]
    over = dependence(fn) if loops else None
    found = next((f for k in loops if over for f in _found(over, k)), None)
    return fn if found is None else alternate_in_tapes(_rewritten(fn, found))


def _buffers(fn: Func, loop: Loop) -> list[Carry]:
    return [c for c in loop.carried if fn.types[c.var.name].rank]


# -- finding ------------------------------------------------------------------------------------------------------


def _found(over: Dependence, steps: int) -> Iterator[Alternating]:
    fn, loop = over.fn, over.fn.body[steps]
    assert isinstance(loop, Loop)
    one, other = _buffers(fn, loop)
    if not over.apart(one.var, other.var, {(steps,)}) or not is_plain(loop) or loop.start != ZERO:
        return
    made = {s.target: k for k, s in enumerate(fn.body) if isinstance(s, Assign) and s.op == "empty"}
    loads = {s.target: s for s in walk(loop.body) if isinstance(s, Load)}
    for read, write in ((one, other), (other, one)):
        written = _written(over, loop, write.var)
        for stmt in walk(loop.body) if written else ():
            kept = loads.get(stmt.value) if isinstance(stmt, Store) and isinstance(stmt.value, Var) else None
            if kept is None or not isinstance(stmt, Store) or stmt.add or stmt.array not in made:
                continue
            if kept.array == read.var and stmt.index == (loop.index, *kept.index):
                found = Alternating(steps, read, write, stmt.array, made[stmt.array], stmt, written)
                if counts_rows(fn, loop, stmt.array) and _fits(over, found, made) and _is_private(over, found):
                    yield found


def _written(over: Dependence, loop: Loop, array: Var) -> tuple[Loop, ...]:
    """The ranges that each step surely writes, if these are nearly all of the buffer."""
    own = all_defs((loop,))
    for ranges in ranges_of(loop.body, array):
        sizes = [over.affine.form(r.stop) - over.affine.form(r.start) for r in ranges]
        if not own & {a for r in ranges for a in (r.start, r.stop)} and _is_nearly(over, array, sizes):
            return ranges
    return ()


def _is_nearly(over: Dependence, array: Var, sizes: list[Form]) -> bool:
    """Whether an array has no more than a few elements along each axis besides so many."""
    gaps = [over.affine.form(e) - size for e, size in zip(over.fn.shape(array), sizes, strict=True)]
    return all(not gap.terms and gap.constant <= _EDGE for gap in gaps)


def _fits(over: Dependence, found: Alternating, made: Mapping[Var, int]) -> bool:
    """Whether both buffers are made like rows of the tape and before it, and nobody uses them before it is there."""
    fn, inits = over.fn, [found.read.init, found.write.init]
    types = {fn.type(a).dtype for a in (*inits, found.tape)}
    shapes = [fn.shape(a) for a in (*inits, found.read.var, found.write.var)]
    if len(types) > 1 or any(shape != shapes[0] for shape in shapes):
        return False
    # where little of a state is recorded, a whole one would take more memory
    recorded = [over.affine.unclipped(over.affine.form(e)) for e in fn.shape(found.tape)[1:]]
    early = all(isinstance(a, Var) and made.get(a, found.made) < found.made for a in inits)
    if not early or not _is_nearly(over, found.read.var, recorded):
        return False
    return not any(a in inits for s in walk(fn.body[: found.made]) for a in operands(s))


def _is_private(over: Dependence, found: Alternating) -> bool:
    """Whether elements are all that anybody uses of the buffers and the tape, each as a row of the tape allows it."""
    fn, loop = over.fn, over.fn.body[found.steps]
    names = _names(found)
    if names & set(fn.results):
        return False
    for stmt, path, frames in sites(fn.body):
        used = names & {*operands(stmt), *yields(stmt)}
        if not used or stmt is loop:
            continue
        if not isinstance(stmt, (Load, Store)) or not is_element(stmt.index) or used != {stmt.array}:
            return False
        if not _allows(over, found, stmt, path, frames):
            return False
    return True


def _names(found: Alternating) -> set[Atom]:
    return {a for c in (found.read, found.write) for a in (c.var, c.init, c.out)} | {found.tape}


def _allows(over: Dependence, found: Alternating, stmt: Load | Store, path: Path, frames: tuple[Frame, ...]) -> bool:
    """Whether a row of the tape may stand for the array that a statement uses."""
    if stmt.array == found.tape:
        # an index that counts from the end means another element of a longer axis
        known = None not in over.accesses.access(stmt.array, stmt.index, path, frames).axes
        return known and (stmt is found.keeps if isinstance(stmt, Store) else path[0] >= found.steps)
    if stmt.array == found.write.var:
        return isinstance(stmt, Store) and not stmt.add
    if stmt.array in (found.read.init, found.write.init):
        return path[0] < found.steps
    return isinstance(stmt, Load)


# -- rewriting ----------------------------------------------------------------------------------------------------


def _rewritten(fn: Func, found: Alternating) -> Func:
    b, tape, rows = Builder.of(fn), found.tape, fn.shape(found.tape)[0]
    loop, make = fn.body[found.steps], fn.body[found.made]
    assert isinstance(loop, Loop) and isinstance(make, Assign)
    buffers = {found.read.init: ONE, found.write.init: ZERO}
    with b.block() as body:
        b.extend([s for s in fn.body[: found.made] if not (isinstance(s, Assign) and s.target in buffers)])
        with b.at(loop.span):
            more, last = b.int("add", rows, Const(2)), b.int("add", rows, ONE)
        shape = (more, *fn.shape(found.read.var))
        b.add(replace(make, args=shape))
        b.shapes[tape.name] = shape
        _Rows(b, found, buffers).extend(fn.body[found.made + 1 : found.steps])
        with b.block() as lines, b.at(loop.span):
            here, following = b.int("add", loop.index, ONE), b.int("add", loop.index, Const(2))
            copy_rest(b, tape, (loop.index, following), found.written, ())
            _Rows(b, found, {found.read.var: here, found.write.var: following}).extend(loop.body)
        carried = tuple(c for c in loop.carried if c not in (found.read, found.write))
        b.add(replace(loop, carried=carried, body=tuple(lines)))
        _Rows(b, found, {found.read.out: last, found.write.out: rows}).extend(fn.body[found.steps + 1 :])
    return with_body(fn, tuple(body), b)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Writes statements anew in which rows of the tape stand for buffers."""

    b: Builder
    found: Alternating
    rows: Mapping[Atom, Atom]

    def extend(self, block: Block) -> None:
        """Append statements."""
        for stmt in block:
            if stmt is not self.found.keeps:
                self.b.add(self.placed(stmt))

    def placed(self, stmt: Stmt) -> Stmt:
        """A statement with its elements in the tape."""
        if isinstance(stmt, (Load, Store)) and stmt.array in self.rows:
            return replace(stmt, array=self.found.tape, index=(self.rows[stmt.array], *stmt.index))
        if isinstance(stmt, Load) and stmt.array == self.found.tape:
            row = stmt.index[0]
            assert isinstance(row, (Var, Const))
            with self.b.at(stmt.span):
                return replace(stmt, index=(self.b.int("add", row, ONE), *stmt.index[1:]))
        return map_blocks(stmt, self.block)

    def block(self, block: Block) -> Block:
        """A block of such statements."""
        with self.b.block() as lines:
            self.extend(block)
        return tuple(lines)


__all__ = ["alternate_in_tapes"]
