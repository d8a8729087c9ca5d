"""Neighbouring loops over the same indices become one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from adcompiler.analysis.additive import is_sequential
from adcompiler.ir.build import with_body
from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_defs, all_reads, map_blocks, rename, walk
from adcompiler.ir.wengert import (
    Assign,
    Block,
    Check,
    Const,
    Draw,
    Func,
    Grow,
    Index,
    Load,
    Loop,
    Note,
    Print,
    Stmt,
    Store,
    Var,
    While,
    is_element,
)

# how many statements between two loops may be put off: enough for the lines that use a sum
REACH = 8


def fuse_loops(fn: Func) -> Func:
    """Join loops over the same indices, where every element that both touch is touched in the same iteration.

    Before:  for i in range(n): t[i] = sin(x[i])
             for i in range(n): s += t[i] * w[i]
    After:   for i in range(n): t[i] = sin(x[i]); s += t[i] * w[i]

    Statements between the two run before or after both, where they may. Parameters are taken not to overlap.
    """
    body = _Fusion(fn).block(fn.body)
    return with_body(fn, body)


def fuse_readers(fn: Func) -> Func:
    """Join loops as `fuse_loops` does, where the second loads elements that the first stores."""
    body = _Fusion(fn, readers=True).block(fn.body)
    return with_body(fn, body)


@dataclass(slots=True)
class Touched:
    """What a statement does to memory: element accesses by array, and arrays used as a whole.

    It relies on checks before it unless every access is of an element that the array has in any case.
    """

    reads: list[tuple[Var, Index]] = field(default_factory=list)
    writes: list[tuple[Var, Index]] = field(default_factory=list)
    whole: set[Var] = field(default_factory=set)
    changed: set[Var] = field(default_factory=set)
    fails: bool = False
    prints: bool = False
    relies: bool = False

    @property
    def used(self) -> set[Var]:
        """All arrays that are read."""
        return {a for a, _ in self.reads} | self.whole

    @property
    def stored(self) -> set[Var]:
        """All arrays that are written."""
        return {a for a, _ in self.writes} | self.changed


class _Fusion:
    def __init__(self, fn: Func, readers: bool = False) -> None:
        self.fn, self.memory, self.readers = fn, memory_of(fn, apart=True), readers
        self.known: dict[int, tuple[Stmt, Touched]] = {}

    def block(self, block: Block) -> Block:
        """A block in which loops are joined, then those inside."""
        stmts: list[Stmt] = list(block)
        position = 0
        while position < len(stmts):
            first = stmts[position]
            found = self.partner(stmts, position) if isinstance(first, Loop) else None
            if found is None:
                position += 1
                continue
            later, ahead, behind = found
            second = stmts[later]
            assert isinstance(first, Loop) and isinstance(second, Loop)
            stmts[position : later + 1] = [*ahead, joined(first, second), *behind]
            position += len(ahead)
        return tuple(map_blocks(s, self.block) for s in stmts)

    def partner(self, stmts: Sequence[Stmt], position: int) -> tuple[int, list[Stmt], list[Stmt]] | None:
        """The next loop that may join the one at `position`; what lies between and runs before both, and after both."""
        first = stmts[position]
        assert isinstance(first, Loop)
        ahead: list[Stmt] = []
        behind: list[Stmt] = []
        for later in range(position + 1, len(stmts)):
            stmt = stmts[later]
            free = all(self.independent(stmt, s) for s in behind)
            if isinstance(stmt, Loop) and free and self.independent(stmt, first, in_memory=False):
                if self.may_join(first, stmt):
                    return later, ahead, behind
            if free and self.independent(stmt, first):
                ahead.append(stmt)
            elif len(behind) < REACH:
                behind.append(stmt)
            else:
                return None
        return None

    def independent(self, stmt: Stmt, earlier: Stmt, in_memory: bool = True) -> bool:
        """Whether a statement may run before an earlier one."""
        if not all_defs((earlier,)).isdisjoint(all_reads((stmt,))):
            return False
        return not in_memory or self.may_pass(stmt, earlier)

    def may_pass(self, stmt: Stmt, earlier: Stmt) -> bool:
        """Whether a statement may run before an earlier one, as far as memory, output and errors go."""
        if isinstance(stmt, Note) or isinstance(earlier, Note):
            return True
        mine, its = self.touched(stmt), self.touched(earlier)
        if (mine.prints and (its.prints or its.fails)) or (mine.fails and its.prints) or (mine.fails and its.fails):
            return False
        if (mine.fails and self.shows(its)) or (its.fails and (mine.relies or self.shows(mine))):
            return False
        return not (
            self.meet(mine.used, its.stored) or self.meet(mine.stored, its.used) or self.meet(mine.stored, its.stored)
        )

    def may_join(self, first: Loop, second: Loop) -> bool:
        """Whether two loops may run as one."""
        bounds = (first.start, first.stop, first.step, None, first.parallel)
        if bounds != (second.start, second.stop, second.step, second.until, second.parallel) or first.until is not None:
            return False
        if not isinstance(first.start, Const) or not isinstance(first.start.value, int) or first.start.value < 0:
            return False
        if _is_innermost(first) and _is_innermost(second) and is_sequential(first) != is_sequential(second):
            return False
        if _is_deep(first) and _is_deep(second):
            return False
        one, two = self.touched(first), self.touched(second)
        if self.readers and {a for a, _ in one.writes}.isdisjoint(a for a, _ in two.reads):
            return False
        if one.prints or two.prints or ((one.fails or two.fails) and (self.shows(one) or self.shows(two))):
            return False
        return self.in_step(one, first.index, two, second.index)

    def in_step(self, one: Touched, first: Var, two: Touched, second: Var) -> bool:
        """Whether an element that one loop writes is touched by the other in the same iteration only."""
        for mine, its in ((one.stored, two.used | two.stored), (one.used, two.stored)):
            for a in mine:
                for b in its:
                    if not self.memory.overlap(a, b):
                        continue
                    if a != b or a in one.whole | one.changed | two.whole | two.changed:
                        return False
                    if not _common_axis(_indices(one, a), first, _indices(two, a), second):
                        return False
        return True

    def meet(self, some: set[Var], others: set[Var]) -> bool:
        """Whether two sets of arrays may share memory."""
        return any(self.memory.overlap(a, b) for a in some for b in others)

    def shows(self, touched: Touched) -> bool:
        """Whether what is written can be seen after an error."""
        return not all(self.memory.own(a) for a in touched.stored)

    def touched(self, stmt: Stmt) -> Touched:
        """What a statement and its blocks touch."""
        if id(stmt) not in self.known:
            found = Touched()
            for line in walk((stmt,)):
                self.note(line, found)
            accesses = (*found.reads, *found.writes)
            found.relies = bool(found.whole) or not all(within(self.fn, stmt, a, index) for a, index in accesses)
            self.known[id(stmt)] = stmt, found
        return self.known[id(stmt)][1]

    def note(self, line: Stmt, found: Touched) -> None:
        """Add what one line touches."""
        match line:
            case Load(array=array, index=index, target=target):
                if self.fn.types[target.name].rank:
                    found.whole.add(array)
                else:
                    found.reads.append((array, index))
            case Store(array=array, index=index):
                if is_element(index):
                    found.writes.append((array, index))
                else:
                    found.changed.add(array)
                    found.whole |= set(self.arrays(line))
            case Assign(op=op):
                if kind(op) not in ("alloc", "shape"):
                    found.whole |= set(self.arrays(line))
            case Check():
                found.fails = True
            case Print() | Draw():
                found.prints = True
            case Grow(array=array):
                found.changed.add(array)
            case Note():
                pass
            case _:
                # arrays that a region carries or yields
                found.whole |= {v for v in all_defs((line,)) | all_reads((line,)) if self.is_handed(line, v)}

    def arrays(self, line: Stmt) -> Iterator[Var]:
        """The arrays among what a line reads."""
        return (v for v in all_reads((line,)) if self.fn.types[v.name].rank)

    def is_handed(self, line: Stmt, var: Var) -> bool:
        """Whether a region carries or yields an array."""
        if not self.fn.types[var.name].rank:
            return False
        carried = [a for c in getattr(line, "carried", ()) for a in (c.var, c.init, c.next, c.out)]
        return var in carried or var in [a for o in getattr(line, "outs", ()) for a in (o.var, o.then, o.other)]


def within(fn: Func, stmt: Stmt, array: Var, index: Index) -> bool:
    """Whether each part of an index counts, in a loop of the statement, the elements of its axis."""
    counted = {
        (s.index, s.stop) for s in walk((stmt,)) if isinstance(s, Loop) and (s.start, s.step) == (Const(0), Const(1))
    }
    return all((item, extent) in counted for item, extent in zip(index, fn.shape(array), strict=True))


def joined(first: Loop, second: Loop) -> Loop:
    """One loop that does in each iteration what the two did."""
    names = {second.index: first.index}
    (tail,) = rename((replace(second, body=()),), names)
    assert isinstance(tail, Loop)
    return replace(first, carried=(*first.carried, *tail.carried), body=(*first.body, *rename(second.body, names)))


def _is_innermost(loop: Loop) -> bool:
    return not any(isinstance(s, (Loop, While)) for s in walk(loop.body))


def _is_deep(loop: Loop) -> bool:
    """Whether an iteration runs a loop in a loop, of any length.

    Such an iteration sweeps through arrays of its own. Two sweeps in turn find less of each in the cache, and leave
    fewer registers for the addresses of either, than all iterations of the one before all of the other.
    """
    return any(_is_long(s) and any(map(_is_long, walk(s.body))) for s in walk(loop.body) if isinstance(s, Loop))


def _is_long(stmt: Stmt) -> bool:
    """Whether it is a loop whose length is not known."""
    return isinstance(stmt, Loop) and not (isinstance(stmt.start, Const) and isinstance(stmt.stop, Const))


def _indices(touched: Touched, array: Var) -> list[Index]:
    return [index for a, index in (*touched.reads, *touched.writes) if a == array]


def _common_axis(one: list[Index], first: Var, two: list[Index], second: Var) -> bool:
    """Whether there is an axis on which all indices are the loop's own."""
    rank = len((one or two)[0])
    return any(all(i[k] == first for i in one) and all(i[k] == second for i in two) for k in range(rank))
