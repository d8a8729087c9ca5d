"""Least squares of a polynomial by Horner's rule, differentiated in its coefficients.

The adjoint joins both sweeps: at each point it goes through the coefficients once more.
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
    c_bar, scale, total = np.zeros(terms), 2.0 / n, 0.0
    for i in range(n):
        p, here = 0.0, x[i]
        for k in range(terms - 1, -1, -1):
            p = p * here + c[k]
        miss = p - y[i]
        total += miss**2
        p_bar = scale * miss
        for k in range(terms):
            c_bar[k] += p_bar
            p_bar *= here
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
