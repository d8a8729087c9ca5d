"""Functions that call themselves until a run-time value ends it."""

import math

import numpy as np

from tests.support.registry import program


def expression(op, left, right, x, k):
    """The value of a node of an expression tree that arrays hold."""
    if op[k] == 0:
        return x[left[k]]
    a = expression(op, left, right, x, left[k])
    if op[k] == 3:
        return math.sin(a)
    b = expression(op, left, right, x, right[k])
    return a + b if op[k] == 1 else a * b


def expression_tree(x, op, left, right):
    return expression(op, left, right, x, len(op) - 1)


OPS = np.array([0, 0, 2, 0, 3, 1, 3, 2])
LEFT = np.array([0, 1, 0, 2, 3, 2, 5, 5])
RIGHT = np.array([0, 0, 1, 0, 0, 4, 0, 6])
program(expression_tree, lambda rng: (rng.uniform(0.5, 1.5, 3), OPS, LEFT, RIGHT))


def likelihood(lengths, kids, first, k, rate):
    """Felsenstein's pruning for two states: what a node says of the state above it."""
    same, other = 1.0, 1.0
    if kids[k] == 0:
        other = 0.0
    for c in range(first[k], first[k] + kids[k]):
        p, q = likelihood(lengths, kids, first, c, rate)
        stay = 0.5 + 0.5 * math.exp(-2.0 * rate * lengths[c])
        same *= stay * p + (1.0 - stay) * q
        other *= (1.0 - stay) * p + stay * q
    return same, other


def pruning(lengths, rate, kids, first):
    same, other = likelihood(lengths, kids, first, 0, rate)
    return math.log(0.5 * (same + other))


KIDS, FIRST = np.array([2, 2, 3, 0, 0, 0, 0, 0]), np.array([1, 3, 5, 0, 0, 0, 0, 0])
program(pruning, lambda rng: (rng.uniform(0.1, 0.9, 8), 0.7, KIDS, FIRST), (0, 1))


def simpson(a, b, p):
    return (b - a) / 6.0 * (bump(a, p) + 4.0 * bump(0.5 * (a + b), p) + bump(b, p))


def bump(t, p):
    return math.exp(-p[0] * t) * math.sin(p[1] * t)


def quadrature(a, b, p, tolerance):
    middle = 0.5 * (a + b)
    whole, left, right = simpson(a, b, p), simpson(a, middle, p), simpson(middle, b, p)
    if abs(left + right - whole) < 15.0 * tolerance:
        return left + right + (left + right - whole) / 15.0
    return quadrature(a, middle, p, 0.5 * tolerance) + quadrature(middle, b, p, 0.5 * tolerance)


def adaptive_quadrature(p, end):
    return quadrature(0.0, end, p, 1e-4)


program(adaptive_quadrature, lambda rng: (np.array([0.4, 5.0]), 2.0), (0, 1))


def sum_by_halves(a, start, stop):
    if stop - start <= 3:
        return np.sum(a[start:stop] ** 2)
    middle = (start + stop) // 2
    below = sum_by_halves(a, start, middle)
    return math.sin(below) + sum_by_halves(a, middle, stop) * a[start]


def by_halves(a):
    return sum_by_halves(a, 0, len(a))


program(by_halves, lambda rng: (rng.standard_normal(11),))


def falls(x, k, wind):
    return x if k <= 0 else rises(x - 0.1 * x * x, k - 1, wind) * 0.9


def rises(x, k, wind):
    return x * x if k <= 0 else falls(x + 0.1 * wind[k % 3], k - 2, wind) + x


def ups_and_downs(x, wind):
    total = 0.0
    for k in range(len(wind)):
        total += falls(x, int(wind[k] * 9.0), wind)
    return total


program(ups_and_downs, lambda rng: (np.float32(0.7), rng.uniform(0.2, 1.0, 3).astype(np.float32)), (0, 1))


def power_of_a_series(x, n):
    """Deeper than calls are inlined."""

    def go(k, term, total=0):
        return total if k > n else go(k + 1, term * x / (k + 1), total + term)

    return go(0, 1.0)


program(power_of_a_series, lambda rng: (0.8, 120))


def quicksort(a, lo, hi):
    """Between two places of an array, in place."""
    if hi - lo < 2:
        return
    pivot, i, j = a[(lo + hi) // 2], lo, hi - 1
    while i <= j:
        while a[i] < pivot:
            i += 1
        while a[j] > pivot:
            j -= 1
        if i <= j:
            a[i], a[j] = a[j], a[i]
            i, j = i + 1, j - 1
    quicksort(a, lo, j + 1)
    quicksort(a, i, hi)


def weighted_ranks(x, w):
    a = x**2
    quicksort(a, 0, len(a))
    quicksort(w, 1, len(w))
    return np.sum(a * w) + a[0] ** 2


program(weighted_ranks, lambda rng: (rng.standard_normal(9), rng.standard_normal(9)), (0, 1))


def butterflies(x, turns, lo, n, scale):
    """A transform in place, whose halves are turned by what the first one holds by then."""
    if n == 1:
        return x
    half = n // 2
    for k in range(lo, lo + half):
        x[k], x[k + half] = x[k] + x[k + half], (x[k] - x[k + half]) * math.cos(scale * k) + turns[k % 4]
    butterflies(x, turns, lo, half, 2.0 * scale)
    return butterflies(x, turns, lo + half, half, scale * x[lo])


def transformed(x, turns):
    z = np.tanh(x)
    return np.sin(butterflies(z, turns, 0, len(x), 0.3)) * np.arange(len(x))


program(transformed, lambda rng: (rng.standard_normal(8), rng.standard_normal(4)), (0, 1))


def spread(out, value, kids, first, k, above):
    """What a node holds depends on the one above, and changes while the nodes below are visited."""
    out[k] = math.sin(above + value[k])
    total = out[k]
    for c in range(first[k], first[k] + kids[k]):
        total += spread(out, value, kids, first, c, out[k] * value[c]) * 0.5
        out[k] += total * 0.1
    return total


def tree_walk(value, kids, first):
    out = np.zeros(len(value))
    return spread(out, value, kids, first, 0, 0.3) + np.sum(out**2)


program(tree_walk, lambda rng: (rng.standard_normal(8), KIDS, FIRST))
