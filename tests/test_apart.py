"""The factors of a long chain of a carried cotangent are multiplied apart from it, and nothing else changes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import FLOAT, INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Assign, Atom, Carry, Func, Loop, Var
from adcompiler.optimise.lines.apart import keep_factors_apart
from tests.programs import recurrences
from tests.support.interpret import run

Body = Callable[[Builder, Var, list[Var]], tuple[Atom, list[Atom]]]


def loop(body: Body, dtype: str = "float64") -> Func:
    """A loop over three iterations that hands on the first of what `body` gives, and stores the rest."""
    b = Builder()
    start, *others = (b.var(name, FLOAT if dtype == "float64" else Type(dtype)) for name in "gacd")
    out = b.var("out", Type(dtype, 1), (ONE,))
    b.own |= {start, *others, out}
    g, after, k = b.like(start), b.like(start), b.var("k", INDEX)
    with b.block() as lines:
        end, read = body(b, g, others)
        for value in read:
            b.store(out, (ZERO,), value, add=True)
    carry = Carry(g, start, end, after)
    b.add(Loop(k, ZERO, b.int("add", ONE, ONE), ONE, (carry,), tuple(lines), None, False, None))
    return verify(b.finish("f", [start, *others, out], [after]))


def chain(b: Builder, g: Var, others: list[Var]) -> tuple[Atom, list[Atom]]:
    """Three guards in a row, of which two results are used, and a sum."""
    a, c, d = others
    t = b.emit("cut", b.emit("neg", g), a)
    u = b.emit("cut", t, c)
    v = b.emit("sub", b.emit("cut", u, d), g)
    return b.emit("add", v, c), [u]


def lines_of(fn: Func) -> list[Assign]:
    (found,) = (s for s in fn.body if isinstance(s, Loop))
    return [s for s in found.body if isinstance(s, Assign)]


SPECIAL = [
    (2.0, 3.0, 5.0, 7.0),
    (0.0, math.inf, math.nan, 1.0),
    (1.5, 0.0, math.inf, 2.0),
    (-1.5, 2.0, 0.0, math.inf),
    (math.inf, 2.0, 0.5, 4.0),
]


@pytest.mark.parametrize("point", SPECIAL)
def test_the_same_at_special_points(point: tuple[float, ...]) -> None:
    before = loop(chain)
    after = verify(keep_factors_apart(before))
    assert after != before
    outs = np.zeros(1), np.zeros(1)
    with np.errstate(all="ignore"):
        values = [run(fn, *point, out) for fn, out in zip((before, after), outs, strict=True)]
    np.testing.assert_allclose(values[1], values[0], rtol=1e-14)
    np.testing.assert_allclose(outs[1], outs[0], rtol=1e-14)


def test_one_product_follows_what_is_carried() -> None:
    fn = keep_factors_apart(loop(chain))
    (carry,) = (c for s in fn.body if isinstance(s, Loop) for c in s.carried)
    waiting = [s for s in lines_of(fn) if carry.var in s.args and s.op == "cut"]
    assert [s.args[0] for s in waiting] == [carry.var] * 2


def plain(b: Builder, g: Var, others: list[Var]) -> tuple[Atom, list[Atom]]:
    """A product of the program's own: not even its rounding may change."""
    t = b.emit("mul", b.emit("mul", b.emit("mul", g, others[0]), others[1]), others[2])
    return b.emit("add", t, others[0]), [b.emit("cut", others[1], others[2])]


def short(b: Builder, g: Var, others: list[Var]) -> tuple[Atom, list[Atom]]:
    """One guard is what is left in any case."""
    return b.emit("add", b.emit("cut", b.emit("neg", g), others[0]), others[1]), []


def beside(b: Builder, g: Var, others: list[Var]) -> tuple[Atom, list[Atom]]:
    """A long chain for which the next iteration does not wait."""
    t = b.emit("cut", b.emit("cut", b.emit("cut", g, others[0]), others[1]), others[2])
    return b.emit("add", g, others[1]), [t]


def squared(b: Builder, g: Var, others: list[Var]) -> tuple[Atom, list[Atom]]:
    """What a factor depends on is no multiple."""
    t = b.emit("cut", b.emit("cut", g, others[0]), g)
    return b.emit("add", t, others[1]), []


@pytest.mark.parametrize("body", [plain, short, beside, squared])
def test_what_stays(body: Body) -> None:
    before = loop(body)
    assert keep_factors_apart(before) == before


def test_a_choice_stays_a_choice() -> None:
    """Where a factor of zero stands for what is not chosen, an infinite cotangent would give no number."""

    def body(b: Builder, g: Var, others: list[Var]) -> tuple[Atom, list[Atom]]:
        a, c, d = others
        t = b.emit("cut", b.emit("cut", b.emit("neg", b.emit("cut", g, a)), c), a)
        chosen = b.emit("where", b.emit("gt", d, c, weak=True), t, b.emit("mul", ZERO, ZERO))
        return b.emit("add", chosen, d), []

    before = loop(body)
    after = verify(keep_factors_apart(before))
    assert after != before
    assert (
        run(after, math.inf, 1.0, 2.0, 1.0, np.zeros(1)) == run(before, math.inf, 1.0, 2.0, 1.0, np.zeros(1)) == (1.0,)
    )


def test_a_path_through_a_table() -> None:
    """Warping: the minimum is soft, and the root of a bound that holds has an infinite slope that none sees."""
    x, y = np.array([0.3, -0.8, 1.1, 0.7]), np.array([0.1, 0.9, -0.2])
    gradient = ad.grad(recurrences.soft_paths, (0, 1))
    assert " else factor" in gradient.lowered_source(x, y, 0.7)
    assert all(np.isfinite(part).all() for part in gradient(x, y, 0.7))
    ad.gradcheck(recurrences.soft_paths, x, y, 0.7, argnums=(0, 1))
