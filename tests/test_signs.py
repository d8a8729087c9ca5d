"""What is added with a negated factor is taken away, where sums are all that becomes of it."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from adcompiler.ir.build import Builder
from adcompiler.ir.types import FLOAT, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Branch, Const, Func, Out, Var
from adcompiler.optimise.lines.signs import take_away
from tests.support.interpret import run

NUMBERS = (0.0, -0.0, 1.5, -2.0, math.inf, math.nan)


def build(text: str) -> Func:
    """Lines such as `t = neg g`, of the parameters g, a, c; `out += t` adds to an element; `return t`."""
    b = Builder()
    names: dict[str, Atom] = {v: b.var(v, FLOAT) for v in "gac"}
    out = b.var("out", Type("float64", 1), (Const(1),))
    b.own |= {*names.values(), out}
    results = list[Atom]()
    for line in text.split("; "):
        match line.split():
            case ["out", "+=", value]:
                b.store(out, (Const(0),), names[value], add=True)
            case ["out", "=", value]:
                b.store(out, (Const(0),), names[value])
            case ["return", *values]:
                results = [names[v] for v in values]
            case [target, "=", op, *args]:
                names[target] = b.emit(op, *(names[a] for a in args), hint=target)
    params = [v for v in names.values() if isinstance(v, Var)][:3]
    return verify(b.finish("f", [*params, out], results))


def same(fn: Func) -> bool:
    """Whether the pass changes a function; both give the same numbers."""
    changed = verify(take_away(fn))
    for point in itertools.product(NUMBERS, repeat=3):
        outs = np.full((2, 1), 0.7)
        with np.errstate(all="ignore"):
            values = [run(one, *point, out) for one, out in zip((fn, changed), outs, strict=True)]
        np.testing.assert_array_equal(*values)
        np.testing.assert_array_equal(*outs)
    return changed != fn


def negatives(fn: Func) -> int:
    return sum(isinstance(s, Assign) and s.op == "neg" for s in walk(fn.body))


@pytest.mark.parametrize(
    "text",
    [
        "t = neg g; p = mul t a; s = add c p; return s",
        "t = neg g; p = mul a t; s = add p c; return s",
        "t = neg g; p = cut t a; s = sub c p; return s",
        "t = neg g; p = div t a; q = mul p c; s = add a q; return s",
        "t = neg g; p = mul t a; q = cut t c; s = add a p; u = add s q; return u s",
        "t = neg g; p = mul t a; u = neg a; q = mul u c; s = add c p; r = add s q; return r",
    ],
)
def test_products_are_taken_away(text: str) -> None:
    fn = build(text)
    assert same(fn)
    assert negatives(take_away(fn)) == 0


def test_what_is_added_to_an_element() -> None:
    """The sign stands at the end, where it is printed as a subtraction."""
    fn = build("t = neg g; p = mul t a; q = cut t c; out += p; out += q")
    assert same(fn)
    after = take_away(fn)
    lines = {s.target: s.op for s in walk(after.body) if isinstance(s, Assign)}
    assert sorted(lines.values()) == ["cut", "mul", "neg", "neg"]


@pytest.mark.parametrize(
    "text",
    [
        "t = neg g; p = mul t a; s = add c p; return s t",
        "t = neg g; p = mul t a; s = add c p; return s p",
        "t = neg g; p = mul t a; out = p",
        "t = neg g; p = mul t t; s = add c p; return s",
        "t = neg g; p = mul t a; s = add p p; return s",
        "t = neg g; p = mul t a; q = mul t c; s = add p q; return s",
        "t = neg g; p = mul t a; s = sub p c; return s",
        "t = neg g; p = div a t; s = add c p; return s",
        "t = neg g; p = cut a t; s = add c p; return s",
        "t = neg g; p = mul t a; q = exp p; s = add c q; return s",
        "s = add c g; return s",
    ],
)
def test_what_keeps_its_sign(text: str) -> None:
    assert not same(build(text))


def test_one_of_two_signs_of_a_product() -> None:
    fn = build("t = neg g; u = neg a; p = mul t u; s = add c p; return s")
    same(fn)
    fn = build("t = neg g; p = mul t a; u = neg a; q = mul u c; s = add p q; r = add s c; return r")
    same(fn)


def test_what_a_branch_hands_out_keeps_its_sign() -> None:
    b = Builder()
    g, a = b.var("g", FLOAT), b.var("a", FLOAT)
    b.own |= {g, a}
    t = b.emit("neg", g)
    p = b.emit("mul", t, a)
    out = b.like(p)
    b.add(Branch(b.emit("gt", a, Const(0.0)), (), (), (Out(out, p, a),), None))
    fn = verify(b.finish("f", [g, a], [out]))
    assert take_away(fn) is fn
