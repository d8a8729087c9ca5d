"""Writes through every kind of index leave in the array what NumPy leaves, right sides that read it included."""

from __future__ import annotations

import random
from typing import Any

import numpy
import pytest

from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Check, Store
from tests.support.indices import GRID, LAYOUTS, ROWS, gathers, matrix, vector
from tests.support.tracing import compare, trace


@pytest.mark.parametrize("op", [None, "add", "sub", "mul", "div", "pow", "mod", "floordiv"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_writes(layout: str, dtype: str, op: str | None) -> None:
    x = LAYOUTS[layout]().astype(dtype)
    if layout not in ("C", "F"):
        # astype made a contiguous array: take the strides again
        x = numpy.repeat(numpy.repeat(x, 2, 0), 2, 1)[::2, ::2]
    places = [
        (0, -1),
        2,
        (slice(None), 1),
        (slice(1, -1), slice(None, None, 2)),
        (slice(None, None, -1),),
        ...,
        (slice(2, 2),),
        (..., None),
    ]
    for place in places:
        shape = numpy.shape(x[place])
        for value in (2, 2.5, numpy.float64(1.5), numpy.float32(1.5)):
            compare(lambda np, x, p=place, v=value: assign(np, x, p, op, v), x)
        if shape:
            compare(lambda np, x, y, p=place: assign(np, x, p, op, y), x, numpy.full(shape, 1.5))
            compare(lambda np, x, y, p=place: assign(np, x, p, op, y), x, numpy.full(shape[-1:], 1.25, "float32"))
            compare(lambda np, x, y, p=place: assign(np, x, p, op, y), x, numpy.full((1, *shape), 3))


def assign(np: Any, x: Any, place: Any, op: str | None, value: Any) -> Any:
    if op is None:
        x[place] = value
    else:
        np.update(x, place, op, value)
    return x[-1, -1]


@pytest.mark.parametrize("op", [None, "add", "sub", "mul", "div"])
def test_writes_through_integer_arrays(op: str | None) -> None:
    """Repeated indices: the last of several values stays, and updates read all before they write."""
    for make in gathers():
        for value in (2.0, 3):
            compare(lambda np, x, r, g, m=make, v=value: assign(np, x, m(r, g), op, v), matrix(), ROWS, GRID)

        shape = numpy.shape(matrix()[make(ROWS, GRID)])
        for given in (shape, shape[-1:], (1,) * len(shape)):
            values = numpy.arange(1.0, numpy.prod(given) + 1).reshape(given)
            compare(
                lambda np, x, r, g, y, m=make: assign(np, x, m(r, g), op, y),
                matrix(),
                ROWS,
                GRID,
                values,
            )


@pytest.mark.parametrize("op", [None, "add", "sub", "mul", "div"])
def test_writes_through_masks(op: str | None) -> None:
    compare(lambda np, x: assign(np, x, x > 7, op, 2.0), matrix())
    compare(lambda np, x: assign(np, x, x[:, 1] > 7, op, 2.0), matrix())
    compare(lambda np, x: assign(np, x, (slice(None), x[0] > 2), op, 2.0), matrix())
    compare(lambda np, x: assign(np, x, (x[:, 1] > 7, 1), op, 2.0), matrix())
    compare(lambda np, x: assign(np, x, (x[:, 1] > 7, slice(1, 3)), op, 2.0), matrix())
    compare(lambda np, x, y: assign(np, x, x > 7, op, y), matrix(), vector(13))
    compare(lambda np, x, y: assign(np, x, x > 7, op, y), matrix(), vector(12))
    compare(lambda np, x, y: assign(np, x, x > 7, op, y), matrix(), numpy.array([4.0]))
    compare(lambda np, x, y: assign(np, x, x[:, 0] > 7, op, y), matrix(), vector(5))
    compare(lambda np, x: assign(np, x, x > 7, op, x[x > 7] * 2.0), matrix())


def test_integer_and_bool_targets() -> None:
    ints, flags = numpy.arange(6), numpy.array([True, False, True])
    for op in (None, "add", "mul", "floordiv", "div"):
        compare(lambda np, x, o=op: assign1(np, x, 1, o, 2.7), ints)
        compare(lambda np, x, o=op: assign1(np, x, slice(1, 3), o, 2), ints)
        compare(lambda np, x, o=op: assign1(np, x, slice(1, 3), o, 2.5), ints)
        compare(lambda np, x, y, o=op: assign1(np, x, y, o, 2), ints, numpy.array([1, 1, 4]))
        compare(lambda np, x, y, o=op: assign1(np, x, y, o, 2.5), ints, numpy.array([1, 1, 4]))
    compare(lambda np, x: assign1(np, x, 1, "add", True), flags)
    compare(lambda np, x: assign1(np, x, 1, None, 0.5), flags)
    compare(lambda np, x, v: assign1(np, x, 1, None, v), ints, float("nan"))
    compare(lambda np, x, v: assign1(np, x, 1, None, v), numpy.zeros(3, numpy.uint8), 300)
    compare(lambda np, x, v: assign1(np, x, 1, None, v), numpy.zeros(3, numpy.uint8), 200)
    compare(lambda np, x: assign1(np, x, 1, None, 300), numpy.zeros(3, numpy.uint8))


def assign1(np: Any, x: Any, place: Any, op: str | None, value: Any) -> Any:
    if op is None:
        x[place] = value
    else:
        np.update(x, place, op, value)
    return x[0]


def test_values_that_do_not_fit() -> None:
    compare(lambda np, x, y: assign(np, x, slice(1, 3), None, y), matrix(), matrix())
    compare(lambda np, x, y: assign(np, x, (0, slice(None)), None, y), matrix(), matrix(2, 5))
    compare(lambda np, x, y: assign(np, x, (0, slice(0, 1)), None, y), matrix(), vector(4))
    compare(lambda np, x, y: assign(np, x, (0, 0), None, y), matrix(), vector(4))


def test_right_sides_that_read_what_is_written() -> None:
    def shifted(np: Any, x: Any) -> Any:
        x[1:] = x[:-1]
        np.update(x, slice(1, None), "add", x[:-1])
        np.update(x, slice(None, -1), "sub", x[1:])
        np.update(x, slice(None), "mul", x[::-1])
        return x.sum()

    def through_view(np: Any, x: Any) -> Any:
        part = x[1:3]
        part[0] = 10.0
        back = x[::-1]
        part[...] = back[:2]
        x[:] = back
        return part.sum()

    def turned(np: Any, x: Any) -> Any:
        x[:3, :3] = x[:3, :3].T
        np.update(x, (slice(0, 3), slice(0, 3)), "add", x[:3, :3].T)
        return x[0, 1]

    def itself(np: Any, x: Any, r: Any) -> Any:
        r[r] = r[::-1]
        x[r] = x[::-1]
        x[x > 2] = x[x > 2][::-1]
        return x.sum()

    compare(shifted, vector())
    compare(through_view, vector())
    compare(turned, matrix())
    compare(itself, vector(4), numpy.array([1, 0, 3, 2]))


def test_different_arguments_need_no_copy() -> None:
    func = compare(lambda np, x, y: assign1(np, x, slice(1, None), None, y[1:]), vector(), vector())
    assert func is not None and not any(s.op == "copy" for s in walk(func.body) if isinstance(s, Assign))
    func = compare(lambda np, x: assign1(np, x, slice(1, None), None, x[1:] * 2.0), vector())
    assert func is not None and not any(s.op == "copy" for s in walk(func.body) if isinstance(s, Assign))


def test_sums_are_stores_that_add() -> None:
    """`+=` and `-=` record nothing in the adjoint, because they are one statement."""
    for op in ("add", "sub"):
        for place in (0, slice(1, 3), ...):
            func = compare(lambda np, x, p=place, o=op: assign1(np, x, p, o, 2.0), vector())
            assert func is not None and [s.add for s in walk(func.body) if isinstance(s, Store)] == [True]


def test_checks_stand_before_their_access() -> None:
    func, _ = trace(lambda np, x, i, j: x[i, j] + x[0, -1], matrix(), 1, 2)
    kinds = [type(s).__name__ for s in func.body if not isinstance(s, Assign) or s.op == "add"]
    assert kinds == ["Check", "Check", "Load", "Check", "Check", "Load", "Assign"]
    assert all(s.exception == "IndexError" for s in func.body if isinstance(s, Check))


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed: int) -> None:
    """Chains of views, writes through them and reads of the base."""
    rng = random.Random(seed)

    def index(shape: tuple[int, ...]) -> tuple[Any, ...]:
        items: list[Any] = []
        for n in shape:
            start, stop = rng.choice((None, 0, 1, -2)), rng.choice((None, n, -1, n - 1))
            items.append(slice(start, stop, rng.choice((None, 1, 2, -1, -2))))
        return tuple(items)

    plan: list[Any] = []
    shapes = [(4, 5)]
    for _ in range(6):
        source = rng.randrange(len(shapes))
        place = index(shapes[source])
        shape = numpy.shape(numpy.zeros(shapes[source])[place])
        if min(shape) < 2:
            continue
        kind = rng.choice(("view", "turn", "store", "add", "mul"))
        plan.append((kind, source, place, rng.randrange(len(shapes))))
        if kind in ("view", "turn"):
            shapes.append(shape if kind == "view" else shape[::-1])

    def program(np: Any, x: Any) -> Any:
        views = [x]
        for kind, source, place, other in plan:
            if kind == "view":
                views.append(views[source][place])
            elif kind == "turn":
                views.append(views[source][place].T)
            elif kind == "store":
                views[source][place] = views[other][0, 0]
            else:
                np.update(views[source], place, kind, views[source][place])
        return [v.sum() for v in views]

    compare(program, numpy.arange(1.0, 21.0).reshape(4, 5) / 8)
