"""A matrix product by three loops. It is bilinear, so nothing is recorded beyond the two factors."""

import numpy as np

from benchmarks.program import Program, hand, hand_sums


def matmul_loops(a, b):
    n, p = a.shape
    m = b.shape[1]
    c = np.zeros((n, m))
    for i in range(n):
        for k in range(p):
            for j in range(m):
                c[i, j] += a[i, k] * b[k, j]
    loss = 0.0
    for i in range(n):
        for j in range(m):
            loss += c[i, j] ** 2
    return loss


@hand
def product(a, b, c):
    """Fill the product, and return the sum of its squares."""
    n, p = a.shape
    for i in range(n):
        for k in range(p):
            for j in range(c.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    loss = 0.0
    for i in range(n):
        for j in range(c.shape[1]):
            loss += c[i, j] * c[i, j]
    return loss


@hand_sums
def row_bar(weights, weights_bar, b, b_bar, c_bar):
    """Pull one row of the product back, in one pass over the right factor."""
    for k in range(b.shape[0]):
        g, w, row, out = 0.0, weights[k], b[k], b_bar[k]
        for j in range(row.shape[0]):
            g += c_bar[j] * row[j]
            out[j] += w * c_bar[j]
        weights_bar[k] = g


@hand
def adjoint(a, b):
    n = a.shape[0]
    a_bar, b_bar = np.empty_like(a), np.zeros_like(b)
    c = np.zeros((n, b.shape[1]))
    loss = product(a, b, c)
    for i in range(n):
        for j in range(c.shape[1]):
            c[i, j] *= 2.0
        row_bar(a[i], a_bar[i], b, b_bar, c[i])
    return loss, (a_bar, b_bar)


PROGRAM = Program(
    function=matmul_loops,
    argnums=(0, 1),
    primal=hand(matmul_loops),
    adjoint=adjoint,
    inputs=lambda rng, n: (rng.normal(size=(n, n)), rng.normal(size=(n, n))),
    small=(4,),
    large=(128,),
    tape=lambda a, b: 0,
)
