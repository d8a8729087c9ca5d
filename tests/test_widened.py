"""An array of integers where another path has floats: it is taken for floats, and not written."""

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted


def written_before_it_is_bound_again(s):
    x = np.array([1, 2, 3])
    for _ in range(2):
        x[0] = 0.5
        x = s * x
    return np.sum(x)


def written_under_its_first_name(s):
    x = np.array([1, 2, 3])
    y = x
    for _ in range(2):
        x = s * x
        y[0] = 7
    return np.sum(x)


def written_after_the_loop(s):
    x = np.array([1, 2, 3])
    for _ in range(int(s)):
        x = s * x
    x[0] = 0.7
    return np.sum(x) * s


def written_after_a_branch(s):
    x = np.array([1, 2, 3])
    if s > 1.0:
        x = s * x
    x[1:][0] = s
    return np.sum(x)


@pytest.mark.parametrize(
    "function",
    [
        written_before_it_is_bound_again,
        written_under_its_first_name,
        written_after_the_loop,
        written_after_a_branch,
    ],
)
def test_what_may_hold_integers_is_not_written(function):
    with pytest.raises(
        ad.ADCompilerError, match="'x' holds an array of int64 on one path and one of float64"
    ) as caught:
        ad.grad(function)(1.5)
    assert caught.value.lineno is not None


def test_the_message_points_at_the_write_and_names_the_array_as_the_program_does():
    def f(s):
        u1 = np.array([1, 2, 3])
        for _ in range(2):
            u1[0] = 0.5
            u1 = s * u1
        return np.sum(u1)

    with pytest.raises(ad.ADCompilerError, match="'u1' holds an array of int64") as caught:
        ad.grad(f)(1.5)
    assert caught.value.span is not None and caught.value.span.text.strip() == "u1[0] = 0.5"


def test_the_write_that_comes_later_is_pointed_at():
    def f(s):
        x = np.array([1, 2, 3])
        x[1] = 4
        if s > 1.0:
            x = s * x
        x[0] = s
        return np.sum(x)

    with pytest.raises(ad.ADCompilerError, match="'x' holds an array of int64") as caught:
        ad.grad(f)(1.5)
    assert caught.value.span is not None and caught.value.span.text.strip() == "x[0] = s"


def test_what_the_loop_has_made_is_written():
    def f(s):
        x = np.array([1, 2, 3])
        for _ in range(2):
            x = s * x
            x[0] = 0.5
        return np.sum(x)

    with interpreted():
        value, slope = ad.value_and_grad(f)(1.5)
    assert value == f(1.5)
    assert slope == pytest.approx(2 * 1.5 * 5)


@pytest.mark.parametrize("first", [np.array([True, False]), np.array([3, 4], np.uint8), np.array([3, 4], np.int32)])
def test_arithmetic_that_floats_do_not_repeat_is_not_taken_for_theirs(first):
    def f(s, x):
        for _ in range(2):
            x = (x + x * x) * s
        return np.sum(x)

    with pytest.raises(ad.ADCompilerError, match="on one path and an array"):
        ad.grad(f)(1.5, first)


def test_a_number_that_wraps_is_not_taken_for_a_float():
    def f(s, first):
        u = first[0]
        for _ in range(2):
            u = (u - first[1]) * s
        return u

    for dtype in (np.uint8, np.int16, np.uint64):
        with pytest.raises(ad.TypeProblem, match=rf"'u' holds a number \({dtype.__name__}\) on one path and a number"):
            ad.grad(f)(1.5, np.array([3, 5], dtype))
    with interpreted():
        assert ad.grad(f)(1.5, np.array([3, 5])) == pytest.approx(2 * 1.5 * -2 - 5)
