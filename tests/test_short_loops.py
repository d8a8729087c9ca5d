"""Lists to which a loop of few iterations appends when a run-time test says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.errors import UnsupportedSyntax
from tests.support.cases import interpreted
from tests.support.differences import along


def chosen(x):
    found = []
    for i in range(4):
        if x[0, i] > 0:
            found.append(x[0, i] ** 2)
    return np.sum(np.array(found))


def chosen_in_two_loops(x):
    found = []
    for i in range(3):
        for j in range(4):
            if x[i, j] > 0.2:
                found.append(x[i, j] * (i + 1) * len(found))
    total = 0.0
    for v in found:
        total += v * v
    return total


def chosen_around_a_loop(x):
    found = [1.0]
    for i in range(3):
        if x[i, 0] > 0:
            for j in range(4):
                found.append(x[i, j] * (i + 1) * len(found))
        found.append(0.5)
    return sum(v * v for v in found)


def chosen_rows(x):
    rows = []
    for i in range(3):
        if x[i, 0] > 0:
            rows.append(np.sin(x[i]))
    total = 0.0
    for row in rows:
        total += row @ row[::-1]
    return total


def a_stack(x):
    stack = []
    for v in x[1]:
        if v > 0:
            stack.append(v * x[0, 0])
        elif stack:
            stack.pop()
    for i in range(4):
        if x[2, i] > 0:
            stack.append(x[2, i])
        elif stack:
            stack.pop()
    return sum(stack)


def two_lists_until_enough(x):
    more, less = [], []
    for i in range(4):
        if x[0, i] > 0:
            more.append(x[0, i])
        else:
            less.append(2.0 * x[1, i])
        if len(more) == 2:
            break
    else:
        more.append(x[1, 1])
    return sum(more) * (1.0 + sum(less))


def filled_by_a_callee(x):
    def keep(found, v):
        if v > 0:
            found.append(v * v)

    found = []
    for i in range(3, -1, -1):
        keep(found, x[0, i])
    return sum(v * k for k, v in enumerate(found))


PROGRAMS: tuple[Callable[[Any], Any], ...] = (
    chosen,
    chosen_in_two_loops,
    chosen_around_a_loop,
    chosen_rows,
    a_stack,
    two_lists_until_enough,
    filled_by_a_callee,
)


def check(function: Callable[[Any], Any]) -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x, x_dot = rng.normal(size=(2, 3, 4))
        value, gradient = ad.value_and_grad(function, cache=False)(x)
        assert value == pytest.approx(function(x), rel=1e-13, abs=1e-13)
        slope = np.sum(gradient * x_dot)
        assert ad.jvp(function, (x,), (x_dot,), cache=False)[1] == pytest.approx(slope, rel=1e-10, abs=1e-10)
        estimate = along(lambda x: (np.asarray(function(x), float),), (x,), (x_dot,), (np.ones(()),))
        assert slope == pytest.approx(estimate.value, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("function", PROGRAMS)
def test_lists_grow_where_a_test_says_so(function: Callable[[Any], Any]) -> None:
    with interpreted():
        check(function)


def test_such_lists_compiled() -> None:
    check(a_stack)


def arrays_of_two_lengths(x):
    parts = []
    for i in range(3):
        if x[i, 0] > 0:
            parts.append(x[i, :2])
        parts.append(x[i])
    return sum(np.sum(p) for p in parts)


def test_items_of_two_shapes_are_refused_as_before() -> None:
    with pytest.raises(UnsupportedSyntax, match="changes its length in a loop"):
        ad.grad(arrays_of_two_lengths)(np.ones((3, 4)))
