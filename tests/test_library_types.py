"""Functions of NumPy have its element types: of narrow integers, of single precision, of several types at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted

NARROW = np.array([-3, 0, 1, 2, 7], np.int16)
SINGLE = np.array([0.75, -2.0, 3.0, 0.0, 10.0], np.float32)
TRUTH = np.array([True, False, True, True, False])


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("angle", (NARROW,)),
        ("angle", (SINGLE,)),
        ("angle", (np.int64(-2),)),
        ("frexp", (NARROW,)),
        ("frexp", (NARROW.astype(np.uint32),)),
        ("modf", (NARROW,)),
        ("ldexp", (NARROW, NARROW)),
        ("ldexp", (SINGLE, np.int64(3))),
        ("ldexp", (np.array([1e-300, 3.0]), np.array([1030, -1080]))),
        ("logaddexp2", (NARROW, NARROW[::-1].copy())),
        ("logaddexp2", (SINGLE, NARROW.astype(np.int64))),
        ("logaddexp2", (NARROW, np.float32(2.5))),
        ("heaviside", (NARROW, NARROW)),
        ("heaviside", (SINGLE, np.float32(0.5))),
        ("gcd", (np.int16(12), np.int16(18))),
        ("gcd", (np.int16(12), np.int32(18))),
        ("clip", (TRUTH, np.int64(0), np.uint8(3))),
        ("clip", (TRUTH, np.uint8(0), np.uint8(3))),
        ("clip", (TRUTH, np.float64(0.5), np.uint8(3))),
    ],
    ids=str,
)
def test_functions_of_integers_and_single_precision_have_numpy_s_types(name: str, args: tuple[Any, ...]) -> None:
    function = getattr(np, name)

    def called(s: float, *args: Any) -> Any:
        return s, function(*args)

    with interpreted(), np.errstate(all="ignore"):
        found = ad.jvp(called, (1.0, *args), (1.0, *(None for _ in args)))[0][1]
    expected = function(*args)
    for mine, theirs in zip(*((x if isinstance(x, tuple) else (x,)) for x in (found, expected)), strict=True):
        assert (np.asarray(mine).dtype, np.shape(mine)) == (np.asarray(theirs).dtype, np.shape(theirs))
        np.testing.assert_allclose(mine, theirs, rtol=3e-7 if mine.dtype == np.float32 else 1e-15)


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda s, k: s * np.sum(np.frexp(k)[0]), "float16"),
        (lambda s, k: s * np.sum(np.angle(k)), "float16"),
        (lambda s, k: s * np.sum(np.logaddexp2(k, k)), "float16"),
        (lambda s, k: s * np.sum(np.ldexp(k * 1.0, s)), "ldexp"),
        (lambda s, k: s * np.sum(np.gcd(k, 3)), "np.gcd of arrays"),
        (lambda s, k: s * np.sum(np.diff(s)), "np.diff of a number"),
    ],
)
def test_what_numpy_has_in_half_precision_or_not_at_all_is_refused(function: Any, what: str) -> None:
    with pytest.raises(ad.TypeProblem, match=what):
        ad.grad(function)(1.5, np.arange(3, dtype=np.int8))
