"""Zeros that a loop stores into, or adds cotangents to, all over are not written before.

What a gradient is gathered in begins as zeros, and so do many arrays that a program fills. Where the first loop that
touches one goes over all of it, in order or backwards, it is passed through once instead of twice, and not loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from adcompiler.analysis.affine import Affine, affine
from adcompiler.analysis.alias import aliases
from adcompiler.analysis.constraints import Form
from adcompiler.ir.build import ONE, Builder, neutral, with_body
from adcompiler.ir.walk import all_defs, all_reads, map_blocks, operands, rename, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Func, Loop, Stmt, Store, Var
from adcompiler.optimise.lines.derivatives import derivatives


def begin_with_sums(fn: Func) -> Func:
    """Store what is first added to each element, and clear no array of which each element is first stored.

    Before:  y = zeros(n); for i in range(n): y[i] = f(i)
             x_bar = zeros(n); for i in range(n): x_bar[i] += g(i)
    After:   y = empty(n); for i in range(n): y[i] = f(i)
             x_bar = empty(n); for i in range(n): x_bar[i] = g(i)

    Where a branch passes over the loop, another one clears. Sums are stored only of derivatives, in which the sign of a
    zero means nothing.
    """
    if not any(isinstance(s, Assign) and s.op == "zeros" for s in walk(fn.body)):
        return fn
    beginnings = _Beginnings(fn, affine(fn), Builder.of(fn))
    body = beginnings.block(fn.body)
    return with_body(fn, body, beginnings.b)


@dataclass(frozen=True, slots=True)
class _Beginnings:
    fn: Func
    affine: Affine
    b: Builder

    def block(self, block: Block) -> Block:
        """A block in which arrays begin with sums."""
        lines = [map_blocks(stmt, self.block) for stmt in block]
        for k, stmt in enumerate(lines):
            if isinstance(stmt, Assign) and stmt.op == "zeros":
                self.begin(lines, k, stmt)
        return tuple(lines)

    def begin(self, lines: list[Stmt], place: int, made: Assign) -> None:
        """Let an array begin without zeros, if the first line that has one of its names goes over all of it."""
        array, memory = made.target, aliases(self.fn)
        names = {Var(v) for v in self.fn.types if memory.root(Var(v)) == memory.root(array)}
        first = next((k for k in range(place + 1, len(lines)) if self.has(lines[k], names)), None)
        if first is None:
            return
        nest = self.stored(lines[first], array, names, ())
        if nest is not None:
            lines[place], lines[first] = replace(made, op="empty"), nest

    def has(self, stmt: Stmt, names: set[Var]) -> bool:
        """Whether a statement mentions an array."""
        return not names.isdisjoint(all_reads((stmt,)) | all_defs((stmt,)))

    def stored(self, stmt: Stmt, array: Var, names: set[Var], loops: Sequence[Loop]) -> Stmt | None:
        """A nest of loops that stores what this one stores or adds; None where that is not once to each element."""
        if isinstance(stmt, Store):
            fits = stmt.array == array and (not stmt.add or derivatives(self.fn).has(array))
            return replace(stmt, add=False) if fits and self.reaches_all(stmt, loops) else None
        if isinstance(stmt, Branch):
            return self.stored_or_cleared(stmt, array, names, loops)
        if not isinstance(stmt, Loop) or not self.is_plain(stmt, names):
            return None
        using = [k for k, s in enumerate(stmt.body) if self.has(s, names)]
        if len(using) != 1:
            return None
        inner = self.stored(stmt.body[using[0]], array, names, (*loops, stmt))
        return inner and replace(stmt, body=(*stmt.body[: using[0]], inner, *stmt.body[using[0] + 1 :]))

    def stored_or_cleared(self, stmt: Branch, array: Var, names: set[Var], loops: Sequence[Loop]) -> Stmt | None:
        """A branch that runs a nest or nothing as one that stores what the nest does, or zeros; None as above."""
        match stmt:
            case Branch(then=(Loop() as loop,), other=()) if names.isdisjoint(yields(stmt)):
                nest = self.stored(loop, array, names, loops)
                return nest and replace(stmt, then=(nest,), other=(self.cleared(nest, array, loops),))
            case _:
                return None

    def cleared(self, nest: Stmt, array: Var, loops: Sequence[Loop]) -> Stmt:
        """Loops that store zero where a nest in some loops stores."""
        (store,) = (s for s in walk((nest,)) if isinstance(s, Store) and s.array == array)
        around, zero = {loop.index for loop in loops}, neutral("add", self.fn.type(array).dtype)
        own = {i: self.b.like(i) for i in store.index if isinstance(i, Var) and i not in around}
        (line,) = rename((replace(store, value=zero),), own)
        for index, extent in reversed([*zip(store.index, self.fn.shape(array), strict=True)]):
            if isinstance(index, Var) and index in own:
                line = Loop(own[index], Const(0), extent, ONE, (), (line,), None, False, store.span)
        return line

    def is_plain(self, loop: Loop, names: set[Var]) -> bool:
        """Whether all iterations run, once, and hand nothing of an array on."""
        used = names.intersection((*operands(loop), *yields(loop)))
        return loop.until is None and loop.budget is None and loop.share is None and not used

    def reaches_all(self, store: Store, loops: Sequence[Loop]) -> bool:
        """Whether each execution of a store in these loops is into another element, and all of them into every one."""
        by_index = {loop.index: loop for loop in loops}
        if len(by_index) != len(store.index) or set(store.index) != by_index.keys():
            return False
        axes = zip((by_index[i] for i in store.index if isinstance(i, Var)), self.fn.shape(store.array), strict=True)
        return all(self.goes_over(loop, extent) for loop, extent in axes)

    def goes_over(self, loop: Loop, extent: Atom) -> bool:
        """Whether a loop counts through an axis, up or down."""
        form, size = self.affine.form, self.size(extent)
        if loop.step == ONE:
            return loop.start == Const(0) and self.size(loop.stop) == size
        return loop.step == Const(-1) == loop.stop and self.affine.unclipped(form(loop.start).shift(1)) == size

    def size(self, extent: Atom) -> Form:
        """An extent as if it could be negative, where there is nothing to count."""
        return self.affine.unclipped(self.affine.form(extent))


__all__ = ["begin_with_sums"]
