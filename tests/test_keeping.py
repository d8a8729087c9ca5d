"""A branch that computes what a loop has kept reads it from the loop: only where nothing has changed in between."""

from __future__ import annotations

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Branch, Carry, Const, Func, Loop, Out
from adcompiler.optimise.elements.keeping import read_kept
from benchmarks.programs import viterbi
from tests.support.interpret import run

VECTOR, FLOAT = Type("float64", 1), Type("float64")


def maximum(form: str = "branch", change: str = "") -> Func:
    """The largest `x[i] * y[i]`, kept by a loop and computed again by a branch after it; `change` makes them differ."""
    b = Builder()
    x, y, n, init = b.var("x", VECTOR, (ONE,)), b.var("y", VECTOR, (ONE,)), b.var("n", INDEX), b.var("init", FLOAT)
    for v in (x, y):
        b.shapes[v.name] = (b.emit("dim", v, axis=0),)
    b.own |= {n, init}
    best, kept, nxt = (b.var("best", FLOAT) for _ in range(3))
    last, noted, after = (b.var("last", INDEX) for _ in range(3))
    i = b.var("i", INDEX)
    with b.block() as body:
        if change == "stored in the loop":
            b.store(y, (i,), Const(1.0))
        value = b.emit("mul", b.load(x, (i,)), b.load(y, (i,)))
        test = b.emit("gt", value, best, weak=True)
        note = b.int("add", i, ONE) if change == "another index" else i
        if form == "branch":
            outs = (Out(nxt, value, best), Out(after, note, last))
            b.add(Branch(test, (), (), outs, None))
        else:
            nxt = b.emit("where", test, value, best)
            other = b.emit("ge", value, best, weak=True) if change == "another test" else test
            after = b.emit("where", other, note, last, weak=True)
    first = Const(0) if change == "noted from the start" else Const(-1)
    carried = (Carry(best, init, nxt, kept), Carry(last, first, after, noted))
    start = Const(-1) if change == "an index below zero" else ZERO
    b.add(Loop(i, start, n, ONE, carried, tuple(body), None, False, None))
    if change == "stored between":
        b.store(y, (ZERO,), Const(5.0))
    taken = b.emit("ge", noted, ZERO, weak=True)
    with b.block() as arm:
        if change == "stored in the arm":
            b.store(x, (ZERO,), Const(5.0))
        place = ZERO if change == "another element" else noted
        again = b.emit("mul", b.load(x, (noted,)), b.load(y, (place,)))
        if change == "another value":
            again = b.emit("mul", again, again)
    out = b.var("most", FLOAT)
    none = Const(np.float64(0.25)) if change == "another begin" else init
    b.add(Branch(taken, tuple(arm), (), (Out(out, again, none),), None))
    return verify(b.finish("maximum", [x, y, n, init], [out, noted]))


def computed_again(fn: Func) -> int:
    return sum(len(s.outs) for s in fn.body if isinstance(s, Branch))


@pytest.mark.parametrize("form", ["branch", "where"])
def test_the_value_of_the_loop(form: str) -> None:
    before = maximum(form)
    after = verify(read_kept(before))
    assert (computed_again(before), computed_again(after)) == (1, 0)
    x, y = np.array([0.5, -2.0, 3.0, np.nan, 1.0]), np.array([1.0, -2.0, 0.5, 1.0, np.inf])
    for n in range(6):
        for init in (-1.0, 1.0, np.inf, np.nan):
            given, wanted = (run(fn, x.copy(), y.copy(), n, init) for fn in (after, before))
            np.testing.assert_array_equal(given, wanted)


CHANGES = [
    "stored in the loop",
    "stored between",
    "stored in the arm",
    "another index",
    "another element",
    "another value",
    "another begin",
    "noted from the start",
    "an index below zero",
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("form", ["branch", "where"])
def test_what_may_differ_is_computed(form: str, change: str) -> None:
    before = maximum(form, change)
    assert read_kept(before) == before


def test_two_choices_are_not_one() -> None:
    before = maximum("where", "another test")
    assert read_kept(before) == before


def test_a_path_of_states() -> None:
    """The scores of the forward sweep come from the loop; the reverse sweep follows the noted states."""
    emission, transition = np.arange(12.0).reshape(4, 3) % 5, np.arange(9.0).reshape(3, 3) % 4 * 0.3
    gradient = ad.value_and_grad(viterbi.viterbi, (0, 1))
    source = gradient.lowered_source(emission, transition)
    assert "transition[last" not in source
    value, bars = gradient(emission, transition)
    expected, wanted = viterbi.adjoint(emission, transition)
    assert value == expected
    for bar, hand in zip(bars, wanted, strict=True):
        np.testing.assert_array_equal(bar, hand)
