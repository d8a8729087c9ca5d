"""How fast a device copies memory and does arithmetic: what shares of its rates are shares of."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numba import cuda

from benchmarks.cuda.sums import BLOCK

_CHAINS = 8


@dataclass(frozen=True, slots=True)
class Rates:
    """Bytes and operations of a second, as a copy and chains of multiply-adds reach them."""

    bytes: float
    operations: float


@cuda.jit
def copied(x, y):
    for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
        y[i] = x[i]


@cuda.jit(fastmath=True)
def multiplied(x, rounds, y):
    """Eight independent chains of multiply-adds in each thread."""
    i = cuda.grid(1)
    a, b, c, d = x[i], x[i] + x[0], x[i] + x[1], x[i] + x[2]
    e, f, g, h = a + b, b + c, c + d, d + a
    m = x[3]
    for _ in range(rounds):
        a, b, c, d = a * m + b, b * m + c, c * m + d, d * m + e
        e, f, g, h = e * m + f, f * m + g, g * m + h, h * m + a
    y[i] = a + b + c + d + e + f + g + h


def least(call: Callable[[], Any], rounds: int = 5) -> float:
    """The least time of a call, after one to warm up, until the device has done all of it."""
    times = []
    for k in range(rounds + 1):
        cuda.synchronize()
        begun = perf_counter()
        call()
        cuda.synchronize()
        if k:
            times.append(perf_counter() - begun)
    return min(times)


def measured(dtype: Any, count: int = 1 << 27, rounds: int = 4096) -> Rates:
    """The rates of the device for numbers of a type."""
    x, y = (cuda.to_device(np.full(count, 1e-3, dtype)) for _ in range(2))
    copying = least(lambda: copied[min(count // BLOCK, 4096), BLOCK](x, y))
    blocks = min(count // BLOCK, 4096)
    working = least(lambda: multiplied[blocks, BLOCK](x, rounds, y))
    return Rates(2.0 * x.nbytes / copying, 2.0 * _CHAINS * rounds * blocks * BLOCK / working)
