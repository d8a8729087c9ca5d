"""`map` and generators in a loop that changes what they read: Python makes each item when the loop asks for it."""

import math

import numpy as np

from tests.support.registry import program


def mapped_while_written(x):
    y = x.copy()
    s = 0.0
    for k, a in enumerate(map(lambda v: v * v, y)):
        y[(k + 1) % 5] = a
        s += a
    return s


program(mapped_while_written, lambda rng: (rng.uniform(0.5, 1.5, size=5),))


def mapped_beside_what_is_written(x):
    y = x.copy()
    shown = y[1:]
    s = 0.0
    for a, b, c in zip(y, map(math.sin, y), (u * v for u, v in zip(y, x, strict=False)), strict=False):
        shown[0] = shown[0] + a * b
        shown[2] = c
        s += a * b * c
    return s


program(mapped_beside_what_is_written, lambda rng: (rng.uniform(0.5, 1.5, size=5),))


def mapped_by_what_changes(x):
    factor, s = 1.0, 0.0
    for a in map(lambda v: factor * v, x):
        factor = factor + a
        s += a
    for a in (factor * v for v in x):
        factor = 0.5 * a
        s += a
    return s


program(mapped_by_what_changes, lambda rng: (rng.normal(size=5),))


def mapped_list_that_changes(x):
    values = [x[0], x[1], x[2]]
    s = 0.0
    for k, a in enumerate(map(lambda v: v * v, values)):
        values[(k + 1) % 3] = 2.0 * a
        s += a
    for k, a in enumerate(v * v for v in values):
        values[(k + 1) % 3] = 0.5 * a
        s += a
    return s


program(mapped_list_that_changes, lambda rng: (rng.normal(size=4),))


def mapped_by_what_writes(x):
    """What the function writes is seen by the body, and the other way round."""
    y = np.zeros(len(x))

    def noted(k):
        y[k] = y[k] + x[k]
        return y[k]

    s = 0.0
    for a in map(noted, range(len(x))):
        y[-1] = y[-1] + a * a
        s += y[-1]
    return s


program(mapped_by_what_writes, lambda rng: (rng.normal(size=4),))
