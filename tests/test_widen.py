"""Several directions at once: each lane of a widened function is what the function gives for that lane's values."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ad.directions.lanes import widen
from adcompiler.ad.forward import tangent
from adcompiler.ad.gradient import gradient
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Func, Var
from tests.support.interpret import run
from tests.support.small_programs import PROGRAMS

LANES = 3


def seeds_of(fn: Func, derived: Func, args: Sequence[Any], rng: np.random.Generator) -> list[Any]:
    """Values of the seeds, whose extents are those of arguments or results of the function."""
    env = {
        a.name: n for p, x in zip(fn.params, args, strict=True) for a, n in zip(fn.shape(p), np.shape(x), strict=False)
    }
    results = run(fn, *copy.deepcopy(list(args)))
    env |= {
        a.name: n
        for r, x in zip(fn.results, results, strict=True)
        for a, n in zip(fn.shape(r), np.shape(x), strict=False)
        if isinstance(a, Var)
    }
    found = []
    for seed in derived.params[len(fn.params) :]:
        shape = [env[a.name] if isinstance(a, Var) else a.value for a in derived.shape(seed)]
        found.append(rng.normal(size=(*shape, LANES)).astype(derived.types[seed.name].dtype))
    return found


def compare(fn: Func, derived: Func, args: Sequence[Any], rng: np.random.Generator) -> None:
    """Every lane alone, and all of them at once."""
    first, count = len(fn.params), len(fn.results)
    seeds = seeds_of(fn, derived, args, rng)
    seeded, outs = range(first, len(derived.params)), range(count, len(derived.results))
    wide = widen(derived, seeded, outs)
    verify(wide)
    together = run(wide, *copy.deepcopy(list(args)), *copy.deepcopy(seeds))
    for lane in range(LANES):
        alone = [s[..., lane].copy() if s.ndim > 1 else s.dtype.type(s[lane]) for s in seeds]
        want = run(
            derived,
            *copy.deepcopy(list(args)),
            *(a if np.ndim(a) else given(derived, first + k, a) for k, a in enumerate(alone)),
        )
        for k, (got, expected) in enumerate(zip(together, want, strict=True)):
            assert np.all(np.isfinite(np.asarray(expected, float)))
            np.testing.assert_allclose(got[..., lane] if k >= count else got, expected, rtol=1e-13, atol=1e-13)
    # the same where each entry is one in a single lane, or in none
    places = [rng.integers(-1, LANES, s.shape[:-1]) for s in seeds]
    ones = [np.asarray(p[..., None] == np.arange(LANES), s.dtype) for p, s in zip(places, seeds, strict=True)]
    placed = widen(derived, seeded, outs, seeded)
    verify(placed)
    numbers = [p if p.ndim else int(p) for p in places]
    found = run(placed, *copy.deepcopy(list(args)), *numbers, LANES)
    for got, expected in zip(found, run(wide, *copy.deepcopy(list(args)), *ones), strict=True):
        np.testing.assert_array_equal(got, expected)


def given(fn: Func, position: int, value: Any) -> Any:
    return float(value) if fn.types[fn.params[position].name].weak else value


@pytest.mark.parametrize("name", PROGRAMS)
def test_lanes_of_tangents(name: str) -> None:
    program = PROGRAMS[name]()
    compare(program.fn, tangent(program.fn, program.wrt), program.args, np.random.default_rng(2))


@pytest.mark.parametrize("name", PROGRAMS)
def test_lanes_of_adjoints(name: str) -> None:
    program = PROGRAMS[name]()
    compare(program.fn, gradient(program.fn, program.wrt, "given"), program.args, np.random.default_rng(3))


@pytest.mark.parametrize("name", PROGRAMS)
def test_lanes_of_tangents_of_adjoints(name: str) -> None:
    program = PROGRAMS[name]()
    adjoint = gradient(program.fn, program.wrt, "given")
    bars = len(adjoint.params) - len(program.fn.params)
    rng = np.random.default_rng(4)
    args = [
        *program.args,
        *(
            s[..., 0].copy() if s.ndim > 1 else given(adjoint, len(program.fn.params), s[0])
            for s in seeds_of(program.fn, adjoint, program.args, rng)
        ),
    ]
    assert len(args) == len(program.args) + bars
    compare(adjoint, tangent(adjoint, program.wrt), args, rng)


def views(x, a):
    y = np.zeros(4)
    for i in range(a.shape[0]):
        for j in range(1, 4):
            n = j + 1
            row = a[i, :n] * x[j]
            y[:n] += row * x[i]
    return y


def test_names_with_extents_are_written_out() -> None:
    rng = np.random.default_rng(1)
    x, a = rng.normal(size=5), rng.normal(size=(5, 4))
    found = ad.jacobian(views, mode="forward")(x, a)
    np.testing.assert_allclose(found, ad.jacobian(views, mode="reverse")(x, a), rtol=1e-12)


def short_loops(x, a):
    total, y = 0.0, np.zeros(3)
    for i in range(a.shape[0]):
        s = x[i]
        for j in range(3):
            row = a[i, j:]
            s += row[0] * x[j] * s
            y[j] += s
        total += s
    return total + y[0] * y[2], y


def test_short_loops_are_written_out() -> None:
    rng = np.random.default_rng(0)
    x, a = rng.normal(size=5), rng.normal(size=(5, 4))
    made = ad.jacobian(short_loops, mode="forward")
    total, y = made(x, a)
    reverse = ad.jacobian(short_loops, mode="reverse")(x, a)
    np.testing.assert_allclose(total, reverse[0], rtol=1e-12)
    np.testing.assert_allclose(y, reverse[1], rtol=1e-12)
    assert "for j in range(3)" not in made.lowered_source(x, a)


def forces(x):
    pull = np.tanh(x[1:] - x[:-1])
    return pull[1:] - pull[:-1]


def test_extents_of_results_that_the_function_computes() -> None:
    x = np.linspace(0.2, 0.9, 6)
    found = [ad.jacobian(forces, mode=mode)(x) for mode in ("forward", "reverse")]
    np.testing.assert_allclose(*found, rtol=1e-14, atol=1e-15)
