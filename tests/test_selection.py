"""Which values a program chooses among, and that a guarded adjoint keeps zero times infinity out of the gradient."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.analysis.selection import selected
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import FLOAT, INDEX, Type
from adcompiler.ir.wengert import Assign, Branch, Carry, Const, Func, Loop, Out, Var
from adcompiler.rules.table import pull
from tests.support.interpret import run


def names(fn: Func) -> set[str]:
    return {v.name for v in selected(fn)}


def test_what_where_chooses_from_and_is_computed_from() -> None:
    b = Builder()
    x, w = b.var("x", FLOAT), b.var("w", FLOAT)
    product = b.emit("mul", x, b.emit("log", x, hint="logarithm"), hint="product")
    chosen = b.emit("where", b.emit("gt", x, Const(0.0)), product, Const(0.0), hint="chosen")
    r = b.emit("mul", chosen, b.emit("exp", w, hint="grown"), hint="r")
    assert names(b.finish("f", [x, w], [r])) == {"x", "logarithm", "product"}


def test_elements_read_in_a_branch() -> None:
    """`t = x * w; for i: if w[i] > 0: s += t[i]` leaves elements of t out."""
    b = Builder()
    x, w = Var("x"), Var("w")
    for v in (x, w):
        b.types[v.name], b.shapes[v.name] = Type("float64", 1), (Const(3),)
    t = b.emit("mul", x, w, hint="t")
    i, s, after, out = b.var("i", INDEX), b.var("s", FLOAT), b.var("after", FLOAT), b.var("out", FLOAT)
    with b.block() as body:
        test = b.emit("gt", b.load(w, (i,), "here"), Const(0.0))
        with b.block() as then:
            grown = b.emit("add", s, b.load(t, (i,), "element"), hint="grown")
        b.add(Branch(test, tuple(then), (), (Out(after, grown, s),), None))
    b.add(Loop(i, ZERO, Const(3), ONE, (Carry(s, Const(0.0), after, out),), tuple(body), None, False, None))
    assert names(b.finish("f", [x, w], [out])) == {"t", "x", "w"}


def test_nothing_is_chosen_in_a_straight_program() -> None:
    b = Builder()
    x = b.var("x", FLOAT)
    assert not names(b.finish("f", [x], [b.emit("sin", x)]))


@pytest.mark.parametrize(("guard", "wants"), [(True, 0.0), (False, np.nan)])
def test_guard(guard: bool, wants: float) -> None:
    """x * log(x) at 0, where it is not chosen: the cotangent 0 meets the factor log(0)."""
    b = Builder()
    x = b.var("x", FLOAT)
    logarithm = b.emit("log", x)
    b.emit("mul", x, logarithm)
    stmt = b.stack[0][1]
    assert isinstance(stmt, Assign)
    shares = pull(b, stmt, Const(0.0), [0], guard)
    np.testing.assert_equal(run(b.finish("f", [x], [shares[0]]), 0.0)[0], wants)
