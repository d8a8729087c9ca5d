"""Methods of NumPy's functions of each element: what is refused is named, where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.errors import ADCompilerError
from tests.support.cases import interpreted

X = np.array([[1.0, 2.0], [3.0, 4.0]])


def without_operand(x: Any) -> Any:
    np.multiply.at(x, [0, 0])
    return x


def several_axes(x: Any) -> Any:
    np.maximum.at(x, ([0, 0], [1, 1]), 2.0)
    return x


def table(x: Any) -> Any:
    np.divide.at(x, [[0], [1]], 2.0)
    return x


def several_axes_reduced(x: Any) -> Any:
    return np.logaddexp.reduce(x, axis=(0, 1))


REFUSED: dict[Callable[[Any], Any], str] = {
    without_operand: "np.multiply.at without a second operand",
    several_axes: "np.maximum.at with indices of several axes",
    table: "np.divide.at with a table of indices",
    several_axes_reduced: "np.logaddexp.reduce over several axes",
}


@pytest.mark.parametrize("function", REFUSED)
def test_what_is_refused_is_named(function: Callable[[Any], Any]) -> None:
    with pytest.raises(ADCompilerError, match=re.escape(REFUSED[function])) as caught:
        ad.vjp(function, X)
    assert caught.value.filename == __file__
    assert caught.value.lineno == function.__code__.co_firstlineno + 1


def test_masks_have_the_length_of_the_array() -> None:
    def function(x: Any, mask: Any) -> Any:
        np.multiply.at(x, mask, 2.0)
        return x

    with interpreted(), pytest.raises(IndexError, match="boolean index"):
        ad.vjp(function, X, np.array([True]))


@pytest.mark.parametrize("member", [np.gcd, np.lcm])
@pytest.mark.parametrize("dtype", [np.int64, np.int16, np.uint8])
def test_divisors_and_multiples_of_arrays_are_numpy_s(member: Any, dtype: Any) -> None:
    n = np.array([[4, 6, 0], [0, 9, 7]], dtype)
    if dtype != np.uint8:
        n[0, 1] = -6

    def function(x: float, n: Any) -> Any:
        return x * x, member(n, n[:, :1]), member(n, 6)

    with interpreted():
        found = ad.jvp(function, (1.5, n), (1.0, None))[0][1:]
    for mine, theirs in zip(found, function(1.5, n)[1:], strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype
