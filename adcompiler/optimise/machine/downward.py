"""Indices that count down are kept from the machine compiler where it would draw a wrong conclusion from them.

Before a loop that stores, LLVM tests whether its arrays overlap. It tests once for all runs of the loop around it where
it knows how the addresses move from one run to the next, and takes addresses that move down for overlapping ones: the
loop is then never run in vectors. A reversed loop over time reads its tape so, one row an iteration. A solver of
Burgers' equation whose index over time is opaque takes two thirds of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from adcompiler.analysis.affine import Affine, affine
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import blocks, map_blocks, walk
from adcompiler.ir.wengert import Assign, Block, Branch, Const, Func, Load, Loop, Stmt, Store, Var, While

#: The parameter of a `pos` line whose result the machine compiler takes for any number.
OPAQUE = ("opaque", True)


def hide_downward(fn: Func) -> Func:
    """Make the index of a loop that counts down opaque, where it moves the rows of an innermost loop right in it.

    Before:  for k in range(n - 1, -1, -1): for i in range(m): a[i] += tape[k, i]
    After:   for k_1 in range(n - 1, -1, -1): k = pos(k_1; opaque=True); for i in range(m): a[i] += tape[k, i]
    """
    hiding = _Hiding(Builder.of(fn), affine(fn))
    body = hiding.block(fn.body)
    return with_body(fn, body, hiding.b)


@dataclass(slots=True)
class _Hiding:
    b: Builder
    forms: Affine

    def block(self, block: Block) -> Block:
        return tuple(self.statement(map_blocks(stmt, self.block)) for stmt in block)

    def statement(self, stmt: Stmt) -> Stmt:
        if not isinstance(stmt, Loop) or not _counts_down(stmt):
            return stmt
        if not any(self.moves_down(inner, stmt.index) for inner in within(stmt)):
            return stmt
        index = self.b.like(stmt.index)
        line = Assign(stmt.index, "pos", (index,), (OPAQUE,), stmt.span)
        return replace(stmt, index=index, body=(line, *stmt.body))

    def moves_down(self, inner: Loop, index: Var) -> bool:
        """Whether a loop without loops stores, and touches elements that are further down in its next run."""
        if any(isinstance(s, (Loop, While)) for s in walk(inner.body)):
            return False
        accesses = [s for s in walk(inner.body) if isinstance(s, (Load, Store))]
        atoms = [a for s in accesses for a in s.index if isinstance(a, Var)]
        stores = any(isinstance(s, Store) for s in accesses)
        return stores and any(self.forms.form(a).coefficient(index) > 0 for a in atoms)


def _counts_down(loop: Loop) -> bool:
    return isinstance(loop.step, Const) and isinstance(loop.step.value, int) and loop.step.value < 0


def within(stmt: Stmt) -> Iterator[Loop]:
    """The loops right in a region, in branches as well."""
    for nested in (n for block in blocks(stmt) for n in block):
        if isinstance(nested, Loop):
            yield nested
        elif isinstance(nested, Branch):
            yield from within(nested)


__all__ = ["OPAQUE", "hide_downward"]
