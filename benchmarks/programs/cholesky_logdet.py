"""The logarithm of a determinant by Cholesky factorisation, row by row.

The factor is never overwritten, so the adjoint stores nothing; its inner loop updates two rows.
"""

import math

import numpy as np

from benchmarks.program import Program, hand


def cholesky_logdet(a):
    n = a.shape[0]
    factor = np.zeros((n, n))
    total = 0.0
    for i in range(n):
        for j in range(i + 1):
            s = a[i, j]
            for k in range(j):
                s -= factor[i, k] * factor[j, k]
            if i == j:
                factor[i, i] = math.sqrt(s)
            else:
                factor[i, j] = s / factor[j, j]
        total += 2.0 * math.log(factor[i, i])
    return total


@hand
def adjoint(a):
    n = a.shape[0]
    factor, a_bar = np.empty((n, n)), np.zeros((n, n))
    total = 0.0
    for i in range(n):
        here = factor[i]
        for j in range(i):
            s, there = a[i, j], factor[j]
            for k in range(j):
                s -= here[k] * there[k]
            here[j] = s / there[j]
        s = a[i, i]
        for k in range(i):
            s -= here[k] * here[k]
        here[i] = math.sqrt(s)
        total += 2.0 * math.log(here[i])
    for i in range(n - 1, -1, -1):
        here, here_bar = factor[i], a_bar[i]
        s_bar = (here_bar[i] + 2.0 / here[i]) * (0.5 / here[i])
        here_bar[i] = s_bar
        for k in range(i):
            here_bar[k] -= 2.0 * s_bar * here[k]
        for j in range(i - 1, -1, -1):
            there, there_bar = factor[j], a_bar[j]
            s_bar = here_bar[j] / there[j]
            here_bar[j] = s_bar
            there_bar[j] -= s_bar * here[j]
            for k in range(j):
                here_bar[k] -= s_bar * there[k]
                there_bar[k] -= s_bar * here[k]
    return total, a_bar


def inputs(rng, n):
    b = rng.normal(size=(n, n))
    return (b @ b.T + n * np.eye(n),)


PROGRAM = Program(
    function=cholesky_logdet,
    argnums=0,
    primal=hand(cholesky_logdet),
    adjoint=adjoint,
    inputs=inputs,
    small=(6,),
    large=(150,),
    tape=lambda a: 0,
)
