"""What a loop puts off for the loop behind it waits in scalars, instead of in work arrays.

A stencil's adjoint computes at each element what its neighbours receive, and a second loop gathers it. The neighbours
are a few iterations away: the first loop can gather by itself what it has computed before, and LLVM runs such a loop
with vectors, shifting their elements. Work arrays would be stored to and loaded from across cache lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from adcompiler.analysis.affine import Affine, affine
from adcompiler.analysis.alias import Aliases, aliases
from adcompiler.analysis.constraints import Form
from adcompiler.ir.build import ONE, Builder, scalar, with_body
from adcompiler.ir.walk import all_defs, all_reads, map_blocks, operands, rename, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Carry,
    Const,
    Func,
    Index,
    Load,
    Loop,
    Stmt,
    Store,
    Var,
    is_element,
)

#: How many iterations a value may wait: each is a register.
_LONGEST = 4


@dataclass(frozen=True, slots=True)
class Delays:
    """A loop that gathers, by how many iterations it is longer than the one before, and how long each load waits."""

    loop: Loop
    longer: int
    waits: Mapping[Load, int]


def delay(fn: Func) -> Func:
    """Gather in the loop that computes.

    Before:  for i in range(1, n): work[i + 1] = f(x[i])
             for i in range(1, n + 2): y[i - 1] += work[i - 1]
    After:   for i in range(1, n): t = f(x[i]); y[i - 1] += two_before; two_before = before; before = t
             y[n - 1] += two_before; y[n] += before
    """
    if not any(isinstance(s, Loop) for s in walk(fn.body)):
        return fn
    pass_ = _Delaying(Builder.of(fn), fn, affine(fn), aliases(fn), *_works(fn))
    body = pass_.block(fn.body)
    b = pass_.b
    return with_body(fn, body, b)


def _works(fn: Func) -> tuple[dict[Var, str], Counter[Var]]:
    """Vectors that one line stores to, with how they are made, and how often elements of each are loaded."""
    memory, loads, stores, other = aliases(fn), Counter[Var](), Counter[Var](), set[Var]()
    for s in walk(fn.body):
        plain = s.array if isinstance(s, (Load, Store)) and is_element(s.index) else None
        if plain is not None:
            (loads if isinstance(s, Load) else stores)[plain] += 1
        other |= {a for a in operands(s) if isinstance(a, Var) and a != plain}
    other |= {r for r in fn.results if isinstance(r, Var)}
    other |= {Var(v) for v in fn.types if memory.root(Var(v)) != Var(v)} | set(memory.roots.values()) - set(
        memory.roots
    )
    made = {s.target: s.op for s in fn.body if isinstance(s, Assign) and s.op in ("zeros", "empty")}
    kept = {w: op for w, op in made.items() if stores[w] == 1 and w not in other and fn.types[w.name].rank == 1}
    return {w: op for w, op in kept.items() if not fn.types[w.name].is_complex}, loads


@dataclass(frozen=True, slots=True)
class _Delaying:
    b: Builder
    fn: Func
    forms: Affine
    memory: Aliases
    works: Mapping[Var, str]
    loads: Counter[Var]

    def block(self, block: Block) -> Block:
        """A block in which loops gather what loops behind them would."""
        built, stmts = list[Stmt](), list(block)
        while stmts:
            stmt = stmts.pop(0)
            if isinstance(stmt, Loop) and _is_simple(stmt):
                between = next((k for k, s in enumerate(stmts) if not self.is_scalar(s)), len(stmts))
                behind = stmts[between] if between < len(stmts) else None
                found = self.found(stmt, behind) if behind is not None else None
                if found is not None and not all_reads(found.loop.body) & all_defs((stmt, *stmts[:between])):
                    one, rest = self.joined(stmt, found)
                    stmts[between : between + 1] = [replace(behind, then=rest)] if isinstance(behind, Branch) else rest
                    stmt = one
            built.append(map_blocks(stmt, self.block))
        return tuple(built)

    # -- whether ---------------------------------------------------------------------------------------------------

    def found(self, first: Loop, behind: Stmt) -> Delays | None:
        """The loop that gathers, if it can do so while the first one runs."""
        second = self.gathering(first, behind)
        if second is None or not self.is_same(first.start, second.start):
            return None
        longer = self.forms.form(second.stop) - self.forms.form(first.stop)
        adds = [s for s in second.body if isinstance(s, Store)]
        if longer.terms or not 0 <= longer.constant <= _LONGEST or len(adds) != 1 or not adds[0].add:
            return None
        waits = dict(self.waits(first, second))
        long = isinstance(behind, Branch) or not longer.constant
        fits = all(0 <= wait <= _LONGEST for wait in waits.values()) and len(waits) == self.count(second)
        if not waits or not long or not fits or not self.is_untouched(first, second, adds[0]):
            return None
        return Delays(second, longer.constant, waits)

    def gathering(self, first: Loop, behind: Stmt) -> Loop | None:
        """The loop behind another one that is entered when that one has run, and begins at once."""
        lines: Block = (behind,)
        if isinstance(behind, Branch):
            d = self.forms.defs.get(behind.test) if isinstance(behind.test, Var) else None
            line = d.stmt if d is not None else None
            if not isinstance(line, Assign) or line.op != "lt" or line.args != (first.start, first.stop):
                return None
            if behind.other or behind.outs:
                return None
            lines = behind.then
        second = lines[-1] if lines else None
        if not isinstance(second, Loop) or not _is_simple(second) or second.carried:
            return None
        if not all(isinstance(s, Assign) for s in lines[:-1]) or all_reads(second.body) & all_defs(lines[:-1]):
            return None
        bounds = [self.forms.defs.get(a) for a in (first.start, first.stop) if isinstance(a, Var)]
        return None if any(d is not None and d.frames for d in bounds) else second

    def is_scalar(self, stmt: Stmt) -> bool:
        """Whether a statement computes a number from numbers: it does not see what is added to an array."""
        names = [a for a in (*all_defs((stmt,)), *operands(stmt)) if isinstance(a, Var)]
        return isinstance(stmt, Assign) and not any(self.fn.types[a.name].rank for a in names)

    def count(self, loop: Loop) -> int:
        """How many loads there are in a loop."""
        return sum(isinstance(s, Load) for s in loop.body)

    def is_same(self, a: Atom, b: Atom) -> bool:
        """Whether two integers are proven to be equal."""
        return not (ahead := self.forms.form(a) - self.forms.form(b)).terms and not ahead.constant

    def waits(self, first: Loop, second: Loop) -> Iterator[tuple[Load, int]]:
        """How many iterations before a load of the second loop the first one has stored what it finds."""
        stored = {s.array: s for s in first.body if isinstance(s, Store) and not s.add and s.array in self.works}
        read = Counter(s.array for s in second.body if isinstance(s, Load))
        for s in second.body:
            store = stored.get(s.array) if isinstance(s, Load) else None
            if store is None or not isinstance(s, Load) or read[s.array] != self.loads[s.array]:
                continue
            wait = self.offset(store, 0, first.index) - self.offset(s, 0, second.index)
            # an element that no iteration stores is a zero
            if not wait.terms and (self.works[s.array] == "zeros" or not wait.constant):
                yield s, wait.constant

    def offset(self, stmt: Load | Store, axis: int, index: Var) -> Form:
        """How far an index is ahead of the loop's: it has the loop's in it still where it does not count by one."""
        item = stmt.index[axis]
        assert isinstance(item, (Var, Const))
        return self.forms.form(item) - self.forms.form(index)

    def is_untouched(self, first: Loop, second: Loop, add: Store) -> bool:
        """Whether the first loop is done with an element when the second one adds to it in the same iteration."""
        own = {second.index, *all_defs(second.body)}
        moving = [k for k, a in enumerate(add.index) if a in own]
        if len(moving) != 1:
            return False
        (axis,) = moving
        ahead = self.offset(add, axis, second.index)
        if any(s in own for s, _ in ahead.terms):
            return False
        for s in first.body:
            if not isinstance(s, (Load, Store)) or self.memory.root(s.array) != self.memory.root(add.array):
                continue
            if s.array != add.array or _others(s, axis) != _others(add, axis):
                return False
            later = self.offset(s, axis, first.index) - ahead
            if later.terms or later.constant < 0:
                return False
        return True

    # -- how -------------------------------------------------------------------------------------------------------

    def joined(self, first: Loop, found: Delays) -> tuple[Loop, tuple[Stmt, ...]]:
        """The loop that gathers what it computes, and lines that add what is left at its end."""
        b, second = self.b, found.loop
        values = {s.array: s.value for s in first.body if isinstance(s, Store)}
        waiting: dict[Var, list[Carry]] = {}
        for load, wait in found.waits.items():
            line = waiting.setdefault(load.array, [])
            while len(line) < wait:
                zero, value = scalar(0.0, b.type(load.array).dtype), values[load.array]
                before = line[-1].var if line else value
                line.append(Carry(b.like(load.target), zero, before, b.like(load.target)))
        arrays = {load.array for load in found.waits}
        now = {s.target: waiting[s.array][w - 1].var if w else values[s.array] for s, w in found.waits.items()}
        lines = rename(_without(second.body), {second.index: first.index, **now})
        body = (*(s for s in first.body if not (isinstance(s, Store) and s.array in arrays)), *lines)
        carried = (*first.carried, *(c for line in waiting.values() for c in line))
        with b.block() as rest, b.at(second.span):
            for k in range(found.longer):
                last = {
                    s.target: waiting[s.array][w - k - 1].out if w > k else scalar(0.0, b.type(s.array).dtype)
                    for s, w in found.waits.items()
                }
                names = {second.index: b.int("add", first.stop, type(ONE)(k)), **last}
                inside = _without(second.body)
                fresh = {v: b.like(v) for v in all_defs(inside)}
                b.extend(rename(inside, {**fresh, **names}))
        return replace(first, carried=carried, body=body), tuple(rest)


def _others(stmt: Load | Store, axis: int) -> Index:
    """The index of an access on all axes but one."""
    return (*stmt.index[:axis], *stmt.index[axis + 1 :])


def _without(body: Block) -> Block:
    """The lines of a body that load nothing."""
    return tuple(s for s in body if not isinstance(s, Load))


def _is_simple(loop: Loop) -> bool:
    """Whether a loop counts up by one, and reads and writes elements in lines of scalars."""
    lines = all(isinstance(s, Assign) or (isinstance(s, (Load, Store)) and is_element(s.index)) for s in loop.body)
    return lines and loop.step == ONE and loop.until is None and not loop.parallel and loop.budget is None


__all__ = ["delay"]
