"""Products of vectors and matrices, diagonals and triangles."""

from __future__ import annotations

import operator

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply, as_array, as_atom, cast, full
from adcompiler.frontend.arrays.regions import diagonal, diagonal_length, nest
from adcompiler.frontend.library.attributes import transposed
from adcompiler.frontend.library.reductions import NONE, sum_
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.library.shape import ravel, with_axes
from adcompiler.frontend.state.coerce import as_axis, as_int
from adcompiler.frontend.state.fitting import common
from adcompiler.frontend.state.values import Value
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.infer import promote
from adcompiler.ir.wengert import Atom, Const, Item, Var


def product(b: Builder, x: Var, y: Var) -> Var:
    """A product of vectors and matrices, both in the element type of the result."""
    dtype = promote([b.type(x), b.type(y)])
    if dtype == "bool":
        raise TypeProblem("a matrix product of booleans", b.span, "convert them with astype")
    left, right = (as_array(b, cast(b, a, dtype)) for a in (x, y))
    return b.emit("dot", left, right, hint="product")


@implements(np.matmul, np.linalg.matmul, operator.matmul)
def matmul(b: Builder, x1: Value, x2: Value) -> Value:
    """Vectors, matrices, and stacks of matrices whose leading axes broadcast."""
    a, c = as_atom(b, x1), as_atom(b, x2)
    if not (isinstance(a, Var) and isinstance(c, Var) and b.type(a).rank and b.type(c).rank):
        raise TypeProblem("a matrix product needs arrays", b.span, "multiply by a scalar with *")
    if max(b.type(a).rank, b.type(c).rank) <= 2:
        return product(b, a, c)
    return _stacked(b, a, c)


def _stacked(b: Builder, x: Var, y: Var) -> Var:
    """One product for each place of the leading axes."""
    left = with_axes(b, x, (0,)) if b.type(x).rank == 1 else x
    right = with_axes(b, y, (1,)) if b.type(y).rank == 1 else y
    heads = b.shape(left)[:-2], b.shape(right)[:-2]
    batch = common(b, heads, "ValueError", "matmul: the leading extents differ")
    rows, columns = b.shape(left)[-2], b.shape(right)[-1]
    b.same(b.shape(left)[-1], b.shape(right)[-2], "matmul: the inner extents differ")
    dtype = promote([b.type(x), b.type(y)])
    out = b.emit("empty", *batch, rows, columns, dtype=dtype, hint="product")
    with nest(b, batch) as at:
        one, other = (b.load(a, (*place_of(b.shape(a)[:-2], at), *full(b.shape(a)[-2:]))) for a in (left, right))
        b.store(out, (*at, *full((rows, columns))), product(b, one, other))
    index: list[Item] = list(full(b.shape(out)))
    for place, given in ((-2, x), (-1, y)):
        if b.type(given).rank == 1:
            index[place] = ZERO
    return out if b.type(x).rank > 1 and b.type(y).rank > 1 else b.load(out, tuple(index))


def place_of(head: tuple[Atom, ...], at: tuple[Atom, ...]) -> tuple[Atom, ...]:
    """The place in leading axes that broadcasts to `at`."""
    return tuple(ZERO if n == ONE else k for n, k in zip(head, at[len(at) - len(head) :], strict=True))


@implements(np.linalg.outer)
def outer_of_vectors(b: Builder, x1: Value, x2: Value, /) -> Value:
    """All products of two vectors."""
    if any(b.type(as_array(b, x)).rank != 1 for x in (x1, x2)):
        raise TypeProblem("the arrays of np.linalg.outer must be vectors", b.span, "use np.outer, which flattens them")
    return outer(b, x1, x2)


@implements(np.outer)
def outer(b: Builder, a: Value, other: Value) -> Value:
    """All products of two flattened arrays."""
    x, y = (as_array(b, ravel(b, v)) for v in (a, other))
    return apply(b, "mul", with_axes(b, x, (1,)), with_axes(b, y, (0,)), hint="outer")


@implements(np.vdot)
def vdot(b: Builder, a: Value, other: Value) -> Value:
    """The sum of products of two flattened arrays, the first one conjugated."""
    x, y = (as_array(b, ravel(b, v)) for v in (a, other))
    x = apply(b, "conj", x, hint="conj") if b.type(x).is_complex else x
    return product(b, x, y)


