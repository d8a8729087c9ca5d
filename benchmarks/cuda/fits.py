"""Fits of the equations of predators and prey to many measurements at once: one thread a fit, a thousand steps each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import cuda

import adcompiler as ad
from benchmarks.cuda.case import BY_HAND, GENERATED, Case, Contender, package, peers
from benchmarks.cuda.sums import BLOCK, blocks_for

STEP = 0.01


def misfit(theta, seen, steps, h):
    x, y = theta[4], theta[5]
    for _ in range(steps):
        dx = x * (theta[0] - theta[1] * y)
        dy = y * (theta[2] * x - theta[3])
        a, b = x + h / 2 * dx, y + h / 2 * dy
        x = x + h * a * (theta[0] - theta[1] * b)
        y = y + h * b * (theta[2] * a - theta[3])
    return (x - seen[0]) ** 2 + (y - seen[1]) ** 2


@cuda.jit(fastmath=True)
def fit_back(theta, seen, steps, h, half, states, value, theta_bar):
    """The midpoint rule forward, both numbers of each step kept, then back; a thread takes several fits."""
    thread = cuda.grid(1)
    for f in range(thread, theta.shape[0], cuda.gridsize(1)):
        p, q, r, s = theta[f, 0], theta[f, 1], theta[f, 2], theta[f, 3]
        x, y = theta[f, 4], theta[f, 5]
        for k in range(steps):
            states[k, 0, thread] = x
            states[k, 1, thread] = y
            a = x + half * x * (p - q * y)
            b = y + half * y * (r * x - s)
            x += h * a * (p - q * b)
            y += h * b * (r * a - s)
        u, v = x - seen[f, 0], y - seen[f, 1]
        value[f] = u * u + v * v
        x_bar, y_bar = u + u, v + v
        p_bar, q_bar, r_bar, s_bar = u - u, u - u, u - u, u - u
        for k in range(steps - 1, -1, -1):
            x, y = states[k, 0, thread], states[k, 1, thread]
            a = x + half * x * (p - q * y)
            b = y + half * y * (r * x - s)
            to_x, to_y = h * x_bar, h * y_bar
            a_bar = to_x * (p - q * b) + to_y * b * r
            b_bar = to_y * (r * a - s) - to_x * a * q
            from_a, from_b = half * a_bar, half * b_bar
            p_bar += to_x * a + from_a * x
            q_bar -= to_x * a * b + from_a * x * y
            r_bar += to_y * b * a + from_b * y * x
            s_bar -= to_y * b + from_b * y
            x_bar += a_bar + from_a * (p - q * y) + from_b * y * r
            y_bar += b_bar + from_b * (r * x - s) - from_a * x * q
        theta_bar[f, 0] = p_bar
        theta_bar[f, 1] = q_bar
        theta_bar[f, 2] = r_bar
        theta_bar[f, 3] = s_bar
        theta_bar[f, 4] = x_bar
        theta_bar[f, 5] = y_bar


def by_hand(theta: np.ndarray, seen: np.ndarray, steps: int) -> Contender:
    """The kernel with its arrays, and memory for the steps of all threads, on the device."""
    theta_there, seen_there, kind = cuda.to_device(theta), cuda.to_device(seen), theta.dtype.type
    h = kind(STEP)
    blocks = min(blocks_for(len(theta)), 1024)
    states = cuda.device_array((steps, 2, blocks * BLOCK), theta.dtype)

    def run() -> Sequence[Any]:
        value, theta_bar = cuda.device_array(len(theta), theta.dtype), cuda.device_array_like(theta_there)
        fit_back[blocks, BLOCK](theta_there, seen_there, steps, h, h / kind(2), states, value, theta_bar)
        return [value, theta_bar]

    return run


def generated(theta: np.ndarray, seen: np.ndarray, steps: int) -> Contender:
    """The program of one fit, differentiated, for all fits."""
    slopes = ad.batched(ad.value_and_grad(misfit), (0, 0, None, None), target="cuda")
    theta_there, seen_there = cuda.to_device(theta), cuda.to_device(seen)
    h = theta.dtype.type(STEP)
    return lambda: slopes(theta_there, seen_there, steps, h)


def once(theta: Any, x: Any, y: Any) -> tuple[Any, Any]:
    p, q, r, s = theta[:, 0], theta[:, 1], theta[:, 2], theta[:, 3]
    a = x + STEP / 2 * x * (p - q * y)
    b = y + STEP / 2 * y * (r * x - s)
    return x + STEP * a * (p - q * b), y + STEP * b * (r * a - s)


def with_torch(torch: Any, theta: Any, seen: Any, steps: int) -> Any:
    x, y = theta[:, 4], theta[:, 5]
    for _ in range(steps):
        x, y = once(theta, x, y)
    return ((x - seen[:, 0]) ** 2 + (y - seen[:, 1]) ** 2).sum()


def with_jax(numpy: Any, theta: Any, seen: Any, steps: int) -> Any:
    jax = package("jax")
    assert jax is not None
    first = (theta[:, 4], theta[:, 5])
    (x, y), _ = jax.lax.scan(lambda state, _: (once(theta, *state), None), first, None, steps)
    return ((x - seen[:, 0]) ** 2 + (y - seen[:, 1]) ** 2).sum()


def case(toy: bool, dtype: Any) -> Case:
    """10⁶ fits of 1000 steps."""
    count, steps = (5, 6) if toy else (10**6, 1000)
    rng = np.random.default_rng(9)
    theta = rng.uniform(0.5, 1.0, (count, 6)).astype(dtype)
    seen = rng.uniform(0.5, 1.5, (count, 2)).astype(dtype)
    makers = {
        BY_HAND: lambda: by_hand(theta, seen, steps),
        GENERATED: lambda: generated(theta, seen, steps),
        **peers(with_torch, with_jax, (theta,), (seen, steps)),
    }
    kept = 4.0 * theta.itemsize * count * steps
    return Case("fits", f"{count} fits, {steps} steps", makers, 2.0 * theta.nbytes + kept, 74.0 * count * steps)
