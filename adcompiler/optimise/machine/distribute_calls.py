"""What a loop calls and records, and waits for nothing, is computed in a loop of its own.

A loop that hands on a state runs one iteration after the other, with all that it calls. The increments of a random
walk, `price *= exp(drift + spread * z[k])`, need no state: computed first, they come several at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from adcompiler.analysis.affine import Affine, affine
from adcompiler.emit.vector_functions import LANES
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_defs, all_reads, map_blocks, operands, rename
from adcompiler.ir.wengert import Assign, Atom, Block, Check, Const, Func, Load, Loop, Stmt, Store, Var, is_element
from adcompiler.optimise.machine.counted import least_index
from adcompiler.optimise.machine.vector_calls import hands_on_sums


def call_ahead(fn: Func) -> Func:
    """Split loops that hand on a state from calls that they record.

    Before:  for k in range(n): e = exp(x[k]); tape[k] = e; p = p * e
    After:   for k in range(n): e = exp(x[k]); tape[k] = e
             for k in range(n): e = tape[k]; p = p * e
    """
    b, memory, forms = Builder.of(fn), memory_of(fn), affine(fn)

    def block(stmts: Block) -> Block:
        return tuple(line for s in stmts for line in _split(b, memory, forms, map_blocks(s, block)))

    body = block(fn.body)
    return with_body(fn, body, b)


def _split(b: Builder, memory: Memory, forms: Affine, stmt: Stmt) -> Block:
    """The two loops of a loop; the loop itself where nothing in it is to be computed first."""
    if not isinstance(stmt, Loop) or not _is_plain(stmt) or hands_on_sums(stmt):
        return (stmt,)
    ahead = _Ahead(b, memory, forms, stmt)
    ahead.find()
    records = ahead.records()
    return (ahead.first(records), ahead.second(records)) if records and ahead.may_fail_first() else (stmt,)


def _is_plain(loop: Loop) -> bool:
    """Whether a loop runs to its end, and has only lines in it."""
    plain = all(isinstance(s, (Assign, Load, Store, Check)) for s in loop.body)
    return plain and loop.until is None and loop.share is None and not loop.parallel and isinstance(loop.step, Const)


@dataclass(slots=True)
class _Ahead:
    """The lines of a loop that need no value that it carries or stores, by their names."""

    b: Builder
    memory: Memory
    forms: Affine
    loop: Loop
    waiting: set[Var] = field(default_factory=set)
    lines: dict[Var, Stmt] = field(default_factory=dict)

    def find(self) -> None:
        """Find them."""
        self.waiting |= {c.var for c in self.loop.carried}
        for stmt in self.loop.body:
            if isinstance(stmt, (Assign, Load)):
                if self.waits(stmt):
                    self.waiting.add(stmt.target)
                else:
                    self.lines[stmt.target] = stmt

    def waits(self, stmt: Assign | Load) -> bool:
        """Whether a line needs what the loop carries or stores, or is more than one of numbers."""
        if not self.waiting.isdisjoint(operands(stmt)) or self.b.type(stmt.target).rank:
            return True
        if isinstance(stmt, Load):
            return not is_element(stmt.index) or self.memory.changed([stmt.array], self.loop.body)
        return kind(stmt.op) != "elementwise" or any(self.b.type(a).rank for a in stmt.args)

    def records(self) -> dict[Var, Store]:
        """The calls that are stored where the same iteration, and no other line of the loop, may find them."""
        found = dict[Var, Store]()
        for stmt in self.loop.body:
            if isinstance(stmt, Store) and isinstance(stmt.value, Var) and self.keeps(stmt):
                line = self.lines.get(stmt.value)
                if isinstance(line, Assign) and line.op in LANES:
                    found.setdefault(stmt.value, stmt)
        return found

    def keeps(self, store: Store) -> bool:
        """Whether a store leaves its value alone at an element of its own in an array of the function."""
        loop, array = self.loop, store.array
        others = [s.array for s in loop.body if isinstance(s, (Load, Store)) and s is not store]
        own = self.memory.own(array) and not any(self.memory.overlap(array, other) for other in others)
        same = self.b.type(array).dtype == self.b.type(store.value).dtype
        made = all_defs(loop.body) | self.waiting
        if store.add or not own or not same or not is_element(store.index) or not made.isdisjoint(store.index):
            return False
        forms, least = [self.forms.form(a) for a in store.index if isinstance(a, (Var, Const))], least_index(loop)
        # an index that may be negative may be that of an element counted from the other end
        return any(
            form.terms == ((loop.index, 1),) and least is not None and least + form.constant >= 0 for form in forms
        )

    def may_fail_first(self) -> bool:
        """Whether all checks may be made before the rest of the loop: nobody sees what that has stored by then."""
        checks = [s for s in self.loop.body if isinstance(s, Check)]
        stores = [s for s in self.loop.body if isinstance(s, Store)]
        early = all(self.waiting.isdisjoint(operands(s)) for s in checks)
        return not checks or (early and all(self.memory.own(s.array) for s in stores))

    def first(self, records: dict[Var, Store]) -> Loop:
        """The loop of what waits for nothing."""
        moved: list[Stmt] = []
        needed = set[Atom]()
        for stmt in reversed(self.loop.body):
            target = stmt.target if isinstance(stmt, (Assign, Load)) else None
            if isinstance(stmt, Check) or stmt in records.values() or target in needed:
                moved.insert(0, stmt)
                needed |= all_reads([stmt])
        index = self.b.like(self.loop.index)
        names: dict[Var, Atom] = {self.loop.index: index, **{v: self.b.like(v) for v in all_defs(moved)}}
        return replace(self.loop, index=index, carried=(), body=rename(tuple(moved), names))

    def second(self, records: dict[Var, Store]) -> Loop:
        """The loop of the rest, which reads the records."""
        left: list[Stmt] = []
        for stmt in self.loop.body:
            if isinstance(stmt, Assign) and stmt.target in records:
                store = records[stmt.target]
                left.append(Load(stmt.target, store.array, store.index, stmt.span))
            elif not isinstance(stmt, Check) and stmt not in records.values():
                left.append(stmt)
        return replace(self.loop, body=tuple(left))


__all__ = ["call_ahead"]
