"""The functions of `math` give Python's numbers and raise Python's errors."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

import adcompiler as ad
from adcompiler.errors import TypeProblem
from adcompiler.frontend.library import catalogue
from tests.support.cases import interpreted
from tests.support.tracing import Library, Traced, compare, trace


def test_math() -> None:
    def one(np: Any, x: Any, name: str) -> Any:
        member = getattr(math, name)
        if not isinstance(np, Library):
            return member(x)
        handler = catalogue.lookup(member)
        assert handler is not None
        return Traced(np.b, handler(np.b, [x.value], {}))

    names = ("sqrt", "log", "log2", "log10", "log1p", "asin", "acos", "acosh", "atanh", "sin", "cos", "tan")
    more = ("exp", "expm1", "sinh", "cosh", "gamma", "lgamma", "fabs", "floor", "ceil", "trunc", "degrees", "radians")
    points = (0.5, 0.0, -0.5, 1.0, -1.0, 2.0, -3.0, 1000.0, math.inf, -math.inf, math.nan, 2, numpy.float32(0.5))
    for name in (*names, *more, "erf", "erfc", "atan", "tanh", "isnan", "isfinite", "isinf"):
        for x in points:
            # scipy's gammaln, which stands for lgamma here, is -inf where Python's is inf
            # and math.trunc alone takes no NumPy scalar
            if (name, x) not in (("lgamma", -math.inf), ("trunc", numpy.float32(0.5))):
                compare(lambda np, x, n=name: one(np, x, n), x)


def test_math_of_two() -> None:
    def two(np: Any, x: Any, y: Any, name: str) -> Any:
        member = getattr(math, name)
        if not isinstance(np, Library):
            return member(x, y)
        handler = catalogue.lookup(member)
        assert handler is not None
        return Traced(np.b, handler(np.b, [x.value, y.value], {}))

    points = (0.0, 0.5, -0.5, 1.0, 2.0, -3.0, 400.0, math.inf, math.nan)
    for name in ("atan2", "hypot", "copysign", "fmod", "log", "pow"):
        for x in points:
            for y in points:
                compare(lambda np, x, y, n=name: two(np, x, y, n), x, y)


@pytest.mark.parametrize("name", ["floor", "ceil"])
def test_whole_numbers_of_numpys_become_pythons(name: str) -> None:
    """Python's do not wrap."""

    def scaled(x: Any, k: Any) -> Any:
        return x * (getattr(math, name)(k[0]) * 3 + math.floor(x))

    with interpreted():
        for k in (numpy.array([200], numpy.uint8), numpy.array([-100], numpy.int8), numpy.array([2**30], numpy.int32)):
            assert ad.grad(scaled, cache=False).primal(1.5, k) == scaled(1.5, k)


def test_whole_numbers_beyond_64_bits_with_a_sign_stay_what_they_are() -> None:
    def larger(x: Any, k: Any) -> Any:
        return x if math.floor(k[0]) > 5 else -x

    with interpreted():
        for k in (numpy.array([2**63 + 5], numpy.uint64), numpy.array([3], numpy.uint64)):
            assert ad.grad(larger, cache=False).primal(1.5, k) == larger(1.5, k)


def test_math_takes_no_arrays() -> None:
    handler = catalogue.lookup(math.sin)
    assert handler is not None
    with pytest.raises(TypeProblem, match="not an array") as caught:
        trace(lambda np, x: handler(np.b, [x.value], {}), numpy.zeros(3))
    assert "np.sin" in caught.value.fix


def test_the_remainder_beside_the_nearest_multiple_is_that_of_the_library() -> None:
    numbers = [0.0, -0.0, 0.35, 1.05, 1.75, -1.75, 5.3, -7.7, 1e300, 3.5, 2.5, -2.5, 1e-310]

    def function(x: float, y: float) -> Any:
        return math.remainder(x, y)

    g = ad.value_and_grad(function, cache=False)
    with interpreted():
        for x in numbers:
            for y in (0.7, -0.7, 1.0, 3.5, math.inf, 1e-5):
                value, slope = g(x, y)
                assert (value, math.copysign(1.0, value), slope) == (
                    math.remainder(x, y),
                    math.copysign(1.0, math.remainder(x, y)),
                    1.0,
                )
        for x, y in ((math.inf, 1.0), (1.0, 0.0)):
            with pytest.raises(ValueError, match="math domain error"):
                g(x, y)
