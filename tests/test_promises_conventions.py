"""Derivatives at points where they are a convention: kinks, ties, zeros, and untaken branches."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import adcompiler as ad


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def builtin_abs(x):
    return abs(x)


def numpy_abs(x):
    return np.abs(x)


def math_fabs(x):
    return math.fabs(x)


@pytest.mark.parametrize("function", [builtin_abs, numpy_abs, math_fabs])
def test_abs_at_zero(function: Callable[[float], float]) -> None:
    assert ad.grad(function)(0.0) == 0.0
    assert ad.grad(function)(-2.0) == -1.0


def abs_of_elements(x):
    return np.sum(np.abs(x))


def test_abs_of_array_elements() -> None:
    np.testing.assert_array_equal(ad.grad(abs_of_elements)(np.array([0.0, -3.0, 2.0])), [0.0, -1.0, 1.0])


def math_sqrt(x):
    return math.sqrt(x)


def numpy_sqrt(x):
    return np.sqrt(x)


def half_power(x):
    return x**0.5


@pytest.mark.parametrize("function", [math_sqrt, numpy_sqrt, half_power])
def test_sqrt_at_zero(function: Callable[[float], float]) -> None:
    assert ad.grad(function)(0.0) == math.inf


def sqrt_of_elements(x):
    return np.sum(np.sqrt(x))


def test_sqrt_of_array_elements() -> None:
    np.testing.assert_array_equal(ad.grad(sqrt_of_elements)(np.array([0.0, 4.0])), [np.inf, 0.25])


# Each pair is an unbounded function and the point at which its derivative is infinite or undefined.
def masked_sqrt(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


def masked_log(x):
    return np.sum(np.where(x > 0, np.log(x), 0.0))


def masked_reciprocal(x):
    return np.sum(np.where(x > 0, 1.0 / x, 0.0))


def masked_power(x):
    return np.sum(np.where(x > 0, x**-0.5, 0.0))


def masked_hypot(x):
    return np.sum(np.where(x > 0, np.hypot(x, x), 0.0))


def masked_arctan2(x):
    return np.sum(np.where(x > 0, np.arctan2(x, 2 * x), 0.0))


def masked_arcsin(x):
    return np.sum(np.where(x > 0, np.arcsin(1 - x), 0.0))


def masked_arccos(x):
    return np.sum(np.where(x > 0, np.arccos(1 - x), 0.0))


MASKED = {
    masked_sqrt: 1.0,
    masked_log: 4.0,
    masked_reciprocal: -16.0,
    masked_power: -4.0,
    masked_hypot: math.sqrt(2),
    masked_arctan2: 0.0,
    masked_arcsin: -1 / math.sqrt(1 - 0.75**2),
    masked_arccos: 1 / math.sqrt(1 - 0.75**2),
}


@pytest.mark.parametrize("function", MASKED, ids=lambda f: f.__name__)
def test_untaken_branch_contributes_zero(function: Callable[[np.ndarray], float]) -> None:
    gradient = ad.grad(function)(np.array([0.0, 0.25]))
    np.testing.assert_allclose(gradient, [0.0, MASKED[function]], rtol=1e-13, atol=1e-14)


def loop_with_masked_branch(x):
    total = 0.0
    for v in x:
        total += math.sqrt(v) if v > 0 else 0.0
    return total


def zero_times_sqrt(x):
    return np.sum(np.array([0.0, 1.0]) * np.sqrt(x))


def deviations_where_wanted(x, wanted):
    return np.sum(np.where(wanted, np.std(x, axis=1), 0.0))


def total_deviation_if_wanted(x, wanted):
    return np.std(x[0]) * wanted[0] + np.std(x[1])


@pytest.mark.parametrize("function", [deviations_where_wanted, total_deviation_if_wanted])
def test_the_deviation_of_constants_reaches_no_input(function: Callable[[np.ndarray, np.ndarray], float]) -> None:
    gradient = ad.grad(function)(np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]]), np.array([False, True]))
    np.testing.assert_allclose(gradient, [[0.0] * 3, np.array([-1.0, 0.0, 1.0]) / math.sqrt(6)], rtol=1e-13)


@pytest.mark.parametrize("function", [loop_with_masked_branch, zero_times_sqrt])
def test_zero_cotangent_contributes_zero(function: Callable[[np.ndarray], float]) -> None:
    np.testing.assert_array_equal(ad.grad(function)(np.array([0.0, 0.25])), [0.0, 1.0])


def norm_if_wanted(x, wanted):
    return wanted * np.linalg.norm(x) + x[0]


def root_if_wanted(x, wanted):
    return wanted * np.sqrt(np.sum(x * x)) + x[0]


@pytest.mark.parametrize("function", [norm_if_wanted, root_if_wanted])
def test_a_norm_at_zero_takes_a_zero_cotangent(function: Callable[[np.ndarray, float], float]) -> None:
    np.testing.assert_array_equal(ad.grad(function)(np.zeros(3), 0.0), [1.0, 0.0, 0.0])


def power(x, p):
    return x**p


def power_of_elements(x, p):
    return np.sum(x**p)


@pytest.mark.parametrize(("p", "slope"), [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (3.0, 0.0)])
def test_power_at_a_zero_base(p: float, slope: float) -> None:
    assert ad.grad(power)(0.0, p) == slope
    np.testing.assert_array_equal(ad.grad(power_of_elements)(np.zeros(2), p), [slope, slope])


def square(x):
    return x**2


def to_the_first(x):
    return x**1.0


def to_the_zeroth(x):
    return x**0


@pytest.mark.parametrize(("function", "slope"), [(square, 0.0), (to_the_first, 1.0), (to_the_zeroth, 0.0)])
def test_constant_power_at_a_zero_base(function: Callable[[float], float], slope: float) -> None:
    assert ad.grad(function)(0.0) == slope


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0])
def test_power_of_zero_is_flat_in_the_exponent(p: float) -> None:
    assert ad.grad(power, 1)(0.0, p) == 0.0
    assert ad.grad(power_of_elements, 1)(np.zeros(3), p) == 0.0


def test_negative_base_is_undefined_in_the_exponent_only() -> None:
    base, exponent = ad.grad(power, (0, 1))(-2.0, 3.0)
    assert base == 12.0
    assert math.isnan(exponent)
    base, exponent = ad.grad(power_of_elements, (0, 1))(np.array([-2.0, -1.0]), 3.0)
    np.testing.assert_array_equal(base, [12.0, 3.0])
    assert math.isnan(exponent)


def builtin_max(x, y):
    return max(x, y)


def builtin_min(x, y):
    return min(x, y)


def numpy_maximum(x, y):
    return np.maximum(x, y)


def numpy_minimum(x, y):
    return np.minimum(x, y)


@pytest.mark.parametrize("function", [builtin_max, builtin_min, numpy_maximum, numpy_minimum])
def test_slopes_over_a_tie_of_two_sum_to_one(function: Callable[[float, float], float]) -> None:
    slopes = ad.grad(function, (0, 1))(1.5, 1.5)
    assert sum(slopes) == 1.0
    assert all(0.0 <= slope <= 1.0 for slope in slopes)


def largest(x):
    return np.max(x)


def smallest(x):
    return x.min()


def largest_of_a_loop(x):
    best = x[0]
    for v in x[1:]:
        best = max(best, v)
    return best


def largest_of_columns(x):
    return np.sum(np.max(x.reshape(-1, 1), axis=0))


@pytest.mark.parametrize("function", [largest, smallest, largest_of_a_loop, largest_of_columns])
@pytest.mark.parametrize("ties", [2, 3])
def test_slopes_over_a_tie_of_elements_sum_to_one(function: Callable[[np.ndarray], float], ties: int) -> None:
    sign = -1.0 if function is smallest else 1.0
    x = np.append(np.full(ties, sign * 2.0), -sign)
    gradient = ad.grad(function)(x)
    assert gradient.sum() == pytest.approx(1.0, abs=1e-15)
    assert gradient[-1] == 0.0
    assert (gradient >= 0).all()


def product(x):
    return np.prod(x)


def product_by_loop(x):
    p = 1.0
    for v in x:
        p *= v
    return p


def product_of_rows(x):
    return np.sum(np.prod(x.reshape(1, -1), axis=1))


@pytest.mark.parametrize("function", [product, product_by_loop, product_of_rows])
def test_product_with_zeros(function: Callable[[np.ndarray], float]) -> None:
    np.testing.assert_array_equal(ad.grad(function)(np.array([2.0, 0.0, 5.0])), [0.0, 10.0, 0.0])
    np.testing.assert_array_equal(ad.grad(function)(np.array([2.0, 0.0, 0.0])), [0.0, 0.0, 0.0])


def cumulative_product(x):
    return np.sum(np.cumprod(x))


def test_cumulative_product_with_a_zero() -> None:
    np.testing.assert_array_equal(ad.grad(cumulative_product)(np.array([2.0, 0.0, 5.0])), [1.0, 12.0, 0.0])


def steps_of_a_number(x):
    return math.floor(x) + math.ceil(x) + np.sign(x) + round(x) + int(x) + x // 1 + math.trunc(x) + x


def steps_of_an_array(x):
    return np.sum(np.floor(x) + np.ceil(x) + np.sign(x) + np.round(x) + np.trunc(x) + np.rint(x) + x)


def test_step_functions_are_flat() -> None:
    assert ad.grad(steps_of_a_number)(2.7) == 1.0
    np.testing.assert_array_equal(ad.grad(steps_of_an_array)(np.array([0.0, -1.3, 2.0])), [1.0, 1.0, 1.0])


def hypotenuse(x, y):
    return math.hypot(x, y)


def test_hypot_at_zero_is_finite() -> None:
    assert np.isfinite(ad.grad(hypotenuse, (0, 1))(0.0, 0.0)).all()


def total(x):
    return np.sum(x)


def total_by_loop(x):
    s = 0.0
    for v in x:
        s += v * v
    return s


@pytest.mark.parametrize("function", [total, total_by_loop])
def test_sum_of_an_empty_array(function: Callable[[np.ndarray], float]) -> None:
    value, gradient = ad.value_and_grad(function)(np.zeros(0))
    assert value == 0.0
    assert gradient.shape == (0,)


def beside_a_branch(x):
    grown = np.exp(400.0 * x)
    if x > 1.0:
        y = x * x
    else:
        y = grown
    return y


def skipped(x):
    total = 0.0 * x
    for k in range(3):
        grown = np.sinh(400.0 * x * k) * x
        if k > 1:
            continue
        total = total + grown
    return total


@pytest.mark.parametrize("form", [ad.grad, lambda f: lambda x: ad.jvp(f, (x,), (1.0,))[1]])
def test_what_overflows_and_is_not_taken(form: Callable[..., Callable[[float], float]]) -> None:
    assert form(beside_a_branch)(2.0) == 4.0
    assert form(beside_a_branch)(0.01) == pytest.approx(400.0 * math.exp(4.0))
    want = math.sinh(400.0) + 400.0 * math.cosh(400.0)
    assert form(skipped)(1.0) == pytest.approx(want)
