"""Reductions: NumPy's with axes, and the builtins."""

import math

import numpy as np

from tests.support.registry import program


def sums_over_axes(A):
    return A.sum(axis=0) * A.sum(0)[0] + np.sum(A, axis=1).mean() + A.sum() * np.sum(A, axis=-1, keepdims=True)[0]


program(sums_over_axes, lambda rng: (rng.normal(size=(3, 4)),))


def tuple_axes(x):
    return x.sum(axis=(0, 2)) * np.mean(x, axis=(-1, 0)) + np.sum(x, axis=(0, 1, 2)) + x.mean(axis=None)


program(tuple_axes, lambda rng: (rng.normal(size=(2, 3, 2)),))


def standardised_columns(A):
    return (A - np.mean(A, axis=0)) / np.std(A, axis=0) + A.std(axis=1, keepdims=True, ddof=1)


program(standardised_columns, lambda rng: (rng.normal(size=(4, 3)),))


def covariance(X):
    centred = X - X.mean(axis=0, keepdims=True)
    return centred.T @ centred / (len(X) - 1) + np.diag(np.var(X, axis=0, ddof=1))


program(covariance, lambda rng: (rng.normal(size=(5, 2)),))


def products_over_axes(A):
    return np.prod(A, axis=0) + A.prod(axis=1, keepdims=True).sum() + np.prod(A)


program(products_over_axes, lambda rng: (rng.uniform(0.5, 1.5, size=(3, 2)),))


def extremes_over_axes(A):
    spread = A.max(axis=1, keepdims=True) - np.min(A, axis=1, keepdims=True)
    return A / spread + np.max(A) * A.min(axis=0) + np.ptp(A)


program(extremes_over_axes, lambda rng: (rng.permutation(12).reshape(3, 4) * 0.3,))


def cumulative(A):
    return np.cumsum(A, axis=0) * np.cumprod(A, axis=1) + np.cumsum(A).reshape(A.shape)


program(cumulative, lambda rng: (rng.uniform(0.5, 1.5, size=(3, 2)),))


def position_of_the_largest(x, values):
    k = np.argmax(x)
    j = values.argmin()
    return x[k] * values[k] + x[j] ** 2


program(position_of_the_largest, lambda rng: (rng.permutation(5) * 0.4, rng.permutation(5) * 0.7), (0, 1))


def counts_and_tests(x):
    n = np.count_nonzero(x > 0)
    if np.all(np.isfinite(x)) and np.any(x < 0):
        return np.sum(x**2) / n
    return np.sum(x)


program(counts_and_tests, lambda rng: (np.array([0.3, -0.8, 1.2, 0.5]),))


def norms(x, A):
    return np.linalg.norm(x) * np.linalg.norm(A) + np.linalg.norm(A, axis=1)[0] + np.linalg.norm(x, ord=1)


program(norms, lambda rng: (rng.normal(size=3), rng.normal(size=(2, 3))), (0, 1), refusable=True)


def builtin_sum_of_a_list(x, w):
    return sum([w[i] * x[i] ** 2 for i in range(len(x))]) + sum(x)


program(builtin_sum_of_a_list, lambda rng: (rng.normal(size=4), rng.normal(size=4)), (0, 1))


def builtin_extremes(x):
    low, high = min(x), max(x)
    return (high - low) * max(x[0], x[1], 0.05) + min(abs(low), high)


program(builtin_extremes, lambda rng: (np.array([0.3, -0.8, 1.2, 0.5]),))


def reductions_in_a_loop(A, n):
    for _ in range(n):
        A = A / A.sum(axis=1, keepdims=True)
        A = A / A.sum(axis=0, keepdims=True)
    return A


program(reductions_in_a_loop, lambda rng: (rng.uniform(0.5, 2, size=(3, 3)), 2))


def logsumexp_rows(A):
    top = np.max(A, axis=1)
    return top + np.log(np.sum(np.exp(A - top[:, np.newaxis]), axis=1))


program(logsumexp_rows, lambda rng: (rng.normal(size=(3, 4)),))


def weighted_average(x, w):
    return np.average(x, weights=w) + np.median(x) * np.mean(w)


program(weighted_average, lambda rng: (rng.permutation(5) * 0.4, rng.uniform(0.5, 1.5, size=5)), (0, 1), refusable=True)


def centred_moments(x):
    m = np.mean(x)
    s = np.sqrt(np.mean((x - m) ** 2))
    return np.mean(((x - m) / s) ** 3) + np.mean(((x - m) / s) ** 4)


program(centred_moments, lambda rng: (rng.normal(size=7),))


def discounted_sum(x, rate, years):
    """The cotangent of the sum is known before the loop, that of the rate only after it."""
    total = 0.0
    for i in range(len(x)):
        term = x[i]
        for k in range(3):
            term = np.sin(term) * x[k] + rate
        total += term * x[i]
    return math.exp(-rate * years) * total / len(x)


program(discounted_sum, lambda rng: (rng.normal(size=5), 0.3, 1.5), (0, 1, 2))


def factor_from_the_loop(x, w):
    """The cotangent of one sum is the other."""
    total, size = 0.0, 0.0
    for i in range(len(x)):
        total += np.sin(x[i] * w)
        size += x[i] * x[i]
    return total * size + w * total


program(factor_from_the_loop, lambda rng: (rng.normal(size=5), 0.7), (0, 1))


def factor_changed_behind_the_loop(x, w):
    """What follows the loop writes what the adjoint of the loop reads."""
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i] * w[0]
    w[0] = w[0] * 3.0
    return w[0] * total + w[1]


program(factor_changed_behind_the_loop, lambda rng: (rng.normal(size=5), rng.uniform(0.5, 1.5, size=2)), (0, 1))
