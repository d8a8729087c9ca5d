"""Additions to neighbouring elements are put off; sums are marked where their order cannot be seen."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import FLOAT, INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Carry, Const, Func, Loop, Store
from adcompiler.optimise.elements.scatter import put_off_additions
from adcompiler.optimise.machine.reductions import mark_reductions
from tests.support.interpret import run


def stencil(start: int, reads: bool) -> Func:
    """`for i in range(start, n - 1): a[i] += x[i]; a[i - 1] += 2 x[i]; a[i + 1] += 3 x[i]`, perhaps reading `a`."""
    b = Builder()
    n = b.var("n", INDEX)
    x = b.var("x", Type("float64", 1), (n,))
    b.add(Assign(n, "dim", (x,), (("axis", 0),), None))
    a, i = b.emit("zeros", n, dtype="float64", hint="a"), b.var("i", INDEX)
    last = b.int("sub", n, ONE)
    with b.block() as body:
        value = b.load(x, (i,))
        if reads:
            value = b.emit("add", value, b.load(a, (i,)))
        for offset, factor in ((0, 1.0), (-1, 2.0), (1, 3.0)):
            at = b.int("add", i, Const(offset))
            b.store(a, (at,), b.emit("mul", Const(factor), value), add=True)
    b.add(Loop(i, Const(start), last, ONE, (), tuple(body), None, False, None))
    return b.finish("stencil", [x], [a])


def loops(fn: Func) -> int:
    return sum(isinstance(s, Loop) for s in walk(fn.body))


def test_other_offsets_are_added_in_a_loop_of_their_own() -> None:
    fn = stencil(1, reads=False)
    split = put_off_additions(fn)
    assert (loops(fn), loops(split)) == (1, 2)
    x = np.array([1.0, -2.0, 0.5, 4.0, 3.0])
    np.testing.assert_allclose(run(split, x)[0], run(fn, x)[0], rtol=1e-15)
    np.testing.assert_array_equal(run(split, x[:1])[0], run(fn, x[:1])[0])


def test_an_array_that_is_read_is_left_alone() -> None:
    fn = stencil(1, reads=True)
    assert put_off_additions(fn).body == fn.body


def additions(seed: int) -> Func:
    """A nest of two loops that adds to random neighbours, from bounds of either sign."""
    rng = np.random.default_rng(seed)
    b = Builder()
    n = b.var("n", INDEX)
    x = b.var("x", Type("float64", 1), (n,))
    b.add(Assign(n, "dim", (x,), (("axis", 0),), None))
    a = b.emit("zeros", Const(5), n, dtype="float64", hint="a")
    i, j, low = b.var("i", INDEX), b.var("j", INDEX), int(rng.integers(-3, 4))
    start = Const(low) if seed % 2 else b.int("minimum", n, Const(low))
    with b.block() as inner:
        values = [b.load(x, (b.int("sub", j, start),))]
        values.append(b.emit("mul", values[0], values[0]))
        for _ in range(rng.integers(1, 7)):
            row = b.int("add", i, Const(int(rng.integers(0, 3))))
            at = b.int("add", b.int("sub", j, start), Const(int(rng.integers(0, 4))))
            b.store(a, (row, at), values[rng.integers(2)], add=True)
    stop = b.int("add", b.int("sub", n, Const(4)), start)
    with b.block() as outer:
        b.add(Loop(j, start, stop, ONE, (), tuple(inner), None, False, None))
    b.add(Loop(i, ZERO, Const(3), ONE, (), tuple(outer), None, False, None))
    return b.finish("additions", [x], [a])


@pytest.mark.parametrize("seed", range(60))
def test_random_neighbours(seed: int) -> None:
    fn = additions(seed)
    split = put_off_additions(fn)
    verify(split)
    for n in range(9):
        x = np.random.default_rng(n).normal(size=n)
        want = run(fn, x)[0]
        assert np.isfinite(want).all()
        np.testing.assert_allclose(run(split, x)[0], want, rtol=1e-14, atol=1e-14)


def total(uses_partial: bool) -> Func:
    """`for i: s = s + x[i]`, perhaps storing the partial sums."""
    b = Builder()
    n = b.var("n", INDEX)
    x = b.var("x", Type("float64", 1), (n,))
    b.add(Assign(n, "dim", (x,), (("axis", 0),), None))
    s, out, i = b.var("s", FLOAT), b.var("s", FLOAT), b.var("i", INDEX)
    with b.block() as body:
        following = b.emit("add", s, b.load(x, (i,)))
        if uses_partial:
            b.store(x, (i,), following)
    b.add(Loop(i, ZERO, n, ONE, (Carry(s, Const(0.0), following, out),), tuple(body), None, False, None))
    return b.finish("total", [x], [out])


def marks(fn: Func) -> int:
    return sum(isinstance(s, Assign) and ("reassociate", True) in s.params for s in walk(fn.body))


def test_a_proven_reduction_is_marked() -> None:
    assert marks(mark_reductions(total(uses_partial=False))) == 1


def test_partial_sums_that_are_seen_keep_their_order() -> None:
    fn = total(uses_partial=True)
    assert any(isinstance(s, Store) for s in walk(fn.body))
    assert marks(mark_reductions(fn)) == 0
