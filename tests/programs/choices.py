"""Loops that keep one of many values."""

import math

import numpy as np

from tests.support.registry import program


def vector(rng):
    return (rng.normal(size=6),)


def largest_entry(a):
    best = a[0, 0] ** 2
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            t = a[i, j] * a[j, i]
            if t > best:
                best = t
    return best * math.sin(best)


program(largest_entry, lambda rng: (rng.normal(size=(3, 3)),))


def smallest_of_rows(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        least = math.inf
        for j in range(a.shape[1]):
            least = min(least, a[i, j] * b[j] + b[i])
        total += least**3
    return total


program(smallest_of_rows, lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=4)), (0, 1))


def nearest_point(points, x):
    best = 1e9
    count = 0
    for i in range(len(points)):
        d = abs(points[i] - x)
        if d < best:
            best = d * (1.0 + count)
            count += 1
    return best + count


program(nearest_point, lambda rng: (np.array([2.0, 1.1, 0.9, 3.0, 0.5]), 0.2), (0, 1))


def latest_above(x, level):
    found = level
    steps = 0
    for i in range(len(x)):
        if x[i] > level:
            found = x[i] * steps
        elif x[i] < -5.0:
            break
        steps += 2
    return found**2


program(latest_above, lambda rng: (np.array([0.5, 2.0, 0.1, 1.5, -6.0, 9.0]), 1.0), (0, 1))


def growing_best(x):
    best = x[0]
    for i in range(1, len(x)):
        t = x[i] + 0.5 * best
        if t > best:
            best = t
    return best


program(growing_best, vector)


def best_so_far(x):
    best = x[0]
    total = 0.0
    for i in range(1, len(x)):
        if x[i] > best:
            best = x[i]
        total += best * x[i]
    return total + best


program(best_so_far, vector)


def changed_after_it_was_kept(x):
    work = x.copy()
    best = 0.1
    for i in range(len(x)):
        if work[i] ** 2 > best:
            best = work[i] ** 2
        work[i] = 3.0 * work[i]
    return best + work[0]


program(changed_after_it_was_kept, vector)


def overwritten_after_the_loop(x):
    work = x.copy()
    total = 0.0
    for _ in range(3):
        best = -1.0
        for i in range(len(x)):
            if work[i] ** 2 > best:
                best = work[i] ** 2
        for i in range(len(x)):
            work[i] = work[i] * math.cos(best)
        total += best
    return total


program(overwritten_after_the_loop, vector)


def from_the_end(x):
    best = 0.0
    for i in range(len(x) - 1, -1, -1):
        if x[i] > best:
            best = x[i] ** 2
    return best


program(from_the_end, vector)
