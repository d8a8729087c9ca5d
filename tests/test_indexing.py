"""Reads and writes through every kind of index give what NumPy gives, on every layout."""

from __future__ import annotations

import itertools
from typing import Any

import numpy
import pytest

from adcompiler.errors import TypeProblem
from adcompiler.frontend.state import facts
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Carry, Check, Const, Loop, Slice, Var
from tests.support.indices import GRID, LAYOUTS, ROWS, gathers, matrix, vector
from tests.support.interpret import run
from tests.support.tracing import compare, trace

BOUNDS = (None, -7, -4, -2, -1, 0, 1, 2, 4, 7)
STEPS = (None, 1, 2, 3, -1, -2, -3)


@pytest.mark.parametrize("step", STEPS)
def test_slices_of_literals(step: int | None) -> None:
    for start, stop in itertools.product(BOUNDS, BOUNDS):
        # a slice written with one element must have one
        single = step in (None, 1) and len(range(9)[start:stop]) == 1
        for n in (2, 3, 5, 8):
            if single and len(range(n)[start:stop]) != 1:
                continue
            func = compare(lambda np, x, s=slice(start, stop, step): x[s], vector(n))
            assert func is not None


@pytest.mark.parametrize("step", (None, 2, -1, -2))
def test_slices_of_run_time_bounds(step: int | None) -> None:
    """One function for all bounds, clipped as NumPy clips."""
    func, _ = trace(lambda np, x, a, c: x[slice(a, c, step)], vector(), 1, 3)
    for a, c, n in itertools.product(range(-7, 8), range(-7, 8), (2, 5)):
        (got,) = run(func, vector(n), a, c)
        numpy.testing.assert_array_equal(got, vector(n)[a:c:step])


def test_slices_of_one_run_time_bound() -> None:
    forms = [
        lambda np, x, a: x[slice(a, None)],
        lambda np, x, a: x[slice(None, a)],
        lambda np, x, a: x[slice(a, None, -1)],
        lambda np, x, a: x[slice(None, a, -1)],
        lambda np, x, a: x[slice(1, a)],
        lambda np, x, a: x[slice(a, -1)],
        lambda np, x, a: x[slice(-3, a, 2)],
    ]
    for form in forms:
        func, _ = trace(form, vector(), 1)
        for a, n in itertools.product(range(-7, 8), (2, 3, 5)):
            (got,) = run(func, vector(n), a)
            numpy.testing.assert_array_equal(got, form(numpy, vector(n), a))


def test_slices_of_a_run_time_step() -> None:
    func, _ = trace(lambda np, x, s: x[slice(None, None, s)], vector(), 1)
    bounded, _ = trace(lambda np, x, s: x[slice(-2, 0, s)], vector(), 1)
    for s in (-3, -2, -1, 1, 2, 3):
        numpy.testing.assert_array_equal(run(func, vector(), s)[0], vector()[::s])
        numpy.testing.assert_array_equal(run(bounded, vector(), s)[0], vector()[-2:0:s])
    with pytest.raises(ValueError, match="step"):
        run(func, vector(), 0)


def test_equal_extents_are_one_name() -> None:
    """Neighbours are subtracted without a run-time comparison of their lengths."""
    func = compare(lambda np, x: x[1:] - x[:-1], vector())
    assert func is not None and not any(isinstance(s, Check) for s in walk(func.body))
    func = compare(lambda np, x: x[2:] - x[1:-1] * x[:-2] + x[1:][1:], vector())
    assert func is not None and not any(isinstance(s, Check) for s in walk(func.body))


def test_whole_slices_need_no_lines() -> None:
    func = compare(lambda np, x: x[:, :] - x[...] - x[0:, None][:, 0] - x[::1], matrix())
    assert func is not None and all(s.op in ("dim", "sub") for s in walk(func.body) if isinstance(s, Assign))
    assert not any(isinstance(s, Check) for s in walk(func.body))


def test_a_slice_of_one_element_broadcasts() -> None:
    func, _ = trace(lambda np, x, k: x[:, slice(k, k + 1)] * x, matrix(), 2)
    numpy.testing.assert_array_equal(run(func, matrix(), 2)[0], matrix()[:, 2:3] * matrix())
    with pytest.raises(ValueError, match="one element"):
        run(func, matrix(), 5)
    compare(lambda np, x: x - x[:1], vector())
    compare(lambda np, x: x - x[-1:], vector())
    compare(lambda np, x: x - x[-3:-2], vector())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_reads(layout: str) -> None:
    x = LAYOUTS[layout]()
    indices = [
        (0, 0),
        (-1, -2),
        (3, 4),
        2,
        -4,
        (slice(None), 1),
        (slice(1, -1), -1),
        (slice(None, None, -1), slice(None, None, 2)),
        (..., 0),
        (0, ...),
        (None, slice(None), None, 1),
        (slice(1, 3), None, ..., slice(-2, None)),
        (slice(0, 0), slice(None)),
    ]
    for index in indices:
        compare(lambda np, x, i=index: x[i], x)


def test_index_out_of_bounds() -> None:
    for index in ((4, 0), (-5, 0), (0, 5), (0, -6), 4, (slice(None), 7)):
        compare(lambda np, x, i=index: x[i], matrix())
    func, _ = trace(lambda np, x, k: x[k], vector(), 0)
    for k in (-5, -1, 0, 4):
        assert run(func, vector(), k)[0] == vector()[k]
    for k in (5, -6, 100):
        with pytest.raises(IndexError):
            run(func, vector(), k)


def test_index_of_other_integer_types() -> None:
    for dtype in (numpy.int32, numpy.uint8, numpy.int64):
        compare(lambda np, x, k: x[k], vector(), dtype(3))
        compare(lambda np, x, k: x[slice(k, None)], vector(), dtype(3))
        compare(lambda np, x, k: x[k], matrix(), numpy.array([3, 0, 1], dtype))


