"""A zero cotangent contributes zero where a value is dropped without a `where` that says so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import adcompiler as ad


def skipped(x):
    total = 0.0
    for v in x:
        inverse = 1 / v
        square = inverse * inverse
        if v == 0:
            continue
        total += square
    return total


def cut_out(x):
    y = 1 / x
    y *= y
    y[x == 0] = 0.0
    return y.sum()


def taken_away(x):
    y = 1 / x
    y *= y
    y[0] = 0.0
    return y.sum()


def never_read(x):
    last = 1 / x[0]
    last = last * last
    for v in x:
        last = 1 / v**2 if last > 0 else v
    return last


def dropped_by_a_test_of_the_index(x):
    found = 1.0
    for i in range(len(x)):
        left = found if i == 9 else x[i]
        found = 1 / np.sqrt(left) ** 4
    return found


@pytest.mark.parametrize(
    "function", [skipped, cut_out, taken_away, never_read, dropped_by_a_test_of_the_index], ids=lambda f: f.__name__
)
def test_what_is_dropped_contributes_zero(function: Callable[[np.ndarray], float]) -> None:
    """The partial derivatives of what is dropped are infinite, those of `1 / x**2` at the other element are not."""
    np.testing.assert_allclose(ad.grad(function)(np.array([0.0, 0.5])), [0.0, -16.0], rtol=1e-13)


def every_other(x, steps):
    for i in range(steps):
        z = x if i % 2 else 0.0
        x = np.sqrt(np.sin(z) * 2.0)
    return x


def test_an_infinite_cotangent_is_dropped_as_well() -> None:
    """sqrt at 0 after a choice that drops what came before: its infinite cotangent meets a zero that is no factor."""
    assert ad.grad(every_other)(0.4, 2) == 0.0
    assert ad.grad(every_other)(0.4, 4) == 0.0
