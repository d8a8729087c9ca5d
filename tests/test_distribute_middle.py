"""What stands between two inner loops, and calls mathematical functions, runs in a loop of its own."""

from __future__ import annotations

import math

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Atom, Block, Branch, Carry, Const, Func, Loop, Out, Stmt, Var
from adcompiler.optimise.machine.distribute_middle import STRETCH, split_off_middles
from benchmarks.programs.huber_regression import PROGRAM
from tests.support.interpret import run

F64 = Type("float64")
NOTHING = Const(0.0)


def inner(b: Builder, m: Atom, first: Atom, x: Var, i: Var) -> Var:
    """A loop over a row that adds its elements to a number."""
    j, s, out = b.var("j", INDEX), b.var("s", F64), b.var("s", F64)
    with b.block() as lines:
        now = b.emit("add", s, b.load(x, (i, j)))
    b.add(Loop(j, ZERO, m, ONE, (Carry(s, first, now, out),), tuple(lines), None, False, None))
    return out


def chosen(b: Builder, test: Atom, then: Block, other: Block, *outs: tuple[Atom, Atom]) -> list[Var]:
    names = [b.like(next(a for a in pair if isinstance(a, Var))) for pair in outs]
    made = tuple(Out(v, *pair) for v, pair in zip(names, outs, strict=True))
    b.add(Branch(test, then, other, made, None))
    return names


def function(b: Builder, s: Var, total: Var, scale: Var, *parts: str) -> tuple[Atom, Atom]:
    """Logarithms of positive sums, or perhaps something else of others: what is added to `total`, and a factor."""
    if "straight" in parts:
        e = b.emit("exp", s)
        return b.emit("add", total, e), e
    test = b.emit("gt", s, NOTHING)
    with b.block() as then:
        if "check" in parts:
            b.check(b.emit("gt", s, Const(3.0)), "ValueError", "large")
        log = b.emit("log", s)
        up = b.emit("add", total, b.emit("mul", scale, log))
        slope = b.emit("div", scale, s)
        if "whole" in parts:
            b.emit("cast", s, dtype="int64")
        if "four" in parts:
            for _ in range(4):
                slope = b.emit("sin", slope)
    with b.block() as other:
        low = b.emit("lt", s, Const(-1.0))
        with b.block() as lower:
            if "two checks" in parts:
                b.check(b.emit("lt", s, Const(-3.0)), "OverflowError", "small")
            further = b.emit("add", b.emit("neg", s), total)
        # an arm that adds nothing
        down, factor = chosen(b, low, tuple(lower), (), (further, total), (Const(-1.0), b.emit("sqrt", scale)))
    return tuple(chosen(b, test, tuple(then), tuple(other), (up, down), (slope, factor)))  # type: ignore[return-value]


def program(*parts: str) -> Func:
    """For each row the sum of its elements, a function of it, and its derivative times the row, added up."""
    b = Builder()
    n, m, start = (b.var(name, INDEX) for name in ("n", "m", "start"))
    x = b.var("x", Type("float64", 2), (n, m))
    y = b.var("y", Type("float64", 1), (n,))
    scale = b.var("scale", F64)
    bar = b.emit("zeros", m, dtype="float64", hint="bar")
    kept = b.emit("zeros", n, dtype="float64", hint="kept")
    i, total, out = b.var("i", INDEX), b.var("total", F64), b.var("total", F64)
    size, after = b.var("size", F64), b.var("size", F64)
    with b.block() as body:
        shift = b.load(kept if "early" in parts else y, (i,))
        if "front check" in parts:
            b.check(b.emit("gt", shift, Const(0.9)), "ValueError", "shift")
        s = inner(b, m, total if "feeds" in parts else shift, x, i)
        if "given" in parts:
            b.store(y, (i,), s)
        now, g = function(b, s, total, scale, *parts)
        if "stored" in parts:
            b.store(kept, (i,), g)
        if "told" in parts:
            b.store(y, (i,), g)
        if "shifted" in parts:
            g = b.emit("mul", g, shift)
        j = b.var("j", INDEX)
        with b.block() as lines:
            b.store(bar, (j,), b.emit("mul", g, b.load(x, (i, j))), add=True)
        b.add(Loop(j, ZERO, m, ONE, (), tuple(lines), None, False, None))
        larger = b.emit("maximum", size, g)
        if "recurrence" in parts:
            now = b.emit("mul", now, Const(0.5))
        stop = b.emit("gt", g, Const(2.0)) if "left" in parts else None
    bounds = (b.int("sub", n, ONE), Const(-1), Const(-1)) if "back" in parts else (start, n, ONE)
    carried = (Carry(total, NOTHING, now, out), Carry(size, NOTHING, larger, after))
    b.add(Loop(i, *bounds, carried, tuple(body), stop, False, None))
    return verify(b.finish("f", [n, m, start, x, y, scale], [out, after, bar, kept]))


