"""Robust regression: a branch on each residual.

The adjoint joins both sweeps; the slope of the loss is all that a residual hands on.
"""

import math

import numpy as np

from benchmarks.program import Program, hand


def huber_regression(w, x, y, delta):
    n, m = x.shape
    loss = 0.0
    for i in range(n):
        r = -y[i]
        for j in range(m):
            r += x[i, j] * w[j]
        if abs(r) <= delta:
            loss += 0.5 * r * r
        elif r > 0.0:
            loss += delta * (r - 0.5 * delta)
        else:
            loss += delta * math.log(1.0 - r) - 0.5 * delta**2
    return loss / n


@hand
def adjoint(w, x, y, delta):
    n, m = x.shape
    w_bar = np.zeros(m)
    loss = 0.0
    for i in range(n):
        row, r = x[i], -y[i]
        for j in range(m):
            r += row[j] * w[j]
        if abs(r) <= delta:
            loss += 0.5 * r * r
            g = r
        elif r > 0.0:
            loss += delta * (r - 0.5 * delta)
            g = delta
        else:
            loss += delta * math.log(1.0 - r) - 0.5 * delta**2
            g = -delta / (1.0 - r)
        for j in range(m):
            w_bar[j] += g * row[j]
    return loss / n, w_bar / n


PROGRAM = Program(
    function=huber_regression,
    argnums=0,
    primal=hand(huber_regression),
    adjoint=adjoint,
    inputs=lambda rng, n, m: (rng.normal(size=m), rng.normal(size=(n, m)), rng.normal(size=n), 1.0),
    small=(8, 3),
    large=(20_000, 16),
    tape=lambda w, x, y, delta: 0,
)
