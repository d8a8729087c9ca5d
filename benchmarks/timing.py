"""Interleaved timing in one process: every round calls each contender in turn, so that all meet the same machine."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

#: A sample that is shorter than this repeats its call.
SHORTEST = 2e-4
FEWEST_ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one call: the least and the median over all rounds."""

    least: float
    middle: float
    rounds: int


def interleave(contenders: dict[str, Callable[[], Any]], budget: float = 2.0) -> dict[str, Times]:
    """Time the contenders in turn until the budget of seconds is spent, after one call of each to warm up.

    Examples
    --------
    >>> found = interleave({"sum": lambda: sum(range(10))}, budget=0.01)
    >>> found["sum"].least > 0.0
    True
    """
    repeats = {name: repeats_of(call) for name, call in contenders.items()}
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    end = perf_counter() + budget
    gc.collect()
    gc.disable()
    try:
        while perf_counter() < end or len(next(iter(samples.values()))) < FEWEST_ROUNDS:
            for name, call in contenders.items():
                samples[name].append(sample(call, repeats[name]))
    finally:
        gc.enable()
    return {name: Times(min(taken), median(taken), len(taken)) for name, taken in samples.items()}


def repeats_of(call: Callable[[], Any]) -> int:
    """How often to call for one sample; early calls may compile, or write a shorter way for those that follow."""
    call()
    return max(1, round(SHORTEST / max(min(sample(call, 1) for _ in range(3)), 1e-9)))


def sample(call: Callable[[], Any], repeats: int) -> float:
    """Seconds of one call, as the mean of some."""
    start = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - start) / repeats
