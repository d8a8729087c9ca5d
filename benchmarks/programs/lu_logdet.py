"""The logarithm of a determinant by LU factorisation in place.

Each entry of the factors is final once its column has been eliminated, so the adjoint reads them
from the factored matrix and stores nothing else. It keeps one cotangent matrix and walks its rows.
"""

import math

import numpy as np

from benchmarks.program import Program, hand, hand_sums


def lu_logdet(a):
    n = a.shape[0]
    lu = a.copy()
    for k in range(n):
        for i in range(k + 1, n):
            lu[i, k] /= lu[k, k]
            for j in range(k + 1, n):
                lu[i, j] -= lu[i, k] * lu[k, j]
    total = 0.0
    for k in range(n):
        total += math.log(abs(lu[k, k]))
    return total


@hand
def eliminate(lu):
    n = lu.shape[0]
    total = 0.0
    for k in range(n):
        pivot = lu[k, k]
        total += math.log(abs(pivot))
        for i in range(k + 1, n):
            factor = lu[i, k] / pivot
            lu[i, k] = factor
            for j in range(k + 1, n):
                lu[i, j] -= factor * lu[k, j]
    return total


@hand_sums
def row_bar(row, row_bar, here_bar, factor):
    """Pull one row update back; the result is the cotangent of its factor."""
    g = 0.0
    for j in range(row.shape[0]):
        g -= here_bar[j] * row[j]
        row_bar[j] -= factor * here_bar[j]
    return g


@hand
def adjoint(a):
    n = a.shape[0]
    lu = a.copy()
    total = eliminate(lu)
    lu_bar = np.zeros((n, n))
    for k in range(n):
        lu_bar[k, k] = 1.0 / lu[k, k]
    for k in range(n - 1, -1, -1):
        inverse, pivot_bar = 1.0 / lu[k, k], lu_bar[k, k]
        row, below = lu[k, k + 1 :], lu_bar[k, k + 1 :]
        for i in range(k + 1, n):
            g = row_bar(row, below, lu_bar[i, k + 1 :], lu[i, k]) * inverse
            lu_bar[i, k] = g
            pivot_bar -= g * lu[i, k]
        lu_bar[k, k] = pivot_bar
    return total, lu_bar


PROGRAM = Program(
    function=lu_logdet,
    argnums=0,
    primal=hand(lu_logdet),
    adjoint=adjoint,
    inputs=lambda rng, n: (rng.normal(size=(n, n)) + 2.0 * n * np.eye(n),),
    small=(6,),
    large=(150,),
    tape=lambda a: 0,
)
