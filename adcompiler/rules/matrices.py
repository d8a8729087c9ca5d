"""Lines that rules of matrices are made of."""

from __future__ import annotations

from adcompiler.ir.build import ONE, ZERO, Builder, scalar
from adcompiler.ir.wengert import Atom, NewAxis, Slice, Var
from adcompiler.rules.linalg import transposed


def dot(b: Builder, first: Atom, *others: Atom, hint: str = "t") -> Var:
    """The product of matrices, from the left."""
    assert others
    for other in others:
        first = b.emit("dot", first, other, hint=hint if other is others[-1] else "t")
    assert isinstance(first, Var)
    return first


def flipped(b: Builder, x: Atom) -> Var:
    """The transpose of a matrix."""
    return transposed(b, x)


def conjugate(b: Builder, x: Atom) -> Atom:
    """The complex conjugate of a matrix; a real one itself."""
    return b.emit("conj", x) if b.type(x).is_complex else x


def adjoint(b: Builder, x: Atom) -> Var:
    """The transpose of a matrix, conjugated where it is complex."""
    return flipped(b, conjugate(b, x))


def real_part(b: Builder, x: Atom) -> Atom:
    """A complex matrix without its imaginary part, still of complex numbers; a real one itself."""
    return b.emit("cast", b.emit("real", x), dtype=b.type(x).dtype) if b.type(x).is_complex else x


def compared(b: Builder, x: Atom, comparison: str) -> Var:
    """For each element of a matrix, whether its column compares so with its row."""
    rows, columns = b.shape(x)
    row = b.emit("arange", ZERO, ONE, rows, dtype="int64", hint="row")
    column = b.emit("arange", ZERO, ONE, columns, dtype="int64", hint="column")
    down = b.load(row, (*b.everything(row), NewAxis()))
    across = b.load(column, (NewAxis(), *b.everything(column)))
    return b.emit(comparison, across, down, hint="kept")


def only(b: Builder, x: Atom, comparison: str) -> Var:
    """The elements whose column compares so with their row, zeros elsewhere."""
    return b.emit("where", compared(b, x, comparison), x, scalar(0.0, b.type(x).dtype))


def lower_half(b: Builder, x: Atom) -> Var:
    """Below the diagonal, with half of the diagonal, of which the real part counts."""
    half = b.emit("mul", real_part(b, x), scalar(0.5, b.type(x).dtype))
    on = b.emit("where", compared(b, x, "eq"), half, scalar(0.0, b.type(x).dtype))
    return b.emit("where", compared(b, x, "lt"), x, on)


def symmetric_share(b: Builder, share: Atom, lower: bool = True) -> Var:
    """The cotangent of the triangle, of which a matrix that is taken to be symmetric, or Hermitian, is read."""
    both = b.emit("add", share, adjoint(b, share))
    on = b.emit("where", compared(b, share, "eq"), real_part(b, share), scalar(0.0, b.type(share).dtype))
    return b.emit("where", compared(b, share, "lt" if lower else "gt"), both, on)


def symmetric(b: Builder, x: Atom, lower: bool = True) -> Var:
    """The symmetric or Hermitian matrix that has this triangle."""
    whole = b.emit("where", compared(b, x, "gt" if lower else "lt"), adjoint(b, x), x)
    return b.emit("where", compared(b, x, "eq"), real_part(b, x), whole) if b.type(x).is_complex else whole


def diagonal_of(b: Builder, x: Atom) -> Var:
    """The diagonal of a square matrix."""
    return b.emit("sum", only(b, x, "eq"), axes=(0,), keepdims=False)


def column(b: Builder, v: Var) -> Var:
    """A vector as a matrix of one column."""
    return b.load(v, (*b.everything(v), NewAxis()))


def row(b: Builder, v: Var) -> Var:
    """A vector as a matrix of one row."""
    return b.load(v, (NewAxis(), *b.everything(v)))


def rows(b: Builder, x: Atom, first: Atom, count: Atom) -> Var:
    """Some rows of a matrix, a view."""
    assert isinstance(x, Var)
    start = None if first == ZERO else first
    return b.load(x, (Slice(start, b.int("add", first, count), None, first, count), *b.everything(x)[1:]))


def gaps(b: Builder, values: Var, like: Atom) -> Var:
    """One over `values[j] - values[i]` for a matrix, one on its diagonal; the values are real, whatever their type."""
    if b.type(values).is_complex:
        values = b.emit("real", values)
    apart = b.emit("sub", row(b, values), column(b, values))
    one = scalar(1.0, b.type(values).dtype)
    return b.emit("div", one, b.emit("where", compared(b, like, "eq"), one, apart))


def off_diagonal(b: Builder, x: Atom, factor: Atom) -> Var:
    """The product off the diagonal, zero where `x` is; zeros on the diagonal."""
    return only(b, b.emit("cut", x, factor), "ne")


def stacked(b: Builder, like: Var, parts: list[tuple[Atom, Atom, Atom]]) -> Var:
    """A matrix of the shape of `like` made of row ranges: first row, number of rows, contents."""
    out = b.emit("empty", *b.shape(like), dtype=b.type(like).dtype, hint=f"{like}_dot")
    for first, count, value in parts:
        start = None if first == ZERO else first
        index = (Slice(start, b.int("add", first, count), None, first, count), *b.everything(out)[1:])
        b.store(out, index, value)
    return out
