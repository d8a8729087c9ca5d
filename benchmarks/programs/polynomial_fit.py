"""Least squares of a polynomial by Horner's rule, differentiated in its coefficients.

The adjoint goes through the coefficients once more, with the powers of each abscissa.
"""

import numpy as np

from benchmarks.program import Program, hand, hand_sums


def polynomial_fit(c, x, y):
    total = 0.0
    for i in range(x.shape[0]):
        p = 0.0
        for k in range(c.shape[0] - 1, -1, -1):
            p = p * x[i] + c[k]
        total += (p - y[i]) ** 2
    return total / x.shape[0]


@hand_sums
def adjoint(c, x, y):
    n, terms = x.shape[0], c.shape[0]
    c_bar, miss, scale = np.zeros(terms), np.empty(n), 2.0 / x.shape[0]
    total = 0.0
    for i in range(n):
        miss[i] = 0.0
    for k in range(terms - 1, -1, -1):
        for i in range(n):
            miss[i] = miss[i] * x[i] + c[k]
    for i in range(n):
        miss[i] -= y[i]
        total += miss[i] ** 2
    for k in range(terms):
        moment = 0.0
        for i in range(n):
            moment += miss[i]
            miss[i] *= x[i]
        c_bar[k] = scale * moment
    return total / n, c_bar


def samples(rng, count, terms):
    """Noisy samples of a smooth function."""
    x = np.linspace(-1.0, 1.0, count)
    return rng.normal(size=terms), x, np.sin(3.0 * x) + 0.1 * rng.normal(size=count)


PROGRAM = Program(
    function=polynomial_fit,
    argnums=0,
    primal=hand(polynomial_fit),
    adjoint=adjoint,
    inputs=samples,
    small=(9, 4),
    large=(20_000, 12),
    tape=lambda c, x, y: 0,
)
