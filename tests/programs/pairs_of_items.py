"""`pairwise` and `product` over memory that the loop writes: Python keeps the item before, and copies the numbers."""

from itertools import pairwise, product

import numpy as np

from tests.support.registry import program


def pairs_of_what_is_written(x):
    """The second item of a pair is read as it is then, the first one as it was in the pair before."""
    y = x.copy()
    s = 0.0
    for k, (a, b) in enumerate(pairwise(y)):
        y[k + 1] = a * b + y[k + 1]
        s += a * b
    return s + np.sum(y)


program(pairs_of_what_is_written, lambda rng: (rng.normal(size=5),))


def pairs_written_through_a_view(x):
    y = x.copy()
    behind = y[1:]

    def add(place, value):
        behind[place] += value

    s = 0.0
    for k, (a, b) in enumerate(pairwise(y)):
        add(k, a * b)
        s += a * b
        if s > 3.0:
            break
    return s


program(pairs_written_through_a_view, lambda rng: (rng.uniform(0.2, 0.7, size=5),))


def pairs_of_a_list_that_is_written(x):
    ys = [2.0 * v for v in x]
    s = 0.0
    for k, (a, b) in enumerate(pairwise(ys)):
        ys[k + 1] = a * b
        s += a * b
    return s


program(pairs_of_a_list_that_is_written, lambda rng: (rng.normal(size=5),))


def pairs_within_pairs(x):
    y = x.copy()
    s = 0.0
    for a, b in pairwise(y):
        for j, (c, d) in enumerate(pairwise(y)):
            y[j + 1] = 0.5 * y[j] + c * d * a
            s += a * b * c * d
    return s


program(pairs_within_pairs, lambda rng: (rng.normal(size=4),))


def pairs_of_rows_that_are_written(x):
    """Rows are views: what is written into one is seen in the next pair."""
    rows = np.outer(x, x)
    s = 0.0
    for a, b in pairwise(rows):
        b[0] = b[0] + a[0] * a[1]
        s += np.sum(b)
    for t in range(len(x) - 1):
        for k, (a, b) in enumerate(pairwise(rows[t])):
            rows[t, k + 1] = 0.3 * a * b
            rows[t + 1, k] += a
            s += a * b
    return s


program(pairs_of_rows_that_are_written, lambda rng: (rng.normal(size=4),))


def product_of_what_is_written(x):
    """The product is that of the numbers as they were before the loop."""
    y = x.copy()
    ys = [v * v for v in x]
    s = 0.0
    for k, (a, b) in enumerate(product(y, y)):
        y[0] = y[0] + a * b
        ys[k % 4] = ys[k % 4] + a
        s += a * b
    for a, b in product(ys, repeat=2):
        ys[1] = ys[1] + 0.1 * a * b
        s += a * b
    return s + y[0] + ys[1]


program(product_of_what_is_written, lambda rng: (rng.normal(size=4),))


def product_of_rows_that_are_written(x):
    rows = np.outer(x, x)
    s = 0.0
    for a, b in product(rows, rows):
        b[0] = b[0] + 0.1 * a[1]
        s += np.sum(b)
    return s


program(product_of_rows_that_are_written, lambda rng: (rng.normal(size=3),))
