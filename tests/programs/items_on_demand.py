"""Items that are made when a loop asks for them: of `map` and generators, which the loop changes, and of `count`."""

import itertools
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


def series_until_small(x, y):
    """A series of as many terms as it takes, of which two loops take different ones."""
    total = 0.0
    signs = itertools.count(1, 2)
    for n in itertools.count(1):
        term = x**n / n
        if n % 3 == 0:
            continue
        if abs(term) < 1e-9:
            break
        total += term * math.sin(total)
    for k, n in enumerate(signs):
        y = y * 0.5 + x / n
        if k > 5 and y < 10.0:
            break
    else:
        total = 0.0
    return total * n + y


program(series_until_small, lambda rng: (rng.uniform(0.3, 0.6), rng.normal()), (0, 1))


def first_root_behind(a, x):
    """A `return` from a loop that counts backwards from a run-time number."""
    for k in itertools.count(len(a), -1):
        x = 0.5 * (x + a[k % len(a)] / x)
        if k < -3:
            return x * k


program(first_root_behind, lambda rng: (rng.uniform(1.0, 2.0, size=3), 1.5), (0, 1))


def numbered_by_count(x, y):
    """Numbers without an end beside items that have one."""
    total = sum(k * v * v for k, v in zip(itertools.count(1), x))
    for v, w, k in zip(x, y, itertools.count(step=2)):
        total += v * w**2 * k
    for k, v in zip(itertools.count(3), (x[0], x[1] * y[0])):
        total += k * math.sin(v)
    return total


program(numbered_by_count, lambda rng: (rng.normal(size=4), rng.normal(size=3)), (0, 1))
