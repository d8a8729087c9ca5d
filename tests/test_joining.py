"""Top-level loops in which each iteration runs both sweeps, and those whose adjoint has to wait for another."""

from __future__ import annotations

import math

import numpy as np
import pytest

import adcompiler as ad
from tests.support.differences import along
from tests.support.trees import copied, inner, noise


def penalised(a, b, x, y):
    """Two sums add to the same numbers and to the same array."""
    s = 0.0
    for i in range(x.shape[0]):
        s += (a * x[i] - b) ** 2
    r = 0.0
    for j in range(y.shape[0]):
        r += math.sin(a * y[j]) * b * x[j]
    return s * 0.5 + a * r


def in_turn(x):
    """The second loop reads what the first one writes."""
    y = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        y[i] = x[i] ** 2
    t = 0.0
    for i in range(x.shape[0]):
        t += y[i] * x[i]
    return t


def repeated(x):
    """The adjoint of the second loop, on which that of the first one waits, reads no value at all."""
    y = np.zeros(1)
    for i in range(x.shape[0]):
        y[0] += x[i] ** 2
    t = 0.0
    for _ in range(3):
        t += y[0]
    return t


def filled(x, out):
    """What follows the loop reads in its adjoint what the loop writes."""
    for i in range(x.shape[0]):
        out[i] = x[i] ** 2
    return np.sum(np.sin(out))


def normalised(x):
    """The second sum needs the first one."""
    s = 0.0
    for v in x:
        s += v * v
    t = 0.0
    for v in x:
        t += math.sqrt(v * v + 1.0) / s
    return t


def cleared(x, work):
    """The shadow of an array is cleared by the adjoint of a loop between two that add to it."""
    s = 0.0
    for i in range(x.shape[0]):
        s += work[i] ** 2 * x[i]
    for i in range(x.shape[0]):
        work[i] = x[i] * 3.0
    for i in range(x.shape[0]):
        s += math.cos(work[i])
    return s


def read_between(x, w):
    """A line between the loops reads what the first one added up; the third needs neither."""
    s = 0.0
    for i in range(x.shape[0]):
        s += x[i] * w[0]
    root = math.sqrt(2.0 + s * s)
    t = 0.0
    for i in range(x.shape[0]):
        t += root * w[1] * x[i] ** 2
    u = 0.0
    for i in range(x.shape[0]):
        if x[i] > 0.0:
            u += math.exp(w[2] * x[i])
    return t + 2.0 * u


def overwritten(x, w):
    """A weight that the adjoint of the first loop needs is overwritten behind it, and read again."""
    s = 0.0
    for i in range(x.shape[0]):
        s += x[i] ** 2
    first = s * w[0]
    w[0] = 0.5 * w[1]
    t = 0.0
    for i in range(x.shape[0]):
        t += x[i] * w[0]
    return first + t


def halved(x, n):
    """A loop of unknown length, and a plain one that the sum of the first multiplies."""
    c, k = 1.0, 0
    while k < n:
        c += x[0] * k
        k += 1
    s = 0.0
    for v in x:
        s += v**3
    return c * 2.0 + s


def begun_by_a_later_sum(a, x):
    """The adjoint of the first loop begins with what that of the second one added up, and a line between."""
    s = 0.0
    for i in range(x.shape[0]):
        s += a * x[i]
    t = 0.0
    for i in range(x.shape[0]):
        t += math.sin(a * x[i])
    return s * 2.0 + t * a


def named_behind(a, x):
    """A line behind the first loop computes what its adjoint needs."""
    s = 0.0
    for i in range(x.shape[0]):
        s += np.power(a, 5.0) * math.sin(x[i])
    c = np.power(a, 4.0)
    t = 0.0
    for i in range(x.shape[0]):
        t += c * math.sin(x[i])
    return s + t


A = np.array([0.3, -1.2, 0.8, 1.7, -0.4])
CASES = {
    penalised: ((0.3, 0.7, A, A[::-1].copy()), (0, 1, 2, 3), 2),
    in_turn: ((A,), 0, 1),
    repeated: ((A,), 0, 1),
    filled: ((A, A + 1.0), (0, 1), 0),
    normalised: ((A,), 0, 1),
    cleared: ((A, A**2), (0, 1), 1),
    read_between: ((A, A[:3] + 1.0), (0, 1), 2),
    overwritten: ((A, A + 2.0), (0, 1), 1),
    begun_by_a_later_sum: ((0.7, A), (0, 1), 2),
    named_behind: ((0.7, A), (0, 1), 1),
    halved: ((A, 4), 0, 2),
}


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_as_many_loops_as_can_run_both_sweeps(function, monkeypatch):
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    monkeypatch.setenv("ADCOMPILER_CHECK", "1")
    args, wrt, joined = CASES[function]
    gradient = ad.grad(function, wrt, cache=False)
    found = gradient(*args)
    assert gradient.adjoint_source().count("both sweeps") == joined
    named = (wrt,) if isinstance(wrt, int) else wrt
    rng = np.random.default_rng(1)
    for _ in range(3):
        directions = tuple(noise(rng, a) if k in named else None for k, a in enumerate(args))
        _, tangent = ad.jvp(function, args, directions)
        product = inner(found, tuple(directions[k] for k in named) if isinstance(wrt, tuple) else directions[wrt])
        assert np.isfinite(product)
        assert abs(product - tangent) <= 1e-10 * max(1.0, abs(tangent))
        still = [a for k, a in enumerate(args) if k not in named]
        moving = tuple(d for d in directions if d is not None)
        estimate = along(lambda *a, still=still: function(*a, *copied(still)), args[: len(named)], moving, 1.0)
        assert abs(product - estimate.value) <= 1e-6 * max(1.0, abs(product))
