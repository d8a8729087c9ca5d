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


def joined(ask):
    """A function that asks something of an array that is one of integers, or of floats, as the run decides."""

    def f(x, n):
        y = np.array([1, 2, 3])
        if n > 2:
            y = y * x
        return ask(y, x)

    return f


def nothing_like(y, x):
    z = np.empty_like(y)
    z[:] = 2.5
    return np.sum(z * x)


def first_of(y, x):
    return y[0]


def power(y, x):
    return y**-1


QUESTIONS = [
    nothing_like,
    lambda y, x: np.sum(np.full_like(y, 2.7) * x),
    lambda y, x: np.sum(np.zeros(3, dtype=y.dtype)) + x[0],
    lambda y, x: np.sum(x.astype(y.dtype)),
    lambda y, x: np.sum(np.linspace(0.5, x[0], 4, dtype=y.dtype)),
    lambda y, x: np.sum(y / 2 * x, dtype=y.dtype),
    lambda y, x: x[0] * (3.0 if np.issubdtype(y.dtype, np.integer) else 2.0),
    lambda y, x: x[0] * (3.0 if y.dtype == np.float64 else 2.0),
    lambda y, x: x[0] * (3.0 if y[1:].dtype.kind == "f" else 2.0),
    lambda y, x: x[0] * (3.0 if isinstance(y[0], np.integer) else 2.0),
    lambda y, x: x[0] * (3.0 if type(y[0] + 1) is np.int64 else 2.0),
    lambda y, x: x[0] * (3.0 if np.result_type(y, np.float32) == np.float64 else 2.0),
    lambda y, x: x[0] * (3.0 if (y + 1).dtype == np.float64 else 2.0),
    lambda y, x: x[0] * (3.0 if np.roll(y, 1).dtype == np.float64 else 2.0),
    lambda y, x: x[0] * (3.0 if [y, y][1].dtype == np.float64 else 2.0),
    lambda y, x: x[0] * (3.0 if np.concatenate([y, y]).dtype == np.float64 else 2.0),
    lambda y, x: x[0] * (3.0 if np.full(2, y[0]).dtype == np.float64 else 2.0),
    lambda y, x: x[0] * (3.0 if np.array([y[0], 1]).dtype == np.float64 else 2.0),
    lambda y, x: np.sum(np.insert(y, 1, 2.5) * x[0]),
    lambda y, x: np.min(y, initial=0.5) * x[0],
    lambda y, x: np.sum(np.reciprocal(y) * x),
    lambda y, x: x[0] * (3.0 if isinstance(y[0].item(), int) else 2.0),
    lambda y, x: np.sum(y // 2 * x),
    lambda y, x: np.sum(y[0] % 2 * x),
    lambda y, x: np.sum(power(y, x) * x),
]


@pytest.mark.parametrize("ask", QUESTIONS)
def test_what_depends_on_which_of_both_types_it_is_is_refused(ask):
    with pytest.raises(ad.TypeProblem, match="of int64 on one path and one of float64 on another") as caught:
        ad.grad(joined(ask))(np.array([1.7, 2.2, 0.4]), 2)
    assert caught.value.lineno is not None and caught.value.fix


def test_copies_and_results_of_integers_are_not_written():
    def copied(y, x):
        z = y.copy()
        z[0] = x[0]
        return np.sum(z)

    def rolled(y, x):
        z = np.roll(y, 1)
        z[0] = x[0]
        return np.sum(z)

    def summed(y, x):
        z = y + 1
        z += x
        return np.sum(z)

    for ask in (copied, rolled, summed):
        with pytest.raises(ad.TypeProblem, match="what a write leaves depends on which"):
            ad.grad(joined(ask))(np.array([1.7, 2.2, 0.4]), 2)


def test_texts_of_it_are_refused():
    def told(y, x):
        print(y)
        return np.sum(x * y)

    with pytest.raises(ad.TypeProblem, match="the text depends on which"):
        ad.grad(joined(told))(np.array([1.7, 2.2, 0.4]), 2)


def test_items_of_a_list_that_grows_are_asked_no_more_than_the_array():
    def f(x, n):
        y, path = np.array([1, 2, 3]), []
        for _ in range(n):
            path.append(y)
            y = y * x
        return np.sum(np.zeros(3, path[0].dtype) + x)

    with pytest.raises(ad.TypeProblem, match="int64 on one path"):
        ad.grad(f)(np.array([1.7, 2.2, 0.4]), 2)


def test_single_precision_is_told_from_double():
    def f(x, w, n):
        y = w
        if n > 2:
            y = y * x
        return np.sum(np.full_like(y, 0.1) * x)

    with pytest.raises(ad.TypeProblem, match="float32 on one path and one of float64"):
        ad.grad(f)(np.array([1.7, 2.2]), np.array([1, 2], np.float32), 2)


def test_what_floats_come_out_of_in_either_case_is_asked_and_written():
    def f(x, n):
        y = np.array([1, 2, 3])
        if n > 2:
            y = y * x
        z = y * x
        w = np.sin(y) + np.zeros(3, z.dtype) + np.empty_like(x).size
        w[0] = z[1] * y[2]
        v = np.zeros(3)
        v[:] = y
        v[1] = x[0]
        return np.sum(w * z) + np.sum(v * x) + np.sum(y**2 * x) + np.linalg.norm(y / 2) * x[0]

    with interpreted():
        for n in (2, 3):
            x = np.array([0.7, 1.2, 0.4])
            value, slope = ad.value_and_grad(f)(x, n)
            assert value == pytest.approx(f(x, n), rel=1e-14)
            for k in range(3):
                step = np.eye(3)[k] * 1e-6
                assert slope[k] == pytest.approx((f(x + step, n) - f(x - step, n)) / 2e-6, rel=1e-7)


def test_a_number_that_may_be_an_integer_is_not_asked_for_its_type():
    def f(x, n):
        y = 1
        if n > 2:
            y = x
        return x * (2.0 if isinstance(y, int) else 3.0)

    def g(x, n):
        y = 1
        if n > 2:
            y = x
        return x * (2.0 if type(y * 2) is int else 3.0)

    def either(x, n):
        y = 1
        for _ in range(n):
            y = y * x
        return y * (2.0 if isinstance(y, (int, float)) else 3.0)

    for function in (f, g):
        with pytest.raises(ad.TypeProblem, match="holds a number of int64 on one path"):
            ad.grad(function)(1.3, 2)
    with interpreted():
        assert ad.grad(either)(1.3, 2) == pytest.approx(2 * 2 * 1.3)
