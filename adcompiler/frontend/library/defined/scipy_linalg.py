"""`scipy.linalg`, written with `np.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.definitions import means, refuse
from adcompiler.frontend.library.linalg import triangular
from adcompiler.frontend.library.spectra import robust_eigh


@means("scipy.linalg.solve_triangular")
def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: Any = False,
    unit_diagonal: Any = False,
    overwrite_b: Any = False,
    check_finite: Any = True,
) -> Any:
    """The solution of a triangular system."""
    if unit_diagonal:
        one = np.eye(len(a), dtype=a.dtype)
        a = np.tril(a, -1) + one if lower else np.triu(a, 1) + one
    if trans == 0 or trans == "N":
        return triangular(a, b, lower)
    if trans == 1 or trans == "T":
        return triangular(a.T, b, not lower)
    return triangular(np.conj(a).T, b, not lower)


@means("scipy.linalg.cholesky")
def cholesky(a: Any, lower: Any = False, overwrite_a: Any = False, check_finite: Any = True) -> Any:
    """The triangular factor."""
    return np.linalg.cholesky(a) if lower else np.linalg.cholesky(a, upper=True)


@means("scipy.linalg.cho_factor")
def cho_factor(a: Any, lower: Any = False, overwrite_a: Any = False, check_finite: Any = True) -> Any:
    """The triangular factor, zeros in the other triangle, and which of the two it is."""
    return cholesky(a, lower), lower


@means("scipy.linalg.cho_solve")
def cho_solve(c_and_lower: Any, b: Any, overwrite_b: Any = False, check_finite: Any = True) -> Any:
    """The solution of a system whose matrix has been factored."""
    c, lower = c_and_lower
    if lower:
        return triangular(np.conj(c).T, triangular(c, b, True), False)
    return triangular(c, triangular(np.conj(c).T, b, True), False)


@means("scipy.linalg.solve")
def solve(
    a: Any,
    b: Any,
    lower: Any = False,
    overwrite_a: Any = False,
    overwrite_b: Any = False,
    check_finite: Any = True,
    assume_a: Any = None,
    transposed: Any = False,
) -> Any:
    """The solution of a linear system."""
    if assume_a == "pos" or assume_a == "positive definite":
        return cho_solve(cho_factor(a, lower), b)
    if not (assume_a is None or assume_a == "gen" or assume_a == "general"):
        refuse("scipy.linalg.solve of a matrix of this structure", "leave out assume_a")
    return np.linalg.solve(a.T if transposed else a, b)


@means("scipy.linalg.inv")
def inv(a: Any, overwrite_a: Any = False, check_finite: Any = True) -> Any:
    """The inverse."""
    return np.linalg.inv(a)


@means("scipy.linalg.det")
def det(a: Any, overwrite_a: Any = False, check_finite: Any = True) -> Any:
    """The determinant."""
    return np.float64(np.linalg.det(a))


@means("scipy.linalg.eigh")
def eigh(a: Any, b: Any = None, *, lower: Any = True, eigvals_only: Any = False) -> Any:
    """Eigenvalues and eigenvectors of a symmetric matrix, or of a pair of which the second is positive definite."""
    if b is None:
        return np.linalg.eigvalsh(a, "L" if lower else "U") if eigvals_only else robust_eigh(a, lower)
    factor = np.linalg.cholesky(b) if lower else np.linalg.cholesky(b, upper=True).T
    whole = np.tril(a) + np.tril(a, -1).T if lower else np.triu(a) + np.triu(a, 1).T
    left = triangular(factor, whole, True)
    values, vectors = np.linalg.eigh(triangular(factor, left.T, True), "L" if lower else "U")
    return values if eigvals_only else (values, triangular(factor.T, vectors, False))


@means("scipy.linalg.eigvalsh")
def eigvalsh(a: Any, b: Any = None, *, lower: Any = True) -> Any:
    """Eigenvalues of a symmetric matrix."""
    return eigh(a, b, lower=lower, eigvals_only=True)


@means("scipy.linalg.svd")
def svd(a: Any, full_matrices: Any = True, compute_uv: Any = True) -> Any:
    """The singular value decomposition."""
    if not compute_uv:
        return np.linalg.svd(a, compute_uv=False)
    left, values, right = np.linalg.svd(a, full_matrices)
    return left, values, right


@means("scipy.linalg.svdvals")
def svdvals(a: Any) -> Any:
    """The singular values."""
    return np.linalg.svd(a, compute_uv=False)


@means("scipy.linalg.qr")
def qr(a: Any, overwrite_a: Any = False, lwork: Any = None, mode: Any = "full") -> Any:
    """The QR decomposition; `mode="economic"` where the matrix is not square."""
    if mode == "r":
        return (np.linalg.qr(a, "r"),)
    if mode != "economic":
        refuse("scipy.linalg.qr with all columns of Q", "write mode='economic'")
    q, r = np.linalg.qr(a)
    return q, r


@means("scipy.linalg.pinv")
def pinv(a: Any, *, atol: Any = None, rtol: Any = None) -> Any:
    """The pseudo-inverse."""
    if atol is not None:
        refuse("scipy.linalg.pinv with atol", "use rtol")
    cutoff = max(a.shape) * np.finfo(a.dtype).eps if rtol is None else rtol
    return np.linalg.pinv(a, float(cutoff))


@means("scipy.linalg.block_diag")
def block_diag(*arrs: Any) -> Any:
    """Matrices along the diagonal of a larger one."""
    blocks = [np.atleast_2d(a) for a in arrs]
    rows = sum([a.shape[0] for a in blocks])
    columns = sum([a.shape[1] for a in blocks])
    out = np.zeros((rows, columns), np.result_type(*[a.dtype for a in blocks]))
    i, j = 0, 0
    for a in blocks:
        out[i : i + a.shape[0], j : j + a.shape[1]] = a
        i, j = i + a.shape[0], j + a.shape[1]
    return out


@means("scipy.linalg.toeplitz")
def toeplitz(c: Any, r: Any = None) -> Any:
    """A matrix with constant diagonals, from its first column and row."""
    row = np.conj(c) if r is None and c.dtype.kind == "c" else c if r is None else r
    out = np.empty((len(c), len(row)), np.result_type(c.dtype, row.dtype))
    for i in range(len(c)):
        for j in range(len(row)):
            out[i, j] = c[i - j] if i >= j else row[j - i]
    return out


@means("scipy.linalg.expm")
def expm(A: Any) -> Any:
    """The exponential of a matrix by scaling, a rational approximation and squaring."""
    b = (17643225600.0, 8821612800.0, 2075673600.0, 302702400.0, 30270240.0, 2162160.0, 110880.0, 3960.0, 90.0, 1.0)
    size = np.max(np.sum(np.abs(A), axis=0))
    squarings = int(max(0.0, np.ceil(np.log2(max(size, 1e-300) / 2.097847961257068))))
    x = A / 2.0**squarings
    one = np.eye(len(A), dtype=A.dtype)
    x2 = x @ x
    x4 = x2 @ x2
    x6 = x4 @ x2
    odd = x @ (b[9] * (x6 @ x2) + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * one)
    even = b[8] * (x6 @ x2) + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * one
    found = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        found = found @ found
    return found
