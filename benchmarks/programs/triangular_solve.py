"""Forward substitution in place with a triangular matrix.

Each unknown is final when it is read, so the adjoint stores nothing and passes each row once.
"""

import numpy as np

from benchmarks.program import Program, hand


def triangular_solve(matrix, b):
    n = b.shape[0]
    x = b.copy()
    for i in range(n):
        for j in range(i):
            x[i] -= matrix[i, j] * x[j]
        x[i] /= matrix[i, i]
    loss = 0.0
    for i in range(n):
        loss += x[i] ** 2
    return loss


@hand
def adjoint(matrix, b):
    n = b.shape[0]
    x, x_bar = np.empty(n), np.empty(n)
    matrix_bar = np.zeros((n, n))
    loss = 0.0
    for i in range(n):
        s, row = b[i], matrix[i]
        for j in range(i):
            s -= row[j] * x[j]
        x[i] = s / row[i]
        loss += x[i] * x[i]
        x_bar[i] = 2.0 * x[i]
    for i in range(n - 1, -1, -1):
        row, row_bar = matrix[i], matrix_bar[i]
        g = x_bar[i] / row[i]
        x_bar[i] = g
        row_bar[i] = -g * x[i]
        for j in range(i):
            row_bar[j] = -g * x[j]
            x_bar[j] -= g * row[j]
    return loss, (matrix_bar, x_bar)


PROGRAM = Program(
    function=triangular_solve,
    argnums=(0, 1),
    primal=hand(triangular_solve),
    adjoint=adjoint,
    inputs=lambda rng, n: (np.tril(rng.normal(size=(n, n))) / n + np.eye(n), rng.normal(size=n)),
    small=(6,),
    large=(500,),
    tape=lambda matrix, b: 0,
)
