"""What a loop calls and records, and waits for nothing, is computed in a loop of its own before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import adcompiler
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import FLOAT, INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Carry, Check, Const, Func, Loop, Var
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.distribute_calls import call_ahead
from tests.support.interpret import run

Change = Callable[[Builder, dict[str, Var]], None]


def walked(
    change: Change | None = None, at: str = "i", sums: bool = False, loads: bool = True, start: Const = ZERO
) -> Func:
    """`for i in range(n): e = exp(x[i] * 2); tape[i] = e; p = p * e + 1; y[i] = p`, with further lines by `change`."""
    b = Builder()
    n = b.var("n", INDEX)
    x = b.var("x", Type("float64", 1), (n,))
    b.add(Assign(n, "dim", (x,), (("axis", 0),), None))
    tape = b.emit("zeros", b.int("add", n, ONE), dtype="float64", hint="tape")
    y = b.emit("zeros", n, dtype="float64", hint="y")
    p, out, i = b.var("p", FLOAT), b.var("p", FLOAT), b.var("i", INDEX)
    back = b.int("sub", n, ONE)
    with b.block() as body:
        names = {"x": x, "y": y, "tape": tape, "p": p, "i": i, "n": n}
        given = b.load(x, (i,)) if loads else b.emit("cast", i, dtype="float64")
        names["t"] = b.emit("mul", given, Const(2.0))
        names["e"] = b.emit("exp", names["t"])
        places: dict[str, Atom] = {"i": i, "n": back, "moved": b.int("add", i, ONE) if at == "moved" else i, "added": i}
        b.store(tape, (places[at],), names["e"], add=at == "added")
        following = b.emit("add", p, names["e"]) if sums else b.emit("add", b.emit("mul", p, names["e"]), Const(1.0))
        names["next"] = following
        if change is not None:
            change(b, names)
        b.store(y, (i,), names["t"] if sums else following)
    b.add(Loop(i, start, n, ONE, (Carry(p, Const(0.5), following, out),), tuple(body), None, False, None))
    return b.finish("walked", [x], [out, tape, y])


def calls(fn: Func) -> list[list[str]]:
    """The calls of each loop, in order."""
    found = [s for s in walk(fn.body) if isinstance(s, Loop)]
    return [[s.op for s in loop.body if isinstance(s, Assign) and s.op in ("exp", "mul")] for loop in found]


def alike(fn: Func, after: Func) -> None:
    verify(after)
    for n in (0, 1, 4):
        x = np.random.default_rng(n).normal(size=n)
        for mine, want in zip(run(after, x), run(fn, x), strict=True):
            np.testing.assert_array_equal(mine, want)


def test_a_call_that_needs_no_state_comes_first() -> None:
    fn = walked()
    after = simplify(call_ahead(fn))
    assert calls(after) == [["mul", "exp"], ["mul"]]
    alike(fn, after)


def use(b: Builder, names: dict[str, Var]) -> None:
    """The rest reads a line of what is computed first."""
    b.store(names["y"], (names["i"],), b.emit("mul", names["t"], names["p"]), add=True)


def test_lines_that_both_need_are_in_both() -> None:
    fn = walked(use)
    after = simplify(call_ahead(fn))
    assert calls(after) == [["mul", "exp"], ["mul", "mul", "mul"]]
    alike(fn, after)


def checked(b: Builder, names: dict[str, Var]) -> None:
    b.add(Check(b.emit("gt", names["e"], Const(1e3)), "OverflowError", "", None))


def seen(b: Builder, names: dict[str, Var]) -> None:
    checked(b, names)
    b.store(names["x"], (names["i"],), names["p"])


def late(b: Builder, names: dict[str, Var]) -> None:
    b.add(Check(b.emit("gt", names["next"], Const(1e3)), "OverflowError", "", None))


def overwritten(b: Builder, names: dict[str, Var]) -> None:
    b.store(names["tape"], (names["i"],), Const(1.0))


def read(b: Builder, names: dict[str, Var]) -> None:
    b.store(names["y"], (names["i"],), b.load(names["tape"], (names["n"],)), add=True)


def stored(b: Builder, names: dict[str, Var]) -> None:
    b.store(names["x"], (names["i"],), names["p"])


def test_a_check_comes_first_as_well() -> None:
    fn = walked(checked)
    after = simplify(call_ahead(fn))
    assert calls(after) == [["mul", "exp"], ["mul"]]
    alike(fn, after)
    assert sum(isinstance(s, Check) for s in walk(after.body)) == 1
    for form in (fn, after):
        with pytest.raises(OverflowError):
            run(form, np.array([1.0, 9.0, 1.0]))


@pytest.mark.parametrize(
    ("change", "loads"), [(seen, False), (late, True), (overwritten, True), (read, True), (stored, True)]
)
def test_what_keeps_a_loop_whole(change: Change, loads: bool) -> None:
    """A check before what a caller sees, or of the state; other accesses of the record; an argument that changes."""
    fn = walked(change, loads=loads)
    assert call_ahead(fn) is fn


@pytest.mark.parametrize("at", ["n", "moved", "added"])
def test_a_record_that_another_iteration_finds_is_left(at: str) -> None:
    fn = walked(at=at)
    assert call_ahead(fn) is fn


def test_a_record_at_an_index_that_may_be_negative_is_left() -> None:
    fn = walked(start=Const(-2))
    assert call_ahead(fn) is fn


def test_sums_need_no_loop_of_their_own() -> None:
    fn = walked(sums=True)
    assert call_ahead(fn) is fn


def paths(spot, spread, normal):
    total = 0.0
    for p in range(normal.shape[0]):
        price = spot
        for k in range(normal.shape[1]):
            price *= np.exp(spread * normal[p, k])
        total += price
    return total


def test_a_random_walk_calls_first() -> None:
    gradient = adcompiler.value_and_grad(paths, 2)
    normal = np.random.default_rng(1).normal(size=(3, 11))
    assert "= _exp(" in gradient.lowered_source(2.0, 0.3, normal)
    value, bar = gradient(2.0, 0.3, normal)
    ends = 2.0 * np.exp(0.3 * normal.sum(axis=1))
    np.testing.assert_allclose(value, ends.sum(), rtol=1e-13)
    np.testing.assert_allclose(bar, np.repeat(0.3 * ends[:, None], 11, axis=1), rtol=1e-12)
