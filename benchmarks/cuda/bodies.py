"""Accelerations of bodies that attract each other: the adjoint of a user's kernel beside one written by hand."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import cuda

import adcompiler.cuda
from benchmarks.cuda.case import BY_HAND, GENERATED, Case, Contender, peers
from benchmarks.cuda.sums import BLOCK

SOFT = 0.01


@adcompiler.cuda.kernel(active=("x", "mass"), outputs=("acc",))
def attraction(x, mass, soft, acc):
    i = cuda.grid(1)
    if i < mass.shape[0]:
        px, py, pz = x[i, 0], x[i, 1], x[i, 2]
        ax, ay, az = soft - soft, soft - soft, soft - soft
        for j in range(mass.shape[0]):
            dx, dy, dz = x[j, 0] - px, x[j, 1] - py, x[j, 2] - pz
            r2 = dx * dx + dy * dy + dz * dz + soft
            s = mass[j] / (r2 * math.sqrt(r2))
            ax += s * dx
            ay += s * dy
            az += s * dz
        acc[i, 0] = ax
        acc[i, 1] = ay
        acc[i, 2] = az


@cuda.jit(fastmath=True)
def attraction_back(x, mass, soft, one, acc_bar, x_bar, mass_bar):
    """Each thread gathers what all pairs with its body give to it: no thread adds to what is another's."""
    three = one + one + one
    k = cuda.grid(1)
    if k < mass.shape[0]:
        px, py, pz, m = x[k, 0], x[k, 1], x[k, 2], mass[k]
        gx, gy, gz = acc_bar[k, 0], acc_bar[k, 1], acc_bar[k, 2]
        bx, by, bz, mb = soft - soft, soft - soft, soft - soft, soft - soft
        for j in range(mass.shape[0]):
            dx, dy, dz = x[j, 0] - px, x[j, 1] - py, x[j, 2] - pz
            r2 = dx * dx + dy * dy + dz * dz + soft
            s = one / (r2 * math.sqrt(r2))
            hx = m * acc_bar[j, 0] - mass[j] * gx
            hy = m * acc_bar[j, 1] - mass[j] * gy
            hz = m * acc_bar[j, 2] - mass[j] * gz
            along = three * (hx * dx + hy * dy + hz * dz) * s / r2
            bx += hx * s - along * dx
            by += hy * s - along * dy
            bz += hz * s - along * dz
            mb -= (acc_bar[j, 0] * dx + acc_bar[j, 1] * dy + acc_bar[j, 2] * dz) * s
        x_bar[k, 0] += bx
        x_bar[k, 1] += by
        x_bar[k, 2] += bz
        mass_bar[k] += mb


def contender(x: np.ndarray, mass: np.ndarray, weights: np.ndarray, generated: bool) -> Contender:
    """The forward kernel and one of the two adjoints, of the sum of weighted accelerations."""
    soft, n = x.dtype.type(SOFT), mass.size
    x_there, mass_there, weights_there = map(cuda.to_device, (x, mass, weights))
    no_x, no_mass = cuda.to_device(np.zeros_like(x)), cuda.to_device(np.zeros_like(mass))
    acc, acc_bar, x_bar, mass_bar = (cuda.device_array(a.shape, a.dtype) for a in (x, x, x, mass))
    shape = (-(-n // BLOCK), BLOCK)

    def run() -> Sequence[Any]:
        for array, begun in ((acc_bar, weights_there), (x_bar, no_x), (mass_bar, no_mass)):
            array.copy_to_device(begun)
        attraction.forward[shape](x_there, mass_there, soft, acc)
        if generated:
            bar = {"x": x_bar, "mass": mass_bar, "acc": acc_bar}
            attraction.adjoint[shape](x_there, mass_there, soft, acc, bar=bar)
        else:
            attraction_back[shape](x_there, mass_there, soft, x.dtype.type(1), acc_bar, x_bar, mass_bar)
        return [np.sum(acc.copy_to_host() * weights), x_bar, mass_bar]

    return run


def of_others(library: Any, x: Any, mass: Any, weights: Any) -> Any:
    d = x[None, :, :] - x[:, None, :]
    r2 = (d * d).sum(-1) + SOFT
    acc = ((mass / (r2 * library.sqrt(r2)))[:, :, None] * d).sum(1)
    return (acc * weights).sum()


def case(toy: bool, dtype: Any) -> Case:
    """16384 bodies."""
    count = 12 if toy else 16384
    rng = np.random.default_rng(5)
    x, weights = (rng.normal(size=(count, 3)).astype(dtype) for _ in range(2))
    mass = rng.uniform(0.5, 1.5, count).astype(dtype)
    makers = {
        BY_HAND: lambda: contender(x, mass, weights, False),
        GENERATED: lambda: contender(x, mass, weights, True),
        **peers(of_others, of_others, (x, mass), (weights,)),
    }
    return Case("bodies", f"{count} bodies", makers, 4.0 * x.nbytes, (20.0 + 42.0) * count**2)
