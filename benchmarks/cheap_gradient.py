"""The cheap gradient principle: value and gradient cost a small multiple of the value, however many inputs there are.

Central differences cost two values an input: they are run up to a limit and counted beyond it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import adcompiler as ad
from benchmarks.program import hand
from benchmarks.timing import interleave

SIZES = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
#: Differences of more inputs than this take seconds; beyond it their cost is counted.
DIFFERENCES_UP_TO = 3000
#: Seconds that a call of the gradient of one number may take.
CALL = 1.5e-6


def chain(x):
    """A chain of nonlinear oscillators, each driven by one input and by its predecessor."""
    y = 0.0
    energy = 0.0
    for i in range(x.shape[0]):
        y = 0.9 * math.sin(y) + x[i]
        energy += y * y
    return energy


@dataclass(frozen=True, slots=True)
class Point:
    """Seconds at one number of inputs.

    Parameters
    ----------
    inputs
        How many.
    value, same_call
        Of the value, called under njit and through adcompiler, which looks at its arguments as the gradient does.
    gradient, differences
        Of value and gradient, and of central differences of the value under njit.
    measured
        Whether the differences were run; their values are counted otherwise.
    """

    inputs: int
    value: float
    same_call: float
    gradient: float
    differences: float
    measured: bool

    @property
    def ratio(self) -> float:
        """Time of value and gradient by the time of the value."""
        return self.gradient / self.value

    @property
    def same_call_ratio(self) -> float:
        """Time of value and gradient by the time of the value through adcompiler."""
        return self.gradient / self.same_call


def square(x):
    """The least that can be asked for."""
    return x * x


def call(budget: float = 0.3) -> float:
    """Seconds of a call of the gradient of one number, nearly all of which is the call."""
    return interleave({"call": partial(ad.grad(square), 3.0)}, budget)["call"].least


def central_differences(value: Any, x: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """The gradient by two values an input.

    Examples
    --------
    >>> central_differences(lambda x: x[0] * x[1], np.array([2.0, 3.0])).round(6)
    array([3., 2.])
    """
    found = np.empty_like(x)
    for i in range(x.shape[0]):
        ahead, behind = x.copy(), x.copy()
        ahead[i] += h
        behind[i] -= h
        found[i] = (value(ahead) - value(behind)) / (2.0 * h)
    return found


def run(sizes: tuple[int, ...] = SIZES, budget: float = 0.6) -> Iterator[Point]:
    """Measure each number of inputs in turn."""
    gradient, value = ad.value_and_grad(chain), hand(chain)
    for n in sizes:
        x = np.random.default_rng(n).normal(size=n)
        contenders = {
            "value": partial(value, x),
            "same_call": partial(gradient.primal, x),
            "gradient": partial(gradient, x),
        }
        measured = n <= DIFFERENCES_UP_TO
        if measured:
            contenders["differences"] = partial(central_differences, value, x)
        times = {name: found.least for name, found in interleave(contenders, budget).items()}
        differences = times["differences"] if measured else 2 * n * times["value"]
        yield Point(n, times["value"], times["same_call"], times["gradient"], differences, measured)
