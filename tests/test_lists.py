"""A list is one object under all its names: a change reaches every one, or is refused."""

from __future__ import annotations

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted


def through_an_alias_of_the_outer_list(x, n):
    inner = [x]
    outer = [inner]
    alias = outer
    inner.append(2 * x)
    outer.append([3 * x])
    return alias[1][0] * alias[0][1]


def inside_a_dictionary_in_a_tuple(x, n):
    values = [x]
    held = ({"a": values},)
    values[0] = 3 * x
    return held[0]["a"][0]


def rows_changed_in_a_loop(x, n):
    rows = [[x, 2 * x], [3 * x]]
    for _ in range(n):
        for row in rows:
            row[0] = row[0] * 1.5
    return rows[0][0] * rows[1][0]


def a_name_bound_anew_in_a_loop(x, n):
    inner = [x]
    rows = [inner]
    for _ in range(n):
        inner = [inner[0] * 2]
    return inner[0] * rows[0][0]


def by_a_function_that_holds_it(x, n):
    values = [x]

    def first(factor, held=values):
        return factor * held[0] * values[0]

    for _ in range(n):
        values[0] *= 1.5
    return first(2.0)


RIGHT = (
    through_an_alias_of_the_outer_list,
    inside_a_dictionary_in_a_tuple,
    rows_changed_in_a_loop,
    a_name_bound_anew_in_a_loop,
)


@pytest.mark.parametrize("function", RIGHT, ids=lambda f: f.__name__)
def test_a_change_is_seen_under_every_name(function) -> None:
    value, gradient = ad.value_and_grad(function)(1.5, 3)
    difference = (function(1.5 + 1e-6, 3) - function(1.5 - 1e-6, 3)) / 2e-6
    assert value == pytest.approx(function(1.5, 3), rel=1e-14)
    assert gradient == pytest.approx(difference, rel=1e-8)


def in_a_list(x, n):
    inner = [x]
    outer = [inner]
    for _ in range(n):
        inner[0] = inner[0] * 2
    return outer[0][0]


def in_a_dictionary(x, n):
    held = {"values": [x]}
    values = held["values"]
    for _ in range(n):
        values[0] = values[0] * 2
    return held["values"][0]


def under_the_other_name(x, n):
    rows = [[x]]
    first = rows[0]
    for _ in range(n):
        rows[0][0] *= 1.5
    return first[0]


def on_one_path(x, n):
    inner = [x]
    outer = {"inner": inner}
    if x > 1:
        inner[0] = inner[0] * 2
    inner[0] = inner[0] * 3
    return outer["inner"][0]


@pytest.mark.parametrize(
    "function", [in_a_list, in_a_dictionary, under_the_other_name, on_one_path, by_a_function_that_holds_it]
)
def test_a_list_with_two_places_that_paths_would_part_is_refused(function) -> None:
    with pytest.raises(ad.ADCompilerError, match=r"two names|one or another|'first' holds another"):
        ad.grad(function)(1.5, 3)


def one_of_two_is_changed(x, n):
    a, b = [x, 1.0], [2 * x, 2.0]
    c = a if x > 1 else b
    c[1] = 4 * x
    return a[0] * a[1] + b[0] * b[1]


def one_of_two_that_a_function_chooses(x, n):
    def chosen(u, v):
        if x > 1:
            return u
        return v

    a, b = [x, 1.0], [2 * x, 2.0]
    chosen(a, b)[0] = 7 * x
    return a[0] * a[1] + 3 * b[0] * b[1]


def one_of_two_in_a_tuple(x, n):
    a, b = {"k": x}, {"k": 2 * x}
    pair = (a, 1.0) if x > 1 else (b, 2.0)
    pair[0]["k"] = 5 * x
    return a["k"] * pair[1]


def one_of_two_that_grew(x, n):
    a, b = [], []
    for i in range(n):
        a.append(x * i)
        b.append(x)
    c = a if x > 1 else b
    c.append(9.0)
    return sum(a) + 2 * sum(b)


def one_of_two_is_changed_after_a_loop(x, n):
    a, b = [x, 1.0], [2 * x, 2.0]
    c = a
    for _ in range(n):
        c = b
    c[0] = 7 * x
    return a[0] * a[1] + 3 * b[0] * b[1]


def another_one_in_the_next_iteration(x, n):
    a, b = [0.0, 0.0], [x, 2.0]
    for _ in range(n):
        a[0] += 1.0
        a = b
    return b[0] * x


def the_other_of_two_is_changed(x, n):
    a, b = [x, 1.0], [2 * x, 2.0]
    c = a if x > 1 else b
    a[1] = 4 * x
    return c[1]


def after_two_branches(x, n):
    p = [x]
    first = p
    if n > 5:
        p = [2 * x]
    elif n > 6:
        p = [3 * x]
    p[0] += x
    return p[0] + 10 * first[0]


