"""Runs the text that `emit` prints, as plain Python or through Numba, and compares it with the interpreter."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from adcompiler.backend.runtime import blas_threads
from adcompiler.emit.text import emit
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Func
from tests.support.interpret import run


def python(fn: Func) -> Callable[..., Any]:
    """The function that the Python dialect defines."""
    return define(emit(fn), fn.name)


def compiled(fn: Func) -> Callable[..., Any]:
    """The function that the Numba dialect defines, compiled."""
    blas_threads.make_known()
    return numba.njit(error_model="numpy", nogil=True)(define(emit(fn, "numba"), fn.name))


def define(text: str, name: str) -> Callable[..., Any]:
    scope: dict[str, Any] = {}
    exec(compile(text, "<printed>", "exec"), scope)
    return scope[name]


def outcome(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Results, then the arguments as the call left them."""
    mine = copy.deepcopy(args)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        result = function(*mine)
    results = result if isinstance(result, tuple) else () if result is None else (result,)
    return (*results, *mine)


def same(found: tuple[Any, ...], expected: tuple[Any, ...], types: bool = True, rtol: float = 1e-13) -> None:
    """Equal values, and for arrays and NumPy scalars equal element types."""
    assert len(found) == len(expected), (found, expected)
    for a, e in zip(found, expected, strict=True):
        assert np.shape(a) == np.shape(e), (a, e)
        if types and isinstance(a, (np.ndarray, np.generic)):
            assert np.asarray(a).dtype == np.asarray(e).dtype, (a, e)
        tolerance = 1e-6 if np.asarray(e).dtype in (np.float32, np.complex64) else rtol
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


def agrees(fn: Func, *args: Any, numba_too: bool = True) -> None:
    """Printed text and interpreter give the same results and leave the arguments the same."""
    verify(fn)
    expected = outcome(lambda *a: run(fn, *a), args)
    same(outcome(python(fn), args), expected)
    if numba_too:
        same(outcome(compiled(fn), args), expected)
