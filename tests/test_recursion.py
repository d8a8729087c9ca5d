"""Functions that call themselves until a run-time value ends it: other derivatives of them, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.programs.recursion import FIRST, KIDS, pruning


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")


def thirds(x):
    return x if x < 1.0 else thirds(x / 3.0)


def products(x):
    """A recursion in another one."""
    return thirds(x) if x < 2.0 else products(x / 2.0) * thirds(x)


def test_second_derivatives_and_transformations() -> None:
    gradient, x, v, step = ad.grad(pruning), np.linspace(0.2, 0.9, 8), np.linspace(-1.0, 1.0, 8), 1e-5
    ahead, back = (gradient(x + h * v, 0.7, KIDS, FIRST) for h in (step, -step))
    expected = (ahead - back) / (2.0 * step)
    np.testing.assert_allclose(ad.hvp(pruning)(x, 0.7, KIDS, FIRST, v), expected, rtol=1e-7)
    twice = ad.grad(lambda x: np.sum(gradient(x, 0.7, KIDS, FIRST) * v))(x)
    np.testing.assert_allclose(twice, expected, rtol=1e-7)
    xs = np.array([1.5, 4.0, 9.0])
    slopes = [ad.grad(products)(float(x)) for x in xs]
    np.testing.assert_allclose(ad.batched(ad.grad(products))(xs), slopes, rtol=1e-14)


def test_each_stage_can_be_looked_at() -> None:
    gradient = ad.grad(pruning)
    args = (np.linspace(0.2, 0.9, 8), 0.7, KIDS, FIRST)
    assert "while" in str(gradient.wengert(*args))
    assert "maximum recursion depth exceeded" in gradient.adjoint_source(*args)
    assert "recorded: 8 B x (as often as it is made)" in gradient.explain(*args)


def test_whoever_changes_a_list_changes_it_for_all() -> None:
    def counted(x, seen):
        if x < 1.0:
            return x * seen[0]
        inner = counted(x / 2.0, seen)
        seen[0] += 1.0
        return inner + seen[0]

    with pytest.raises(ad.UnsupportedSyntax, match="not its own"):
        ad.grad(lambda x: counted(x, [1.0]))(9.0)


def test_numbers_take_the_type_that_they_have_in_every_call() -> None:
    def go(x, total, k):
        return total if k > 3.0 * x else go(x, total + x * k, k + 1)

    def f(x: Any) -> Any:
        return go(x, 0, 0)

    for x in (1.1, np.float32(1.1), np.float64(1.1)):
        value, slope = ad.value_and_grad(f)(x)
        assert value == pytest.approx(f(x), rel=1e-6)
        assert type(value) is type(f(x))
        assert slope == pytest.approx(6.0)
        assert type(slope) is type(x)


def tree_of_a_known_depth(x):
    def tree(v, depth):
        if depth == 0:
            return v * v
        return tree(0.5 * v, depth - 1) + tree(0.4 * v, depth - 1)

    return tree(x, 9)


def halves_of_a_known_length(x):
    def summed(v, n):
        if n == 1:
            return v[0] ** 2
        return 0.5 * summed(v[::2], n // 2) + summed(v[1::2], n // 2)

    return summed(x, 128)


def test_a_recursion_of_many_known_branches_runs_as_a_loop_where_it_can() -> None:
    g = ad.grad(tree_of_a_known_depth)
    assert g(1.5) == pytest.approx(2 * 1.5 * 0.41**9, rel=1e-12)
    assert str(g.adjoint_source()).count("\n") < 250
    x = np.arange(128.0)
    weights = [0.5 ** (7 - bin(k).count("1")) for k in range(128)]
    np.testing.assert_allclose(ad.grad(halves_of_a_known_length)(x), 2.0 * x * weights)
