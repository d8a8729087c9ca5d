"""Matrix products as sums of products of elements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import map_blocks
from adcompiler.ir.wengert import Assign, Block, Const, Func, Loop, NewAxis, Stmt, Var, While

SMALL = 4
#: The parameter of a reduction of which the loops over what it removes are the innermost.
INNERMOST = "innermost"


def is_small(b: Builder, stmt: Assign) -> bool:
    """Whether all extents are literals so small that loops are faster than a call."""
    extents = [e for a in stmt.args for e in b.shape(a)]
    return all(isinstance(e, Const) and isinstance(e.value, int) and e.value <= SMALL for e in extents)


def as_sum(b: Builder, stmt: Assign) -> tuple[list[Stmt], Assign, Assign]:
    """Lines that compute a product as `sum(a[..., :, None] * b[None, :, ...])`: views, the product, the sum."""
    first, second = stmt.args
    assert isinstance(first, Var) and isinstance(second, Var)
    m, n = b.type(first).rank, b.type(second).rank
    with b.block() as lines:
        if n == 2:
            first = b.load(first, (*b.everything(first), NewAxis()), hint=first.name)
        if m == 2 and n == 2:
            second = b.load(second, (NewAxis(), *b.everything(second)), hint=second.name)
        product = b.emit("mul", first, second)
        b.emit("sum", product, axes=(m - 1,), keepdims=False, dtype=b.types[stmt.target.name].dtype)
    *views, line, total = lines
    assert isinstance(line, Assign) and isinstance(total, Assign)
    return views, line, replace(total, target=stmt.target, span=stmt.span)


def spell_dots(fn: Func) -> Func:
    """Products of two vectors of floats in loops as sums over their elements.

    Before:  for n in range(rows): d = x[n] - mean; s = dot(d, d)
    After:   for n in range(rows): d = x[n] - mean; s = sum(d * d)

    A call needs its operands in memory, and takes longer than the sum of a short vector. The order of terms differs.
    """
    return _spelled(fn, lambda b, product, inside: inside and _is_dot(b, product))


def _is_dot(b: Builder, product: Assign) -> bool:
    """Whether a product is of two vectors of floats of one type."""
    types = [b.type(a) for a in product.args]
    alike = {t.dtype for t in types} == {b.types[product.target.name].dtype}
    return alike and types[0].is_float and all(t.rank == 1 for t in types)


def spell_products(fn: Func) -> Func:
    """Products of matrices and vectors as sums of products of elements, for a target without BLAS."""
    return _spelled(fn, lambda b, product, inside: True)


def spell_other_products(fn: Func) -> Func:
    """The same, but for those that a library for matrices computes: of matrices of one type, outside of loops."""
    return _spelled(fn, lambda b, product, inside: inside or not _is_large(b, product))


def _spelled(fn: Func, chosen: Callable[[Builder, Assign, bool], bool]) -> Func:
    """Spell the products that are `chosen`, which is told whether they stand in a loop."""
    b = Builder.of(fn)

    def visit(block: Block, inside: bool) -> Block:
        with b.block() as lines:
            for stmt in block:
                if not isinstance(stmt, Assign) or kind(stmt.op) != "contract":
                    b.add(map_blocks(stmt, partial(visit, inside=inside or isinstance(stmt, (Loop, While)))))
                elif chosen(b, stmt, inside):
                    with b.at(stmt.span):
                        b.extend(_as_sum_of_elements(b, stmt))
                else:
                    b.add(stmt)
        return tuple(lines)

    return with_body(fn, visit(fn.body, inside=False), b)


def _as_sum_of_elements(b: Builder, stmt: Assign) -> list[Stmt]:
    views, product, total = as_sum(b, stmt)
    if b.types[total.target.name].rank == 2:
        # each element by itself: a thread for each, which adds up in a register
        total = replace(total, params=tuple(sorted((*total.params, (INNERMOST, True)))))
    return [*views, product, total]


def _is_large(b: Builder, stmt: Assign) -> bool:
    types = [b.type(a) for a in stmt.args]
    same = types[0].is_float and {t.dtype for t in types} == {b.types[stmt.target.name].dtype}
    return same and all(t.rank == 2 for t in types) and not is_small(b, stmt)
