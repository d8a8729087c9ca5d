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
#: A contender that takes longer than this, and so many times as long as another, leaves nothing of the others in the
#: caches, and is timed apart.
LONG, MANY = 5e-3, 10.0


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one call: the least and the median over all rounds."""

    least: float
    middle: float
    rounds: int


def interleave(contenders: dict[str, Callable[[], Any]], budget: float = 2.0) -> dict[str, Times]:
    """Time the contenders in turn until the budget of seconds is spent, after one call of each to warm up.

    Those that are long come before, one by one, until each has spent that budget, twice at least.

    Examples
    --------
    >>> found = interleave({"sum": lambda: sum(range(10))}, budget=0.01)
    >>> found["sum"].least > 0.0
    True
    """
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    gc.collect()
    gc.disable()
    try:
        taken = {name: warm(call) for name, call in contenders.items()}
        brief = [name for name, least in taken.items() if least <= max(LONG, MANY * min(taken.values()))]
        for name in (name for name in contenders if name not in brief):
            end = perf_counter() + budget
            while perf_counter() < end or len(samples[name]) < 2:
                samples[name].append(sample(contenders[name], 1))
        repeats = {name: max(1, round(SHORTEST / max(taken[name], 1e-9))) for name in brief}
        rounds, end = 0, perf_counter() + budget
        while perf_counter() < end or rounds < FEWEST_ROUNDS:
            rounds += 1
            for name in brief:
                samples[name].append(sample(contenders[name], repeats[name]))
    finally:
        gc.enable()
    return {name: Times(min(taken), median(taken), len(taken)) for name, taken in samples.items()}


def warm(call: Callable[[], Any]) -> float:
    """Seconds of one call behind the first; early calls may compile, or write a shorter way for those that follow."""
    call()
    taken = sample(call, 1)
    return taken if taken > LONG else min(taken, sample(call, 1), sample(call, 1))


def sample(call: Callable[[], Any], repeats: int) -> float:
    """Seconds of one call, as the mean of some."""
    start = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - start) / repeats
