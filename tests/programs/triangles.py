"""Loops whose bounds depend on the loops around them: what they record lies end to end, in arrays of exact length."""

import math

import numpy as np

from tests.support.registry import program


def rows_that_grow(x, n, m):
    """The inner loop starts at one, and its trips fill what is reserved exactly."""
    s = 0.0
    for i in range(n):
        for j in range(1, i + m):
            x[0] = math.sin(x[0]) * x[j]
            s += x[0]
    return s


program(rows_that_grow, lambda rng: (rng.uniform(0.5, 1.5, size=70), 1, 65))
program(rows_that_grow, lambda rng: (rng.uniform(0.5, 1.5, size=12), 4, -1), name="rows_that_may_be_empty")


def pairs(x, steps):
    """Every pair changes both bodies in place."""
    n = x.shape[0]
    for _ in range(steps):
        for i in range(n):
            for j in range(i + 1, n):
                d = math.sin(x[i] * x[j])
                x[i] += 0.1 * d
                x[j] *= 1.0 - 0.1 * d
    return np.sum(x * x)


program(pairs, lambda rng: (rng.normal(size=5), 3))


def tetrahedra(x):
    """Three loops, each bounded by the one around it, two of them downwards or by twos."""
    n, s = x.shape[0], 1.0
    for i in range(n):
        for j in range(i, -1, -2):
            for k in range(2 * j - i, j + 1):
                s = math.cos(s * x[k]) + x[i] * x[j]
    return s


program(tetrahedra, lambda rng: (rng.normal(size=6),))


def ragged_rows(values, start, x):
    """Row pointers bound the inner loop; each row is a recurrence."""
    total = 0.0
    for i in range(start.shape[0] - 1):
        s = x[i]
        for k in range(start[i], start[i + 1]):
            s = math.sin(s * values[k])
        total += s * s
    return total


program(
    ragged_rows,
    lambda rng: (rng.normal(size=9), np.array([0, 2, 2, 7, 8, 9]), rng.normal(size=5)),
    (0, 2),
)


def pointers_that_move(values, start):
    """The bounds of the inner loop are themselves written: how often it runs is not known beforehand."""
    s = 1.0
    for i in range(3):
        for k in range(start[i], start[i + 1]):
            s = math.sin(s * values[k])
        start[i + 2] = start[i + 1] + 2
    return s


program(pointers_that_move, lambda rng: (rng.normal(size=9), np.array([0, 2, 0, 0, 0])))


def triangle_behind_a_test(x):
    """Only some rows run the inner loop."""
    n, s = x.shape[0], 1.0
    for i in range(n):
        if x[i] > 0.0:
            for j in range(i):
                s = math.sin(s + x[j] * x[i])
    return s


program(triangle_behind_a_test, lambda rng: (rng.normal(size=7),))


def triangle_left_early(x):
    """The inner loop may end before its range does."""
    n, s = x.shape[0], 1.0
    for i in range(n):
        for j in range(i):
            s = math.sin(s + x[j] * x[i])
            if s < 0.1:
                break
    return s


program(triangle_left_early, lambda rng: (rng.normal(size=7),))


def triangle_in_a_while(x):
    """The outer loop is a `while`."""
    n, s, i = x.shape[0], 1.0, 0
    while i < n and s > -2.0:
        for j in range(i):
            s = math.sin(s + x[j] * x[i])
        i += 1
    return s


program(triangle_in_a_while, lambda rng: (rng.normal(size=7),))


def rows_of_pairs(x, start):
    """Each row of an outer loop works on its own: two loops inside, both bounded by it."""
    total = 0.0
    for i in range(start.shape[0] - 1):
        s = 0.5 * x[i]
        for j in range(start[i], start[i + 1]):
            for k in range(2, i + 2):
                s = math.sin(s * x[k] + x[j])
        for j in range(1, i):
            s = math.cos(s * x[j])
        total += s * s
    return total


program(rows_of_pairs, lambda rng: (rng.normal(size=9), np.array([0, 2, 2, 7, 8, 9])))
program(rows_of_pairs, lambda rng: (rng.normal(size=9), np.array([3, 1, 0])), name="rows_of_pairs_that_are_empty")
