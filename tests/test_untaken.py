"""Loops of an adjoint run only where their cotangent is not the zero of an arm that was not taken."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Branch, Carry, Const, Func, Loop, Out, Var
from adcompiler.optimise.lines.untaken import skip_untaken
from tests.support.interpret import run

NOTHING = Const(0.0)
F64 = Type("float64")
Body = Callable[[Builder, Var, Var, Var, Var], None]


def program(body: Body, arm: Const = NOTHING, guarded: bool = True, first: Const = NOTHING) -> Func:
    """The adjoint of an arm: its cotangent, and a loop that adds multiples to `x` and carries two numbers."""
    b = Builder()
    n, taken = b.var("n", INDEX), b.var("taken", Type("bool"))
    x, w = (b.var(name, Type("float64", 1), (n,)) for name in "xw")
    g = b.var("g", F64)
    b.add(Branch(taken, (), (), (Out(g, Const(2.0), arm),), None))
    half = b.emit("mul", g, Const(0.5))
    j, total, out, back, end = (b.var(v, INDEX if v == "j" else F64) for v in ("j", "total", "out", "back", "end"))
    with b.block() as lines:
        term = b.emit("cut" if guarded else "mul", half, b.load(w, (j,)))
        b.store(x, (j,), term, add=True)
        now = b.emit("add", total, term)
        later = b.emit("cut", b.emit("add", back, term), b.load(w, (j,)))
        body(b, j, x, w, g)
    carried = (Carry(total, Const(5.0), now, out), Carry(back, first, later, end))
    b.add(Loop(j, ZERO, n, ONE, carried, tuple(lines), None, False, None))
    return verify(b.finish("f", [n, taken, x, w], [out, end]))


def idle(b: Builder, j: Var, x: Var, w: Var, g: Var) -> None:
    """No line more."""


def nested(b: Builder, j: Var, x: Var, w: Var, g: Var) -> None:
    k, sum_, out = b.var("k", INDEX), b.var("sum", F64), b.var("sum", F64)
    with b.block() as lines:
        term = b.emit("cut", g, b.load(w, (k,)))
        now = b.emit("add", term, sum_)
    b.add(Loop(k, ZERO, Const(2), ONE, (Carry(sum_, NOTHING, now, out),), tuple(lines), None, False, None))
    b.store(x, (j,), b.emit("neg", out), add=True)


def fills(b: Builder, j: Var, x: Var, w: Var, g: Var) -> None:
    b.store(w, (j,), NOTHING)


def counts(b: Builder, j: Var, x: Var, w: Var, g: Var) -> None:
    b.store(x, (j,), ONE, add=True)


def guards(fn: Func) -> int:
    return sum(isinstance(s, Branch) and any(isinstance(t, Loop) for t in s.then) for s in walk(fn.body))


def results(fn: Func, taken: bool, w: np.ndarray) -> list[np.ndarray]:
    x, w = np.arange(4.0), w.copy()
    return [*map(np.asarray, run(fn, 4, taken, x, w)), x, w]


@pytest.mark.parametrize("body", [idle, nested])
def test_a_loop_without_effect_is_passed_over(body: Body) -> None:
    before = program(body)
    after = verify(skip_untaken(before))
    assert guards(after) == 1
    for w in (np.array([1.0, -2.0, 3.0, 0.5]), np.array([np.inf, 1.0, np.nan, 0.0])):
        for taken in (False, True):
            for found, expected in zip(results(after, taken, w), results(before, taken, w), strict=True):
                np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "before",
    [
        program(fills),
        program(counts),
        program(idle, arm=Const(1.0)),
        program(idle, guarded=False),
        program(idle, first=Const(1.0)),
    ],
    ids=["stores", "adds a number", "no zero", "zero times infinity", "carries a number that changes"],
)
def test_a_loop_with_an_effect_runs(before: Func) -> None:
    assert guards(skip_untaken(before)) == 0