def after_a_branch_in_a_loop(x, n):
    p = [x]
    first = p
    for i in range(n):
        if i == 1:
            p = [2 * x]
        p[0] += x
    return p[0] + 10 * first[0]


def is_one_or_another(x, n):
    a = [x]
    c = a
    if n > 5:
        a = [x]
    return a[0] if a is c else 50 * x


@pytest.mark.parametrize(
    "function",
    [
        after_two_branches,
        after_a_branch_in_a_loop,
        is_one_or_another,
        one_of_two_is_changed,
        one_of_two_that_a_function_chooses,
        one_of_two_in_a_tuple,
        one_of_two_that_grew,
        one_of_two_is_changed_after_a_loop,
        another_one_in_the_next_iteration,
        the_other_of_two_is_changed,
    ],
)
def test_a_list_that_is_one_or_another_does_not_change(function) -> None:
    with pytest.raises(ad.ADCompilerError, match=r"one or another|two names"):
        ad.grad(function)(1.5, 3)


def single_lists(x, n):
    values = [x, 1.0] if x > 1 else [2 * x, 3.0]
    values[0] += 1.0
    best = [x, 0.0]
    for i in range(n):
        found = [best[0] * 0.9, best[1] + i]
        found[1] += 0.1
        if found[0] > 1.2:
            best = found
    best[0] *= 2
    return best[0] + best[1] + values[0] * values[1]


def test_a_list_that_has_one_name_changes_after_a_branch() -> None:
    value, gradient = ad.value_and_grad(single_lists)(1.5, 3)
    assert value == pytest.approx(single_lists(1.5, 3), rel=1e-14)
    assert gradient == pytest.approx((single_lists(1.501, 3) - single_lists(1.499, 3)) / 0.002, rel=1e-8)


def grown(values, x):
    values[1] = 5 * x
    return x


def read_before_an_assignment(x):
    values = [x, x]
    values[0] += grown(values, x)
    return values[0] * values[1]


def read_before_an_element(x):
    values = [x]
    held = [values, values.append(2 * x)]
    return held[0][-1]


def second(values, factor):
    return factor * values[1]


def read_before_an_argument(x):
    values = [x, x]
    return second(values, grown(values, x))


def read_before_an_operand(x):
    values = [x, x]
    return sum(values + [grown(values, x)])  # noqa: RUF005


@pytest.mark.parametrize(
    "function", [read_before_an_assignment, read_before_an_element, read_before_an_argument, read_before_an_operand]
)
def test_a_change_in_an_expression_that_has_read_the_list_is_refused(function) -> None:
    with pytest.raises(ad.UnsupportedSyntax, match="has read it before"):
        ad.grad(function)(1.5)


def test_a_list_and_an_array_are_numbers_to_numpy_that_leave_the_list_alone():
    def f(x):
        a = [1.0, 2.0]
        b = a
        a += x
        c = b
        c *= x
        return np.sum(a * c) + b[1]

    x = np.array([1.5, 2.5])
    with interpreted():
        value, gradient = ad.value_and_grad(f)(x)
    assert value == f(x)
    assert np.allclose(gradient, [1.0 + 2.0 * x[0], 4.0 + 4.0 * x[1]])


def appended_to_in_its_reversal(items):
    for v in reversed(items):
        if len(items) < 8:
            items.append(v * 0.5)


def a_few_in_their_reversal(items):
    few = [1.0, items[0]]
    for v in reversed(few):
        if v < 8.0:
            few.append(v)


def extended_under_another_name(items):
    same = items
    for v, _ in zip(items, items, strict=False):
        if len(items) < 8:
            same += [v]


def changed_by_a_function(items):
    def more(v):
        if len(items) < 8:
            items.append(v)
        return v

    return [more(v) for v in items]


@pytest.mark.parametrize(
    "change",
    [
        appended_to_in_its_reversal,
        a_few_in_their_reversal,
        extended_under_another_name,
        changed_by_a_function,
    ],
)
def test_the_length_of_a_list_does_not_change_where_it_is_gone_through_in_another_way(change):
    def f(x):
        items = []
        for v in x:
            items.append(v)
        change(items)
        return sum(items)

    with pytest.raises(ad.UnsupportedSyntax) as caught:
        ad.grad(f)(np.arange(4.0))
    assert caught.value.lineno is not None


def test_a_copy_of_a_list_is_gone_through_while_it_grows():
    def f(x):
        items = []
        for v in x:
            items.append(v * v)
        for v in list(items):
            items.append(v * 0.5)
        for v in items[1:]:
            items.append(v)
        return sum(items) * len(items)

    x = np.arange(4.0)
    with interpreted():
        value, gradient = ad.value_and_grad(f)(x)
    assert value == f(x)
    assert np.allclose(gradient, 15 * 2 * x * np.array([1.5, 3.0, 3.0, 3.0]))
