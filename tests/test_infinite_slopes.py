"""Where slopes are infinite: what reverse mode meets as a zero first, and what has no slope at all."""

import math
from collections.abc import Iterator

import numpy as np
import pytest

import adcompiler as ad


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def weighted_roots(x):
    return np.array([0.0, 1.0]) * np.sqrt(x)


CORNER = {"reverse": 0.0, "forward": math.nan, "auto": math.nan}


@pytest.mark.parametrize("mode", CORNER)
def test_forward_mode_meets_an_infinite_slope_before_a_zero(mode: str) -> None:
    """Arguments and results are of one size, so that `"auto"` runs forward."""
    matrix = ad.jacobian(weighted_roots, mode=mode)(np.array([0.0, 0.25]))
    np.testing.assert_array_equal(matrix, [[CORNER[mode], 0.0], [0.0, 1.0]])


def test_a_tangent_of_zero_contributes_zero() -> None:
    tangent = ad.jvp(weighted_roots, (np.array([0.0, 0.25]),), (np.array([0.0, 1.0]),))[1]
    np.testing.assert_array_equal(tangent, [0.0, 1.0])


def deviation(x):
    return np.std(x)


def test_the_deviation_of_equal_numbers_has_no_slope() -> None:
    assert np.isnan(ad.grad(deviation)(np.array([2.0, 2.0]))).all()
