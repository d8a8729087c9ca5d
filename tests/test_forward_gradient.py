"""Gradients with respect to a few numbers, which run in forward mode where reverse mode would record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")


def orbit(start, pull, steps, gain):
    """A state of two numbers after some steps, with another result of integers."""
    x, v = start
    for k in range(steps):
        v -= pull * np.sin(x) * 0.1
        x += v * 0.1 + 0.01 * k
    return gain * x * v, {"x": x, "steps": steps}


def guarded(x, gain, steps):
    """A partial derivative that is unbounded, of a value that may not count."""
    y = x
    for _ in range(steps):
        y = y * np.sin(y + 1.0)
    return y + gain * np.sqrt(x)


def chosen(x, gain, steps):
    """A choice between a value that is finite and one that need not be."""
    y = x
    for _ in range(steps):
        y = y * np.where(x > 0.0, np.log(x) * gain, np.sin(y))
    return y


def mode(f: Callable[..., Any], *args: Any, argnums: Any = 0) -> str:
    return str(ad.grad(f, argnums).explain(*args)).splitlines()[0].split()[1].rstrip(",")


def test_the_same_results_as_reverse_mode() -> None:
    def value(start, pull, steps, gain):
        return orbit(start, pull, steps, gain)[0]

    args = ((0.4, np.float32(0.2)), 0.9, 12, 2.0)
    assert mode(value, *args, argnums=("pull", "start")) == "forward"
    assert mode(value, *args, argnums=("pull", "start", "gain")) == "reverse"
    _, back = ad.vjp(value, *args)
    start, pull, _, gain = back(1.0)
    (v, aux), (by_pull, by_start) = ad.value_and_grad(orbit, ("pull", "start"), has_aux=True)(*args)
    assert v == value(*args)
    assert aux == orbit(*args)[1]
    assert type(by_start) is tuple
    assert [type(g) for g in by_start] == [float, np.float32]
    np.testing.assert_allclose([by_pull, *by_start], [pull, *start], rtol=1e-6)
    assert ad.grad(value, "gain")(*args) == pytest.approx(gain, rel=1e-6)


def test_second_derivatives_and_transformations_inside() -> None:
    def power(x, steps):
        y = x
        for _ in range(steps):
            y = y * np.sin(y + 1.0)
        return y

    def slope(x, steps):
        return ad.grad(power)(x, steps) ** 2

    first, step = ad.grad(power), 1e-5
    second = (first(0.7 + step, 5) - first(0.7 - step, 5)) / (2 * step)
    assert mode(power, 0.7, 5) == "forward"
    assert ad.hvp(power)(0.7, 5, 1.0) == pytest.approx(second, rel=1e-8)
    assert ad.grad(first)(0.7, 5) == pytest.approx(second, rel=1e-8)
    assert ad.hessian(power)(0.7, 5) == pytest.approx(second, rel=1e-8)
    assert ad.grad(slope)(0.7, 5) == pytest.approx(2 * first(0.7, 5) * second, rel=1e-8)


def test_a_zero_cotangent_contributes_zero() -> None:
    assert mode(guarded, 0.5, 1.0, 3) == "reverse"
    assert ad.grad(guarded)(0.0, 0.0, 3) == pytest.approx(np.sin(1.0) ** 3)
    assert mode(chosen, 0.5, 1.0, 3) == "reverse"
    with np.errstate(all="ignore"):
        assert np.isfinite(ad.grad(chosen)(0.0, 1.0, 3))


def test_what_reverse_mode_does_not_record_stays_in_reverse_mode() -> None:
    def total(x, a):
        s = 0.0
        for k in range(len(a)):
            s += np.sin(a[k] * x)
        return s

    def state(x, a):
        for k in range(len(a)):
            x = np.sin(a[k] * x)
        return x

    def stored(x, y, z, a):
        u = np.zeros(4)
        for k in range(1, len(a)):
            u[k] = np.sin(u[k - 1] * x) + y
            u[k] *= u[k] * z
        return u[3]

    a = np.ones(4)
    assert mode(stored, 0.5, 0.4, 0.3, a, argnums=(0, 2)) == "forward"
    assert mode(stored, 0.5, 0.4, 0.3, a, argnums=(0, 1, 2)) == "reverse"
    assert mode(total, 0.5, a) == "reverse"
    assert mode(state, 0.5, a) == "forward"
    assert mode(state, 0.5, a, argnums=(0, 1)) == "reverse"
    assert mode(lambda x, a: state(x[0], a), np.ones(1), a) == "reverse"
