"""A sparse matrix in CSR form times a vector, with indices read from data.

The rows are independent, so the adjoint joins both sweeps and stores nothing.
"""

import numpy as np

from benchmarks.program import Program, hand


def sparse_matvec(data, x, indices, start):
    rows = start.shape[0] - 1
    loss = 0.0
    for i in range(rows):
        y = 0.0
        for p in range(start[i], start[i + 1]):
            y += data[p] * x[indices[p]]
        loss += y**2
    return loss


@hand
def adjoint(data, x, indices, start):
    data_bar, x_bar = np.empty_like(data), np.zeros_like(x)
    loss = 0.0
    for i in range(start.shape[0] - 1):
        first, last = start[i], start[i + 1]
        y = 0.0
        for p in range(first, last):
            y += data[p] * x[indices[p]]
        loss += y * y
        g = 2.0 * y
        for p in range(first, last):
            q = indices[p]
            data_bar[p] = g * x[q]
            x_bar[q] += g * data[p]
    return loss, (data_bar, x_bar)


def inputs(rng, n, filled):
    counts = rng.integers(0, 2 * filled, size=n)
    start = np.concatenate(([0], np.cumsum(counts)))
    indices = rng.integers(0, n, size=start[-1])
    return rng.normal(size=start[-1]), rng.normal(size=n), indices, start


PROGRAM = Program(
    function=sparse_matvec,
    argnums=(0, 1),
    primal=hand(sparse_matvec),
    adjoint=adjoint,
    inputs=inputs,
    small=(6, 3),
    large=(20_000, 10),
    tape=lambda data, x, indices, start: 0,
)
