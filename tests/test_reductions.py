"""Reductions in any order: which lines are marked, what they give, and the order of loops."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import adcompiler as ad


def body(f: Any, *args: Any) -> str:
    """The lowered primal without its helpers."""
    text = ad.grad(f).primal.lowered_source(*args)
    return text[text.index(f"def {f.__name__}(") :]


def differences(x):
    s = 1.0
    for i in range(x.shape[0]):
        s -= x[i]
    return s


def turned(x):
    s = 1.0
    for i in range(x.shape[0]):
        s = x[i] - s
    return s


def extremes(x):
    return np.max(x) - np.min(x)


def mixed(x):
    s = 0.0
    for i in range(x.shape[0]):
        s = np.maximum(s + x[i], 0.5)
    return s


def seen(x):
    y = np.empty_like(x)
    s = 0.0
    for i in range(x.shape[0]):
        s = np.maximum(s, x[i])
        y[i] = s
    return np.sum(y)


@pytest.mark.parametrize(
    ("f", "called"),
    [(differences, {"_sum"}), (turned, set()), (extremes, {"_largest", "_smallest"}), (mixed, set())],
)
def test_only_proven_reductions_are_marked(f: Any, called: set[str], rng: np.random.Generator) -> None:
    x = rng.normal(size=101)
    assert set(re.findall(r"\b_\w+(?=\()", body(f, x))) == called
    value, gradient = ad.value_and_grad(f)(x)
    strict_value, strict_gradient = ad.value_and_grad(f, fastmath=False)(x)
    assert np.isclose(value, f(x), rtol=1e-12)
    assert np.isclose(strict_value, f(x), rtol=1e-12)
    assert np.allclose(gradient, strict_gradient, rtol=1e-12)


def test_a_running_extreme_that_is_seen_is_left_alone(rng: np.random.Generator) -> None:
    assert "_largest" not in body(seen, rng.normal(size=5))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("place", [0, 1, 50, 100, None])
def test_extremes_honour_nan(dtype: str, place: int | None, rng: np.random.Generator) -> None:
    x = rng.normal(size=101).astype(dtype)
    x[7], x[90] = np.inf, -np.inf
    if place is not None:
        x[place] = np.nan
    found = ad.grad(lambda x: np.max(x) + 0 * x[0]).primal
    for f in (lambda x: np.max(x), lambda x: np.min(x)):
        assert np.array_equal(ad.grad(f).primal(x), f(x), equal_nan=True)
    assert np.isnan(found(x)) == (place is not None)


def rows(x):
    largest = np.max(x, axis=1)
    return np.sum(np.log(np.sum(np.exp(x - largest[:, None]), axis=1)) + largest)


def columns(x):
    largest = np.max(x, axis=0)
    return np.sum(np.log(np.sum(np.exp(x - largest), axis=0)) + largest)


@pytest.mark.parametrize("f", [rows, columns])
@pytest.mark.parametrize("order", ["C", "F"])
def test_neighbours_in_memory_are_read_one_after_the_other(f: Any, order: Any, rng: np.random.Generator) -> None:
    x = np.asarray(rng.normal(size=(4, 3)), order=order)
    assert np.isclose(ad.grad(f).primal(x), f(x), rtol=1e-12)
    # the index of the innermost loop is the one that neighbours differ in
    for line in re.findall(r"x\[(\w+), (\w+)\]", body(f, x)):
        assert line[1 if order == "C" else 0] == "j"
