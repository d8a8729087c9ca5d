"""Norms and least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.definitions import means, refuse


def root(total: Any) -> Any:
    """The square root of a sum of squares: its derivative at zero is zero."""
    zero = total == 0
    return np.where(zero, 0, np.sqrt(np.where(zero, 1, total)))


def real_for_spectrum(x: Any, ord: Any, axis: Any) -> Any:
    """Refuse complex matrices where singular values are needed."""
    vectors = (axis is None and (ord is None or np.ndim(x) == 1)) or isinstance(axis, int)
    if not vectors and (ord == 2 or ord == -2 or ord == "nuc") and np.asarray(x).dtype.kind == "c":
        refuse("singular values of a complex matrix", "use the Frobenius norm, or a real matrix")


def moduli(x: Any) -> Any:
    """An array of floats; of complex numbers their moduli, from which every norm is made."""
    x = np.asarray(x)
    return np.abs(x) if x.dtype.kind == "c" else floats(x)


def floats(x: Any) -> Any:
    """An array of floats; a number of Python's stays one."""
    x = np.asarray(x) if np.ndim(x) > 0 else x
    if x.dtype.kind == "c":
        refuse("this function of complex numbers", "take the real and the imaginary part apart")
    return x if x.dtype == np.float32 or x.dtype == np.float64 else x.astype(np.float64)


def are_whole(x: Any) -> Any:
    """Whether the elements are integers or truth values, of which none is NaN."""
    return np.asarray(x).dtype.kind in "biu"


def of_vectors(x: Any, ord: Any, axis: Any, keepdims: Any) -> Any:
    """A norm along one axis, or over several as over one."""
    if ord is None or ord == 2:
        return root(np.sum(x * x, axis=axis, keepdims=keepdims))
    if isinstance(ord, str):
        refuse(f"the norm {ord!r} of a vector", "use a number, or pass a matrix")
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(x != 0, axis=axis, keepdims=keepdims).astype(x.dtype)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def of_matrices(x: Any, ord: Any, rows: int, columns: int, keepdims: Any) -> Any:
    """A norm over two axes."""
    if ord is None or ord == "fro":
        return root(np.sum(x * x, axis=(rows, columns), keepdims=keepdims))
    if ord == "nuc" or ord == 2 or ord == -2:
        values = np.linalg.svd(np.moveaxis(x, (rows, columns), (-2, -1)), compute_uv=False)
        found = np.sum(values, -1) if ord == "nuc" else np.max(values, -1) if ord == 2 else np.min(values, -1)
    else:
        by_columns = ord == 1 or ord == -1
        along = rows if by_columns else columns
        across = columns if by_columns else rows
        sums = np.sum(np.abs(x), axis=along)
        across = across - 1 if across > along else across
        if ord == 1 or ord == np.inf:
            found = np.max(sums, axis=across)
        elif ord == -1 or ord == -np.inf:
            found = np.min(sums, axis=across)
        else:
            refuse("this norm of a matrix", "use one of None, 'fro', 'nuc', 1, -1, 2, -2, inf, -inf")
    return np.expand_dims(found, (rows, columns)) if keepdims else found


@means(np.linalg.norm, "scipy.linalg.norm")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    """The norm of vectors or matrices; zero has a derivative of zero where it is a square root."""
    real_for_spectrum(x, ord, axis)
    x = moduli(x)
    if axis is None and ord is None:
        return of_vectors(x, None, None, keepdims)
    if axis is None:
        axis = 0 if x.ndim == 1 else (0, 1)
    if isinstance(axis, tuple) and len(axis) == 2:
        return of_matrices(x, ord, axis[0] % x.ndim, axis[1] % x.ndim, keepdims)
    return of_vectors(x, ord, axis, keepdims)


@means(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: Any = False, ord: Any = 2) -> Any:
    """The norm of all elements, or along axes."""
    return of_vectors(moduli(x), ord, axis, keepdims)


@means(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: Any = False, ord: Any = "fro") -> Any:
    """The norm over the last two axes."""
    real_for_spectrum(x, ord, (-2, -1))
    x = moduli(x)
    return of_matrices(x, ord, x.ndim - 2, x.ndim - 1, keepdims)


@means(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The ratio of the largest singular value to the smallest, or the norms of a matrix and its inverse."""
    if p is None or p == 2 or p == -2:
        values = np.linalg.svd(x, compute_uv=False)
        return values[..., -1] / values[..., 0] if p == -2 else values[..., 0] / values[..., -1]
    return np.linalg.norm(x, p, axis=(-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, axis=(-2, -1))


@means(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None) -> Any:
    """How many singular values are above the tolerance."""
    values = np.linalg.svd(A, compute_uv=False)
    if tol is None:
        tol = np.max(values, -1, keepdims=True) * max(A.shape[-2], A.shape[-1]) * np.finfo(values.dtype).eps
    return np.sum(values > tol, axis=-1)


@means(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The solution of least squares, its squared residuals, the rank and the singular values."""
    real_for_spectrum(a, 2, (0, 1))
    real_for_spectrum(b, 2, (0, 1))
    a, b = floats(a), floats(b)
    m, n = a.shape
    eps = np.finfo(a.dtype).eps
    cutoff = eps * max(m, n) if rcond is None else eps if rcond == -1 else rcond
    values = np.linalg.svd(a, compute_uv=False)
    rank = int(np.sum(values > cutoff * values[0]))
    x = np.linalg.pinv(a, float(cutoff)) @ b
    miss = b - a @ x
    squares = np.atleast_1d(np.sum(miss * miss, axis=0))
    kept = len(squares) if m > n and rank == n else 0
    return x, squares[:kept], rank, values


# -- diagonals of stacks of matrices -----------------------------------------------------------------------------------


@means(np.linalg.trace)
def trace(x: Any, *, offset: Any = 0) -> Any:
    """The sums of the diagonals of a stack of matrices."""
    return np.trace(x, offset, -2, -1)


@means(np.linalg.diagonal)
def diagonal(x: Any, *, offset: Any = 0) -> Any:
    """The diagonals of a stack of matrices."""
    return np.diagonal(x, offset, -2, -1)
