"""Functions inside functions that assign names of the function around them."""

import functools
import math
import operator

import numpy as np

import adcompiler as ad
from tests.support.registry import program


def calls_are_counted(x):
    calls = 0

    def g(v):
        nonlocal calls
        calls += 1
        return v * v * calls

    return g(x[0]) + g(x[1]) + calls


program(calls_are_counted, lambda rng: (rng.normal(size=2),))


def running_total(x):
    total = 0.0

    def add(v):
        nonlocal total
        if v > 0:
            total += v * v
        else:
            total = total * 0.5 + v

    for v in x:
        add(v)
    return total * total


program(running_total, lambda rng: (rng.normal(size=5),))


def state_in_comprehensions(x, n):
    state = 1.0

    def step(v):
        nonlocal state
        state = 0.5 * state + v
        return state * v

    first = np.array([step(x[i]) for i in range(n)])
    return first.sum() + state + sum(step(v) for v in x) + max([step(v) for v in x[:3]])


program(state_in_comprehensions, lambda rng: (rng.normal(size=5), 5))


def names_two_levels_up(x):
    a, k = 0.0, 0

    def outer(v):
        def inner(w):
            nonlocal a, k
            a, k = a + w, k + 1
            return a

        return inner(v) * inner(2 * v)

    s = 0.0
    while k < 6:
        s += outer(x[k % 5])
    return s


program(names_two_levels_up, lambda rng: (rng.normal(size=5),))


def nearest_name_is_meant(x):
    t = 1.0

    def around():
        t = 2.0

        def scale():
            nonlocal t
            t *= x[0]

        scale()
        return t

    return around() * t


program(nearest_name_is_meant, lambda rng: (rng.normal(size=2),))


def bisection_that_counts(a):
    n = 0

    def f(v):
        nonlocal n
        n += 1
        return v * v - a

    low, high = 0.0, 2.0
    while high - low > 1e-3 and n < 50:
        middle = (low + high) / 2
        if f(middle) > 0:
            high = middle
        else:
            low = middle
    for _ in range(3):
        middle = middle - f(middle) / (2 * middle)
    return middle * n


program(bisection_that_counts, lambda rng: (rng.uniform(1.0, 2.0),))


def best_visit(x):
    best, history = 1e9, []

    def visit(v):
        nonlocal best, history
        history = [*history, v]
        if v >= best:
            return
        best = v

    for k in range(6):
        visit((x - k) ** 2 + 0.1 * k)
    return best + sum(v * v for v in history)


program(best_visit, lambda rng: (rng.uniform(1.0, 2.0),))


def array_that_is_replaced(x):
    y = np.zeros(5)

    def visit(i):
        nonlocal y
        if i % 2:
            y = y + x * i
        y[i] += 1.0

    for i in range(5):
        visit(i)
    return (y**2).sum()


program(array_that_is_replaced, lambda rng: (rng.normal(size=5),))


def state_under_checkpoints(x):
    total = 0.0

    def add(v):
        nonlocal total
        total = math.sin(total) + v

    for i in ad.checkpointed_range(x.size):
        add(x[i])
    return total * total


program(state_under_checkpoints, lambda rng: (rng.normal(size=6),))


def changing_test(x, n):
    """The test changes a number of the function around it, also when it says no."""
    s = 0.3

    def drawn(z):
        nonlocal s
        s = np.sin(s + 0.5 * z)
        return s * 0.6

    trips = 0
    while trips < n and drawn(x[trips]) > 0.1:
        x[trips] = x[trips] * s
        trips += 1
    return s * 0.4 + np.sum(x * x)


program(changing_test, lambda rng: (np.array([0.9, 0.7, -3.0, 0.5]), 3))


def shortening_test(x):
    """The test changes a list, and the loop has an `else`."""
    held = [x[0], 1.0]

    def halved():
        held[0] = 0.5 * held[0]
        return held[0]

    while halved() > 0.4:
        held[1] = held[1] * x[1]
    else:
        held[1] = held[1] + held[0]
    return held[0] * held[1]


program(shortening_test, lambda rng: (np.array([3.0, 0.7]),))


def chain_of_lambdas(x, a):
    """Each function of the chain is the same lambda, made by another call."""

    def compose(*functions):
        return functools.reduce(lambda f, g: lambda t: g(f(t)), functions)

    f = compose(functools.partial(np.multiply, a), np.sin, lambda t: t**2 + a)
    return functools.reduce(operator.add, [f(x), f(2.0 * x), x])


program(chain_of_lambdas, lambda rng: (rng.normal(), rng.normal()))