def _matrices(b: Builder, value: Value, name: str) -> Var:
    x = as_array(b, value)
    if b.type(x).rank < 2:
        raise TypeProblem(f"{name} needs a matrix here", b.span, "pass an array of two axes or more")
    return x


def _offset(b: Builder, k: Value) -> int:
    return as_int(b, k, "the offset of the diagonal")


@implements(np.diagonal, method="diagonal")
def diagonal_(b: Builder, a: Value, offset: Value = ZERO, axis1: Value = ZERO, axis2: Value = ONE) -> Value:
    """The diagonal of a matrix, or of each matrix that lies in two axes of an array, as a copy."""
    given, k = _matrices(b, a, "np.diagonal"), _offset(b, offset)
    x = _with_last(b, given, axis1, axis2)
    *batch, rows, columns = b.shape(x)
    length = diagonal_length(b, (rows, columns), k)
    out = b.emit("empty", *batch, length, dtype=b.type(x).dtype, hint="diagonal")
    with nest(b, batch) as at, diagonal(b, (rows, columns), k) as (i, place):
        b.store(out, (*at, i), b.load(x, (*at, *place)))
    b.snapshots.append((out, given, b.span))
    return out


def _with_last(b: Builder, x: Var, axis1: Value, axis2: Value) -> Var:
    """A view in which two axes of an array come last."""
    rank = b.type(x).rank
    last = [as_axis(b, axis, rank) for axis in (axis1, axis2)]
    if last[0] == last[1]:
        raise TypeProblem("the two axes of a diagonal are the same", b.span, "name two")
    order = (*(k for k in range(rank) if k not in last), *last)
    return x if order == tuple(range(rank)) else as_array(b, transposed(b, x, order))


@implements(np.diag)
def diag(b: Builder, v: Value, k: Value = ZERO) -> Value:
    """A matrix with this diagonal, or the diagonal of a matrix."""
    x = as_array(b, v)
    if b.type(x).rank == 2:
        return diagonal_(b, x, k)
    if b.type(x).rank > 2:
        raise TypeProblem("np.diag of more than two axes", b.span, "pass a vector or a matrix")
    shift = _offset(b, k)
    n = b.int("add", b.shape(x)[0], Const(abs(shift)))
    out = b.emit("zeros", n, n, dtype=b.type(x).dtype, hint="matrix")
    with diagonal(b, (n, n), shift) as (i, place):
        b.store(out, place, b.load(x, (ZERO,) if b.shape(x)[0] == ONE else (i,)))
    return out


@implements(np.trace, method="trace")
def trace(
    b: Builder, a: Value, offset: Value = ZERO, axis1: Value = ZERO, axis2: Value = ONE, dtype: Value = NONE
) -> Value:
    """The sum of a diagonal."""
    found = as_array(b, diagonal_(b, a, offset, axis1, axis2))
    return sum_(b, found, Const(b.type(found).rank - 1), dtype)


def _triangle(b: Builder, m: Value, k: Value, comparison: str, name: str) -> Var:
    """The elements of each matrix on one side of a diagonal, zeros elsewhere."""
    x = _matrices(b, m, name)
    rows, columns = (b.emit("arange", ZERO, ONE, n, dtype="int64", hint="place") for n in b.shape(x)[-2:])
    shifted = apply(b, "sub", with_axes(b, columns, (0,)), with_axes(b, rows, (1,)))
    kept = apply(b, comparison, shifted, Const(_offset(b, k)), hint="kept")
    zero = Const(b.type(x).numpy.type(0))
    return apply(b, "where", kept, x, zero, hint="triangle")


@implements(np.tril)
def tril(b: Builder, m: Value, k: Value = ZERO) -> Value:
    """On and below a diagonal."""
    return _triangle(b, m, k, "le", "np.tril")


@implements(np.triu)
def triu(b: Builder, m: Value, k: Value = ZERO) -> Value:
    """On and above a diagonal."""
    return _triangle(b, m, k, "ge", "np.triu")


__all__ = ["place_of", "product"]
