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
def row_product(weights, b, out):
    out[:] = 0.0
    for k in range(b.shape[0]):
        w, row = weights[k], b[k]
        for j in range(row.shape[0]):
            out[j] += w * row[j]


@hand_sums
def element_bar(w, row, row_bar, out_bar):
    """Add to one row of the right factor's cotangent; the result is that of `w`."""
    g = 0.0
    for j in range(row.shape[0]):
        g += out_bar[j] * row[j]
        row_bar[j] += w * out_bar[j]
    return g


@hand
def adjoint(a, b):
    n, p = a.shape
    m = b.shape[1]
    a_bar, b_bar, row = np.empty((n, p)), np.zeros((p, m)), np.empty(m)
    loss = 0.0
    for i in range(n):
        row_product(a[i], b, row)
        for j in range(m):
            loss += row[j] * row[j]
            row[j] *= 2.0
        for k in range(p):
            a_bar[i, k] = element_bar(a[i, k], b[k], b_bar[k], row)
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
