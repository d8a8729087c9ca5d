"""A loop parted at a statement of its body: what stands before it, the statement, and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adcompiler.analysis.scope import Path
from adcompiler.ir.build import ONE
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_defs, all_reads, defines, operands, walk, yields
from adcompiler.ir.wengert import (
    Assign,
    Block,
    Branch,
    Carry,
    Check,
    Const,
    Draw,
    Func,
    Grow,
    Load,
    Loop,
    Print,
    Stmt,
    Store,
    Var,
    is_element,
)

# what computes a number wherever its operands are known
_PLAIN = frozenset("add sub mul neg minimum maximum lt le gt ge eq ne logical_and logical_or logical_not".split())


@dataclass(frozen=True, slots=True)
class Parts:
    """The loop at `path` in three parts.

    `first` is what the first part carries, `last` what the last one does. `handed` are the names that a later part
    reads of an earlier one: from a row with an element for each iteration, unless their lines are among those that may
    be run `again`. In `kept` are the stores, no longer in `behind`, that give the results of the statement an element
    for each iteration, which nothing else in the loop touches.
    """

    loop: Loop
    path: Path
    before: Block
    stmt: Loop | Branch
    behind: Block
    first: tuple[Carry, ...]
    last: tuple[Carry, ...]
    handed: tuple[Var, ...]
    again: Mapping[Var, Load | Assign]
    kept: Mapping[Var, Store]


@dataclass(slots=True)
class Parting:
    """Finds the parts of loops, where these may run in turn as far as scalars and exceptions go."""

    fn: Func
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        self.memory = memory_of(self.fn, apart=True)

    def parts(self, loop: Loop, path: Path, position: int) -> Parts | None:
        """The parts of a loop whose middle one is the statement at a position of its body."""
        stmt, stored = loop.body[position], self.stored(loop)
        early = self.early(loop.body[position + 1 :], stored)
        if not isinstance(stmt, (Loop, Branch)) or early is None or not self.may_raise_first(loop, stmt, stored):
            return None
        if isinstance(stmt, Branch) and stmt.test in all_defs((loop,)) - unchanging(self.fn, loop):
            return None
        before = (*loop.body[:position], *early)
        behind = tuple(s for s in loop.body[position + 1 :] if not any(s is e for e in early))
        made, results = {v for s in before for v in defines(s)}, set(defines(stmt))
        first = tuple(c for c in loop.carried if c.next in made)
        last = tuple(c for c in loop.carried if c.next not in made)
        follows = {*results, *(v for s in behind for v in defines(s))}
        ahead = all_reads((*before, stmt))
        if any(c.next not in follows or c.var in ahead for c in last) or results & all_reads(before):
            return None
        later = all_reads((stmt, *behind))
        handed = tuple(v for v in (*(c.var for c in first), *(v for s in before for v in defines(s))) if v in later)
        if any(self.fn.types[v.name].rank for v in (*handed, *results)):
            return None
        stores = [s for s in behind if isinstance(s, Store) and self.is_row(loop, s)]
        kept = {v: s for v in defines(stmt) for s in stores if s.value == v}
        behind = tuple(s for s in behind if not any(s is k for k in kept.values()))
        again = self.again(loop, before, stored)
        return Parts(loop, path, before, stmt, behind, first, last, handed, again, kept)

    def is_row(self, loop: Loop, store: Store) -> bool:
        """Whether a store has an element of its own in each iteration, of an array that only it touches."""
        own = all_defs((loop,)) - {loop.index}
        if store.add or loop.index not in store.index or not own.isdisjoint((store.array, *store.index)):
            return False
        root, used = self.memory.root(store.array), [a for s in walk(loop.body) for a in (*operands(s), *yields(s))]
        arrays = [a for a in used if isinstance(a, Var) and self.fn.types[a.name].rank]
        same_type = self.fn.types[store.array.name].dtype == self.fn.type(store.value).dtype
        return same_type and [self.memory.root(a) for a in arrays].count(root) == 1

    def again(self, loop: Loop, before: Block, stored: set[Var]) -> dict[Var, Load | Assign]:
        """The lines of the first part that a later one may run again, with nothing but the index at hand.

        These load what the loop does not change, and compute what is the same in all iterations, or an index.
        """
        found, own, fixed = dict[Var, Load | Assign](), all_defs((loop,)), unchanging(self.fn, loop)
        for stmt in before:
            known = own.isdisjoint({a for a in operands(stmt) if a not in found and a != loop.index})
            if isinstance(stmt, Load) and known and self.is_lasting(stmt, stored):
                found[stmt.target] = stmt
            elif isinstance(stmt, Assign) and known and is_number(self.fn, stmt):
                if self.fn.types[stmt.target.name].dtype == INDEX.dtype or stmt.target in fixed:
                    found[stmt.target] = stmt
        return found

    def stored(self, loop: Loop) -> set[Var]:
        """The classes of arrays that a loop changes."""
        return {self.memory.root(s.array) for s in walk(loop.body) if isinstance(s, Store)}

    def may_raise_first(self, loop: Loop, stmt: Stmt, stored: set[Var]) -> bool:
        """Whether all exceptions may be raised by the first part.

        What the other parts have not stored then must be in no caller's memory. Nothing else that shows may be in the
        loop, nor arrays of several names.
        """
        lines = tuple(walk(loop.body))
        if any(isinstance(s, Check) for s in walk((stmt,))) or any(self.is_fixed(s) for s in lines):
            return False
        return all(map(self.memory.own, stored)) or not any(isinstance(s, Check) for s in lines)

    def is_fixed(self, stmt: Stmt) -> bool:
        """Whether a statement must run when it does, or gives an array another name."""
        if isinstance(stmt, Assign):
            return kind(stmt.op) == "opaque"
        given = [c.var for c in getattr(stmt, "carried", ())] + [o.var for o in getattr(stmt, "outs", ())]
        return isinstance(stmt, (Print, Draw, Grow)) or any(self.fn.types[v.name].rank for v in given)

    def early(self, behind: Block, stored: set[Var]) -> Block | None:
        """The checks of the last part, with the lines they need: the first part makes them. None if it cannot."""
        needed, found = set[Var](), list[Stmt]()
        for stmt in reversed(behind):
            check = any(isinstance(s, Check) for s in walk((stmt,)))
            if check or not needed.isdisjoint(defines(stmt)):
                plain = isinstance(stmt, Check) or is_number(self.fn, stmt) or self.is_lasting(stmt, stored)
                if not plain:
                    return None
                needed |= {a for a in operands(stmt) if isinstance(a, Var)}
                found.insert(0, stmt)
        return tuple(found)

    def is_lasting(self, stmt: Stmt, stored: set[Var]) -> bool:
        """Whether a line loads an element that the loop does not change."""
        return isinstance(stmt, Load) and is_element(stmt.index) and self.memory.root(stmt.array) not in stored


def is_number(fn: Func, stmt: Stmt) -> bool:
    """Whether a line computes a number from numbers."""
    return isinstance(stmt, Assign) and not any(fn.type(a).rank for a in (stmt.target, *stmt.args))


def unchanging(fn: Func, loop: Loop) -> set[Var]:
    """The names in the body of a loop that are computed from names before it: the same in all iterations."""
    found, own = set[Var](), all_defs((loop,))
    for stmt in loop.body:
        if isinstance(stmt, Assign) and stmt.op in _PLAIN and is_number(fn, stmt):
            if (own - found).isdisjoint(stmt.args):
                found.add(stmt.target)
    return found


def greatest(loop: Loop) -> tuple[Var, bool] | None:
    """A name that no index of a loop exceeds, and whether one may be equal to it; None where none is known.

    The loop counts up or down by one, and no index is negative.
    """
    start, stop = loop.start, loop.stop
    if loop.step == ONE and isinstance(start, Const) and isinstance(start.value, int) and start.value >= 0:
        return (stop, False) if isinstance(stop, Var) else None
    if loop.step == Const(-1) and isinstance(stop, Const) and isinstance(stop.value, int) and stop.value >= -1:
        return (start, True) if isinstance(start, Var) else None
    return None


__all__ = ["Parting", "Parts", "greatest", "unchanging"]
