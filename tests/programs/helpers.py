"""Functions that the programs of `calls` take from another module."""

import numpy as np

SCALE = 1.7


def scaled_norm(x):
    """Use a global of this module, not of the caller's."""
    return SCALE * np.sqrt(np.sum(x**2))


def normalise(x):
    """Change the argument in place."""
    x /= scaled_norm(x)


def polynomial(x, *coefficients):
    """Take any number of coefficients."""
    total = 0.0
    for k, c in enumerate(coefficients):
        total += c * x**k
    return total
