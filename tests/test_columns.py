"""Tapes that a loop of unknown length makes longer together are one array, and no others are."""

from __future__ import annotations

import math

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Carry, Const, Func, Grow, Slice, While
from adcompiler.optimise.elements.columns import join_tapes
from tests.programs import newton
from tests.support.interpret import run


def recording(
    dtypes: tuple[str, str] = ("float64", "float64"),
    lengths: tuple[int, int] = (2, 2),
    ahead: int = 0,
    use: str = "",
) -> Func:
    """A loop that records its count and its square, and what lies in both tapes added up."""
    b = Builder()
    n = b.var("n", INDEX)
    b.own.add(n)
    tapes = [b.emit("empty", Const(k), dtype=d, hint="tape") for k, d in zip(lengths, dtypes, strict=True)]
    trip, after = b.var("trip", INDEX), b.var("trip", INDEX)
    with b.block() as condition:
        b.grow(tapes[0], trip)
        b.grow(tapes[1], b.int("add", trip, Const(ahead)))
        going = b.emit("lt", trip, n, weak=True)
    with b.block() as body:
        b.store(tapes[0], (trip,), trip)
        b.store(tapes[1], (trip,), b.emit("mul", trip, trip))
        following = b.emit("add", trip, ONE)
    b.add(While((Carry(trip, ZERO, following, after),), tuple(condition), going, tuple(body), None))
    results: list[Atom] = [after]
    if use == "view":
        view = b.load(tapes[1], (Slice(None, None, None, ZERO, ONE),))
        results.append(b.load(view, (ZERO,)))
    results += [b.load(t, (Const(1),)) for t in tapes]
    if use == "result":
        results.append(tapes[1])
    return verify(b.finish("recording", [n], results))


def grown(fn: Func) -> list[tuple[str, int]]:
    return [(s.array.name, fn.types[s.array.name].rank) for s in walk(fn.body) if isinstance(s, Grow)]


def test_two_tapes_become_the_columns_of_one() -> None:
    before = recording()
    after = verify(join_tapes(before))
    assert [rank for _, rank in grown(after)] == [2]
    assert sum(isinstance(s, Assign) and s.op == "empty" for s in walk(after.body)) == 1
    for n in (2, 3, 9):
        assert run(after, n) == run(before, n) == (n, 1.0, 1.0)


@pytest.mark.parametrize(
    "how",
    [
        {"dtypes": ("float64", "bool")},
        {"lengths": (2, 3)},
        {"ahead": 1},
        {"use": "view"},
        {"use": "result"},
    ],
    ids=["element type", "length", "row", "view", "result"],
)
def test_tapes_that_differ_or_are_used_as_a_whole_stay(how: dict[str, object]) -> None:
    before = recording(**how)  # type: ignore[arg-type]
    assert join_tapes(before) == before


def test_a_tape_that_grows_in_two_places_stays() -> None:
    b = Builder()
    n = b.var("n", INDEX)
    b.own.add(n)
    tapes = [b.emit("empty", Const(1), dtype="float64", hint="tape") for _ in range(2)]
    for place in range(2):
        trip, after = b.var("trip", INDEX), b.var("trip", INDEX)
        with b.block() as condition:
            for tape in tapes[place:]:
                b.grow(tape, trip)
            going = b.emit("lt", trip, n, weak=True)
        with b.block() as body:
            for tape in tapes[place:]:
                b.store(tape, (trip,), Const(1.0))
            following = b.emit("add", trip, ONE)
        b.add(While((Carry(trip, ZERO, following, after),), tuple(condition), going, tuple(body), None))
    fn = verify(b.finish("two", [n], [b.load(t, (ZERO,)) for t in tapes]))
    assert join_tapes(fn) == fn


def test_more_iterations_than_a_tape_has_room_for_at_first() -> None:
    """The array is made longer twice, in every run of the loop anew or once for all."""
    gradient = ad.value_and_grad(newton.slow_iterations, (0, 1))
    x, rate = np.array([0.4, 0.9]), 0.93
    assert "tape.shape[0]" in gradient.lowered_source(x, rate)
    assert "min(" not in gradient.lowered_source(x, rate)
    value, (x_bar, rate_bar) = gradient(x, rate)
    h = 1e-6
    assert math.isclose(value, newton.slow_iterations(x, rate))
    assert math.isclose(
        rate_bar,
        (newton.slow_iterations(x, rate + h) - newton.slow_iterations(x, rate - h)) / (2 * h),
        rel_tol=1e-6,
    )
    assert x_bar.shape == x.shape
