"""Heat on a square, a hundred steps of it, with a conductivity that is a number, or that depends on the temperature."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numba import cuda

import adcompiler as ad
import adcompiler.cuda
from benchmarks.cuda.case import BY_HAND, GENERATED, Case, Contender, package, peers
from benchmarks.cuda.sums import BLOCK, add_of_block, blocks_for

RATE = 0.2
TILE = (8, 16)


def linear(u, c, steps):
    for _ in range(steps):
        v = u.copy()
        mid = u[1:-1, 1:-1]
        v[1:-1, 1:-1] = mid + c[0] * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * mid)
        u = v
    return np.mean(u * u)


def nonlinear(u, c, steps):
    for _ in range(steps):
        v = u.copy()
        mid = u[1:-1, 1:-1]
        spread = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * mid
        v[1:-1, 1:-1] = mid + c[0] * spread / (1 + mid * mid)
        u = v
    return np.mean(u * u)


@cuda.jit(fastmath=True)
def step(u, c, one, curved, v):
    j, i = cuda.grid(2)
    n, m = u.shape
    if i >= n or j >= m:
        return
    mid = u[i, j]
    if 0 < i < n - 1 and 0 < j < m - 1:
        spread = u[i + 1, j] + u[i - 1, j] + u[i, j + 1] + u[i, j - 1] - (mid + mid + mid + mid)
        v[i, j] = mid + c * spread / (one + curved * mid * mid)
    else:
        v[i, j] = mid


@cuda.jit(device=True, fastmath=True)
def from_place(u, c, one, curved, v_bar, i, j):
    """What a place gives to each of its four neighbours."""
    n, m = u.shape
    if 0 < i < n - 1 and 0 < j < m - 1:
        mid = u[i, j]
        return c * v_bar[i, j] / (one + curved * mid * mid)
    return c - c


@cuda.jit(fastmath=True)
def step_back(u, c, one, curved, v_bar, u_bar):
    """Each thread gathers what its place and the four around it give to it."""
    j, i = cuda.grid(2)
    n, m = u.shape
    if i >= n or j >= m:
        return
    bar = v_bar[i, j]
    if i > 0:
        bar += from_place(u, c, one, curved, v_bar, i - 1, j)
    if i < n - 1:
        bar += from_place(u, c, one, curved, v_bar, i + 1, j)
    if j > 0:
        bar += from_place(u, c, one, curved, v_bar, i, j - 1)
    if j < m - 1:
        bar += from_place(u, c, one, curved, v_bar, i, j + 1)
    if 0 < i < n - 1 and 0 < j < m - 1:
        mid = u[i, j]
        spread = u[i + 1, j] + u[i - 1, j] + u[i, j + 1] + u[i, j - 1] - (mid + mid + mid + mid)
        part = one / (one + curved * mid * mid)
        bend = curved * mid * spread * part
        bar -= c * v_bar[i, j] * part * (one + one + one + one + bend + bend)
    u_bar[i, j] = bar


@cuda.jit(fastmath=True)
def ended(u, factor, u_bar, sums):
    parts = cuda.shared.array(BLOCK, np.float64)
    total = 0.0
    for k in range(cuda.grid(1), u.shape[0], cuda.gridsize(1)):
        total += u[k] * u[k]
        u_bar[k] = factor * u[k]
    add_of_block(parts, sums, 0, total)


stepped = adcompiler.cuda.kernel(active=("u",), outputs=("v",))(step)


def with_kernels(u: np.ndarray, steps: int, curved: bool, written: bool) -> Contender:
    """A kernel for a step and one for its adjoint, written or generated; where it is linear, no step is kept."""
    there, none, kind = cuda.to_device(u), cuda.to_device(np.zeros_like(u)), u.dtype.type
    c, flag = kind(RATE), kind(1 if curved else 0)
    shape = ((-(-u.shape[1] // TILE[1]), -(-u.shape[0] // TILE[0])), (TILE[1], TILE[0]))

    def run() -> Sequence[Any]:
        kept = cuda.device_array((steps + 1 if curved else 2, *u.shape), u.dtype)
        places = [k if curved else k % 2 for k in range(steps + 1)]
        kept[0].copy_to_device(there)
        for k in range(steps):
            step[shape](kept[places[k]], c, kind(1), flag, kept[places[k + 1]])
        bars = cuda.device_array((2, *u.shape), u.dtype)
        ends = kept[places[steps]].reshape(u.size), bars[steps % 2].reshape(u.size)
        sums = cuda.to_device(np.zeros(1))
        ended[blocks_for(u.size), BLOCK](ends[0], kind(2 / u.size), ends[1], sums)
        bars[(steps + 1) % 2].copy_to_device(none)
        for k in range(steps - 1, -1, -1):
            args = kept[places[k]], c, kind(1), flag
            if written:
                step_back[shape](*args, bars[(k + 1) % 2], bars[k % 2])
            else:
                # it adds to the one, and leaves zeros in the other
                stepped.adjoint[shape](*args, kept[places[k + 1]], bar={"u": bars[k % 2], "v": bars[(k + 1) % 2]})
        return [sums.copy_to_host()[0] / u.size, bars[0]]

    return run


def generated(program: Callable[..., Any], u: np.ndarray, c: np.ndarray, steps: int) -> Contender:
    """The program, differentiated for a GPU."""
    slope = ad.value_and_grad(program, target="cuda")
    u_there, c_there = cuda.to_device(u), cuda.to_device(c)
    return lambda: slope(u_there, c_there, steps)


def spread_of(u: Any) -> tuple[Any, Any]:
    mid = u[1:-1, 1:-1]
    return mid, u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * mid


def with_torch(torch: Any, u: Any, c: Any, steps: int, curved: bool) -> Any:
    for _ in range(steps):
        mid, spread = spread_of(u)
        v = u.clone()
        v[1:-1, 1:-1] = mid + c[0] * (spread / (1 + mid * mid) if curved else spread)
        u = v
    return (u * u).mean()


def with_jax(numpy: Any, u: Any, c: Any, steps: int, curved: bool) -> Any:
    jax = package("jax")
    assert jax is not None

    def once(u: Any, _: None) -> tuple[Any, None]:
        mid, spread = spread_of(u)
        return u.at[1:-1, 1:-1].set(mid + c[0] * (spread / (1 + mid * mid) if curved else spread)), None

    return (jax.lax.scan(once, u, None, steps)[0] ** 2).mean()


def case(toy: bool, dtype: Any, curved: bool) -> Case:
    """4096² places, 100 steps."""
    side, steps = (6, 3) if toy else (4096, 100)
    u = np.random.default_rng(7).normal(size=(side, side)).astype(dtype)
    c = np.array([RATE], dtype)
    program = nonlinear if curved else linear
    of_torch, of_jax = partial(with_torch, curved=curved), partial(with_jax, curved=curved)
    makers = {
        BY_HAND: lambda: with_kernels(u, steps, curved, True),
        f"{GENERATED} kernel": lambda: with_kernels(u, steps, curved, False),
        GENERATED: lambda: generated(program, u, c, steps),
        **peers(of_torch, of_jax, (u,), (c, steps)),
    }
    # forward: a read and a write; backward: a read and a write, and the values where they matter
    traffic = (5.0 if curved else 4.0) * u.nbytes * steps
    return Case(f"heat, {program.__name__}", f"{side}², {steps} steps", makers, traffic, 30.0 * u.size * steps)
