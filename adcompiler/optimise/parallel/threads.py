"""The adjoint of a thread's program without what a GPU need not do: stores that nothing reads, additions in loops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace

from adcompiler.analysis.dependence import dependence
from adcompiler.analysis.scope import Path, block_at, sites
from adcompiler.ir.build import Builder, make_func, scalar, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.threads import AXES, is_own, thread_name
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.walk import as_var, blocks, map_blocks, rename, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Carry,
    Check,
    Const,
    Func,
    Index,
    Load,
    Loop,
    Out,
    Stmt,
    Store,
    Var,
    While,
)

# what has a value for all numbers, in plain Python too
_HARMLESS = frozenset("add sub mul neg minimum maximum lt le gt ge eq ne logical_and logical_or logical_not".split())


def without_checks(fn: Func) -> Func:
    """No thread raises an exception: what has no value is NaN or infinity, as in Numba's kernels."""

    def visit(block: Block) -> Block:
        return tuple(map_blocks(s, visit) for s in block if not isinstance(s, Check))

    return with_body(fn, visit(fn.body))


def with_whole_tests(fn: Func) -> Func:
    """Compute the second of two tests also where the first one decides: that is quicker than a branch, and proves more.

    Before:  if a: t = n - 1; b = i < t  (test is b, or a)
    After:   t = n - 1; b = i < t; test = a and b
    """

    def visit(block: Block) -> Block:
        found: list[Stmt] = []
        for stmt in (map_blocks(s, visit) for s in block):
            found += _whole(fn, stmt) or [stmt]
        return tuple(found)

    return with_body(fn, visit(fn.body))


def _whole(fn: Func, stmt: Stmt) -> list[Stmt]:
    """The lines that compute `a and b`, or `a or b`, in place of a branch; none where that is none."""
    if not isinstance(stmt, Branch) or len(stmt.outs) != 1:
        return []
    (out,), test = stmt.outs, stmt.test
    lines, op, other = (
        (stmt.other, "logical_or", out.other) if out.then == test else (stmt.then, "logical_and", out.then)
    )
    if test not in (out.then, out.other) or not (bool(stmt.then) != bool(stmt.other) and lines):
        return []
    if fn.type(other).dtype != "bool" or not all(isinstance(s, Assign) and _always_runs(fn, s) for s in lines):
        return []
    return [*lines, Assign(out.var, op, (test, other), (), stmt.span)]


def _always_runs(fn: Func, stmt: Assign) -> bool:
    return (stmt.op in _HARMLESS or kind(stmt.op) == "shape") and not fn.types[stmt.target.name].rank


def with_grid(fn: Func) -> Func:
    """Say `cuda.grid` and `cuda.gridsize` where these are computed from numbers of the block and of the thread in it.

    Before:  t = block_x * block_dim_x; i = t + thread_x; n = block_dim_x * grid_dim_x
    After:   t = block_x * block_dim_x; i = grid_x; n = grid_size_x
    """
    lines = {s.target: s for s, _, _ in sites(fn.body) if isinstance(s, Assign)}
    names: dict[Var, Var] = {}
    for axis in range(len(AXES)):
        block, size, thread, grid = (Var(thread_name(w, axis)) for w in ("block", "block_dim", "thread", "grid"))
        blocks, threads = (Var(thread_name(w, axis)) for w in ("grid_dim", "grid_size"))
        for line in lines.values():
            if line.op == "mul" and set(line.args) == {size, blocks}:
                names[line.target] = threads
            if line.op == "add" and thread in line.args:
                product = next((lines.get(a) for a in line.args if isinstance(a, Var) and a != thread), None)
                if product is not None and product.op == "mul" and set(product.args) == {block, size}:
                    names[line.target] = grid
    if not names:
        return fn

    def visit(found: Block) -> Block:
        lines = (s for s in found if not (isinstance(s, Assign) and s.target in names))
        return tuple(map_blocks(s, visit) for s in lines)

    params = (*fn.params, *(v for v in dict.fromkeys(names.values()) if v not in fn.params))
    types = {**fn.types, **{v.name: INDEX for v in names.values()}}
    return make_func(fn.name, params, rename(visit(fn.body), names), fn.results, types, fn.shapes, fn.doc)


def without_unread_stores(fn: Func, arrays: Iterable[Var]) -> Func:
    """Leave out stores into some arrays that no later line reads.

    The forward sweep of an adjoint runs a thread again only for what the reverse sweep needs of it.
    """
    over = dependence(fn)
    roots = {over.memory.root(v) for v in arrays}
    kept = set[Path]()
    for root in roots:
        reads = [r for r in over.reads.get(root, ()) if not _is_extent(fn, r.path)]
        kept |= {w.path for w in over.writes.get(root, ()) if any(over.meets_later(w, r) for r in reads)}

    def visit(block: Block, path: Path) -> Block:
        found = []
        for position, stmt in enumerate(block):
            here = (*path, position)
            if isinstance(stmt, Store) and over.memory.root(stmt.array) in roots and here not in kept:
                continue
            arms = iter(range(2))
            found.append(map_blocks(stmt, lambda b, here=here, arms=arms: visit(b, (*here, next(arms)))))  # type: ignore[misc]
        return tuple(found)

    return with_body(fn, visit(fn.body, ()))