@pytest.mark.parametrize(
    "index",
    [1.0, (0, 0, 0), (slice(1.0, None),), (..., ...), "a", True, (slice(None, None, 0),), (slice(None), 0, None, 0)],
    ids=str,
)
def test_refused(index: Any) -> None:
    with pytest.raises(TypeProblem) as caught:
        trace(lambda np, x: x[index], matrix())
    assert caught.value.fix and caught.value.span


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("number", range(20))
def test_gather(number: int, layout: str) -> None:
    make = gathers()[number]
    compare(lambda np, x, r, g: x[make(r, g)], LAYOUTS[layout](), ROWS, GRID)


@pytest.mark.parametrize(
    "index",
    [
        lambda r: (r, slice(None), r),
        lambda r: (slice(None), r, r),
        lambda r: (0, slice(None), r),
        lambda r: (r, slice(None), 0),
        lambda r: (slice(None), r, 0),
        lambda r: (slice(None), 1, r),
        lambda r: (r, 0, slice(1, 3)),
        lambda r: (None, r, slice(None), r),
        lambda r: (slice(None), slice(None), r),
    ],
)
def test_gather_placement(index: Any) -> None:
    """Axes of integer arrays come in front where a slice stands between them."""
    x = numpy.arange(4.0 * 5 * 6).reshape(4, 5, 6)
    compare(lambda np, x, r: x[index(r)], x, ROWS)


def test_gather_out_of_bounds() -> None:
    for bad in ([0, 4], [-5, 0]):
        compare(lambda np, x, r: x[r], matrix(), numpy.array(bad))
    compare(lambda np, x, r: x[r, r], matrix(), numpy.array([0, 1, 5]))


def test_gather_of_extents_that_differ() -> None:
    compare(lambda np, x, r, c: x[r, c], matrix(), numpy.array([0, 1, 2]), numpy.array([0, 1]))
    compare(lambda np, x, r, c: x[r, c], matrix(), numpy.array([0, 1, 2]), numpy.array([1]))
    compare(lambda np, x, r: x[r], matrix(), numpy.array([], numpy.int64))


def test_sparse_row() -> None:
    def row(np: Any, values: Any, columns: Any, starts: Any) -> Any:
        first, last = starts[1], starts[2]
        return values[columns[slice(first, last)]]

    compare(row, vector(8), numpy.array([0, 3, 7, 7, 2, 1]), numpy.array([0, 2, 5, 6]))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_masks(layout: str) -> None:
    x = LAYOUTS[layout]()
    compare(lambda np, x: x[x > 3], x)
    compare(lambda np, x: x[x > 1000], x)
    compare(lambda np, x: x[x[:, 0] > 3], x)
    compare(lambda np, x: x[x[:, 0] > 3, 1], x)
    compare(lambda np, x: x[x[:, 0] > 3, 1:3], x)
    compare(lambda np, x: x[:, x[0] < 20], x)
    compare(lambda np, x: x[::2, x[0] < 20], x)
    compare(lambda np, x, r: x[x[:, 0] > 100, r], x, ROWS)
    compare(lambda np, x: x[x[:-1] > 0], x)
    compare(lambda np, x: x[[True, False, True, True]], x)


def swapped() -> tuple[Builder, dict[str, Var]]:
    """Two buffers that a loop exchanges, and a third array it leaves alone."""
    b = Builder()
    n = Const(4)
    names = {name: b.emit("zeros", n, dtype="float64", hint=name) for name in ("a", "c", "d")}
    here, there = b.like(names["a"], "here"), b.like(names["c"], "there")
    outs = b.like(names["a"], "a_out"), b.like(names["c"], "c_out")
    carried = (Carry(here, names["a"], there, outs[0]), Carry(there, names["c"], here, outs[1]))
    with b.block() as body:
        inside = b.emit("copy", names["d"])
        assert facts.may_share(b, here, there) and facts.may_share(b, here, names["a"])
        assert not facts.may_share(b, here, inside)
    b.add(Loop(b.var("k", INDEX), ZERO, Const(3), ONE, carried, tuple(body), None, False, None))
    return b, {**names, "a_out": outs[0], "c_out": outs[1]}


def test_memory_after_a_loop_that_swaps() -> None:
    b, names = swapped()
    for one, other in (("a_out", "a"), ("a_out", "c"), ("c_out", "a"), ("a_out", "c_out")):
        assert facts.may_share(b, names[one], names[other])
    for one, other in (("a", "c"), ("a_out", "d"), ("d", "c_out")):
        assert not facts.may_share(b, names[one], names[other])
    view = b.load(names["c"], (Slice(None, None, None, ZERO, Const(4)),))
    assert facts.may_share(b, view, names["a_out"]) and not facts.may_share(b, view, names["d"])


def test_lower_bounds() -> None:
    b = Builder()
    n = b.emit("dim", b.var("x", Type("float64", 1), (Const(3),)), axis=0, hint="n")
    k = b.var("k", INDEX)
    assert facts.lower_bound(b, n) == 0 and facts.lower_bound(b, k) is None
    b.lower[k.name] = 1
    before = b.int("sub", k, ONE)
    assert facts.lower_bound(b, before) == 0 and facts.lower_bound(b, b.int("mul", k, n)) == 0
    assert facts.lower_bound(b, b.int("sub", n, k)) is None
    assert facts.lower_bound(b, b.int("maximum", b.int("sub", n, k), ZERO)) == 0
    assert facts.lower_bound(b, b.emit("cast", b.int("add", k, k), dtype="int64")) == 2
    assert facts.lower_bound(b, b.emit("cast", k, dtype="uint8")) is None
