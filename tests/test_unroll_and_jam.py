"""Independent iterations run abreast: to the last bit what they are one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.compile import lowering
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Const, Func, Loop
from adcompiler.optimise.machine import unroll_and_jam
from adcompiler.optimise.machine.unroll_and_jam import WIDTH, run_abreast
from tests.support.cases import interpreted
from tests.support.interpret import run


def before(call: Any, *args: Any) -> Func:
    """What the pass is given of a call."""
    compiled = call.view(*args).plan.compiled
    fn = compiled.stages["readable"]
    for stage in lowering(compiled.options):
        if stage is run_abreast:
            break
        fn = stage(fn)
    return fn


def is_abreast(fn: Func) -> bool:
    return any(isinstance(s, Loop) and s.step == Const(WIDTH) for s in walk(fn.body))


def same(fn: Func, args: Callable[[], tuple[Any, ...]]) -> None:
    """Both forms give the same numbers, and write the same."""
    one, two = args(), args()
    results = zip((*run(fn, *one), *one), (*run(run_abreast(fn), *two), *two), strict=True)
    for a, b in results:
        np.testing.assert_array_equal(a, b)


def maps(r, start, steps):
    total = 0.0
    for i in range(r.shape[0]):
        x = start
        for _ in range(steps):
            x = r[i] * x * (1.0 - x)
        total += x
    return total


def chains(r, x, steps):
    total = 0.0
    kept = np.zeros(steps)
    for i in range(r.shape[0]):
        a = x[i, 0]
        for k in range(steps):
            a = a * r[i] + x[i, k]
            kept[k] = a
        c = 1.0
        for k in range(steps):
            c = c * 0.5 + kept[k]
        x[i, 0] = c
        total += c * c
    return total


def inputs(n: int, steps: int = 3) -> tuple[Any, Any]:
    rng = np.random.default_rng(n)
    return rng.uniform(1.0, 3.0, n), rng.normal(size=(n, max(steps, 1)))


@pytest.mark.parametrize("fastmath", [True, False])
def test_every_number_of_iterations(fastmath: bool) -> None:
    gradient = ad.value_and_grad(maps, (0, 1), fastmath=fastmath)
    adjoint = before(gradient, inputs(3)[0], 0.3, 3)
    both = before(ad.grad(chains, 1).primal, *inputs(3), 3)
    for fn in (adjoint, both):
        assert not is_abreast(fn) and is_abreast(verify(run_abreast(fn)))
    for n in range(10):
        same(adjoint, lambda n=n: (inputs(n)[0], 0.3, 3))
        same(both, lambda n=n: (*inputs(n), 3))
    same(adjoint, lambda: (inputs(9)[0], 0.3, 0))


def test_large_arrays_of_an_iteration_are_there_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fn = before(ad.grad(chains, 1).primal, *inputs(3), 3)
    monkeypatch.setattr(unroll_and_jam, "_FEW", 2)
    same(fn, lambda: (*inputs(9), 3))
    same(fn, lambda: (*inputs(9), 2))


def counted(r, n, x):
    for i in range(n):
        a = r[i]
        for k in range(x.shape[0]):
            a = a * 0.5 + x[k]
        r[i] = a
    return r[0]


def test_a_range_that_ends_below_zero_is_empty() -> None:
    fn = before(ad.grad(counted).primal, np.ones(5), 5, np.ones(3))
    assert is_abreast(run_abreast(fn))
    for n in range(-5, 6):
        same(fn, lambda n=n: (np.arange(1.0, 6.0), n, np.array([0.25, -1.0, 3.0])))


@pytest.mark.parametrize("target", ["cpu", "parallel"])
def test_compiled_code_runs_abreast_too(target: str) -> None:
    gradient = ad.value_and_grad(chains, (0, 1), target=target, fastmath=False)
    r, x = inputs(11)
    assert is_abreast(gradient.view(r, x, 3).plan.compiled.stages["lowered"])
    value, slopes = gradient(r, x, 3)
    with interpreted():
        expected, others = ad.value_and_grad(chains, (0, 1), fastmath=False)(r, x, 3)
    assert value == pytest.approx(expected, rel=1e-15)
    for slope, other in zip(slopes, others, strict=True):
        np.testing.assert_allclose(slope, other, rtol=1e-14)


# -- what stays as it is -----------------------------------------------------------------------------------------------


def handed_on(r, x):
    for i in range(1, r.shape[0]):
        a = r[i - 1]
        for k in range(x.shape[0]):
            a = a * 0.5 + x[k]
        r[i] = a
    return r[0]


def read_before(r, x):
    total = 0.0
    for i in range(r.shape[0]):
        a = r[i] + total
        for k in range(x.shape[0]):
            a = a * 0.5 + x[k]
        total = total + a
    return total


def added_twice(r, x):
    total = 0.0
    for i in range(r.shape[0]):
        a = r[i]
        total += a
        for k in range(x.shape[0]):
            a = a * 0.5 + x[k]
        total += a
    return total


def added_to(r, x):
    y = np.zeros(x.shape[0])
    for i in range(r.shape[0]):
        a = r[i]
        for k in range(x.shape[0]):
            a = a * 0.5 + x[k]
            y[k] += a
    return y[0]


def of_its_own_length(r, x):
    for i in range(r.shape[0]):
        a = r[i]
        for k in range(i):
            a = a * 0.5 + x[k]
        r[i] = a
    return r[0]


def only_sums(r, x):
    for i in range(r.shape[0]):
        a = r[i]
        for k in range(x.shape[0]):
            a += x[k] * x[k]
        r[i] = a
    return r[0]


def calls(r, x):
    for i in range(r.shape[0]):
        a = r[i]
        for k in range(x.shape[0]):
            a = math.sin(a) + x[k]
        r[i] = a
    return r[0]


def raises(r, x):
    for i in range(r.shape[0]):
        a = r[i]
        for k in range(x.shape[0]):
            a = a * 0.5 + x[k]
        if a > 100.0:
            raise ValueError("too large")
        r[i] = a
    return r[0]


ALONE = [handed_on, read_before, added_twice, added_to, of_its_own_length, only_sums, calls, raises]


@pytest.mark.parametrize("function", ALONE, ids=lambda f: f.__name__)
def test_iterations_that_stay_alone(function: Callable[..., float]) -> None:
    fn = before(ad.grad(function).primal, np.ones(6), np.ones(6))
    assert run_abreast(fn) is fn
