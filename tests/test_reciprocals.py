"""Divisions by what a loop does not change are products with a reciprocal, where the last bit decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad

SPECIAL = [0.0, -0.0, 1.0, -3.0, 7e5, np.inf, -np.inf, np.nan, 5e-324, -1e-310, 2e-308, 1e-300, 3e300, 1.7e308]


def over(x, h):
    y = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        y[i] = x[i] / h
    return y


def test_quotients_are_right_for_divisors_of_any_size() -> None:
    compiled = ad.jacobian(over).primal
    x = np.array([*SPECIAL, *np.random.default_rng(0).normal(size=50)])
    for h in SPECIAL:
        with np.errstate(all="ignore"):
            want = x / h
        found = compiled(x, h)
        finite = np.isfinite(want)
        np.testing.assert_array_equal(found[~finite], want[~finite])
        np.testing.assert_array_equal(np.signbit(found), np.signbit(want))
        assert np.all(np.abs(found[finite] - want[finite]) <= 2 * np.spacing(np.abs(want[finite])))


def smooth(x, h):
    """A loop with a divisor of its own and a literal one."""
    s = 0.0
    for i in range(x.shape[0]):
        s += np.sin(x[i] / h) * (x[i] / 3.0 - h) ** 2
    return s


def overflowing(x, h):
    """Whether a number is finite does not depend on its last bit."""
    s = 0.0
    for i in range(x.shape[0]):
        s += math.exp(-x[i] / h)
    return s


def behind_an_exponential(x, h):
    """A Gaussian that is cut off where its exponent is one: 49 / 49 is."""
    s = 0.0
    for i in range(x.shape[0]):
        weight = math.exp(-x[i] / h)
        s += 0.0 if weight > 0.36787944117144233 else weight
    return s


def compared(x, h):
    s = 0.0
    for i in range(x.shape[0]):
        q = x[i] / h
        s += q * q if q > 1.0 else q
    return s


def rounded(x, h):
    s = 0.0
    for i in range(x.shape[0]):
        q = x[i] / h
        s += q - math.floor(q)
    return s


def at_an_index(x, h):
    s = 0.0
    for i in range(x.shape[0]):
        s += x[int(x[i] / h)]
    return s


def under_a_root(x, h):
    s = 0.0
    for i in range(x.shape[0]):
        s += np.sqrt(1.0 - x[i] / h)
    return s


def divided_by(x, h):
    s = 0.0
    for i in range(x.shape[0]):
        s += 1.0 / (1.0 - x[i] / h)
    return s


def through_an_array(x, h):
    y = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        y[i] = x[i] / h + 1.0
    s = 0.0
    for i in range(x.shape[0]):
        s += np.log(y[i])
    return s


def through_a_sum(x, h):
    s = 0.0
    for i in range(x.shape[0]):
        s += x[i] / h
    return s if s > 1.0 else 2.0 * s


def through_a_view(x, h):
    y = np.empty((2, x.shape[0]))
    row = y[1]
    for i in range(x.shape[0]):
        row[i] = x[i] / h
    return 1.0 if y.max() >= 1.0 else y[1, 0]


def through_a_choice(x, h):
    s = 0.0
    for i in range(x.shape[0]):
        q = x[i] / h
        t = q if i % 2 == 0 else 1.0
        s += np.arccos(t)
    return s


def roots_of_differences(x, h):
    s = 0.0
    for i in range(x.shape[0]):
        s += math.sqrt(math.exp(7.0) - math.exp(x[i] / h))
    return s


def of_integers(x, h):
    s = 0.0
    for i in range(x.shape[0]):
        s += i / x.shape[0]
    return s * h


def products(f: Callable[..., Any], **options: Any) -> int:
    """The number of quotients that are products in the primal's lowered text."""
    text = ad.grad(f, **options).lowered_source(np.ones(3), 2.0)
    return text.count("* reciprocal")


def test_a_quotient_in_smooth_functions_alone_is_a_product() -> None:
    assert products(smooth) >= 1
    assert products(smooth, fastmath=False) == 0
    assert products(overflowing) == 1


@pytest.mark.parametrize(
    "f",
    [
        compared,
        rounded,
        at_an_index,
        under_a_root,
        divided_by,
        through_an_array,
        through_a_sum,
        through_a_view,
        through_a_choice,
        behind_an_exponential,
        roots_of_differences,
        of_integers,
    ],
)
def test_where_the_last_bit_may_decide_something_the_quotient_stays(f: Callable[..., Any]) -> None:
    assert products(f) == 0