def _is_extent(fn: Func, path: Path) -> bool:
    return not isinstance(block_at(fn, path)[path[-1]], (Load, Store))


def summed(fn: Func, arrays: Iterable[Var]) -> Func:
    """Add up in a thread what it adds to an element of `arrays` that is the same for all, and add the sum at its end.

    Before:  if i < n: for s in range(m): p_bar[0] += t
    After:   total = 0.0; if i < n: for s in range(m): total += t; p_bar[0] += total
    """
    b, same = Builder.of(fn), {p for p in fn.params if not is_own(p.name)}
    with b.block() as lines:
        add_up(b, fn.body, frozenset(arrays), same)
    return with_body(fn, tuple(lines), b)


def add_up(b: Builder, block: Block, arrays: frozenset[Var], same: Set[Var]) -> None:
    """Append a block that adds up what it adds to elements of `arrays` at places that are constants or in `same`."""
    sums = _Sums(b, block, arrays, same)
    after = sums.block(block, {cell: scalar(0.0, b.types[cell[0].name].dtype) for cell in sums.cells})
    for (array, index), total in after.items():
        b.add(Store(array, index, total, True, None))


Cell = tuple[Var, Index]
Totals = dict[Cell, Atom]


class _Sums:
    """Hands the sums through a program as values."""

    def __init__(self, b: Builder, block: Block, arrays: frozenset[Var], same: Set[Var]) -> None:
        self.b, self.arrays, self.same = b, arrays, same
        tested = {self.cell(s) for w in walk(block) if isinstance(w, While) for s in self.added(w.condition)}
        # what the test of a loop adds would be lost when it fails
        self.cells = [c for c in dict.fromkeys(map(self.cell, self.added(block))) if c not in tested]

    def added(self, block: Iterable[Stmt]) -> Iterator[Store]:
        """The additions in a block, those in its regions included, to elements that are the same for all threads."""
        return (s for s in walk(block) if isinstance(s, Store) and self.sums(s))

    def cell(self, stmt: Store) -> Cell:
        """The element to which a statement adds."""
        return stmt.array, stmt.index

    def sums(self, stmt: Store) -> bool:
        """Whether a statement adds to an element that is the same for all threads."""
        same = all(isinstance(a, Const) or a in self.same for a in stmt.index)
        return stmt.add and stmt.array in self.arrays and same

    def block(self, block: Block, totals: Totals) -> Totals:
        """Append the statements of a block; the sums after it."""
        for stmt in block:
            with self.b.at(getattr(stmt, "span", None)):
                totals = self.statement(stmt, totals)
        return totals

    def statement(self, stmt: Stmt, totals: Totals) -> Totals:
        """Append a statement; the sums after it."""
        if isinstance(stmt, Store) and self.sums(stmt) and self.cell(stmt) in totals:
            cell = self.cell(stmt)
            if totals[cell] == scalar(0.0, self.b.types[stmt.array.name].dtype):
                return {**totals, cell: stmt.value}
            return {**totals, cell: self.b.emit("add", totals[cell], stmt.value, hint=f"{stmt.array}_sum")}
        here = set(map(self.cell, self.added([stmt])))
        within = [c for c in self.cells if c in here]
        if not within or not isinstance(stmt, (Loop, While, Branch)):
            self.b.add(stmt)
            return totals
        if isinstance(stmt, Branch):
            return {**totals, **self.branch(stmt, totals, within)}
        return {**totals, **self.loop(stmt, totals, within)}

    def value(self, cell: Cell) -> Var:
        """A name for a sum."""
        return self.b.var(f"{cell[0]}_sum", Type(self.b.types[cell[0].name].dtype))

    def branch(self, stmt: Branch, totals: Totals, within: Sequence[Cell]) -> Totals:
        """A branch hands on the sums of the arm that runs."""
        ends, arms = list[Totals](), list[Block]()
        for arm in (stmt.then, stmt.other):
            with self.b.block() as lines:
                ends.append(self.block(arm, totals))
            arms.append(tuple(lines))
        outs = {cell: self.value(cell) for cell in within}
        more = tuple(Out(var, ends[0][cell], ends[1][cell]) for cell, var in outs.items())
        self.b.add(replace(stmt, then=arms[0], other=arms[1], outs=(*stmt.outs, *more)))
        return dict(outs)

    def loop(self, stmt: Loop | While, totals: Totals, within: Sequence[Cell]) -> Totals:
        """A loop carries the sums."""
        entry: Totals = {cell: self.value(cell) for cell in within}
        ends, parts = {**totals, **entry}, list[Block]()
        for block in blocks(stmt):
            with self.b.block() as lines:
                ends = self.block(block, ends)
            parts.append(tuple(lines))
        outs = {cell: self.value(cell) for cell in within}
        more = tuple(Carry(as_var(entry[c]), totals[c], ends[c], outs[c]) for c in within)
        made = iter(parts)
        looped = map_blocks(stmt, lambda _: next(made))
        assert isinstance(looped, (Loop, While))
        self.b.add(replace(looped, carried=(*stmt.carried, *more)))
        return dict(outs)


__all__ = ["add_up", "summed", "with_grid", "with_whole_tests", "without_checks", "without_unread_stores"]