def outcome(fn: Func, start: int, x: np.ndarray, y: np.ndarray) -> tuple[object, ...]:
    """The results and what is left in the array given, or the exception."""
    y = y.copy()
    try:
        *numbers, bar, kept = run(fn, *x.shape, start, x.copy(), y, 0.7)
    except (ValueError, OverflowError) as error:
        return type(error), str(error), *y
    return *numbers, *bar, *kept, *y


def loops(block: Block) -> list[Stmt]:
    return [s for s in walk(block) if isinstance(s, Loop)]


def split(fn: Func) -> bool:
    """Whether the pass makes three loops of one; the same is returned, or raised, by both."""
    changed = verify(split_off_middles(fn))
    rng = np.random.default_rng(0)
    sizes = [(0, 2), (1, 0), (2, 3), (STRETCH, 1), (STRETCH + 1, 2), (2 * STRETCH + 3, 1)]
    cases = [(*size, start, scale) for size in sizes for start in (0, 2, -1) for scale in (0.3, 3.0)]
    # rows so long that a stretch has two of them
    for n, m, start, scale in (*cases, (3, 1500, 0, 3.0)):
        x, y = rng.normal(size=(n, m)) * scale / math.sqrt(max(m, 1)), rng.uniform(-1.0, 1.0, size=n)
        found, expected = (outcome(f, max(start, -n), x, y) for f in (changed, fn))
        assert len(found) == len(expected)
        assert all(a == b or (a != a and b != b) for a, b in zip(found, expected, strict=True))
    return len(loops(changed.body)) > len(loops(fn.body))


WHERE = [(), ("straight",), ("check",), ("two checks",), ("stored",), ("shifted",), ("check", "two checks", "stored")]


@pytest.mark.parametrize("parts", WHERE, ids=str)
def test_what_stands_between_two_loops_runs_in_a_loop_of_its_own(parts: tuple[str, ...]) -> None:
    fn = program(*parts)
    assert split(fn)
    assert any(isinstance(s, Branch) for s in walk(fn.body)) is ("straight" not in parts)
    assert not any(isinstance(s, Branch) for s in walk(split_off_middles(fn).body))


# what one part writes another one reads, or the caller sees
SEEN = ("given", "told")
# what the front needs of the iteration before, an exit, another order
BOUND = ("feeds", "left", "back", "recurrence")
# arms of which not all may be computed, or that call too many functions
ARMS = ("whole", "four")


@pytest.mark.parametrize("part", [*SEEN, *BOUND, *ARMS])
def test_what_somebody_could_tell_stays_in_one_loop(part: str) -> None:
    assert not split(program(part))


@pytest.mark.parametrize("parts", [("check", "front check"), ("stored", "early")], ids=str)
def test_two_parts_that_meet_stay_in_one_loop(parts: tuple[str, ...]) -> None:
    assert not split(program(*parts))


def rows(n: int, m: int) -> tuple[object, ...]:
    return PROGRAM.inputs(np.random.default_rng(3), n, m)


def test_a_regression_calls_its_function_for_several_rows_at_once() -> None:
    args = PROGRAM.arguments(PROGRAM.small)
    assert "= _log(" in ad.value_and_grad(PROGRAM.function, PROGRAM.argnums).lowered_source(*args)
    strict = ad.value_and_grad(PROGRAM.function, PROGRAM.argnums, fastmath=False)
    assert "= math.log(" in strict.lowered_source(*args)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("target", ["cpu", "parallel"])
