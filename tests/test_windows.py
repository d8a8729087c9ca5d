"""Windows of scalars that move over an array with a loop: the same results, and no load that a store has just made."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Const, Func, Load, Loop, Slice, Store, Var
from adcompiler.optimise.elements.windows import slide
from tests.support.interpret import run

Access = tuple[str, int, int]


def nest(
    accesses: list[Access], step: int, margin: int, sign: int = 1, rows: bool = False, extra: str = "", name: str = "a"
) -> Func:
    """A loop over `a`, whose index moves up or down, with accesses at offsets of the loop's index."""
    b = Builder()
    n = b.var("n", INDEX)
    x = b.var("x", Type("float64", 1), (n,))
    b.add(Assign(n, "dim", (x,), (("axis", 0),), None))
    a = b.emit("zeros", *((Const(3), n) if rows else (n,)), dtype="float64", hint=name)
    first = b.int("sub", n, Const(margin + 1))
    bounds = (Const(margin), b.int("sub", n, Const(margin))) if step > 0 else (first, Const(margin - 1))
    i, j = b.var("i", INDEX), b.var("j", INDEX)
    outer: tuple[Atom, ...] = (ONE,) if rows else ()
    with b.block() as fill:
        b.store(a, (*outer, j), b.load(x, (j,)))
    b.add(Loop(j, ZERO, n, ONE, (), tuple(fill), None, False, None))
    v = b.load(a, b.everything(a)) if extra == "view" else a
    with b.block() as body:
        value: Atom = b.load(x, (i,))
        for how, offset, row in accesses:
            place = i if sign > 0 else b.int("sub", b.int("sub", n, ONE), i)
            at = b.int("add", place, Const(offset)) if offset >= 0 else b.int("sub", place, Const(-offset))
            index = (Const(1 + row), at) if rows else (at,)
            if how == "load":
                value = b.emit("add", b.emit("mul", value, Const(0.5)), b.load(a, index))
            elif how in ("clear", "one", "nothing"):
                b.store(a, index, Const(1.0 if how == "one" else 0.0), add=how == "nothing")
            else:
                b.store(a, index, b.emit("mul", value, Const(1.0 + 0.25 * offset)), add=how == "add")
        if extra == "view":
            assert isinstance(v, Var)
            b.store(v, (*((ONE,) if rows else ()), i), Const(1.0), add=True)
        if extra == "whole":
            b.store(x, (i,), b.emit("sum", a, axes=tuple(range(2 if rows else 1)), keepdims=False))
    b.add(Loop(i, *bounds, Const(step), (), tuple(body), None, False, None))
    return b.finish("nest", [x], [a])


def same(fn: Func) -> bool:
    """Whether the pass changes a function; its results are those of before, at every length."""
    after = slide(fn)
    verify(after)
    for n in range(9):
        x = np.random.default_rng(n).normal(size=n)
        want, found = (run(f, x.copy())[0] for f in (fn, after))
        assert np.isfinite(want).all()
        np.testing.assert_array_equal(found, want)
    return after.body != fn.body


def loads(fn: Func) -> int:
    """How many elements of `a` the last loop loads."""
    last = [s for s in fn.body if isinstance(s, Loop)][-1]
    return sum(isinstance(s, Load) and s.array == Var("a") for s in last.body)


@pytest.mark.parametrize("seed", range(160))
def test_random_accesses(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = ("load", "store", "add", "add", "clear")[: 3 if seed < 80 else 5]
    rows = bool(seed % 3 == 0)
    accesses = [
        (kinds[rng.integers(len(kinds))], int(rng.integers(-2, 3)), int(rng.integers(-1, 2)) if rows else 0)
        for _ in range(rng.integers(2, 7))
    ]
    name = "a" if seed < 80 else "a_bar"
    same(nest(accesses, step=int(rng.choice([1, -1])), margin=2, sign=int(rng.choice([1, -1])), rows=rows, name=name))


def carries(fn: Func) -> int:
    return len([s for s in fn.body if isinstance(s, Loop)][-1].carried)


def test_a_cleared_element_is_not_added_to() -> None:
    """What leaves the window is stored, except for the sign of a zero, which matters outside of derivatives."""
    accesses = [("load", 0, 0), ("clear", 0, 0), ("add", -1, 0), ("add", 1, 0)]
    for name, carried in (("a", 2), ("a_bar", 1)):
        fn = nest(accesses, -1, 1, name=name)
        assert same(fn) and carries(slide(fn)) == carried
    for others in (
        [*accesses, ("load", 1, 0)],
        [("clear", 0, 0), ("add", 0, 0), *accesses[2:]],
        [("load", 0, 0), ("one", 0, 0), *accesses[2:]],
        [("load", 0, 0), ("nothing", 0, 0), *accesses[2:]],
    ):
        fn = nest(others, -1, 1, name="a_bar")
        assert same(fn) and carries(slide(fn)) == 2


def test_a_recurrence_loads_nothing() -> None:
    fn = nest([("load", -1, 0), ("store", 0, 0)], 1, 1)
    assert loads(fn) == 1 and same(fn) and loads(slide(fn)) == 0


def test_a_scatter_loads_what_enters_and_stores_what_leaves() -> None:
    fn = nest([("load", 1, 0), ("store", 1, 0), ("add", 0, 0), ("add", -1, 0)], -1, 1)
    assert same(fn)
    last = [s for s in slide(fn).body if isinstance(s, Loop)][-1]
    assert sum(isinstance(s, Store) and s.array == Var("a") for s in last.body) == 1


def test_rows_apart_are_windows_of_their_own() -> None:
    assert same(nest([("load", -1, 0), ("store", 0, 0), ("add", 0, 1), ("add", 0, -1)], 1, 1, rows=True))


@pytest.mark.parametrize(
    "fn",
    [
        # nothing comes back
        nest([("load", 1, 0), ("store", 0, 0)], 1, 1),
        # the window would be too wide
        nest([("load", -2, 0), ("store", 2, 0)], 1, 2),
        # an index that may be negative counts from the end
        nest([("load", -1, 0), ("store", 0, 0)], 1, 0),
        # memory under another name, and read as a whole
        nest([("load", -1, 0), ("store", 0, 0)], 1, 1, extra="view"),
        nest([("load", -1, 0), ("store", 0, 0)], 1, 1, extra="whole"),
    ],
)
def test_left_alone(fn: Func) -> None:
    assert slide(fn).body == fn.body


def test_no_slices_are_made() -> None:
    fn = slide(nest([("load", -1, 0), ("store", 0, 0)], 1, 1))
    assert not any(isinstance(item, Slice) for s in walk(fn.body) if isinstance(s, Store) for item in s.index)
