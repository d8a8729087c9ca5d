"""The soft alignment cost of two series: dynamic programming with a smooth minimum.

The adjoint records the three weights of each smooth minimum, which the forward sweep has at hand,
and gathers the cotangents backwards.
"""

import math

import numpy as np

from benchmarks.program import Program, hand


def soft_dtw(x, y, gamma):
    n, m = x.shape[0], y.shape[0]
    cost = np.full((n + 1, m + 1), 1e10)
    cost[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            a, b, c = cost[i, j], cost[i, j + 1], cost[i + 1, j]
            low = min(a, b, c)
            s = math.exp((low - a) / gamma) + math.exp((low - b) / gamma) + math.exp((low - c) / gamma)
            cost[i + 1, j + 1] = (x[i] - y[j]) ** 2 + low - gamma * math.log(s)
    return cost[n, m]


@hand
def forward(x, y, gamma, weights):
    n, m = x.shape[0], y.shape[0]
    inverse = 1.0 / gamma
    cost = np.full((n + 1, m + 1), 1e10)
    cost[0, 0] = 0.0
    for i in range(n):
        c = cost[i + 1, 0]
        for j in range(m):
            a, b = cost[i, j], cost[i, j + 1]
            low = min(a, b, c)
            p, q, r = math.exp((low - a) * inverse), math.exp((low - b) * inverse), math.exp((low - c) * inverse)
            s = p + q + r
            share = 1.0 / s
            weights[i, j, 0], weights[i, j, 1], weights[i, j, 2] = p * share, q * share, r * share
            c = (x[i] - y[j]) ** 2 + low - gamma * math.log(s)
            cost[i + 1, j + 1] = c
    return cost[n, m]


@hand
def adjoint(x, y, gamma):
    n, m = x.shape[0], y.shape[0]
    weights = np.empty((n, m, 3))
    value = forward(x, y, gamma, weights)
    x_bar, y_bar = np.zeros(n), np.zeros(m)
    row, above = np.zeros(m + 1), np.zeros(m + 1)
    row[m - 1] = 1.0
    for i in range(n - 1, -1, -1):
        above[:] = 0.0
        for j in range(m - 1, -1, -1):
            g = row[j]
            e = 2.0 * g * (x[i] - y[j])
            x_bar[i] += e
            y_bar[j] -= e
            if j > 0:
                above[j - 1] += g * weights[i, j, 0]
                row[j - 1] += g * weights[i, j, 2]
            above[j] += g * weights[i, j, 1]
        row, above = above, row
    return value, (x_bar, y_bar)


PROGRAM = Program(
    function=soft_dtw,
    argnums=(0, 1),
    primal=hand(soft_dtw),
    adjoint=adjoint,
    inputs=lambda rng, n: (np.cumsum(rng.normal(size=n)), np.cumsum(rng.normal(size=n)), 0.7),
    small=(5,),
    large=(200,),
    tape=lambda x, y, gamma: 24 * x.shape[0] * y.shape[0],
)
