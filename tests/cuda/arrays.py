"""Programs on whole arrays, whose loops over elements become kernels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

RNG = np.random.default_rng(11)
PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], tuple[int, ...]]] = {}


def program(*args: Any, argnums: tuple[int, ...] = (0,)) -> Callable[[Any], Any]:
    def add(function: Any) -> Any:
        PROGRAMS[function.__name__] = function, args, argnums
        return function

    return add


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape)


@program(normal(4), 0.3, normal(5, 4), normal(5, 4), argnums=(0, 1, 2))
def broadcasts(w, b, x, y):
    r = np.tanh(x * w + b) - y
    return np.mean(r * r)


@program(normal(4, 3))
def softmax_rows(a):
    e = np.exp(a - np.max(a, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return np.sum(p * p)


@program(normal(9))
def logsumexp(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


@program(normal(40), normal(40), argnums=(0, 1))
def spread(x, y):
    return np.max(np.sin(x) * y) - np.min(x * y) + np.max(y[1:])


@program(normal(9).astype(np.float32))
def single_extremes(x):
    return np.max(x * x) + np.min(x)


@program(normal(9))
def integer_extreme(x):
    k = np.max(np.where(x > 0, np.arange(len(x)), -5))
    return x[k] ** 2


@program(normal(9), 0.1, 3, argnums=(0, 1))
def nonlinear_heat(u, c, steps):
    for _ in range(steps):
        v = u.copy()
        v[1:-1] = u[1:-1] + c * np.sin(u[2:] - 2 * u[1:-1] + u[:-2])
        u = v
    return np.sum(u * u)


@program(normal(5, 6), 0.1, 2, argnums=(1,))
def heat_in_loops(u, c, steps):
    v = u.copy()
    w = np.zeros_like(u)
    for _ in range(steps):
        for i in range(1, v.shape[0] - 1):
            for j in range(1, v.shape[1] - 1):
                w[i, j] = v[i, j] + c * (v[i + 1, j] + v[i - 1, j] + v[i, j + 1] + v[i, j - 1] - 4 * v[i, j]) ** 2
        for i in range(1, v.shape[0] - 1):
            for j in range(1, v.shape[1] - 1):
                v[i, j] = w[i, j]
    return v.sum()


@program(normal(4, 3), normal(3, 5), argnums=(0, 1))
def product(a, b):
    return np.sum(np.tanh(a @ b))


@program(normal(6), np.array([1, 1, 3]))
def gather(x, index):
    return np.sum(x[index] ** 2)


@program(normal(4), np.array([0, 2, 2, 4]))
def scatter(x, index):
    y = np.zeros(5)
    for k in range(len(index)):
        y[index[k]] += x[k] ** 2
    return np.sum(y**3)


@program(np.zeros(3), normal(3), argnums=(1,))
def divided_by_nothing(x, y):
    ratio = np.sum(y * y) / np.sum(x)
    return np.where(ratio > 1e9, np.sum(y), ratio)


@program(normal(4).astype(np.float32), normal(4), argnums=(0, 1))
def both_precisions(x, y):
    return np.sum(y) / 3.0 * np.sum(x) * np.max(x)


@program(normal(8))
def normalised(x):
    m = np.mean(x)
    s = np.sqrt(np.mean((x - m) ** 2) + 1e-3)
    return np.sum(np.tanh((x - m) / s))


@program(normal(2, 3, 4), normal(2), normal(4), argnums=(0, 1, 2))
def three_axes(x, a, b):
    # all iterations of three loops are independent, with a number between them that two of the loops share
    y = np.zeros(x.shape)
    for i in range(x.shape[0]):
        scale = math.sin(a[i])
        for j in range(x.shape[1]):
            for k in range(x.shape[2]):
                y[i, j, k] = scale * math.tanh(x[i, j, k] * b[k])
    return np.sum(y * y * x) + np.max(x)


@program(normal(4, 4), normal(4), argnums=(0, 1))
def triangle(x, a):
    # the length of a row depends on the row
    y = np.zeros(x.shape)
    for i in range(x.shape[0]):
        for j in range(i + 1):
            y[i, j] = x[i, j] * a[j] ** 2
    return np.sum(y * y)


@program(normal(4, 3), normal(4), argnums=(0, 1))
def rows_begin_with_their_first(x, a):
    # what a row begins with is read before its elements are changed
    y = x * 2.0
    total = np.sum(y)
    for i in range(y.shape[0]):
        first = y[i, 0] * a[i] * total
        for j in range(y.shape[1]):
            y[i, j] = y[i, j] * first
    return np.sum(y * y)


@program(normal(4, 3), argnums=(0,))
def rows_that_go_on(x):
    # rows are independent of each other, the elements of a row are not
    y = x * 2.0
    total = np.sum(y)
    for i in range(1, y.shape[0]):
        for j in range(1, y.shape[1]):
            y[i, j] = y[i, j] * y[i, j - 1] + total
    return np.sum(y * y)


@program(np.zeros((3, 0)), normal(3), argnums=(0, 1))
def rows_without_elements(x, a):
    return np.sum(np.sin(x)) + np.sum(np.cos(x).sum(axis=1) * a + a)


@program(np.array([2.0, 3.0, 3.0, -1.0, -1.0]), np.array([1.0, np.nan, 3.0, np.nan]), np.array([2, 5, 5]))
def places_of_extremes(x, z, n):
    # the first of several, and NaN before any number
    k, least, m = np.argmax(x), np.argmin(x), np.argmax(z)
    return np.sum(x[k:] ** 2) * x[least] + x[m] * k + np.argmax(n)


@program(normal(5), normal(3), normal(2, 3), argnums=(0, 1, 2))
def joined(x, y, a):
    z = np.concatenate([x, y * y, x[1:]])
    r = np.roll(z, 2) * z + np.roll(z, -1)
    return np.sum(r * r) + np.sum(np.vstack([a, a[:1] ** 2]) ** 3) + np.sum(np.hstack([y, x]) * z[:8])


@program(normal(6), normal(3, 4), argnums=(0, 1))
def reshaped(x, a):
    pairs = x.reshape(-1, 2)
    r = np.sum(pairs[:, 0] ** 2 * pairs[:, 1]) + np.sum(np.sin(a.reshape(2, 6)) * x)
    y = a.ravel() * 2.0
    y.reshape(6, 2)[1:, 0] *= x[1:]
    return r + np.sum(y * y) + np.sum(np.kron(pairs, a[:2, 1:3]) ** 2)


@program(np.array([0.3, -1.7, 2.5, -0.2, 0.9]), np.array([0.2, -np.inf, 2.5, -np.inf, 700.0]))
def rounded(x, low):
    z = np.logaddexp(x, low) + np.exp(np.logaddexp(low, np.where(low > 0, x, low)) / 100)
    return np.sum(z * np.rint(x * 1.5)) + np.sum(np.round(x, 1) * x) + np.sum(np.abs(1 / np.ceil(x[3:] - 0.1)) < 0)


@program(np.abs(normal(4, 4)), np.abs(normal(4)), 3, argnums=(0, 1))
def power_iteration(a, v, n):
    for _ in range(n):
        v = a @ v
        v = v / np.sqrt(np.sum(v * v))
    return np.sum(v * (a @ v))


@program(np.abs(normal(4, 4)) + 2 * np.eye(4), np.abs(normal(4)), 1e-6, argnums=(0, 1))
def eigenvalue(a, v, tolerance):
    before, found = 0.0, 1.0
    while abs(found - before) > tolerance:
        before = found
        v = a @ v / np.linalg.norm(v)
        found = np.linalg.norm(v)
    return found


@program(np.abs(normal(5)) + 0.5, 40)
def roots(x, most):
    # more rows are recorded than there was room for
    y, steps = x * 1.0, 0
    while np.max(np.abs(y * y - x)) > 1e-9 and steps < most:
        y = y + 0.1 * (x - y * y) / np.sqrt(1 + np.sum(y))
        steps += 1
    return np.sum(y * x) + steps


@program(0.2 * normal(3, 2, 2), 6)
def exponentials(a, terms):
    term = np.zeros_like(a) + np.eye(2)
    found = term.copy()
    for k in range(1, terms):
        term = term @ a / k
        found = found + term
    return np.sum(found**2)


@program(normal(70), normal(5), argnums=(0, 1))
def running_sums(x, y):
    total, z = np.cumsum(x * x), y.copy()
    for i in range(2, len(z)):
        z[i] += z[i - 1]
    for i in range(len(z) - 2, 0, -1):
        z[i] += z[i + 1]
    return np.sum(np.sin(total)) + np.sum(z * z) + np.sum(np.cumsum(y[::2]) * total[:3])


@program(normal(7), 0.1, normal(4), 4, argnums=(0, 1, 2))
def boundaries(u, c, force, steps):
    # elements that the host stores, reads and records, one by one, between kernels
    seen = np.zeros(steps + 1)
    for t in range(steps):
        v = u.copy()
        v[1:-1] = u[1:-1] + c * np.sin(u[2:] - 2 * u[1:-1] + u[:-2])
        v[0] = c * force[t]
        v[-1] = 2.0 * v[-2] - v[-3] * u[1]
        if v[2] > 0.1:
            v[2] += force[t] ** 2
        seen[t] = v[3]
        u = v
    u[1] *= u[0]
    return np.mean((seen[:-1] - force) ** 2) + np.sum(u * u) + u[-1]


@program(normal(6), 5)
def line_search(x, most):
    # a branch in a loop of the host chooses an array
    size, before = 0.5, np.sum(x * x)
    for _ in range(most):
        moved = x - size * 2.0 * x * np.cos(x)
        now = np.sum(moved * moved)
        if now < before:
            x, before, size = moved, now, size * 1.5
        else:
            size = size * 0.5
    return np.sum(x * np.arange(6)) + before
