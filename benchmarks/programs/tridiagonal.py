"""A tridiagonal system by elimination and back substitution in place.

The adjoint records the reciprocal pivots and keeps the eliminated right side that back substitution
overwrites, so its reverse sweeps multiply where the function divides.
"""

import numpy as np

from benchmarks.program import Program, hand


def tridiagonal(lower, diagonal, upper, right):
    n = diagonal.shape[0]
    c = np.empty(n)
    x = right.copy()
    c[0] = upper[0] / diagonal[0]
    x[0] /= diagonal[0]
    for i in range(1, n):
        pivot = diagonal[i] - lower[i] * c[i - 1]
        c[i] = upper[i] / pivot
        x[i] = (x[i] - lower[i] * x[i - 1]) / pivot
    for i in range(n - 2, -1, -1):
        x[i] -= c[i] * x[i + 1]
    loss = 0.0
    for i in range(n):
        loss += x[i] ** 2
    return loss


@hand
def forward(lower, diagonal, upper, right, c, d, x, inverse):
    n = diagonal.shape[0]
    inverse[0] = 1.0 / diagonal[0]
    c[0], d[0] = upper[0] * inverse[0], right[0] * inverse[0]
    for i in range(1, n):
        inverse[i] = 1.0 / (diagonal[i] - lower[i] * c[i - 1])
        c[i] = upper[i] * inverse[i]
        d[i] = (right[i] - lower[i] * d[i - 1]) * inverse[i]
    x[n - 1] = d[n - 1]
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1]


@hand
def adjoint(lower, diagonal, upper, right):
    n = diagonal.shape[0]
    c, d, x, inverse = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    forward(lower, diagonal, upper, right, c, d, x, inverse)
    lower_bar, diagonal_bar, upper_bar, right_bar = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    loss, g = x[0] * x[0], 2.0 * x[0]
    for i in range(n - 1):
        right_bar[i] = g
        upper_bar[i] = -g * x[i + 1]
        loss += x[i + 1] * x[i + 1]
        g = 2.0 * x[i + 1] - c[i] * g
    right_bar[n - 1], upper_bar[n - 1] = g, 0.0
    d_bar, c_bar = right_bar[n - 1], upper_bar[n - 1]
    for i in range(n - 1, 0, -1):
        g, h = d_bar * inverse[i], c_bar * inverse[i]
        pivot_bar = -(g * d[i] + h * c[i])
        right_bar[i], upper_bar[i], diagonal_bar[i] = g, h, pivot_bar
        lower_bar[i] = -(g * d[i - 1] + pivot_bar * c[i - 1])
        d_bar = right_bar[i - 1] - g * lower[i]
        c_bar = upper_bar[i - 1] - pivot_bar * lower[i]
    g, h = d_bar * inverse[0], c_bar * inverse[0]
    right_bar[0], upper_bar[0], lower_bar[0] = g, h, 0.0
    diagonal_bar[0] = -(g * d[0] + h * c[0])
    return loss, (lower_bar, diagonal_bar, upper_bar, right_bar)


PROGRAM = Program(
    function=tridiagonal,
    argnums=(0, 1, 2, 3),
    primal=hand(tridiagonal),
    adjoint=adjoint,
    inputs=lambda rng, n: (rng.normal(size=n), 4.0 + rng.uniform(size=n), rng.normal(size=n), rng.normal(size=n)),
    small=(7,),
    large=(20_000,),
    tape=lambda lower, diagonal, upper, right: 16 * diagonal.shape[0],
)
