"""A mean of functions of each element, and its derivative by all of them and by one number that they share."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import cuda

import adcompiler as ad
from benchmarks.cuda.case import BY_HAND, GENERATED, Case, Contender, peers
from benchmarks.cuda.sums import BLOCK, add_of_block, blocks_for


def mean(x, w):
    return np.mean(np.tanh(x * w[0]) ** 2 + np.exp(-x * x) * np.sin(x))


@cuda.jit(fastmath=True)
def value_and_slopes(x, w, scale, x_bar, sums):
    """The mean's terms and its derivative in one pass: an element is read once and its adjoint written once."""
    parts = cuda.shared.array(BLOCK, np.float64)
    one = x.dtype.type(1)
    total, w_bar = 0.0, 0.0
    for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
        v = x[i]
        t = math.tanh(v * w[0])
        e, s = math.exp(-v * v), math.sin(v)
        outer = (one + one) * t * (one - t * t)
        x_bar[i] = scale * (outer * w[0] + e * (math.cos(v) - (v + v) * s))
        total += t * t + e * s
        w_bar += outer * v
    add_of_block(parts, sums, 0, total)
    add_of_block(parts, sums, 1, w_bar)


def by_hand(x: np.ndarray, w: np.ndarray) -> Contender:
    """The kernel with its arrays on the device."""
    x_there, w_there = cuda.to_device(x), cuda.to_device(w)
    scale = x.dtype.type(1 / x.size)

    def contender() -> Sequence[Any]:
        x_bar, sums = cuda.device_array_like(x_there), cuda.to_device(np.zeros(2))
        value_and_slopes[blocks_for(x.size), BLOCK](x_there, w_there, scale, x_bar, sums)
        value, w_bar = sums.copy_to_host() / x.size
        return [value, x_bar, np.array([w_bar])]

    return contender


def generated(x: np.ndarray, w: np.ndarray) -> Contender:
    """The program, differentiated for a GPU."""
    slopes = ad.value_and_grad(mean, (0, 1), target="cuda")
    x_there, w_there = cuda.to_device(x), cuda.to_device(w)

    def contender() -> Sequence[Any]:
        value, (x_bar, w_bar) = slopes(x_there, w_there)
        return [value, x_bar, w_bar]

    return contender


def of_others(library: Any, x: Any, w: Any) -> Any:
    return library.mean(library.tanh(x * w[0]) ** 2 + library.exp(-x * x) * library.sin(x))


def case(toy: bool, dtype: Any) -> Case:
    """10⁸ elements."""
    count = 100 if toy else 10**8
    x = np.linspace(-3.0, 3.0, count).astype(dtype)
    w = np.array([0.7], dtype)
    makers = {
        BY_HAND: lambda: by_hand(x, w),
        GENERATED: lambda: generated(x, w),
        **peers(of_others, of_others, (x, w), ()),
    }
    return Case("elementwise", f"{count} elements", makers, 2.0 * x.nbytes, 20.0 * count)
