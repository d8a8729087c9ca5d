"""What follows an inner loop, and calls mathematical functions, runs in a loop of its own where nobody can tell."""

from __future__ import annotations

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Atom, Carry, Const, Func, Loop, Var
from adcompiler.optimise.machine.distribute_rear import split_off_rears
from benchmarks.programs.mlp_loops import PROGRAM
from tests.support.interpret import run

F64 = Type("float64")
ZEROS = Const(0.0)


def program(*parts: str) -> Func:
    """A loop of sums, each by an inner loop, and the `tanh` of each sum, stored and added up."""
    b = Builder()
    n, start = b.var("n", INDEX), b.var("start", INDEX)
    x, y = (b.var(name, Type("float64", 1), (n,)) for name in "xy")
    z, other = (b.emit("full", Const(0.5), n, dtype="float64") for _ in range(2))
    narrow = b.emit("zeros", n, dtype="float32")
    h, i = b.var("h", INDEX), b.var("i", INDEX)
    s, s_out, total, out = (b.var(name, F64) for name in ("s", "s", "total", "total"))
    with b.block() as body:
        given = other if "alone" in parts else x
        shift = b.load(other if "filled" in parts else given, (h,))
        with b.block() as within:
            t = b.load(z if "read" in parts else other if "written" in parts else given, (i,))
            if "whole" in parts:
                b.emit("add", b.emit("cast", t, dtype="int64"), i)
            if "front check" in parts:
                limit = b.load(other, (ZERO,)) if "alone" in parts else Const(0.9)
                b.check(b.emit("gt", b.emit("mul", s, t), limit), "ValueError", "front")
            if "filled" in parts:
                b.store(other, (i,), b.emit("mul", t, Const(0.5)))
            added = b.emit("add", s, b.emit("mul", t, shift if "shared" in parts else t))
        first = total if "feeds" in parts else ZEROS
        b.add(Loop(i, ZERO, n, ONE, (Carry(s, first, added, s_out),), tuple(within), None, False, None))
        if "again" in parts:
            shift = b.emit("add", shift, b.load(z, (ZERO,)))
        u = b.emit("neg" if "cheap" in parts else "tanh", b.emit("add", s_out, shift))
        if "check" in parts:
            b.check(b.emit("gt", shift, Const(0.7)), "OverflowError", "rear")
        value = b.emit("cast", u, dtype="float32") if "narrow" in parts else u
        array = y if "given" in parts else narrow if "narrow" in parts else z
        b.store(array, (ZERO if "one" in parts else h,), value, add="adds" in parts)
        if "told" in parts:
            b.store(y, (h,), u)
        if "written" in parts:
            b.store(other, (h,), u)
        now = b.emit("mul" if "product" in parts else "add", total, u)
        stop = b.emit("gt", u, Const(0.9)) if "left" in parts else None
    last = b.int("sub", n, ONE)
    bounds = (last, Const(-1), Const(-1)) if "back" in parts else (first_index(start, parts), n, ONE)
    b.add(Loop(h, *bounds, (Carry(total, ZEROS, now, out),), tuple(body), stop, False, None))
    return verify(b.finish("f", [n, start, x, y], [out, z]))


def first_index(start: Var, parts: tuple[str, ...]) -> Atom:
    return start if "any" in parts else Const(-1) if "below" in parts else ZERO


def outcome(fn: Func, x: np.ndarray, start: int) -> tuple[object, ...]:
    """The results and what is left in the array given, or the exception."""
    y = np.zeros(len(x))
    try:
        total, z = run(fn, len(x), start, x.copy(), y)
    except (ValueError, OverflowError) as error:
        return type(error), str(error), *y
    return total, *z, *y


def split(fn: Func) -> bool:
    """Whether the pass makes two loops of one; the same is returned, or raised, by both."""
    changed = verify(split_off_rears(fn))
    rng = np.random.default_rng(0)
    for n in (1, 2, 5):
        for start in (0, -1):
            for _ in range(5):
                x = rng.uniform(size=n)
                assert outcome(changed, x, start) == outcome(fn, x, start)
    return sum(isinstance(s, Loop) for s in changed.body) == 2


@pytest.mark.parametrize("parts", [(), ("back",), ("check",), ("check", "back"), ("filled",)], ids=str)
def test_the_rear_runs_behind_all_fronts(parts: tuple[str, ...]) -> None:
    assert split(program(*parts)) is ("filled" not in parts)


# what is stored in, or where it waits, is used by others
SEEN = ("read", "written", "again", "given", "one", "adds", "narrow")
# indices that wrap around, what the front needs or hands on besides, an exit
BOUND = ("any", "below", "feeds", "shared", "left")
# nothing to call for several numbers at once, or what keeps the loop from it
IDLE = ("cheap", "product")


@pytest.mark.parametrize("part", [*SEEN, *BOUND, *IDLE])
def test_what_somebody_could_tell_stays_in_one_loop(part: str) -> None:
    assert not split(program(part))


@pytest.mark.parametrize(
    "parts", [("front check", "check"), ("whole", "check"), ("told", "front check", "alone")], ids=str
)
def test_nothing_tells_which_halves_have_run_before_one_fails(parts: tuple[str, ...]) -> None:
    assert not split(program(*parts))


def test_a_layer_of_a_network_calls_its_function_for_several_neurons_at_once() -> None:
    args = PROGRAM.arguments(PROGRAM.small)
    assert "= _tanh(" in ad.value_and_grad(PROGRAM.function, PROGRAM.argnums).lowered_source(*args)
    strict = ad.value_and_grad(PROGRAM.function, PROGRAM.argnums, fastmath=False)
    assert "= math.tanh(" in strict.lowered_source(*args)
