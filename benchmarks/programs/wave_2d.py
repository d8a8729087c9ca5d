"""The wave equation on a square through time, differentiated in the field of squared speeds, as in seismic imaging.

Three buffers change places. The adjoint writes the history directly and gathers.
"""

import numpy as np

from benchmarks.program import Program, hand


def wave_2d(speed2, u0, seen, steps):
    n, m = u0.shape
    before, now, after = u0.copy(), u0.copy(), u0.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                spread = now[i - 1, j] + now[i + 1, j] + now[i, j - 1] + now[i, j + 1] - 4.0 * now[i, j]
                after[i, j] = 2.0 * now[i, j] - before[i, j] + speed2[i, j] * spread
        before, now, after = now, after, before
    misfit = 0.0
    for i in range(n):
        for j in range(m):
            misfit += 0.5 * (now[i, j] - seen[i, j]) ** 2
    return misfit


@hand
def step(speed2, before, now, after):
    n, m = now.shape
    after[0], after[n - 1] = now[0], now[n - 1]
    after[:, 0], after[:, m - 1] = now[:, 0], now[:, m - 1]
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            spread = now[i - 1, j] + now[i + 1, j] + now[i, j - 1] + now[i, j + 1] - 4.0 * now[i, j]
            after[i, j] = 2.0 * now[i, j] - before[i, j] + speed2[i, j] * spread


@hand
def step_bar(speed2, now, after_bar, drive, now_bar, speed2_bar):
    """One step backwards: `now_bar` comes with the cotangent of the state two steps later, borders with none."""
    n, m = now.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            spread = now[i - 1, j] + now[i + 1, j] + now[i, j - 1] + now[i, j + 1] - 4.0 * now[i, j]
            speed2_bar[i, j] += after_bar[i, j] * spread
            drive[i, j] = speed2[i, j] * after_bar[i, j]
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            spread = drive[i - 1, j] + drive[i + 1, j] + drive[i, j - 1] + drive[i, j + 1] - 4.0 * drive[i, j]
            now_bar[i, j] = 2.0 * after_bar[i, j] - now_bar[i, j] + spread


@hand
def adjoint(speed2, u0, seen, steps):
    n, m = u0.shape
    # the state before the first step is the one that it begins with
    history = np.empty((steps + 2, n, m))
    history[0] = history[1] = u0
    for t in range(steps):
        step(speed2, history[t], history[t + 1], history[t + 2])
    after_bar, now_bar = np.zeros((n, m)), np.zeros((n, m))
    drive, speed2_bar = np.zeros((n, m)), np.zeros((n, m))
    misfit = 0.0
    for i in range(n):
        for j in range(m):
            miss = history[steps + 1, i, j] - seen[i, j]
            misfit += 0.5 * miss**2
            after_bar[i, j] = miss
    for t in range(steps, 0, -1):
        step_bar(speed2, history[t], after_bar, drive, now_bar, speed2_bar)
        after_bar, now_bar = now_bar, after_bar
    return misfit, speed2_bar


def pulse(rng, n, steps):
    """A bump in the middle, and speeds that differ from place to place."""
    x = np.linspace(-1.0, 1.0, n)
    u0 = np.exp(-20.0 * (x[:, None] ** 2 + x**2))
    u0[0] = u0[-1] = u0[:, 0] = u0[:, -1] = 0.0
    return rng.uniform(0.1, 0.3, (n, n)), u0, 0.1 * rng.normal(size=(n, n)), steps


PROGRAM = Program(
    function=wave_2d,
    argnums=0,
    primal=hand(wave_2d),
    adjoint=adjoint,
    inputs=pulse,
    small=(6, 5),
    large=(32, 1000),
    tape=lambda speed2, u0, seen, steps: 8 * steps * u0.size,
)
