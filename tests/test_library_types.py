"""Functions of NumPy have its element types: of narrow integers, of single precision, of several types at once."""

from __future__ import annotations

import contextlib
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
        (lambda s, k: s * np.sum(np.diff(s)), "np.diff of a number"),
    ],
)
def test_what_numpy_has_in_half_precision_or_not_at_all_is_refused(function: Any, what: str) -> None:
    with pytest.raises(ad.TypeProblem, match=what):
        ad.grad(function)(1.5, np.arange(3, dtype=np.int8))


def of_literals(s):
    wraps = np.power(2, 63) + np.power(10, 20) * 1.0 + np.add(2**62, 2**62) * 1.0 + np.left_shift(1, 63) * 1.0
    return s * wraps + np.maximum(1, 2.5) + np.float32(0.1) * np.hypot(3, 4)


def not_finite(s):
    return np.array([s, np.power(0.0, -1), np.power(-8.0, 1 / 3), np.divide(1, 0)])


def wraps_where_both_are_known(s):
    k = np.array([2, 63, 400])
    return s * (k[0] ** k[1]) + np.sum(np.array([10.0, -2.0]) ** k[2]) * 0 + k[0] ** 62


def root_of_a_negative(s):
    k = np.array([-8.0, 1 / 3])
    return s * k[0] ** k[1]


@pytest.mark.parametrize("function", [of_literals, not_finite, wraps_where_both_are_known, root_of_a_negative])
@pytest.mark.parametrize("compiled", [False, True])
def test_literals_are_numbers_of_numpy_s_to_its_functions(function: Any, compiled: bool) -> None:
    with np.errstate(all="ignore"), contextlib.nullcontext() if compiled else interpreted():
        value, pullback = ad.vjp(function, 1.5, cache=False)
        np.testing.assert_array_equal(value, function(1.5))
        pullback(np.ones_like(value) if np.ndim(value) else 1.0)


@pytest.mark.parametrize(
    "function",
    [
        lambda s, k: s * np.power(2, -1),
        lambda s, k: s * np.power(k, -1).sum(),
        lambda s, k: s * np.power(2, k - 2).sum(),
        lambda s, k: s * np.power(k[0], k[0] - 1),
    ],
)
def test_integers_have_no_negative_powers(function: Any) -> None:
    with interpreted(), pytest.raises(ValueError, match="negative integer powers"):
        ad.grad(function)(1.5, np.arange(3))


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint8, np.int32, np.int64, np.float32, bool])
@pytest.mark.parametrize("function", [np.sum, np.prod, np.add.reduce, np.cumsum])
def test_reductions_wrap_in_the_type_that_is_asked_for(function: Any, dtype: Any) -> None:
    def reduced(s: float, k: Any) -> Any:
        return s, function(k, axis=0, dtype=dtype)

    for k in (np.array([100, 100, 2]), np.array([[100.0, 3.0], [90.0, 2.0]]), np.array([True, True, False])):
        with interpreted():
            found = ad.jvp(reduced, (1.0, k), (1.0, None))[0][1]
        np.testing.assert_array_equal(found, function(k, axis=0, dtype=dtype), strict=True)


def test_a_mean_of_integers_in_their_type_is_refused() -> None:
    with pytest.raises(ad.TypeProblem, match="a mean in int8"):
        ad.grad(lambda s, k: s * np.mean(k, dtype=np.int8))(1.5, np.arange(3))


@pytest.mark.parametrize("compiled", [False, True])
def test_what_is_divided_by_zero_has_an_infinite_slope(compiled: bool) -> None:
    with np.errstate(all="ignore"), contextlib.nullcontext() if compiled else interpreted():
        for dtype in (np.float64, np.float32):
            x = np.array([1.0, -2.0], dtype)
            value, pullback = ad.vjp(lambda x: x / 0 + x / 0.0, x, cache=False)
            np.testing.assert_array_equal(value, x / 0)
            np.testing.assert_array_equal(pullback(np.array([1.0, 0.0], dtype))[0], [np.inf, 0.0])
