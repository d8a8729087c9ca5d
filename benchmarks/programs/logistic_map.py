"""The logistic map iterated for many growth rates.

The iterations over the rates are independent, so the adjoint joins both sweeps and its tape is one
trajectory, used again for each rate. One rate influences one trajectory, so a tangent is possible too.
"""

import numpy as np

from benchmarks.program import Program, hand


def logistic_map(r, steps):
    total = 0.0
    for i in range(r.shape[0]):
        x = 0.3
        for _ in range(steps):
            x = r[i] * x * (1.0 - x)
        total += (x - 0.5) ** 2
    return total


@hand
def adjoint(r, steps):
    r_bar = np.empty_like(r)
    xs = np.empty(steps)
    total = 0.0
    for i in range(r.shape[0]):
        rate, x = r[i], 0.3
        for k in range(steps):
            xs[k] = x
            x = rate * x * (1.0 - x)
        total += (x - 0.5) ** 2
        x_bar, rate_bar = 2.0 * (x - 0.5), 0.0
        for k in range(steps - 1, -1, -1):
            v = xs[k]
            rate_bar += x_bar * (v * (1.0 - v))
            x_bar = x_bar * (rate * (1.0 - 2.0 * v))
        r_bar[i] = rate_bar
    return total, r_bar


@hand
def tangent(r, steps):
    r_bar = np.empty_like(r)
    total = 0.0
    for i in range(r.shape[0]):
        rate, x, x_dot = r[i], 0.3, 0.0
        for _ in range(steps):
            x_dot = x * (1.0 - x) + rate * (1.0 - 2.0 * x) * x_dot
            x = rate * x * (1.0 - x)
        total += (x - 0.5) ** 2
        r_bar[i] = 2.0 * (x - 0.5) * x_dot
    return total, r_bar


PROGRAM = Program(
    function=logistic_map,
    argnums=0,
    primal=hand(logistic_map),
    adjoint=adjoint,
    inputs=lambda rng, n, steps: (rng.uniform(1.5, 3.4, size=n), steps),
    small=(6, 10),
    large=(2000, 100),
    tape=lambda r, steps: 8 * steps,
    tangent=tangent,
)
