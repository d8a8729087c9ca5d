"""Forward mode on Wengert lists written by hand: each statement and region against differences, and twice."""

from __future__ import annotations

import builtins
import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from adcompiler.ad.forward import tangent
from adcompiler.ir.build import Builder
from adcompiler.ir.types import Type
from adcompiler.ir.walk import all_defs, walk
from adcompiler.ir.wengert import Const, Func, Print, Var
from tests.support.interpret import run
from tests.support.small_programs import PROGRAMS, SmallProgram, constant_results, straight_line

STEPS = (1e-2, 1e-3, 1e-4, 1e-5)


def noise(rng: np.random.Generator, like: Any) -> Any:
    values = rng.normal(size=np.shape(like))
    return values.astype(like.dtype) if isinstance(like, np.ndarray) else type(like)(values)


def fresh_run(fn: Func, args: Sequence[Any]) -> tuple[Any, ...]:
    """The results on copies of the arguments: some programs write into them."""
    return run(fn, *copy.deepcopy(list(args)))


def floats(fn: Func, results: Sequence[Any]) -> list[Any]:
    return [value for atom, value in zip(fn.results, results, strict=True) if fn.type(atom).is_float]


def check(fn: Func, args: Sequence[Any], wrt: Sequence[int], rng: np.random.Generator) -> None:
    """Results unchanged, one tangent for each float result, each as differences give it at one of several steps."""
    directions = [noise(rng, args[k]) for k in wrt]
    results = fresh_run(tangent(fn, wrt), [*args, *directions])
    plain = fresh_run(fn, args)
    count = len(plain)
    for value, want in zip(results[:count], plain, strict=True):
        np.testing.assert_array_equal(value, want)

    def central(h: float) -> list[Any]:
        ends = []
        for sign in (1, -1):
            moved = list(args)
            for k, direction in zip(wrt, directions, strict=True):
                moved[k] = (
                    type(args[k])(args[k] + sign * h * direction)
                    if np.ndim(args[k]) == 0
                    else args[k] + sign * h * direction
                )
            ends.append(floats(fn, fresh_run(fn, moved)))
        return [(ahead - behind) / (2 * h) for ahead, behind in zip(*ends, strict=True)]

    dots = results[count:]
    assert len(dots) == len(floats(fn, plain))
    estimates = [
        [(4 * half - whole) / 3 for half, whole in zip(central(h / 2), central(h), strict=True)] for h in STEPS
    ]
    for k, (dot, value) in enumerate(zip(dots, floats(fn, plain), strict=True)):
        assert np.isfinite(dot).all()
        assert np.shape(dot) == np.shape(value)
        error = min(np.abs(estimate[k] - dot).max() for estimate in estimates)
        assert error <= 1e-7 * (1 + np.abs(dot).max()), f"result {k}: {dot}, {[e[k] for e in estimates]}"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.mark.parametrize("program", [make() for make in PROGRAMS.values()], ids=PROGRAMS)
def test_tangents(program: SmallProgram, rng: np.random.Generator) -> None:
    check(program.fn, program.args, program.wrt, rng)


@pytest.mark.parametrize("program", [make() for make in PROGRAMS.values()], ids=PROGRAMS)
def test_tangents_of_tangents(program: SmallProgram, rng: np.random.Generator) -> None:
    """The tangent function is a function of the same language, and so is its own."""
    fn, args, wrt = program.fn, list(program.args), list(program.wrt)
    for _ in range(2):
        args += [noise(rng, args[k]) for k in wrt]
        fn, wrt = tangent(fn, wrt), [*wrt, *range(len(fn.params), len(fn.params) + len(wrt))]
    check(fn, args, wrt, rng)


def test_one_input_of_several(rng: np.random.Generator) -> None:
    fn = straight_line().fn
    only_y = tangent(fn, [1])
    assert [p.name for p in only_y.params] == ["x", "y", "y_dot"]
    assert run(only_y, 0.7, -1.3, 2.0)[1] == np.sin(0.7) * 2.0
    # no line for the tangent of sin(x), which is zero
    assert not any(v.name.startswith("t_dot") for v in all_defs(only_y.body))


def test_parameters_and_results_in_order() -> None:
    fn = tangent(straight_line().fn, [1, 0])
    assert [p.name for p in fn.params] == ["x", "y", "y_dot", "x_dot"]
    assert [str(r) for r in fn.results] == ["r", "r_dot"]


def test_constant_results_have_tangents_of_zero() -> None:
    program = constant_results()
    results = run(tangent(program.fn, [0]), *program.args, 1.0)
    assert len(results) == 6 + 4
    active, doubled, literal, floor = results[6:]
    assert active == 4.0
    assert doubled.tolist() == [0.0, 0.0]
    assert (literal, floor) == (0.0, 0.0)


def test_checks_and_prints_happen_once(capsys: pytest.CaptureFixture[str]) -> None:
    program = constant_results()
    fn = tangent(program.fn, [0])
    assert sum(isinstance(s, Print) for s in walk(fn.body)) == 1
    run(fn, *program.args, 1.0)
    assert capsys.readouterr().out == "x is 1.5\n"
    with pytest.raises(builtins.ValueError, match="n is negative"):
        run(fn, 1.5, -1, np.array([1.0]), 1.0)


def test_integers_have_no_tangent() -> None:
    with pytest.raises(AssertionError, match="only floats"):
        tangent(constant_results().fn, [1])


@pytest.mark.parametrize("weak", [False, True])
def test_scalars_keep_their_precision(weak: bool) -> None:
    """A Python float has a Python float for a tangent: a product of both with float32 stays float32."""
    b = Builder()
    x = b.var("x", Type("float64", weak=weak))
    a = Var("a")
    b.types["a"], b.shapes["a"] = Type("float32", 1), (Const(2),)
    r = b.emit("mul", b.emit("sin", x), a, hint="r")
    fn = tangent(b.finish("f", [x, a], [r]), [0])
    scalar = 0.7 if weak else np.float64(0.7)
    values = run(fn, scalar, np.float32([1, 2]), scalar)
    assert [v.dtype.name for v in values] == ["float32" if weak else "float64"] * 2


def test_tangents_do_not_share_memory(rng: np.random.Generator) -> None:
    """y = x + 0.0 is new memory, so its tangent is too: what is stored into one is not seen in the other."""
    b = Builder()
    x = Var("x")
    b.types["x"], b.shapes["x"] = Type("float64", 1), (Const(3),)
    y = b.emit("add", x, Const(0.0), hint="y")
    b.store(y, (Const(0),), Const(7.0))
    fn = b.finish("f", [x], [x, y])
    check(fn, [np.array([1.0, 2.0, 3.0])], [0], rng)
    *_, x_dot, y_dot = run(tangent(fn, [0]), np.ones(3), np.ones(3))
    assert x_dot.tolist() == [1.0, 1.0, 1.0]
    assert y_dot.tolist() == [0.0, 1.0, 1.0]


def test_fortran_arrays_keep_their_order(rng: np.random.Generator) -> None:
    """An array that is constant on entry and receives a tangent has a shadow in the order of its own."""
    b = Builder()
    s, x = b.var("s", Type("float64")), Var("x")
    b.types["x"], b.shapes["x"] = Type("float64", 2, layout="F"), (Const(2), Const(3))
    b.store(x, (Const(1), Const(2)), s)
    turned = b.emit("transpose", x, axes=(1, 0))
    flat = b.emit("reshape", turned, Const(6))
    r = b.emit("dot", flat, flat, hint="r")
    check(b.finish("f", [s, x], [r]), [np.float64(3.0), np.asfortranarray(np.ones((2, 3)))], [0], rng)
