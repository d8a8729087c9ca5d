"""Reverse mode against forward mode, and the reverse of the reverse: the generated language is closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from adcompiler.ad.forward import tangent
from adcompiler.ad.gradient import gradient
from adcompiler.ir.wengert import Func
from tests.support.interpret import run
from tests.support.small_programs import PROGRAMS


def fresh(args: Sequence[Any]) -> list[Any]:
    """Arguments that a function may write."""
    return [np.array(a, copy=True) if isinstance(a, np.ndarray) else a for a in args]


def noise(rng: np.random.Generator, like: Any) -> Any:
    return rng.normal(size=np.shape(like)) if np.ndim(like) else rng.normal()


def assert_transposed(
    fn: Func, adjoint: Func, args: Sequence[Any], wrt: tuple[int, ...], rng: np.random.Generator
) -> list[Any]:
    """<y_bar, J x_dot> = <J^T y_bar, x_dot>; returns the cotangents used."""
    dots = [noise(rng, args[k]) for k in wrt]
    y_dots = run(tangent(fn, wrt), *fresh(args), *fresh(dots))[len(fn.results) :]
    bars = [noise(rng, y) for y in y_dots]
    x_bars = run(adjoint, *fresh(args), *fresh(bars))[len(fn.results) :]
    assert all(np.isfinite(v).all() for v in (*y_dots, *x_bars))
    left = sum(np.vdot(b, y) for b, y in zip(bars, y_dots, strict=True))
    right = sum(np.vdot(b, d) for b, d in zip(x_bars, dots, strict=True))
    assert np.isclose(left, right, rtol=1e-10, atol=1e-12)
    return bars


@pytest.mark.parametrize("name", PROGRAMS)
def test_reverse_of_reverse_of_reverse(name: str, rng: np.random.Generator) -> None:
    program = PROGRAMS[name]()
    fn, args = program.fn, list(program.args)
    for _ in range(3):
        adjoint = gradient(fn, program.wrt, "given")
        args += assert_transposed(fn, adjoint, args, program.wrt, rng)
        fn = adjoint


def test_one_seed_is_the_seed_one(rng: np.random.Generator) -> None:
    program = PROGRAMS["newton"]()
    given = gradient(program.fn, program.wrt, "given")
    one = gradient(program.fn, program.wrt, "one")
    assert run(one, *fresh(program.args)) == run(given, *fresh(program.args), 1.0)
