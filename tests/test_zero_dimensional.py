"""0-d arrays are numbers: what reads them has NumPy's values, what would show that they are memory is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted

X = np.array([1.5, 2.0, -0.5])


def box() -> np.ndarray:
    return np.array(2.0)


def under_another_name(a):
    c = a
    c += 1.0
    return c * a


def itself(a):
    a *= 2.0
    return a * a


def on_one_path(a, s):
    c = a if s > 0 else s * 2.0
    c += 1.0
    return c * s


def after_a_branch(a, s):
    c = s
    if s > 0:
        c = a
    c -= s
    return c


def in_a_loop(a, s):
    c = a
    for _ in range(3):
        c += s
        c = c * s
    return c


def after_a_loop(a, s):
    c = a
    k = 0
    while c < s:
        c = c + 1.0
        k += 1
    c += s
    return c


def called(v):
    v += 1.0
    return v


def in_a_call(a, s):
    return called(a) * s


def in_a_tuple(pair, s):
    a, _ = pair
    a += s
    return a


def in_a_list(a, s):
    values = [a, s]
    values[0] += s
    return values[0] * values[1]


def all_of_it(a, s):
    a[...] = s
    return a * s


def all_of_it_by_name(a, s):
    c = a
    c[()] += s
    return c * s


ARGUMENTS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (under_another_name, (box(),)),
    (itself, (box(),)),
    (on_one_path, (box(), 0.5)),
    (after_a_branch, (box(), 0.5)),
    (in_a_loop, (box(), 0.5)),
    (after_a_loop, (box(), 5.5)),
    (in_a_call, (box(), 0.5)),
    (in_a_tuple, ((box(), 3), 0.5)),
    (in_a_list, (box(), 0.5)),
    (all_of_it, (box(), 0.5)),
    (all_of_it_by_name, (box(), 0.5)),
]


@pytest.mark.parametrize(("function", "args"), ARGUMENTS, ids=lambda a: getattr(a, "__name__", ""))
def test_a_change_of_the_caller_s_is_refused_at_its_line(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    with pytest.raises(ad.UnsupportedSyntax, match="0-d array from outside") as caught:
        ad.grad(function, argnums=len(args) - 1)(*args)
    assert "float(" in caught.value.fix and caught.value.lineno is not None
    held = args[0][0] if isinstance(args[0], tuple) else args[0]
    assert held == box()
    # a number of Python's, or of NumPy's, is another object afterwards
    for plain in (2.0, np.float64(2.0)):
        if function not in (all_of_it, all_of_it_by_name):
            given = ((plain, 3), *args[1:]) if function is in_a_tuple else (plain, *args[1:])
            with interpreted():
                assert ad.value_and_grad(function, argnums=len(args) - 1)(*given)[0] == function(*given)


BOXED = np.array(3.0)


def test_a_change_of_one_that_is_captured_is_refused() -> None:
    def of_a_global(s):
        c = BOXED
        c += s
        return c

    with pytest.raises(ad.UnsupportedSyntax, match="0-d array from outside"):
        ad.grad(of_a_global)(1.0)
    assert BOXED == 3.0


def in_place_of_views(x):
    t = x[1, ...]
    t += 1.0
    return t * x[1]


def in_place_of_a_squeezed(x):
    t = np.squeeze(x[:1])
    t *= 2.0
    return t * x[0]


def in_place_of_a_reshaped(x):
    t = x[1:2].reshape(())
    t[...] = 4.0
    return t * x[1]


@pytest.mark.parametrize("function", [in_place_of_views, in_place_of_a_squeezed, in_place_of_a_reshaped])
def test_a_change_of_a_view_without_axes_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(ad.UnsupportedSyntax, match="view without axes"):
        ad.grad(function)(X)


def two_names(x):
    t = np.zeros(())
    u = t
    for v in x:
        t += v
    return u * x[0]


def two_names_of_a_literal(x):
    t = np.ones(())
    u = t
    t += 2.0
    return u * x[0]


def what_was_chosen(x):
    t = np.where(x[0] > 0, x[0], 0.0)
    u = t
    u += 1.0
    return t * x[0]


def kept_from_before(x):
    t = np.array(0.0)
    before = t
    total = 0.0
    for v in x:
        total += before * v
        before = t
        t += v
    return total


def kept_in_a_list(x, n):
    t = np.array(x[0])
    seen = []
    for k in range(n):
        t += x[k]
        seen.append(t)
    return sum(seen)


def wider(x):
    t = np.zeros((), np.float32)
    t += x[0]
    return t


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (two_names, (X,)),
        (two_names_of_a_literal, (X,)),
        (what_was_chosen, (X,)),
        (kept_from_before, (X,)),
        (kept_in_a_list, (X, 3)),
        (wider, (X,)),
    ],
    ids=lambda a: getattr(a, "__name__", ""),
)
def test_a_change_that_another_name_would_see_is_refused(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    with pytest.raises(ad.UnsupportedSyntax, match="0-d array"):
        ad.grad(function)(*args)


def gathered(x):
    t = np.zeros(())
    for v in x:
        t += v * v
    return t


def written(x):
    t = np.empty(())
    t[...] = x[0]
    t[()] *= x[1]
    t **= 2
    return t * x[2]


def a_number_of_it(x):
    t = np.array(x[0])
    s, u, w = t[()], float(t), t.item()
    v, z = np.float64(t), t.copy()
    t += x[1]
    s += 1.0
    u += 1.0
    v += 1.0
    w += 1.0
    z += 1.0
    return t * s * u * v * w * z


def on_either_path(x):
    t = np.array(x[0])
    if x[1] > 0:
        t += x[1]
    else:
        t = t * 2.0
    return t * x[2]


def a_new_one_each_time(x):
    total = 0.0
    for v in x:
        t = np.array(v)
        t *= v
        total += t
    return total


def not_used_again(x):
    t = np.where(x[0] > 0, x[0], 0.0)
    u = t
    u += x[1]
    return u * x[2]


def plain_numbers(x):
    s = x[0]
    t = s
    t += x[1]
    return s * t + np.sum(x)


@pytest.mark.parametrize(
    "function",
    [gathered, written, a_number_of_it, on_either_path, a_new_one_each_time, not_used_again, plain_numbers],
)
def test_changes_that_nothing_else_sees(function: Callable[..., Any]) -> None:
    with interpreted():
        value, slope = ad.value_and_grad(function)(X)
    assert value == pytest.approx(function(X), rel=1e-14)
    steps = 1e-6 * np.eye(3)
    np.testing.assert_allclose(slope, [(function(X + h) - function(X - h)) / 2e-6 for h in steps], rtol=1e-7)


def read_only(a, n):
    c = a
    c = c + 1.0
    d = float(a)
    d += 1.0
    e = a[()]
    e *= 2.0
    return c * d * e * n + np.sum(np.ones(n)) * a


def test_what_only_reads_them_takes_them_as_numbers() -> None:
    value, slope = ad.value_and_grad(read_only)(box(), np.array(3))
    assert value == read_only(box(), np.array(3))
    assert isinstance(slope, np.ndarray) and slope.shape == ()
    assert slope == pytest.approx(3 * (3 * 4 + 3 * 4 + 2 * 9) + 3)


def test_a_program_with_a_gradient_in_it_hands_them_on() -> None:
    slope = ad.grad(itself)

    def outer(a):
        return slope(a) * a

    with pytest.raises(ad.UnsupportedSyntax, match="0-d array from outside"):
        ad.grad(outer)(box())
    assert ad.grad(outer)(2.0) == pytest.approx(32.0)


def numbers_of_the_library(x):
    a, m, v, p, n = np.sum(x), np.median(x), np.var(x), np.percentile(x, 30), np.linalg.norm(x)
    c, h, k = np.clip(x[0], -1.0, 1.0), np.heaviside(x[1], 0.5), np.nan_to_num(x[0])
    total = 0.0
    for one in (a, m, v, p, n, c, h, k):
        other = one
        other += 1.0
        total += one * other
    b = m
    b *= 2.0
    q = p
    q -= 1.0
    return total * m + b * p * q


def chosen_by_the_library(x):
    t = np.select([x[0] > 0], [x[1]], x[2])
    u = t
    u += 1.0
    return t * u


def copied_by_the_library(x):
    t = np.copy(x[0])
    u = t
    u += 1.0
    return t * u


def test_functions_of_the_library_give_numbers_where_numpy_s_do() -> None:
    with interpreted():
        value, slope = ad.value_and_grad(numbers_of_the_library)(X)
    assert value == pytest.approx(numbers_of_the_library(X), rel=1e-14)
    steps = 1e-6 * np.eye(3)
    differences = [(numbers_of_the_library(X + h) - numbers_of_the_library(X - h)) / 2e-6 for h in steps]
    np.testing.assert_allclose(slope, differences, rtol=1e-6)


@pytest.mark.parametrize("function", [chosen_by_the_library, copied_by_the_library])
def test_functions_of_the_library_give_arrays_where_numpy_s_do(function: Callable[..., Any]) -> None:
    with pytest.raises(ad.UnsupportedSyntax, match="0-d array"):
        ad.grad(function)(X)


def in_pieces(x):
    bent = np.piecewise(x[0], [x[0] < 0, x[0] > 1], [lambda v: v * 2, lambda v: v**3])
    return bent * x[1] + np.piecewise(x[2], [x[2] < 0], [4.0, lambda v: v])


def test_pieces_of_a_number() -> None:
    with interpreted():
        value, slope = ad.value_and_grad(in_pieces)(X)
    assert value == in_pieces(X)
    np.testing.assert_allclose(slope, [3 * 1.5**2 * 2.0, 1.5**3, 0.0])
