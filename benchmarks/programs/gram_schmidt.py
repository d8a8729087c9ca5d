"""Modified Gram-Schmidt in place, on the rows of a matrix.

Each row is overwritten many times. The adjoint records the projections and norms only, and undoes each
update to restore the row, which costs one more pass over it in place of a cubic tape.
"""

import math

import numpy as np

from benchmarks.program import Program, hand, hand_sums


def gram_schmidt(a, c):
    n, m = a.shape
    q = a.copy()
    total = 0.0
    for j in range(n):
        norm = 0.0
        for k in range(m):
            norm += q[j, k] ** 2
        norm = math.sqrt(norm)
        for k in range(m):
            q[j, k] /= norm
        for i in range(j + 1, n):
            r = 0.0
            for k in range(m):
                r += q[j, k] * q[i, k]
            for k in range(m):
                q[i, k] -= r * q[j, k]
        total += math.log(norm)
    for j in range(n):
        for k in range(m):
            total += q[j, k] * c[j, k]
    return total


@hand
def dot(x, y):
    s = 0.0
    for k in range(x.shape[0]):
        s += x[k] * y[k]
    return s


@hand
def forward(q, c, r, norms):
    n, m = q.shape
    total = 0.0
    for j in range(n):
        row = q[j]
        norms[j] = math.sqrt(dot(row, row))
        for k in range(m):
            row[k] /= norms[j]
        for i in range(j + 1, n):
            other = q[i]
            r[j, i] = dot(row, other)
            for k in range(m):
                other[k] -= r[j, i] * row[k]
        total += math.log(norms[j])
    for j in range(n):
        for k in range(m):
            total += q[j, k] * c[j, k]
    return total


@hand_sums
def project_bar(row, other, row_bar, other_bar, r):
    """Undo one projection and pull it back."""
    r_bar = 0.0
    for k in range(row.shape[0]):
        r_bar -= other_bar[k] * row[k]
        other[k] += r * row[k]
    for k in range(row.shape[0]):
        row_bar[k] += r_bar * other[k] - r * other_bar[k]
        other_bar[k] += r_bar * row[k]


@hand_sums
def normalise_bar(row, row_bar, norm):
    """Undo one normalisation and pull it back, together with the logarithm of the norm."""
    along = 0.0
    for k in range(row.shape[0]):
        along += row_bar[k] * row[k]
    inverse = 1.0 / norm
    for k in range(row.shape[0]):
        row_bar[k] = (row_bar[k] + (1.0 - along) * row[k]) * inverse
        row[k] *= norm


@hand
def adjoint(a, c):
    n = a.shape[0]
    q, q_bar, r, norms = a.copy(), c.copy(), np.empty((n, n)), np.empty(n)
    total = forward(q, c, r, norms)
    for j in range(n - 1, -1, -1):
        for i in range(n - 1, j, -1):
            project_bar(q[j], q[i], q_bar[j], q_bar[i], r[j, i])
        normalise_bar(q[j], q_bar[j], norms[j])
    return total, q_bar


PROGRAM = Program(
    function=gram_schmidt,
    argnums=0,
    primal=hand(gram_schmidt),
    adjoint=adjoint,
    inputs=lambda rng, n, m: (rng.normal(size=(n, m)), rng.normal(size=(n, m))),
    small=(3, 5),
    large=(60, 200),
    tape=lambda a, c: 8 * a.shape[0] * (a.shape[0] + 1),
)
