"""Gauss-Seidel sweeps for Poisson's equation, in place.

The sweeps are linear, so nothing is recorded. The transpose of a sweep is the same sweep backwards:
one array holds the cotangents of this sweep and of the next, as the grid does in the primal.
"""

import numpy as np

from benchmarks.program import Program, hand


def gauss_seidel(b, sweeps):
    n, m = b.shape
    u = np.zeros((n, m))
    for _ in range(sweeps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] + b[i, j])
    loss = 0.0
    for i in range(n):
        for j in range(m):
            loss += u[i, j] ** 2
    return loss


@hand
def adjoint(b, sweeps):
    n, m = b.shape
    u = np.zeros((n, m))
    for _ in range(sweeps):
        for i in range(1, n - 1):
            up, here, down, source = u[i - 1], u[i], u[i + 1], b[i]
            for j in range(1, m - 1):
                here[j] = 0.25 * (up[j] + down[j] + here[j - 1] + here[j + 1] + source[j])
    loss = 0.0
    for i in range(n):
        for j in range(m):
            loss += u[i, j] * u[i, j]
    g, b_bar = np.zeros((n, m)), np.zeros((n, m))
    for sweep in range(sweeps):
        seed = 2.0 if sweep == 0 else 0.0
        for i in range(n - 2, 0, -1):
            up, here, down, source_bar, final = g[i - 1], g[i], g[i + 1], b_bar[i], u[i]
            for j in range(m - 2, 0, -1):
                value = 0.25 * (seed * final[j] + up[j] + down[j] + here[j - 1] + here[j + 1])
                here[j] = value
                source_bar[j] += value
    return loss, b_bar


PROGRAM = Program(
    function=gauss_seidel,
    argnums=0,
    primal=hand(gauss_seidel),
    adjoint=adjoint,
    inputs=lambda rng, n, sweeps: (rng.normal(size=(n, n)), sweeps),
    small=(6, 4),
    large=(150, 40),
    tape=lambda b, sweeps: 0,
)
