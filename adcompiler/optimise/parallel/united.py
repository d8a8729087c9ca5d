"""Loops over elements of one array become one loop, where they differ in where they begin and end.

Each loop is a kernel of a GPU, and each kernel goes through the array once more. A test of the index costs less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from adcompiler.analysis.access import Access
from adcompiler.analysis.constraints import Form, number
from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import Path
from adcompiler.ir.build import ONE, Builder, with_body
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_defs, map_blocks, rename
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Func, Load, Loop, Note, Stmt, Store, Var

# how much further one of the loops may go than another
_MORE = 8


@dataclass(frozen=True, slots=True)
class Nest:
    """Loops, each of which is all that the one around it does but for lines, and their accesses.

    Iteration `i` of the loops works on what iteration `i + shifts` of the united ones is to work on.
    """

    loops: tuple[Loop, ...]
    lines: Block
    writes: tuple[Access, ...]
    reads: tuple[Access, ...]
    shifts: tuple[int, ...]

    @property
    def indices(self) -> tuple[Var, ...]:
        """The indices, outermost first."""
        return tuple(loop.index for loop in self.loops)

    def place(self, access: Access) -> tuple[int, ...] | None:
        """By how much an element's index is more than the iteration's, along all axes."""
        forms = [form for form in access.axes if form is not None and len(form.terms) == 1]
        if len(access.axes) != len(self.loops) or [f.terms for f in forms] != [((i, 1),) for i in self.indices]:
            return None
        return tuple(form.constant for form in forms)


def unite_nests(fn: Func) -> Func:
    """Let neighbouring loops be one where what they share of arrays is an element of the same index.

    Before:  for i in range(n): v[i] = u[i]
             for i in range(n - 2): v[i + 1] = u[i] + u[i + 2]
    After:   for i in range(n):
                 v[i] = u[i]
                 if i >= 1 and i < n - 1: v[i] = u[i - 1] + u[i + 1]
    """
    uniting = _Uniting(fn)
    return with_body(fn, uniting.block(fn.body, ()), uniting.b)


class _Uniting:
    """Walks over blocks; nests wait for others that they can be united with."""

    def __init__(self, fn: Func) -> None:
        self.fn, self.b = fn, Builder.of(fn)
        self.over: Dependence = dependence(fn)
        self.memory: Memory = memory_of(fn, apart=True)

    def block(self, block: Block, path: Path) -> Block:
        """A block with its nests united."""
        waiting = list[Nest]()
        with self.b.block() as built:
            for position, stmt in enumerate(block):
                here = (*path, position)
                nest = self.nest(stmt, here) if isinstance(stmt, Loop) else None
                joined = self.joined(waiting, nest) if nest is not None else None
                if joined is not None:
                    waiting.append(joined)
                elif nest is not None:
                    self.write(waiting)
                    waiting = [nest]
                elif self.passes(stmt, waiting):
                    self.b.add(stmt)
                else:
                    self.write(waiting)
                    waiting = []
                    self.b.add(self.nested(stmt, here))
            self.write(waiting)
        return tuple(built)

    def nested(self, stmt: Stmt, path: Path) -> Stmt:
        """A statement with the nests in its blocks united."""
        arms = iter(range(2))
        return map_blocks(stmt, lambda block: self.block(block, (*path, next(arms))))

    # -- what is a nest ------------------------------------------------------------------------------------------

    def nest(self, stmt: Loop, path: Path) -> Nest | None:
        """Loops that count up by one, and work on single elements."""
        loops, around, body = [stmt], list[Stmt](), stmt.body
        while body and isinstance(body[-1], Loop):
            loops.append(body[-1])
            around += body[:-1]
            body = body[-1].body
        lines = (*around, *body)
        if not all(map(self.is_line, lines)) or not all(self.counts(loop, lines) for loop in loops):
            return None
        writes, reads = (tuple(self.within(kept, path)) for kept in (self.over.writes, self.over.reads))
        # the innermost loop will do again in each iteration what now stands around it
        if any(isinstance(s, Store) or (isinstance(s, Load) and self.stored(s.array, writes)) for s in around):
            return None
        found = Nest(tuple(loops), lines, writes, reads, ())
        first = next((at for w in writes if (at := found.place(w)) is not None), None)
        return None if first is None else replace(found, shifts=first)

    def counts(self, loop: Loop, lines: Block) -> bool:
        """Whether a loop counts up by one from a constant to what is known above the nest."""
        plain = loop.step == ONE and loop.until is None and not loop.carried and isinstance(loop.start, Const)
        return plain and loop.stop not in all_defs(lines)

    def stored(self, array: Var, writes: Iterable[Access]) -> bool:
        """Whether some accesses write what an array shows."""
        return any(self.memory.overlap(array, w.base) for w in writes)

    def is_line(self, stmt: Stmt) -> bool:
        """Whether a statement computes a number, or loads or stores one."""
        match stmt:
            case Assign(target=target, op=op):
                return kind(op) in ("elementwise", "shape") and not self.fn.types[target.name].rank
            case Load(target=target):
                return not self.fn.types[target.name].rank
            case Store(value=value, index=index):
                return not self.fn.type(value).rank and all(isinstance(a, (Var, Const)) for a in index)
            case _:
                return isinstance(stmt, Note)

    def within(self, accesses: dict[Var, list[Access]], path: Path) -> Iterator[Access]:
        """The accesses in the loop at `path`."""
        return (a for found in accesses.values() for a in found if a.path[: len(path)] == path)

    # -- what is legal -------------------------------------------------------------------------------------------

    def passes(self, stmt: Stmt, waiting: Sequence[Nest]) -> bool:
        """Whether a statement may run before the nests that stand before it."""
        if not waiting or isinstance(stmt, Note):
            return bool(waiting)
        if isinstance(stmt, Load):
            return self.is_line(stmt) and not any(self.stored(stmt.array, nest.writes) for nest in waiting)
        return isinstance(stmt, Assign) and (kind(stmt.op) == "alloc" or self.is_line(stmt))

    def joined(self, waiting: Sequence[Nest], nest: Nest) -> Nest | None:
        """A nest shifted so that it meets others only in elements of the same iteration; None where it cannot be."""
        if not waiting:
            return None
        found = set[tuple[int, ...]]()
        for other in waiting:
            if len(other.loops) != len(nest.loops):
                return None
            for one, two in self.meeting(other, nest):
                there, here = other.place(one), nest.place(two)
                if there is None or here is None or one.base != two.base:
                    return None
                shifts = zip(other.shifts, there, here, strict=True)
                found.add(tuple(shift - a + b for shift, a, b in shifts))
        if len(found) != 1:
            return None
        shifted = replace(nest, shifts=found.pop())
        near = all(self.near(waiting[0], shifted, k) for k in range(len(nest.loops)))
        return shifted if near else None

    def meeting(self, one: Nest, two: Nest) -> Iterator[tuple[Access, Access]]:
        """Accesses to arrays that may share memory, of which one writes."""
        for a in (*one.writes, *one.reads):
            for b in (*two.writes, *two.reads):
                writes = any(a is w for w in one.writes) or any(b is w for w in two.writes)
                if writes and self.memory.overlap(a.base, b.base):
                    yield a, b

    def near(self, one: Nest, two: Nest, level: int) -> bool:
        """Whether two nests begin and end about where the other one does."""
        gaps = [a - b for a, b in zip(self.ends(one, level), self.ends(two, level), strict=True)]
        return all(not gap.terms and abs(gap.constant) <= _MORE for gap in gaps)

    def ends(self, nest: Nest, level: int) -> tuple[Form, Form]:
        """Where the united iterations of a nest begin and end, if there are any."""
        loop, shift, form = nest.loops[level], nest.shifts[level], self.over.affine.form
        assert isinstance(loop.start, Const) and isinstance(loop.start.value, int)
        return number(loop.start.value + shift), self.over.affine.unclipped(form(loop.stop)).shift(shift)

    # -- writing -------------------------------------------------------------------------------------------------

    def write(self, waiting: Sequence[Nest]) -> None:
        """Append nests as one."""
        if len(waiting) == 1:
            self.b.add(waiting[0].loops[0])
        if len(waiting) < 2:
            return
        b, levels = self.b, range(len(waiting[0].loops))
        indices = [b.like(index) for index in waiting[0].indices]
        starts = [min(self.ends(nest, level)[0].constant for nest in waiting) for level in levels]
        last = [max(waiting, key=lambda nest: self.reach(nest, level)) for level in levels]
        stops = [moved(b, last[level].loops[level].stop, last[level].shifts[level]) for level in levels]
        with b.block() as body:
            for nest in waiting:
                tests = [t for k in levels for t in self.tests(nest, k, indices[k], starts[k], last[k])]
                self.member(nest, indices, tests)
        lines: Block = tuple(body)
        for level in reversed(levels):
            span = waiting[0].loops[level].span
            lines = (Loop(indices[level], Const(starts[level]), stops[level], ONE, (), lines, None, False, span),)
        b.extend(lines)

    def reach(self, nest: Nest, level: int) -> tuple[int, int]:
        """How far the united iterations of a nest go, and how far they go back."""
        start, stop = self.ends(nest, level)
        return stop.constant, -start.constant

    def tests(self, nest: Nest, level: int, index: Var, start: int, last: Nest) -> Iterator[Var]:
        """Append tests of an index that all iterations of a nest pass, and no other ones."""
        first, stop, shift = self.ends(nest, level)[0].constant, nest.loops[level].stop, nest.shifts[level]
        if first != start:
            yield self.b.emit("ge", index, Const(first))
        # the end of the united loops may be no end of an empty nest, though it is the same sum
        if (stop, shift) != (last.loops[level].stop, last.shifts[level]):
            yield self.b.emit("lt", index, moved(self.b, stop, shift))

    def member(self, nest: Nest, indices: Sequence[Var], tests: Sequence[Var]) -> None:
        """Append what a nest does in one iteration of the united loops, where it passes some tests."""
        b = self.b
        with b.block() as lines:
            numbers = (moved(b, index, -shift) for index, shift in zip(indices, nest.shifts, strict=True))
            names: dict[Var, Atom] = dict(zip(nest.indices, numbers, strict=True))
            names |= {v: b.like(v) for v in sorted(all_defs(nest.lines), key=str)}
            b.extend(rename(nest.lines, names))
        if tests:
            test = reduce(lambda one, other: b.emit("logical_and", one, other), tests)
            lines = [Branch(test, tuple(lines), (), (), nest.loops[0].span)]
        b.extend(lines)


def moved(b: Builder, atom: Atom, by: int) -> Atom:
    """A number that is more by a constant."""
    return b.int("add", atom, Const(by)) if by >= 0 else b.int("sub", atom, Const(-by))


__all__ = ["unite_nests"]
