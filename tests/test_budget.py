"""The option `memory`: records up to so many bytes, and beyond that loops that run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.test_checkpoint import interpreted, peak

# the gradient of a number alone might run in forward mode, which records nothing
START = np.array([0.6])


def pendulum(angle, k, steps):
    """A state of two numbers, of which much is recorded."""
    angle, speed = angle[0], 0.0
    for _ in range(steps):
        speed += 0.01 * (-k * np.sin(angle) - 0.1 * speed)
        angle += 0.01 * speed
    return 0.5 * speed**2 - np.cos(angle)


def diffusion(u, c, steps):
    """A state that is an array, and the whole of it as result."""
    u = u.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            u[i] = u[i] + c * (u[i - 1] - 2 * u[i] * u[i] + u[i + 1])
    return np.concatenate((u, u[:2]))


def two_loops(x, k, steps):
    """Two loops share the memory."""
    x = x[0]
    for _ in range(steps):
        x = np.sin(x) * k
    for _ in range(2 * steps):
        x = np.cos(x) * k
    return x


def unknown_length(x, k, steps):
    """What is recorded depends on values."""
    x = x[0]
    y, m = x, 0
    while y < steps:
        y = y * 1.5
        m += 1
    for _ in range(m):
        x = np.sin(x) * k
    return x


def inside_a_while(x, k, steps):
    """The loop stands in one that cannot be checkpointed."""
    x = x[0]
    while x < 2.0:
        for _ in range(steps):
            x = x + 0.05 * np.sin(x) * k
    return x


def left_early(x, k, steps):
    """A loop that is left."""
    x = x[0]
    for _ in range(steps):
        x = np.sin(x) + k
        if x > 1.99:
            break
    return x * x


@pytest.mark.parametrize("f", [pendulum, two_loops, unknown_length, inside_a_while, left_early])
@pytest.mark.parametrize("memory", [100, 2_000, 10**6])
def test_gradient_is_the_same(f: Callable[..., Any], memory: int) -> None:
    stored, limited = (ad.grad(f, argnums=(0, 1), memory=m) for m in (None, memory))
    for n in (0, 1, 20, 100):
        args = (START, 1.1, n + (f is inside_a_while))
        ours, theirs = interpreted(limited, args)(*args), interpreted(stored, args)(*args)
        assert ours == theirs


@pytest.mark.parametrize("memory", [300, 10**6])
def test_pullback_of_an_array(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    u = np.linspace(0.0, 1.0, 8)
    out, back = ad.vjp(diffusion, u, 0.1, 30, memory=memory)
    expected, stored = ad.vjp(diffusion, u, 0.1, 30)
    np.testing.assert_array_equal(out, expected)
    for a, b in zip(back(np.ones(10))[:2], stored(np.ones(10))[:2], strict=True):
        np.testing.assert_array_equal(a, b)


def test_compiled_and_second_derivatives() -> None:
    for n in (10, 100):
        ours = ad.hvp(pendulum, memory=500)(START, 1.1, n, np.ones(1))
        np.testing.assert_allclose(ours, ad.hvp(pendulum)(START, 1.1, n, np.ones(1)), rtol=1e-12)


def test_records_take_what_they_may() -> None:
    def f(u, steps):
        for _ in range(steps):
            u = u + 0.1 * np.sin(u)
        return np.sum(u)

    u = np.linspace(0.1, 0.9, 10_000)
    limited = interpreted(ad.grad(f, memory=20 * (u.nbytes + 8)), (u, 5))
    few, at_most, more = (peak(lambda n=n: limited(u, n)) / u.nbytes for n in (5, 20, 200))
    assert few < at_most < 35
    assert more < 35


def test_only_what_is_too_much_runs_again() -> None:
    text = ad.grad(pendulum, memory=1_600).adjoint_source(START, 1.1, 5)
    assert text.count("<= 1600") == 1
    assert text.count("_kept = ") == 2
    nothing = ad.grad(lambda x, n: sum(x * i for i in range(n)), memory=8)
    assert "_kept" not in nothing.adjoint_source(1.0, 3)


def test_memory_for_no_state_is_an_error() -> None:
    with pytest.raises(MemoryError, match="one state"):
        ad.grad(pendulum, memory=20)(START, 1.1, 1_000)
    assert ad.grad(pendulum, memory=20)(START, 1.1, 1) == ad.grad(pendulum)(START, 1.1, 1)


def test_a_few_numbers_need_no_memory() -> None:
    def power(x, n):
        y = x
        for _ in range(n):
            y = y * np.sin(y)
        return y

    report = ad.grad(power, memory=20).explain(0.6, 1_000)
    assert report.startswith("power: forward, since reverse mode would record")
    assert "records" not in report
