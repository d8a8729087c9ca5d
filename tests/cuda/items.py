"""Functions of one item, with arguments for a few: what a GPU is to differentiate one thread an item."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

RNG = np.random.default_rng(7)
N = 5


@dataclass(frozen=True)
class Case:
    """A function of one item, the mapped axes, arguments, and the arguments that are differentiated."""

    function: Callable[..., Any]
    axes: tuple[int | None, ...]
    args: tuple[Any, ...]
    argnums: tuple[int, ...]


CASES: dict[str, Case] = {}


def case(axes: tuple[int | None, ...], *args: Any, argnums: tuple[int, ...]) -> Callable[[Any], Any]:
    def add(function: Any) -> Any:
        CASES[function.__name__] = Case(function, axes, args, argnums)
        return function

    return add


def uniform(*shape: int, low: float = 0.2, high: float = 1.5) -> Any:
    return RNG.uniform(low, high, shape)


@case((0, None, None), uniform(N), np.array([0.3, 0.7]), 6, argnums=(0, 1))
def nonlinear_loop(x, p, n):
    v = x
    for s in range(n):
        if v > 0.8:
            v = v + 0.05 * (p[0] * math.sin(v) - p[1] * v * v)
        else:
            v = v + 0.05 * (p[0] * math.exp(-v * v) + p[1] * math.tanh(v) + s)
    return v


@case((0, None), uniform(N), 40.0, argnums=(0, 1))
def slow_while(x, limit):
    # some items take more trips than a tape first has room for
    v = x
    while v < limit:
        v = v * (1.0 + 0.05 / x) + 0.01 * math.sin(v)
    return v * x


@case((0, None), uniform(N), uniform(4), argnums=(0, 1))
def in_place(x, w):
    a = np.empty(4)
    for k in range(4):
        a[k] = x * w[k]
    for k in range(4):
        a[k] *= math.sin(a[k])
        a[k] *= a[k]
    return a[0] + a[1] * a[2] + a[3]


@case((0, None), uniform(N), 5, argnums=(0,))
def read_after_write(x, n):
    a = np.zeros(n + 1)
    a[0] = x
    for k in range(n):
        a[k + 1] = a[k] * a[k] * 0.5 + x
        a[k] = a[k + 1] * a[k]
    return np.sum(a)


@case((0, 0, None), uniform(N), np.array([0, 2, 1, 4, 3]), 3, argnums=(0,))
def nested_counts(x, m, n):
    v = x
    for i in range(m):
        for j in range(i + n):
            v = v + 0.1 * math.sin(v * (j + 1))
    return v


@case((0, 0), uniform(N), uniform(N, 6), argnums=(0, 1))
def skips(x, row):
    total = 0.0
    for k in range(row.shape[0]):
        if row[k] > 1.2:
            continue
        if total > 3.0:
            break
        total = total + x * row[k] * math.exp(-total)
    return total


@case((0,), uniform(N, 3), argnums=(0,))
def early_return(v):
    if v[0] > 0.9:
        return v[0] * v[1]
    return math.log(v[1]) * v[2] * v[2]


@case((0, None, 0), uniform(N, 2), uniform(2), uniform(N, 4), argnums=(0, 1))
def fitted_path(start, k, seen):
    y = start
    error = 0.0
    for s in range(seen.shape[0]):
        for _ in range(2):
            half = y + 0.05 * np.array([y[1], -k[0] * np.sin(y[0]) - k[1] * y[1]])
            y = y + 0.1 * np.array([half[1], -k[0] * np.sin(half[0]) - k[1] * half[1]])
        error = error + (y[0] - seen[s]) ** 2
    return error


def normal(z):
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


@case((0, 0, None, None), uniform(N), uniform(N), 0.3, 0.05, argnums=(0, 2, 3))
def option_price(spot, strike, sigma, rate):
    d1 = (math.log(spot / strike) + (rate + 0.5 * sigma * sigma)) / sigma
    return spot * normal(d1) - strike * math.exp(-rate) * normal(d1 - sigma)


@case((0, None, None, None), uniform(N, 3), uniform(4, 3), uniform(4), uniform(4), argnums=(0, 1, 2, 3))
def network(x, w, b, v):
    h = np.tanh(w @ x + b)
    return v @ h


@case((0, None, None), np.array([3, 0, 3, 1, 2]), uniform(4), uniform(2), argnums=(1, 2))
def gathered(i, table, p):
    return table[i] * p[0] + table[(i + 1) % 4] ** 2 * p[1]


@case((0, None, None), RNG.normal(size=(N, 6)), 0.2, 1.0, argnums=(1, 2))
def average_path(z, sigma, start):
    s = start
    total = 0.0
    for k in range(len(z)):
        s = s * math.exp(sigma * z[k] - 0.5 * sigma**2)
        total += s
    return max(total / len(z) - 0.9, 0.0)


@case((0, None), uniform(N), 4, argnums=(0,))
def averaged(x, n):
    # quotients and products of integers, which are of double precision unless only x meets them
    total = 0.0 * x
    for k in range(n):
        total = total + x ** (k + 1) * (1 / (k + 1)) - np.sin(x * (0.3 * k))
    return total * (2.5 / n)


@case((0, None), uniform(N).astype(np.float32), uniform(3).astype(np.float32), argnums=(0, 1))
def single_precision(x, p):
    v = x
    for k in range(3):
        v = v + p[k] * np.sin(v) / (1 + v * v)
    return np.maximum(v, 0) ** 2


@case((1, None), uniform(3, N), uniform(3), argnums=(0, 1))
def columns(x, p):
    return np.sum(np.floor(3 * x) * x + np.sqrt(x) * p) + np.sign(x[0] - 0.5) * x[1]


@case((0, None, None, None), uniform(N, 5), 0.4, 0.2, uniform(2), argnums=(0, 1, 2, 3))
def smoothed(y, alpha, beta, season):
    season = season.copy()
    level, trend, error = y[0], 0.0, 0.0
    for t in range(1, y.shape[0]):
        error += (y[t] - level - trend - season[t % 2]) ** 2
        last = level
        level = alpha * (y[t] - season[t % 2]) + (1 - alpha) * (level + trend)
        trend = beta * (level - last) + (1 - beta) * trend
        season[t % 2] = alpha * (y[t] - level) + (1 - alpha) * season[t % 2]
    return error


@case((0, 0), uniform(N, 3, 3, low=-1.0), uniform(N, 3), argnums=(0, 1))
def systems(a, b):
    # rows are exchanged in most of these
    x, turned = np.linalg.solve(a, b), np.linalg.inv(a + np.diag(b))
    sign, size = np.linalg.slogdet(a)
    return x @ b + np.sum(turned * a[:, ::-1]) + sign * size + np.sum(np.linalg.solve(a.T, a[:, 1:]) ** 2) / (x @ x)


@case((0,), uniform(N, 7), argnums=(0,))
def in_order(x):
    # equal numbers stay as they stand
    grouped = x[np.argsort(np.floor(3 * x), kind="stable")]
    return np.sum(np.sort(x) ** 2 * np.arange(7)) + np.median(x) ** 3 + np.sum(grouped * np.cos(np.arange(7)))


def oscillates(y, k):
    return np.array([y[1], -k * y[0]])


@case((0, None), uniform(N, 2), 1.3, argnums=(0, 1))
def adaptive(start, k):
    # steps that are taken, or tried again
    y, t, h = np.array([start[0], start[1]]), 0.0, 0.3
    while t < 1.0:
        first = oscillates(y, k)
        second = oscillates(y + h * first, k)
        error = np.max(np.abs(first - second)) * h
        if error < 0.15:
            y = y + 0.5 * h * (first + second)
            t += h
            h *= 1.2
        else:
            h *= 0.5
    return y[0] * y[1]


@case((0,), uniform(N, 4, low=-1.0), argnums=(0,))
def chosen(x):
    # arrays that branches choose, one of which is changed later, and one that a loop makes anew
    if x[0] > 0.2:
        w = x * 2.0
    else:
        w = np.sin(x)
    w[1] = w[0] * w[2]
    best, least = x, 9.0
    for k in range(4):
        v = w * 0.8
        v[k] = w[0] * x[k]
        w = v
        if np.sum(v * v) < least:
            best, least = v, np.sum(v * v)
    return np.sum(best**3) + least


@case((0, 0), uniform(N, 3), uniform(N, 3, 3, low=-1.0) + 2.0 * np.eye(3), argnums=(0, 1))
def elimination(b, a):
    # parts of rows, of any length, of arrays that are changed in place
    a, b = a.copy(), b.copy()
    n = len(b)
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        if p != k:
            for j in range(n):
                a[k, j], a[p, j] = a[p, j], a[k, j]
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            a[i, k:] -= f * a[k, k:]
            b[i] -= f * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return x @ x
