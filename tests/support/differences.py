"""Central differences of a program run as plain Python: the oracle, which never looks at the gradient under test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tests.support.trees import copied, inner, leaves, noise, rebuilt, widened

STEPS = (2e-2, 5e-3, 1.25e-3, 3e-4, 8e-5, 2e-5, 5e-6)
MOST_ENTRIES = 16


@dataclass(frozen=True, slots=True)
class Estimate:
    """A directional derivative and how far two neighbouring steps disagree about it."""

    value: float
    error: float


def along(function: Callable[..., Any], args: Any, directions: Any, cotangent: Any) -> Estimate:
    """Return the derivative of ``<cotangent, function(args)>`` along `directions`, a tree like `args`.

    The steps are fixed fractions of the direction, each extrapolated once; the estimate is taken where
    neighbouring steps agree best.
    """

    def value(step: float) -> float:
        moves = iter(leaves(directions))
        moved = rebuilt(args, lambda leaf: leaf + step * next(moves))
        return inner(cotangent, function(*copied(moved)))

    def central(step: float) -> float:
        return (value(step) - value(-step)) / (2 * step)

    fine = [(4 * central(h / 2) - central(h)) / 3 for h in STEPS]
    gaps = [abs(a - b) for a, b in pairwise(fine)]
    best = int(np.argmin(gaps))
    return Estimate(fine[best + 1], gaps[best])


def leaf_scale(leaf: Any) -> float:
    """Return the size of a typical entry, from the argument alone."""
    biggest = float(np.max(np.abs(leaf), initial=0.0))
    return biggest if biggest > 0 else 1.0


def directions(rng: np.random.Generator, args: Any) -> list[Any]:
    """Return unit directions for up to `MOST_ENTRIES` entries and two dense random ones, scaled like the argument."""
    args = widened(args)
    dense = [rebuilt_like(args, noise(rng, args)) for _ in range(2)]
    places = [(k, i) for k, leaf in enumerate(leaves(args)) for i in range(np.size(leaf))]
    if len(places) > MOST_ENTRIES:
        kept = np.sort(rng.choice(len(places), MOST_ENTRIES, replace=False))
        places = [places[i] for i in kept]
    units = [unit(args, k, i, factor) for k, i in places for factor in units_of(leaves(args)[k])]
    return units + dense


def units_of(leaf: Any) -> tuple[Any, ...]:
    """Return the real directions of one entry: two for a complex leaf."""
    return (1.0, 1j) if np.iscomplexobj(leaf) else (1.0,)


def unit(args: Any, which: int, entry: int, factor: Any) -> Any:
    """Return the direction that moves one entry of one leaf by that leaf's scale."""
    count = iter(range(len(leaves(args))))

    def move(leaf: Any) -> Any:
        step = np.zeros(np.shape(leaf), dtype=np.result_type(leaf))
        if next(count) == which:
            step[np.unravel_index(entry, step.shape)] = factor * leaf_scale(leaf)
        return step if isinstance(leaf, np.ndarray) else step[()].item()

    return rebuilt(args, move)


def rebuilt_like(args: Any, direction: Any) -> Any:
    """Return `direction` with each leaf scaled to a third of the typical entry of the argument's leaf."""
    scales = iter([leaf_scale(leaf) / 3 for leaf in leaves(args)])
    return rebuilt(direction, lambda leaf: leaf * next(scales))