def test_what_an_arm_makes_is_chosen_without_a_jump(target: str, dtype: str) -> None:
    """Behind a jump LLVM would call the logarithm, and then of several numbers at once: of negative ones too."""
    w, x, y, delta = PROGRAM.arguments(PROGRAM.small)
    args = (*(a.astype(dtype) for a in (w, x, y)), np.dtype(dtype).type(delta))
    gradient = ad.value_and_grad(PROGRAM.function, PROGRAM.argnums, target=target)
    totals = [line for line in gradient.lowered_source(*args).splitlines() if "loss = _sum(loss" in line]
    assert len(totals) == (dtype == "float64")
    assert all("_chosen(" in line and " if " not in line for line in totals)
    value, slope = gradient(*args)
    expected, exact = ad.value_and_grad(PROGRAM.function, PROGRAM.argnums)(w, x, y, delta)
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(value, expected, rtol=tolerance)
    np.testing.assert_allclose(slope, exact, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("target", ["cpu", "parallel"])
@pytest.mark.parametrize("size", [(0, 3), (1, 3), (100, 3), (3, 5000)], ids=str)
def test_a_regression_is_that_of_plain_python(target: str, size: tuple[int, int]) -> None:
    args = PROGRAM.inputs(np.random.default_rng(3), *size)
    gradient = ad.value_and_grad(PROGRAM.function, PROGRAM.argnums, target=target)
    if not size[0]:
        return
    found, expected = gradient(*args), PROGRAM.adjoint(*args)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12, atol=1e-14)


def slopes(w, x, bound):
    """Roots of positive sums and logarithms of others: at zero the slope of the root is infinite."""
    total = 0.0
    for i in range(x.shape[0]):
        s = 0.0
        for j in range(x.shape[1]):
            s += x[i, j] * w[j]
        if s >= 0.0:
            total += math.sqrt(s) * 0.0
        else:
            total += bound * math.log(bound + s)
    return total


def test_a_cotangent_of_zero_adds_nothing_where_the_slope_is_infinite() -> None:
    x = np.array([[0.0, 0.0], [1.0, 1.0], [-0.25, 0.0]])
    for run_as in (ad.value_and_grad(slopes), ad.value_and_grad(slopes, target="parallel")):
        value, gradient = run_as(np.ones(2), x, 2.0)
        np.testing.assert_allclose(value, 2.0 * math.log(1.75), rtol=1e-14)
        np.testing.assert_allclose(gradient, [-0.5 / 1.75, 0.0], rtol=1e-14)


def test_the_row_that_fails_raises_what_it_raises_alone() -> None:
    x = np.zeros((70, 2))
    gradient = ad.value_and_grad(slopes)
    assert gradient(np.ones(2), x, 2.0)[0] == 0.0
    x[40] = -5.0
    with pytest.raises(ValueError, match="math domain error"):
        gradient(np.ones(2), x, 2.0)


def test_a_row_may_be_as_long_as_what_the_iterations_hand_on() -> None:
    def f(v, w, x):
        p, total = 1, 0.0
        out = np.zeros(x.shape[1])
        for i in range(x.shape[0]):
            q = p
            p = 3 - p
            s = 0.0
            for j in range(q):
                s += w[j] * x[i, j]
            t = np.exp(s)
            for j in range(x.shape[1]):
                out[j] += t * v[j] * x[i, j]
        for j in range(x.shape[1]):
            total += out[j]
        return total

    rng = np.random.default_rng(4)
    v, w, x = rng.normal(size=3), rng.normal(size=3), rng.normal(size=(5, 3))
    lengths = np.array([1, 2, 1, 2, 1])
    sums = np.array([w[:q] @ row[:q] for q, row in zip(lengths, x, strict=True)])
    np.testing.assert_allclose(ad.grad(f)(v, w, x), np.exp(sums) @ x, rtol=1e-12)
