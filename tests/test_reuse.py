"""The adjoint refers to lines of the primal instead of repeating them."""

from __future__ import annotations

import math

import numpy as np

import adcompiler as ad

X = np.array([0.3, -1.2, 2.5])


def spiral(x: np.ndarray) -> float:
    total = 0.0
    for i in range(len(x)):
        total += x[i] * math.sin(x[i]) * math.cos(x[i])
    return total


def turns(x: float, n: int) -> float:
    for _ in range(n):
        x = x - math.sin(x) / (2.0 + math.cos(x))
    return x


def in_one_arm(x: float) -> float:
    y = math.sin(x)
    if x > 0.0:
        y = y * math.cos(x)
    return y


def in_single_precision(x: np.ndarray) -> float:
    total = 0.0
    for i in range(len(x)):
        total += math.cos(x[i]) + np.sin(x[i])
    return total


def calls(source: str) -> int:
    code = [line for line in source.splitlines() if not line.strip().startswith("#")]
    return sum(line.count(f"{name}(") for line in code for name in ("sin", "cos"))


def test_sine_and_cosine_are_each_others_derivatives() -> None:
    assert calls(ad.grad(spiral).adjoint_source(X)) == 2
    expected = np.cos(2 * X) * X + 0.5 * np.sin(2 * X)
    np.testing.assert_allclose(ad.grad(spiral)(X), expected, rtol=1e-14)


def test_one_decision_for_both() -> None:
    """Sine and cosine are recorded: that costs less than their argument and computing them again."""
    source = ad.grad(turns).adjoint_source(0.7, 4)
    assert calls(source) == 2
    assert "sin_tape" in source
    assert "cos_tape" in source


def test_a_line_in_a_branch_is_not_there_outside() -> None:
    for x in (0.4, -0.4):
        expected = math.cos(2 * x) if x > 0 else math.cos(x)
        assert math.isclose(ad.grad(in_one_arm)(x), expected, rel_tol=1e-14)


def test_a_line_of_another_precision_is_another_line() -> None:
    x = X.astype(np.float32)
    found = ad.grad(in_single_precision)(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.cos(x) - np.sin(x), rtol=1e-6)
