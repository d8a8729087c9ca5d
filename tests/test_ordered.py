"""Sequences of numbers in their order, and integers among those of a range, are what they are to Python."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted


def largest_pair(x):
    best = (-1e9, -1)
    for i, v in enumerate(x):
        pair = (v * v - v, i)
        if pair > best:
            best = pair
    return best[0] * (best[1] + 1)


def every_order(x, k):
    found = 0
    for i in range(len(x)):
        for j in range(len(x)):
            a, b = (x[i], k[i]), (x[j], k[j])
            found = 2 * found + (a < b) + (a <= b) * 3 + (a > b) * 5 + (a >= b) * 7
            found += ((x[i],) < (x[j],)) + ([x[i], 2] >= [x[j], 2]) * 11 + ((x[i], 1) <= (x[j],)) * 13
            found %= 1000003
    return x[0] * found


def among(x, n):
    s = 0.0
    for i in range(-2, len(x)):
        if i in range(2, n):
            s += x[i]
        if i in range(n, 0, -3):
            s += 2 * x[i]
        if i not in range(0, 9, 4):
            s *= 1.1
        if 3 in range(2, n, 2):
            s += 1
    return s + (4 in range(5)) * x[0] + (np.int64(6) in range(0, n, 3)) * x[1] + (True in range(1, 3)) * x[2]


X = np.array([0.3, -1.2, 0.8, 0.1, -0.4, 1.5, 0.9, -0.2, 0.6])
PROGRAMS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (largest_pair, (X,)),
    *((among, (X, n)) for n in (-1, 0, 2, 5, 7, 9)),
]


@pytest.mark.parametrize(("function", "args"), PROGRAMS)
def test_a_value_and_its_slope(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    with interpreted():
        value, slope = ad.value_and_grad(function)(*args)
    assert value == pytest.approx(function(*args), rel=1e-14)
    steps = 1e-6 * np.eye(len(X))
    differences = [(function(X + h, *args[1:]) - function(X - h, *args[1:])) / 2e-6 for h in steps]
    np.testing.assert_allclose(slope, differences, rtol=1e-7, atol=1e-9)


def test_every_order_of_few_numbers() -> None:
    with interpreted():
        g = ad.value_and_grad(every_order)
        for x in itertools.product((1.0, 2.0, np.nan), repeat=2):
            for k in itertools.product((0, 1), repeat=2):
                given = np.array([1.0, *x]), np.array([0, *k])
                assert g(*given)[0] == every_order(*given)


def test_what_is_no_integer_is_not_looked_for_in_a_range() -> None:
    with pytest.raises(ad.UnsupportedSyntax, match="'in' with a range"):
        ad.grad(lambda s: s * (s in range(3)))(1.0)
