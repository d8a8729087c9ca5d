"""A cotangent of zero is passed over where nothing follows from it, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Branch, Carry, Const, Func, Loop, Out, Var
from adcompiler.optimise.lines.unselected import skip_unselected
from tests.support.interpret import run

NOTHING = Const(0.0)
F64 = Type("float64")
More = Callable[[Builder, dict[str, Var], Var], None]


def program(more: More | None = None, value: str = "g", carried: bool = False, loaded: bool = True) -> Func:
    """The adjoint of a maximum: what of `y` a record sends to an element of `x`, the rest to the first of `z`."""
    b = Builder()
    n = b.var("n", INDEX)
    v = {name: b.var(name, Type("float64", 1), (n,)) for name in "xyzw"}
    v["last"] = b.var("last", Type("int64", 1), (n,))
    j, total, out = b.var("j", INDEX), b.var("total", F64), b.var("total", F64)
    with b.block() as body:
        g = b.load(v["y"], (j,))
        b.store(v["y"], (j,), NOTHING)
        k = b.load(v["last"], (j,)) if loaded else b.int("sub", b.int("sub", n, ONE), j)
        some, rest = b.emit("ge", k, ZERO, weak=True), b.var("rest", F64)
        with b.block() as then:
            values = {
                "g": lambda: g,
                "half": lambda: b.emit("neg", b.emit("mul", g, Const(0.5))),
                "guarded": lambda: b.emit("cut", g, b.load(v["w"], (j,))),
                "product": lambda: b.emit("mul", g, b.load(v["w"], (j,))),
                "one": lambda: Const(1.0),
            }
            b.store(v["x"], (k,), values[value](), add=True)
        b.add(Branch(some, tuple(then), (), (Out(rest, NOTHING, g),), None))
        b.store(v["z"], (ZERO,), rest, add=True)
        if more is not None:
            more(b, v, j)
        now = b.emit("add", total, rest if carried else g)
    b.add(Loop(j, ZERO, n, ONE, (Carry(total, NOTHING, now, out),), tuple(body), None, False, None))
    return verify(b.finish("f", [n, *v.values()], [out]))


def branches(fn: Func) -> int:
    return sum(isinstance(s, Branch) for s in walk(fn.body))


@pytest.mark.parametrize("value", ["g", "half", "guarded"])
def test_nothing_is_added_where_the_cotangent_is_zero(value: str) -> None:
    before = without_sum(program(value=value))
    after = verify(skip_unselected(before))
    assert branches(after) == 2
    found = []
    for fn in (before, after):
        x, y, z = np.zeros(6), np.array([0.0, 2.0, -0.0, np.nan, np.inf, 1.0]), np.zeros(6)
        w, last = np.array([np.inf, 3.0, np.nan, 1.0, 1.0, 2.0]), np.array([5, 3, -1, 2, 2, -1])
        run(fn, 6, x, y, z, w, last)
        found.append(np.stack([x, y, z]))
    np.testing.assert_array_equal(*found)
    assert found[0][0][3] != 0


def without_sum(fn: Func) -> Func:
    """The same function with a loop that carries nothing."""
    b = Builder.of(fn)
    (loop,) = fn.body
    assert isinstance(loop, Loop)
    plain = Loop(loop.index, loop.start, loop.stop, loop.step, (), loop.body[:-1], None, False, None)
    b.add(plain)
    return b.finish(fn.name, list(fn.params), [])


def elsewhere(b: Builder, v: dict[str, Var], _: Var) -> None:
    b.store(v["y"], (ZERO,), NOTHING)


def overwritten(b: Builder, v: dict[str, Var], j: Var) -> None:
    b.store(v["w"], (j,), NOTHING)


def checked(b: Builder, v: dict[str, Var], j: Var) -> None:
    b.check(b.emit("lt", b.load(v["w"], (j,)), NOTHING, weak=True), "ValueError", "below zero")


@pytest.mark.parametrize(
    "fn",
    [
        without_sum(program(value="product")),
        without_sum(program(value="one")),
        without_sum(program(loaded=False)),
        without_sum(program(elsewhere)),
        without_sum(program(overwritten)),
        without_sum(program(checked)),
        program(carried=True),
    ],
)
def test_what_stays(fn: Func) -> None:
    assert skip_unselected(fn) == fn
