"""`np.linalg`: one operation for a matrix, a loop of them for a stack of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adcompiler.errors import TypeProblem, UnsupportedSyntax
from adcompiler.frontend.arrays.atoms import apply, as_array, as_atom, cast, full
from adcompiler.frontend.arrays.regions import nest
from adcompiler.frontend.library.algebra import matmul, place_of, tril
from adcompiler.frontend.library.attributes import transposed
from adcompiler.frontend.library.creation import eye
from adcompiler.frontend.library.elementwise import copied
from adcompiler.frontend.library.reductions import FALSE, NONE, TRUE
from adcompiler.frontend.library.registry import attribute, implements
from adcompiler.frontend.state.coerce import as_bool, as_int, is_none
from adcompiler.frontend.state.fitting import common
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import ONE, ZERO, Builder, Shape
from adcompiler.ir.wengert import Atom, Const, Slice, Var

REDUCED = Static("reduced")
# NumPy has no public name for the types of these results
_ONE = np.eye(1)
SlogdetResult, SVDResult, QRResult = (type(f(_ONE)) for f in (np.linalg.slogdet, np.linalg.svd, np.linalg.qr))
Lines = Callable[..., Sequence[Atom]]


def matrix(b: Builder, value: Value, name: str, square: bool = False) -> Var:
    """A matrix or a stack of matrices, of floats or complex numbers."""
    x = as_array(b, value)
    if b.type(x).rank < 2:
        raise TypeProblem(f"{name} needs a matrix", b.span, "pass an array of two axes or more")
    if square:
        b.same(b.shape(x)[-2], b.shape(x)[-1], f"{name}: the last two axes of the array must be square")
    return as_array(b, x if b.type(x).is_float or b.type(x).is_complex else cast(b, x, "float64"))


def for_each(b: Builder, arrays: Sequence[Var], lines: Lines, shapes: Sequence[Shape]) -> list[Atom]:
    """`lines` of the matrices at each place of the leading axes; `shapes` are those of one set of results."""
    batch = common(b, [b.shape(a)[:-2] for a in arrays], "ValueError", "the leading extents of stacks differ")
    if not batch:
        return list(lines(*arrays))
    dtype = b.type(arrays[0]).dtype
    outs = [b.emit("empty", *batch, *shape, dtype=dtype, hint="stack") for shape in shapes]
    with nest(b, batch) as at:
        found = lines(*(b.load(a, (*place_of(b.shape(a)[:-2], at), *full(b.shape(a)[-2:]))) for a in arrays))
        for out, value, shape in zip(outs, found, shapes, strict=True):
            b.store(out, (*at, *full(shape)), value)
    return list(outs)


def _one(b: Builder, op: str, value: Value, name: str, rank: int = 2) -> Atom:
    def lines(x: Var) -> list[Atom]:
        return [b.emit(op, x, hint=op)]

    x = matrix(b, value, name, True)
    return for_each(b, [x], lines, [b.shape(x)[-2:] if rank else ()])[0]


@implements(np.linalg.inv)
def inv(b: Builder, a: Value) -> Value:
    """The inverse."""
    return _one(b, "inv", a, "np.linalg.inv")


@implements(np.linalg.det)
def det(b: Builder, a: Value) -> Value:
    """The determinant."""
    return _one(b, "det", a, "np.linalg.det", 0)


@implements(np.linalg.slogdet)
def slogdet(b: Builder, a: Value) -> Value:
    """The sign and the logarithm of the determinant."""

    def lines(x: Var) -> list[Atom]:
        packed = b.emit("slogdet", b.emit("lu", x, hint="lu"), hint="slogdet")
        sign, log = b.load(packed, (ZERO,), "sign"), b.load(packed, (ONE,), "logdet")
        return _sign_and_size(b, sign, log) if b.type(x).is_complex else [sign, log]

    sign, size = for_each(b, [matrix(b, a, "np.linalg.slogdet", True)], lines, [(), ()])
    # the results of a stack have the type of its matrices
    return Seq((sign, b.emit("real", size) if b.type(size).is_complex else size), record=SlogdetResult)


def _sign_and_size(b: Builder, sign: Atom, log: Atom) -> list[Atom]:
    """The sign of a complex determinant, which turns with the imaginary part of its logarithm, and the real part."""
    angle, size = b.emit("imag", log), b.emit("real", log, hint="logdet")
    turned = b.emit("complex", b.emit("cos", angle), b.emit("sin", angle))
    return [b.emit("where", b.emit("eq", sign, Const(0.0)), sign, turned, hint="sign"), size]


def option(b: Builder, value: Value, allowed: Sequence[str], what: str) -> str:
    """One of some words."""
    if isinstance(value, Static) and value.value in allowed:
        return str(value.value)
    raise TypeProblem(f"{what} must be one of {', '.join(map(repr, allowed))}", b.span, "write one of them")


def _turned(b: Builder, x: Atom) -> Var:
    """The last two axes exchanged."""
    rank = b.type(x).rank
    found = transposed(b, x, (*range(rank - 2), rank - 1, rank - 2))
    assert isinstance(found, Var)
    return found


@implements(np.linalg.cholesky)
def cholesky(b: Builder, a: Value, *, upper: Value = FALSE) -> Value:
    """The triangular factor; only the triangle of its name is read."""
    if not as_bool(b, upper, "upper"):
        return _one(b, "cholesky", a, "np.linalg.cholesky")
    other = _turned(b, matrix(b, a, "np.linalg.cholesky"))
    return _turned(b, as_atom(b, _one(b, "cholesky", other, "np.linalg.cholesky")))


def rows_of(b: Builder, x: Var, first: Atom, count: Atom, hint: str) -> Var:
    """Some rows of a matrix, a view."""
    start = None if first == ZERO else first
    return b.load(x, (Slice(start, b.int("add", first, count), None, first, count), *full(b.shape(x)[1:])), hint)


@implements(np.linalg.svd)
def svd(b: Builder, a: Value, full_matrices: Value = TRUE, compute_uv: Value = TRUE, hermitian: Value = FALSE) -> Value:
    """`U, s, Vh`; more vectors than singular values have no derivative, and are refused at run time."""
    if as_bool(b, hermitian, "hermitian"):
        fix = "use np.linalg.eigh, or leave out hermitian, where the whole matrix is read"
        raise UnsupportedSyntax("np.linalg.svd with hermitian=True", b.span, fix)
    x = matrix(b, a, "np.linalg.svd")
    vectors = as_bool(b, compute_uv, "compute_uv")
    if vectors and as_bool(b, full_matrices, "full_matrices"):
        message = "np.linalg.svd: write full_matrices=False; vectors beyond the singular values have no derivative"
        b.same(b.shape(x)[-2], b.shape(x)[-1], message)

    def lines(x: Var) -> list[Atom]:
        m, n = b.shape(x)
        packed = b.emit("svd", x, hint="svd")
        values = b.load(packed, (m, *full(b.shape(packed)[1:])), "s")
        right = rows_of(b, packed, b.int("add", m, ONE), n, "V")
        return [rows_of(b, packed, ZERO, m, "U"), values, _turned(b, right)]

    m, n = b.shape(x)[-2:]
    k = b.int("minimum", m, n)
    found = for_each(b, [x], lines, [(m, k), (k,), (k, n)])
    return Seq(tuple(found), record=SVDResult) if vectors else copied(b, found[1])


@implements(np.linalg.svdvals)
def svdvals(b: Builder, x: Value) -> Value:
    """The singular values in descending order."""
    return svd(b, x, compute_uv=FALSE)


@implements(np.linalg.qr)
def qr(b: Builder, a: Value, mode: Value = REDUCED) -> Value:
    """`Q, R`; of a wide matrix the first columns are decomposed, and the others are turned."""
    kind = option(b, mode, ("reduced", "r"), "mode")
    x = matrix(b, a, "np.linalg.qr")

    def lines(x: Var) -> list[Atom]:
        m, n = b.shape(x)
        k = b.int("minimum", m, n)
        left = b.load(x, (*full((m,)), Slice(None, k, None, ZERO, k))) if k != n else x
        packed = b.emit("qr", left, hint="qr")
        q, square = rows_of(b, packed, ZERO, m, "Q"), rows_of(b, packed, m, k, "R")
        if k == n:
            return [q, square]
        r = b.emit("empty", k, n, dtype=b.type(x).dtype, hint="R")
        b.store(r, (*full((k,)), Slice(None, k, None, ZERO, k)), square)
        rest = Slice(k, n, None, k, b.int("sub", n, k))
        b.store(r, (*full((k,)), rest), b.emit("dot", _turned(b, q), b.load(x, (*full((m,)), rest))))
        return [q, r]

    m, n = b.shape(x)[-2:]
    k = b.int("minimum", m, n)
    found = for_each(b, [x], lines, [(m, k), (k, n)])
    return Seq(tuple(found), record=QRResult) if kind == "reduced" else copied(b, found[1])


@implements(np.linalg.solve)
def solve(b: Builder, a: Value, other: Value) -> Value:
    """The solution of a linear system for a vector, or for the columns of a matrix."""

    def solution(one: Atom, right: Atom) -> Atom:
        return b.emit("lu_solve", b.emit("lu", one, hint="lu"), right, back=False, hint="solution")

    return _system(b, matrix(b, a, "np.linalg.solve", True), as_array(b, other), solution)


def _system(b: Builder, x: Var, y: Var, solution: Callable[[Atom, Atom], Atom]) -> Atom:
    dtype = np.result_type(b.type(x).numpy, b.type(y).numpy).name
    x, y = (as_array(b, cast(b, v, dtype)) for v in (x, y))
    b.same(b.shape(x)[-1], b.shape(y)[0 if b.type(y).rank == 1 else -2], "the extents of a linear system differ")
    if b.type(x).rank == 2 and b.type(y).rank <= 2:
        return solution(x, y)
    if b.type(y).rank == 1:
        raise UnsupportedSyntax("a stack of systems with one vector", b.span, "write b[:, None] and take [..., 0]")
    return for_each(b, [x, y], lambda one, right: [solution(one, right)], [b.shape(y)[-2:]])[0]


def triangular(a: Any, b: Any, lower: bool) -> Any:
    """In a definition: the solution of a triangular system."""
    return np.linalg.solve(np.tril(a) if lower else np.triu(a), b)


@implements(triangular)
def _triangular(b: Builder, a: Value, right: Value, lower: Value) -> Value:
    low = as_bool(b, lower, "lower")
    x, y = matrix(b, a, "solve_triangular", True), as_array(b, right)
    failed = b.emit("any", apply(b, "eq", _diagonal(b, x), Const(0.0)), axes=(0,), keepdims=False, hint="singular")
    b.check(failed, "np.linalg.LinAlgError", "solve_triangular: singular matrix")
    return _system(b, x, y, lambda one, other: b.emit("solve_triangular", one, other, lower=low, hint="solution"))


def _diagonal(b: Builder, x: Var) -> Var:
    n = b.shape(x)[0]
    out = b.emit("empty", n, dtype=b.type(x).dtype, hint="diagonal")
    with nest(b, (n,)) as (k,):
        b.store(out, (k,), b.load(x, (k, k)))
    return out


@implements(np.linalg.pinv)
def pinv(b: Builder, a: Value, rcond: Value = NONE, hermitian: Value = FALSE) -> Value:
    """The pseudo-inverse; its derivative takes the rank as given."""
    cutoff = Const(1e-15) if is_none(rcond) else as_atom(b, rcond, "rcond")
    if b.type(cutoff).rank:
        raise TypeProblem("np.linalg.pinv with a cutoff for each matrix", b.span, "pass one number")
    # the cutoff is passive
    cutoff = cutoff if isinstance(cutoff, Const) else b.emit("stop", cutoff)

    def lines(x: Var) -> list[Atom]:
        return [b.emit("pinv", x, cutoff, hint="pinv")]

    x = matrix(b, a, "np.linalg.pinv")
    if as_bool(b, hermitian, "hermitian"):
        # NumPy reads the lower triangle alone
        x = as_array(b, apply(b, "add", as_atom(b, tril(b, x)), _turned(b, as_array(b, tril(b, x, Const(-1))))))
    return for_each(b, [x], lines, [b.shape(x)[:-3:-1]])[0]


@implements(np.linalg.matrix_power)
def matrix_power(b: Builder, a: Value, n: Value) -> Value:
    """Repeated squares; of the inverse for a negative power."""
    power = as_int(b, n, "the power")
    x: Value = matrix(b, a, "np.linalg.matrix_power", True)
    if power < 0:
        x, power = inv(b, x), -power
    if power == 0:
        one = eye(b, b.shape(as_atom(b, x))[-1], dtype=Static(b.type(as_atom(b, x)).numpy))
        whole = b.emit("empty", *b.shape(as_atom(b, x)), dtype=b.type(as_atom(b, x)).dtype, hint="power")
        b.store(whole, b.everything(whole), as_atom(b, one))
        return whole
    found: Value | None = None
    while power:
        if power & 1:
            found = x if found is None else matmul(b, found, x)
        power >>= 1
        x = matmul(b, x, x) if power else x
    assert found is not None
    return copied(b, as_atom(b, found))


@implements(np.linalg.multi_dot)
def multi_dot(b: Builder, arrays: Value) -> Value:
    """A product of several matrices: from the right where the last is a vector, else from the left."""
    if not isinstance(arrays, Seq) or len(arrays.items) < 2:
        raise TypeProblem("np.linalg.multi_dot needs a list of two arrays or more", b.span, "write them in brackets")
    items = list(arrays.items)
    if b.type(as_atom(b, items[-1])).rank == 1:
        found = items.pop()
        while items:
            found = matmul(b, items.pop(), found)
        return found
    found = items.pop(0)
    for item in items:
        found = matmul(b, found, item)
    return found


@implements(np.linalg.matrix_transpose, np.matrix_transpose)
def matrix_transpose(b: Builder, x: Value) -> Value:
    """The last two axes exchanged: a view."""
    return _turned(b, matrix_like(b, x))


def matrix_like(b: Builder, value: Value) -> Var:
    """An array of two axes or more."""
    x = as_array(b, value)
    if b.type(x).rank < 2:
        raise TypeProblem("a transpose of matrices needs two axes", b.span, "pass an array of two axes or more")
    return x


@attribute("mT")
def _mt(b: Builder, x: Atom) -> Value:
    return matrix_transpose(b, x)


__all__ = ["for_each", "matrix", "option", "rows_of", "triangular"]
