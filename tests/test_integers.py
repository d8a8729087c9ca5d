"""Functions of `math` of whole numbers have Python's values."""

import math

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted


def of_two(s: float, n: int, k: int) -> float:
    whole = math.gcd(n, k) + 10.0 * math.lcm(n, k) + 100.0 * math.comb(n, k) + math.perm(n, k) + math.factorial(k)
    return s * whole + math.prod([s, 2.0, s]) * math.isclose(s, s + 1e-12)


def root(s: float, n: int) -> float:
    return s * math.isqrt(n)


def test_counts_and_divisors() -> None:
    with interpreted():
        g = ad.value_and_grad(of_two)
        for n in range(9):
            for k in range(9):
                value, slope = g(1.5, n, k)
                assert value == pytest.approx(of_two(1.5, n, k), rel=1e-14)
                assert slope == pytest.approx((of_two(1.5, n, k) - 4.5) / 1.5 + 6.0, rel=1e-12)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 8, 9, 2**52, 2**62, 2**63 - 1, 3037000499**2, 3037000499**2 - 1])
def test_whole_roots(n: int) -> None:
    with interpreted():
        assert ad.grad(root)(1.0, n) == float(math.isqrt(n))


def test_a_float_is_refused() -> None:
    def divisor(s: float) -> float:
        return s * math.gcd(s, 2)  # type: ignore[arg-type]

    with pytest.raises(ad.TypeProblem, match="takes integers"):
        ad.grad(divisor)(2.0)


def test_extremes_by_key() -> None:
    def chosen(x: np.ndarray) -> float:
        pair = max([(i, v) for i, v in enumerate(x)], key=lambda p: p[1])
        return max(x, key=lambda v: -v * v) * 2 + min(x[0] * 3, x[1], key=abs) + pair[1] ** 2

    x = np.array([0.3, -0.2, 0.9])
    value, slope = ad.value_and_grad(chosen)(x)
    assert value == pytest.approx(chosen(x), rel=1e-15)
    np.testing.assert_allclose(slope, [0.0, 3.0, 1.8], rtol=1e-15)


def test_floats_are_rounded_to_digits_as_python_does() -> None:
    rng = np.random.default_rng(5)
    ties = (rng.integers(-(10**6), 10**6, 400) + 0.5) / 100.0
    with interpreted():
        for digits in (0, 1, 2, 5, 22):
            g = ad.value_and_grad(lambda s, digits=digits: round(s, digits) + s)
            for s in (
                *ties.tolist(),
                *(rng.normal(size=400) * 10.0 ** rng.integers(-9, 20, 400)).tolist(),
                -0.04,
                1e308,
            ):
                assert g(s) == (round(s, digits) + s, 1.0)


def test_a_sum_that_plain_addition_loses() -> None:
    def of_large(x: np.ndarray) -> float:
        return math.fsum(x)

    with interpreted():
        value, slope = ad.value_and_grad(of_large)(np.array([1.0, 1e16, 1.0, -1e16]))
    assert value == 2.0
    np.testing.assert_array_equal(slope, np.ones(4))


def test_places_of_an_array_without_elements() -> None:
    def none(x: np.ndarray) -> float:
        return sum(x[i, j] for i, j in np.ndindex(x.shape)) + 1.0

    with interpreted():
        assert ad.value_and_grad(none)(np.ones((0, 3)))[0] == 1.0


def test_lengths_of_any_number_of_sides() -> None:
    def lengths(x: np.ndarray) -> float:
        sides = math.hypot(x[0], x[1], x[2]) + 2 * math.hypot(x[3]) + math.hypot()
        return sides + math.dist((x[0], x[1]), (x[2], x[3])) + math.dist(x[:3].tolist(), x[1:].tolist())

    x = np.array([0.3, -0.4, 1.2, -0.7])
    with interpreted():
        value, slope = ad.value_and_grad(lengths)(x)
    assert value == pytest.approx(lengths(x), rel=1e-15)
    steps = [1e-6 * e for e in np.eye(4)]
    np.testing.assert_allclose(slope, [(lengths(x + h) - lengths(x - h)) / 2e-6 for h in steps], rtol=1e-8)
