"""Eigenvalues and eigenvectors of symmetric matrices: NumPy's, and SciPy's, whose vectors may have other signs."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.errors import UnsupportedSyntax
from adcompiler.frontend.arrays.atoms import as_array, as_atom, cast, full
from adcompiler.frontend.library.elementwise import copied
from adcompiler.frontend.library.linalg import for_each, matrix, option, rows_of
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.state.coerce import as_bool
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.wengert import Atom, Var

LOWER = Static("L")
# NumPy has no public name for the type of this result
EighResult = type(np.linalg.eigh(np.eye(1)))


def _decomposed(b: Builder, a: Value, lower: bool, name: str, robust: bool = False) -> list[Atom]:
    """Eigenvalues, of the matrix's own element type, and eigenvectors."""

    def lines(x: Var) -> list[Atom]:
        packed = b.emit("eigh", x, lower=lower, robust=robust, hint="eigh")
        values = b.load(packed, (ZERO, *full(b.shape(packed)[1:])), "eigenvalues")
        return [values, rows_of(b, packed, ONE, b.shape(x)[0], "eigenvectors")]

    x = matrix(b, a, name, True)
    dtype, shape = b.type(x).dtype, b.shape(x)[-2:]
    if dtype == "float32" and not robust:
        # NumPy computes with double precision, on which the signs of vectors hang
        wide = as_array(b, cast(b, x, "float64"))
        return [cast(b, found, dtype) for found in for_each(b, [wide], lines, [shape[:1], shape])]
    return for_each(b, [x], lines, [shape[:1], shape])


def _real(b: Builder, a: Value) -> None:
    """Complex vectors may be turned by any factor of modulus one: what depends on it has no derivative."""
    if b.type(as_atom(b, a)).is_complex:
        raise UnsupportedSyntax(
            "eigenvectors of a complex matrix", b.span, "use np.linalg.eigvalsh for its eigenvalues"
        )


def _is_lower(b: Builder, UPLO: Value) -> bool:
    return option(b, UPLO, ("L", "U"), "UPLO") == "L"


@implements(np.linalg.eigh)
def eigh(b: Builder, a: Value, UPLO: Value = LOWER) -> Value:
    """Eigenvalues in ascending order, and eigenvectors of length one; of a symmetric matrix one triangle is read."""
    _real(b, a)
    return Seq(tuple(_decomposed(b, a, _is_lower(b, UPLO), "np.linalg.eigh")), record=EighResult)


@implements(np.linalg.eigvalsh)
def eigvalsh(b: Builder, a: Value, UPLO: Value = LOWER) -> Value:
    """The eigenvalues of a symmetric or Hermitian matrix."""
    values = _decomposed(b, a, _is_lower(b, UPLO), "np.linalg.eigvalsh")[0]
    return b.emit("real", values, hint="eigenvalues") if b.type(values).is_complex else copied(b, values)


def robust_eigh(a: Any, lower: bool) -> Any:
    """In a definition: SciPy's eigenvalues and eigenvectors."""
    values, vectors = np.linalg.eigh(a, "L" if lower else "U")
    return values, vectors


@implements(robust_eigh)
def _robust_eigh(b: Builder, a: Value, lower: Value) -> Value:
    _real(b, a)
    return Seq(tuple(_decomposed(b, a, as_bool(b, lower, "lower"), "scipy.linalg.eigh", True)))


__all__ = ["robust_eigh"]
