"""Branches and loops of every kind."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tests.support.registry import program


def triangular_loops(A):
    total = 0.0
    for i in range(A.shape[0]):
        for j in range(i, A.shape[1]):
            for k in range(i, j + 1):
                total += A[i, k] * A[k, j]
    return total


program(triangular_loops, lambda rng: (rng.normal(size=(4, 4)),))


def negative_step_loops(x):
    y = np.zeros(len(x))
    for i in range(len(x) - 1, -1, -2):
        y[i] = x[i] ** 2
        for j in range(i, 0, -3):
            y[i] += x[j] * x[i]
    return y


program(negative_step_loops, lambda rng: (rng.normal(size=8),))


def run_lengths(labels, values):
    total = 0.0
    i = 0
    while i < len(labels):
        j = i
        s = 0.0
        while j < len(labels) and labels[j] == labels[i]:
            s += values[j]
            j += 1
        total += s * s / (j - i)
        i = j
    return total


program(run_lengths, lambda rng: (np.array([1, 1, 0, 2, 2, 2, 1]), rng.normal(size=7)), (1,))


def collatz_weights(n, x):
    s = 0.0
    while n != 1:
        if n % 2 == 0:
            n //= 2
            s = s * 0.9 + x
        else:
            n = 3 * n + 1
            s += math.sin(s + x)
    return s


program(collatz_weights, lambda rng: (7, 0.4), (1,))


def elif_chain(x):
    out = 0.0
    for v in x:
        if v < -1:
            out += v
        elif v < 0:
            out += v**2
        elif v < 1:
            out += v**3
        else:
            out += math.exp(-v)
    return out


program(elif_chain, lambda rng: (np.array([-1.7, -0.4, 0.3, 1.8, 0.6]),))


def conditional_expressions(x, y):
    a = x if x > y else y
    b = -1.0 if a < 0 else (x * y if x * y > 0 else x + y)
    return a * b


program(conditional_expressions, lambda rng: (0.7, 1.3), (0, 1))


def chained_comparisons(x, lo, hi):
    total = 0.0
    for v in x:
        if lo < v <= hi:
            total += v * v
        elif not (v > hi):
            total += lo * v
        else:
            total += hi * v
    return total


program(chained_comparisons, lambda rng: (np.array([-1.2, 0.3, 0.8, 2.1]), -0.5, 1.0), (0, 1, 2))


def boolean_operators(x, n):
    y = 1.0
    for i in range(n):
        if (x[i] > 0 and i > 0 and x[i - 1] > 0) or i == 3:
            y = y * x[i]
        if not (i % 2 or x[i] > 5):
            y += x[i] ** 2
    return y


program(boolean_operators, lambda rng: (np.array([0.4, 0.9, -0.3, 0.8, 1.2]), 5))


def short_circuit_guard(x, n):
    if n < len(x) and x[n] > 0:
        return x[n] ** 2
    return x[0]


program(short_circuit_guard, lambda rng: (np.array([0.4, 0.9]), 7))


def value_of_or(x, default):
    y = x or default
    z = x and default
    return y * z


program(value_of_or, lambda rng: (0.7, 1.9), (0, 1))


def assigned_in_one_branch(x, flag):
    if flag:
        y = x**2
        z = y + 1.0
    else:
        y = x
        z = 2.0
    return y * z


program(assigned_in_one_branch, lambda rng: (1.4, True))


def assert_and_raise(x):
    assert x.ndim == 1, f"expected a vector, got {x.ndim} dimensions"
    if len(x) == 0:
        raise ValueError("empty")
    total = 0.0
    for v in x:
        if v < -100:
            raise ValueError(f"too small: {v}")
        total += v**2
    return total


program(assert_and_raise, lambda rng: (rng.normal(size=4),))


def mode_by_string(x, mode):
    if mode == "mean":
        return np.sum(x**2) / len(x)
    elif mode == "sum":
        return np.sum(x**2)
    raise ValueError(mode)


program(mode_by_string, lambda rng: (rng.normal(size=4), "mean"))


def optional_argument(x, weights=None):
    if weights is None:
        weights = np.ones(len(x))
    return np.sum(weights * x**2)


program(optional_argument, lambda rng: (rng.normal(size=4),))


def match_names(x):
    total = 0.0
    for i, name in enumerate(("square", "sine", "other")):
        match name:
            case "square":
                total += x[i] ** 2
            case "sine":
                total += np.sin(x[i])
            case _:
                total -= x[i]
    return total


program(match_names, lambda rng: (rng.normal(size=3),))


def match_beside_own_len(x):
    """Patterns ask for the builtins, whatever the program calls by their names."""

    def len(values):
        return 2.0 * values[0]

    match [x[0], x[1], x[2]]:
        case [a, b]:
            return a * b
        case [a, *rest]:
            return len([a]) * rest[1]


program(match_beside_own_len, lambda rng: (rng.normal(size=3),))


@dataclass
class _Corner:
    a: float
    b: float


class _Shape(NamedTuple):
    kind: str
    size: float


def match_structures(u, v):
    """Classes, sequences, mappings and guards on what they bind: all known when the program is compiled."""
    total = 0.0
    corners, shapes = (_Corner(u, 0.0), _Corner(u, v)), (_Shape("disc", v), _Shape("square", u))
    for item in (*corners, *shapes, (u, v), [u], [u, 2.0, v], u, {"kind": "norm", "value": v}):
        match item:
            case _Corner(a, b=0.0) if a < -50.0:
                total += 100.0 * a
            case _Corner(a=a, b=b) if b > 50.0:
                total += 100.0 * a
            case _Corner():
                total += item.a * item.b
            case _Shape("disc", r):
                total += 3.0 * r**2
            case _Shape(kind="square", size=r):
                total += r * r
            case [p, q]:
                total += p - 2.0 * q
            case [p, *rest]:
                total += 3.0 * p * len(rest) + sum(rest) ** 2
            case float(w):
                total += w**3
            case {"kind": "norm", "value": w}:
                total += np.exp(w)
    return total


program(match_structures, lambda rng: (rng.normal(), rng.normal()))


def match_at_run_time(x, kinds):
    total = 0.0
    for i, k in enumerate(kinds):
        match int(k), bool(x[i] > 0):
            case (0 | 1, True):
                total += x[i] ** 2
            case (n, False):
                total += n * np.sin(x[i])
            case (2, _) if total > 0.1:
                total -= x[i] ** 3
            case _:
                continue
        total *= 1.1
        match k:
            case m if m > 2:
                total += x[i]
            case m:
                total -= m * x[i]
    return total


program(match_at_run_time, lambda rng: (np.array([0.4, -0.3, 0.7, -0.8, 0.6]), np.array([0, 1, 2, 3, 4])))
