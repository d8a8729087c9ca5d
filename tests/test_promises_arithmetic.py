"""Errors and numbers of Python and of NumPy: what is raised, what wraps, what becomes an infinity."""

import math
import os
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import adcompiler as ad

COMPILED = os.environ.get("ADCOMPILER_DISABLE_JIT") != "1"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def math_sqrt(x):
    return math.sqrt(x)


def weighted(scale, data):
    return np.sum(scale * data)


@pytest.mark.parametrize("argument", [3, True, np.int64(3), np.arange(3)], ids=lambda a: type(a).__name__)
def test_integer_argument_is_a_type_error_that_names_it(argument: object) -> None:
    with pytest.raises(TypeError, match="scale") as caught:
        ad.grad(weighted)(argument, np.ones(3))
    assert isinstance(caught.value, ad.NotDifferentiable)


def stretched(x):
    return 2.0 * x


def test_array_output_is_a_type_error_that_proposes_the_way_out() -> None:
    with pytest.raises(TypeError, match=r"\(3,\)") as caught:
        ad.grad(stretched)(np.ones(3))
    assert isinstance(caught.value, ad.NotDifferentiable)
    assert "vjp" in str(caught.value)
    assert "jacobian" in str(caught.value)


def reciprocal(x):
    return 1.0 / x


def reciprocals(x):
    return np.sum(1.0 / x)


def test_division_by_zero_is_pythons_or_numpys() -> None:
    with pytest.raises(ZeroDivisionError):
        ad.grad(reciprocal)(0.0)
    assert ad.grad(reciprocal)(np.float64(0.0)) == -np.inf
    np.testing.assert_array_equal(ad.grad(reciprocals)(np.array([0.0, 2.0])), [-np.inf, -0.25])
    assert ad.grad(reciprocal)(2.0) == -0.25


def floor_division(x, n):
    return x * (7 // n) + x % n


def test_integer_division_by_zero() -> None:
    with pytest.raises(ZeroDivisionError):
        ad.grad(floor_division)(1.5, 0)
    assert ad.grad(floor_division)(1.5, 2) == 4.0


def math_log(x):
    return math.log(x)


@pytest.mark.parametrize(("function", "at"), [(math_log, 0.0), (math_log, -1.0), (math_sqrt, -1.0)])
def test_domain_error_is_pythons(function: Callable[[float], float], at: float) -> None:
    with pytest.raises(ValueError, match=r"domain|positive|nonnegative"):
        ad.grad(function)(at)


def numpy_log(x):
    return np.sum(np.log(x))


def test_domain_error_is_numpys_nan() -> None:
    value, gradient = ad.value_and_grad(numpy_log)(np.array([0.0, 1.0]))
    assert value == -np.inf
    np.testing.assert_array_equal(gradient, [np.inf, 1.0])
    assert np.isnan(ad.grad(numpy_log).primal(np.array([-1.0])))


def triple(x, n):
    k = 1
    for _ in range(n):
        k *= 3
    return x * k


@pytest.mark.skipif(not COMPILED, reason="Python's integers have no limit")
def test_python_integer_that_leaves_64_bits() -> None:
    with pytest.raises(OverflowError):
        ad.grad(triple)(1.0, 50)


def test_python_integer_within_64_bits() -> None:
    assert ad.grad(triple)(1.0, 39) == float(3**39)


def wrapped(x, a):
    return x * (a[0] * a[1])


def test_numpy_integers_wrap_as_numpys() -> None:
    a = np.array([2**62, 6])
    assert ad.grad(wrapped)(1.0, a) == wrapped(1.0, a)


def integer_power(x, n):
    return x * 2**n


def test_negative_power_of_an_integer_is_a_float_or_refused() -> None:
    g = ad.grad(integer_power)
    assert g(1.0, 5) == 32.0
    try:
        assert g(1.0, -1) == 0.5
    except ValueError as error:
        assert str(error) == "an integer to a negative run-time power is a float: write float(n) ** k"
    assert ad.grad(float_power)(1.0, -1) == 0.5


def float_power(x, n):
    return x * 2.0**n


def powers_from(x, first):
    total = 0.0
    for k in range(first, 3):
        total += x[0] ** k * 2.0 + x[1] ** -1
    return total


def test_powers_of_zero_in_an_array_are_numpys_and_their_derivatives_raise_nothing() -> None:
    x = np.array([0.0, 2.0])
    np.testing.assert_array_equal(ad.grad(powers_from)(x, 0), [2.0, -0.75])
    assert ad.jvp(ad.grad(powers_from), (x, 0), (np.ones(2), None))[1][0] == 4.0
    assert ad.grad(powers_from).primal(x, -1) == np.inf
    np.testing.assert_array_equal(ad.grad(powers_from)(x, -1), [-np.inf, -1.0])
    assert ad.grad(powers_from).primal(np.array([2.0, 0.0]), 0) == np.inf


def powers_of_a_number(x, last):
    total = 0.0
    for n in range(last):
        total += x**n * 2**n
    return total


@pytest.mark.skipif(not COMPILED, reason="Python's own power of zero raises")
def test_derivatives_of_powers_of_zero_raise_nothing() -> None:
    assert ad.jvp(powers_of_a_number, (0.0, 4), (1.0, None)) == (1.0, 2.0)
    assert ad.jvp(ad.grad(powers_of_a_number), (0.0, 4), (1.0, None)) == (2.0, 8.0)


def shifted(x, n):
    return x << n


def test_a_float_is_not_shifted() -> None:
    with pytest.raises(ad.TypeProblem, match="float and bool"):
        ad.grad(shifted)(1.5, True)


def power(x, p):
    return x**p


def square(x):
    return x**2


def product(x):
    return x * x


@pytest.mark.parametrize("args", [(10.0, 400.0), (1e200, 2.0), (-1e200, 3.0), (1e-200, -2.0), (2.0, 1_000_000)])
def test_a_power_beyond_all_floats_is_an_overflow_error(args: tuple[float, float]) -> None:
    with pytest.raises(OverflowError, match="Numerical result out of range"):
        power(*args)
    with pytest.raises(OverflowError, match="Numerical result out of range"):
        ad.grad(power)(*args)


def test_an_infinity_that_python_gives_is_no_overflow_error() -> None:
    assert ad.grad(power).primal(math.inf, 2.0) == power(math.inf, 2.0) == math.inf
    assert ad.grad(product).primal(1e200) == product(1e200) == math.inf
    assert ad.grad(square).primal(np.float64(1e200)) == math.inf
    with pytest.raises(OverflowError):
        ad.jvp(square, (1e200,), (1.0,))


def angles(x):
    t_bar = np.zeros(2)
    t_bar += x
    y_dot = 0.0
    y_dot = y_dot + x[1]
    return np.arctan2(t_bar[0], -1.0) + np.arctan2(y_dot, -1.0)


def test_the_sign_of_a_zero_is_numpys_in_variables_with_names_as_derivatives_have() -> None:
    x = np.array([-0.0, -0.0])
    value, gradient = ad.value_and_grad(angles)(x)
    assert value == angles(x) == 2 * np.pi
    assert np.array_equal(gradient, [-1.0, -1.0])


def frexp_and_modf(x, y):
    part, power = math.frexp(x)
    rest, whole = math.modf(x)
    return y * (part * 2 ** (power + 38) + rest + whole)


def test_parts_of_a_number_are_pythons_own() -> None:
    y = np.ones(2, np.float32)
    for x in (5.25, -0.375, np.float32(2.5)):
        found = ad.vjp(frexp_and_modf, x, y)[0]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, frexp_and_modf(x, y), rtol=1e-6)


