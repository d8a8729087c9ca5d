"""One guard at the end of a chain of products, only where those within have nothing to do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import FLOAT, INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Func, Loop, Var
from adcompiler.optimise.lines.guards import join_guards
from tests.programs import likelihoods
from tests.support.interpret import run

Body = Callable[[Builder, list[Var]], list[Atom]]


def loop(body: Body) -> Func:
    """A loop of one iteration that stores what `body` makes of a cotangent and three factors."""
    b = Builder()
    given = [b.var(name, FLOAT) for name in "gacd"]
    out = b.var("out", Type("float64", 1), (ONE,))
    b.shapes[out.name] = (b.emit("dim", out, axis=0),)
    b.own |= {*given, out}
    with b.block() as lines:
        for k, value in enumerate(body(b, given)):
            b.store(out, (b.int("add", ZERO, type(ONE)(k)),), value)
    b.add(Loop(b.var("k", INDEX), ZERO, ONE, ONE, (), tuple(lines), None, False, None))
    return verify(b.finish("f", [*given, out], []))


def guards(fn: Func) -> int:
    return sum(isinstance(s, Assign) and s.op == "cut" for s in walk(fn.body))


def square(b: Builder, given: list[Var]) -> list[Atom]:
    """The derivatives of the square of a product."""
    g, a, c, _ = given
    z = b.emit("mul", a, c)
    t = b.emit("add", b.emit("cut", g, z), b.emit("cut", g, z))
    return [b.emit("cut", t, a), b.emit("neg", b.emit("cut", t, c))]


def quotient(b: Builder, given: list[Var]) -> list[Atom]:
    """A factor that is the root and the numerator of what came before."""
    g, a, c, _ = given
    t = b.emit("cut", g, b.emit("div", b.emit("sqrt", a), c))
    return [b.emit("cut", b.emit("cut", t, a), a)]


POINTS = list(itertools.product((0.0, -0.0, 1.5, math.inf, math.nan), (0.0, 2.0, -3.0, math.inf, math.nan), repeat=2))


@pytest.mark.parametrize("body", [square, quotient])
def test_the_same_everywhere(body: Body) -> None:
    before = loop(body)
    after = verify(join_guards(before))
    assert guards(after) == 0 < guards(before)
    for point in POINTS:
        outs = np.zeros(2), np.zeros(2)
        with np.errstate(all="ignore"):
            for fn, out in zip((before, after), outs, strict=True):
                run(fn, *point, out)
        np.testing.assert_array_equal(*outs, err_msg=str(point))


def another_factor(b: Builder, given: list[Var]) -> list[Atom]:
    """Nothing is known of the second factor."""
    return [b.emit("cut", b.emit("cut", given[0], given[1]), given[2])]


def divisor(b: Builder, given: list[Var]) -> list[Atom]:
    """A quotient is zero where its divisor is infinite."""
    g, a, c, _ = given
    return [b.emit("cut", b.emit("cut", g, b.emit("div", a, c)), c)]


def exponential(b: Builder, given: list[Var]) -> list[Atom]:
    """An exponential is zero where its argument is infinite."""
    g, a, _, _ = given
    return [b.emit("cut", b.emit("cut", g, b.emit("exp", a)), a)]


def of_another_guard(b: Builder, given: list[Var]) -> list[Atom]:
    """A factor that is a guarded product itself, of which a factor may be infinite."""
    g, a, c, _ = given
    return [b.emit("cut", b.emit("cut", g, b.emit("cut", a, c)), c)]


def overflow(b: Builder, given: list[Var]) -> list[Atom]:
    """A product of finite factors may be infinite."""
    g, a, _, _ = given
    return [b.emit("cut", b.emit("cut", g, a), b.emit("mul", a, a))]


def as_many(b: Builder, given: list[Var]) -> list[Atom]:
    """One guard for each result is what there is."""
    g, a, c, _ = given
    return [b.emit("cut", g, a), b.emit("cut", g, c)]


@pytest.mark.parametrize("body", [another_factor, divisor, exponential, of_another_guard, overflow, as_many])
def test_what_stays(body: Body) -> None:
    before = loop(body)
    assert join_guards(before) == before


def test_points_that_do_not_count() -> None:
    """A component whose scale is infinite, or a point that is missing, has no weight and no derivative."""
    points, mean = np.array([0.3, -0.8, np.nan, 1e200, np.inf]), np.array([0.1, 0.9, 0.0])
    scale = np.array([1.2, 0.0, 0.7])
    gradient = ad.grad(likelihoods.weighted_squares, (0, 1, 2))
    weight = np.array([[1.0, 1.0], [0.5, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    bars = gradient(mean[:2], scale[:2], weight, points)
    assert all(np.isfinite(bar).all() for bar in bars[:2])
    assert " == 0.0" in gradient.lowered_source(mean[:2], scale[:2], weight, points)
    ad.gradcheck(likelihoods.weighted_squares, mean[:2], scale[:2], weight[:2], points[:2], argnums=(0, 1, 2))
