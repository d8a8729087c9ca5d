"""A loop that keeps one of many values notes where it came from; one whose values cannot be found again does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import adcompiler as ad
from tests.programs import choices

X = np.array([0.3, -1.2, 2.5, 0.7, -0.4, 1.9])
A = np.arange(9.0).reshape(3, 3) - 4.5
NOTED = [
    (choices.largest_entry, (A,)),
    (choices.smallest_of_rows, (A, X)),
    (choices.nearest_point, (X, 0.2)),
    (choices.latest_above, (X, 1.0)),
    (choices.overwritten_after_the_loop, (X,)),
]
FOLLOWED = [
    choices.growing_best,
    choices.best_so_far,
    choices.changed_after_it_was_kept,
    choices.from_the_end,
]


def text(function: Callable[..., float], args: tuple[object, ...]) -> str:
    return ad.grad(function).adjoint_source(*args)


@pytest.mark.parametrize(("function", "args"), NOTED, ids=lambda v: getattr(v, "__name__", ""))
def test_the_place_is_noted(function: Callable[..., float], args: tuple[object, ...]) -> None:
    assert "last = -1" in text(function, args)


@pytest.mark.parametrize("function", FOLLOWED, ids=lambda f: f.__name__)
def test_every_iteration_is_followed(function: Callable[..., float]) -> None:
    assert "last = -1" not in text(function, (X,))


def largest_of_work(x: np.ndarray, w: np.ndarray) -> float:
    """The work array is private to an iteration, which the range of the noted index proves."""
    work = np.empty(len(w))
    total = 0.0
    for i in range(len(x)):
        for k in range(len(w)):
            work[k] = x[i] * w[k]
        best = work[0]
        for k in range(1, len(w)):
            if work[k] > best:
                best = work[k]
        total += best**2
    return total


def test_both_sweeps_stay_together() -> None:
    source = ad.grad(largest_of_work, argnums=(0, 1)).adjoint_source(X, X[:3])
    assert "last = -1" in source
    assert "both sweeps of an iteration together" in source