def negative_of_a_narrow_integer(x, labels, one):
    return np.sum(-labels + x) - one + -labels[0] * x


def products_of_labels(x, labels, counts):
    return x * np.dot(labels, counts)


def test_narrow_integers_of_numpys_wrap_in_their_own_type() -> None:
    labels = np.array([250, 7], np.uint8)
    args = (1.5, labels, np.uint8(3))
    assert ad.value_and_grad(negative_of_a_narrow_integer)(*args) == (negative_of_a_narrow_integer(*args), 2.0 + 6.0)
    assert ad.grad(products_of_labels)(1.5, labels, np.array([2, 3])) == 521


def beyond_labels(x, labels, n):
    low, high = min(labels[1], 300), max(-7, labels[1])
    return x * (np.sum(labels < n) + 10 * (labels[0] == n) + 100 * np.sum(labels > -2) + low + high)


def moved_labels(x, labels, n):
    return x * np.sum(labels + n)


def first_label_or(x, labels, n):
    return x * (labels[0] if labels[0] < 100 else n)


def larger_label(x, labels, n):
    return x * max(labels[1], n)


def test_python_integers_that_no_narrow_integer_holds() -> None:
    labels = np.array([250, 7], np.uint8)
    for n in (7, 250, 300, -6):
        assert ad.grad(beyond_labels)(1.0, labels, n) == beyond_labels(1.0, labels, n)
    for function in (moved_labels, first_label_or, larger_label):
        assert ad.grad(function)(1.0, labels, 9) == function(1.0, labels, 9)
        with pytest.raises(OverflowError, match="Python integer out of bounds for uint8"):
            ad.grad(function)(1.0, labels, 300)
    assert ad.grad(larger_label)(1.0, labels, -6) == 7


def shifts_and_quotients(x, values, counts, wide):
    shifted = np.sum(values << counts) + 7 * np.sum(values >> counts) + 3 * (values[0] >> counts[1])
    return x * (shifted + np.sum(wide // values) + (wide[1] % values[0]))


def test_shifts_and_quotients_of_numpys_integers_are_numpys() -> None:
    wide = np.array([2**64 - 1, 7], np.uint64)
    for dtype in (np.int64, np.int8):
        values = np.array([-50, 7], dtype)
        for counts in ([0, 1], [7, 8], [63, 64], [70, -1]):
            args = (1.0, values, np.array(counts), wide)
            assert ad.grad(shifts_and_quotients)(*args) == shifts_and_quotients(*args)


def typed(x):
    if x.dtype == None:  # noqa: E711
        return x[0]
    return x[1]


def test_none_is_the_type_of_a_float_to_numpy() -> None:
    assert np.array_equal(ad.grad(typed)(np.ones(2)), [1.0, 0.0])
    assert np.array_equal(ad.grad(typed)(np.ones(2, np.float32)), [0.0, 1.0])
