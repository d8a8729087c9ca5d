"""Checks of numbers are made behind a loop, with the exception of the first that fails, where nobody can tell."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Carry, Check, Const, Func, Loop
from adcompiler.optimise.machine.deferred_checks import check_behind
from tests.support.interpret import run

F64 = Type("float64")
BACK = (Const(-1), Const(-1))


def program(*parts: str) -> Func:
    """A loop with checks of the numbers it loads, which sums them and stores them."""
    b = Builder()
    n = b.var("n", INDEX)
    x, y = (b.var(name, Type("float64", 1), (n,)) for name in "xy")
    places = b.var("places", Type("int64", 1), (n,))
    w = b.emit("empty", n, dtype="float64")
    i, total, out = b.var("i", INDEX), b.var("total", F64), b.var("total", F64)
    with b.block() as body:
        t = b.load(x, (i,))
        u = b.emit("log", t)
        b.add(Check(b.emit("lt", t, Const(-1.0)), "ValueError", "small", None, (i,) if "told" in parts else ()))
        if "two" in parts:
            both = b.emit("logical_and", b.emit("gt", t, Const(1.0)), b.emit("isfinite", u))
            b.add(Check(both, "OverflowError", "large", None))
            b.add(Check(b.emit("isnan", t), "ValueError", "small", None))
        if "integer" in parts:
            b.check(b.emit("ge", i, n), "IndexError", "out of bounds")
        at = i
        if "record" in parts:
            at = b.load(places, (i,))
        if "chosen" in parts:
            at = b.emit("where", b.emit("lt", t, ZERO), i, ZERO)
        b.store(y if "given" in parts else w, (at,), u)
        now = b.emit("div" if "recurrence" in parts else "add", total, t)
    stop = b.emit("gt", now, Const(5.0)) if "left" in parts else None
    if stop is not None:
        body = [*body, *b.stack[-1][-1:]]
        del b.stack[-1][-1]
    start, end, step = (b.int("sub", n, ONE), *BACK) if "back" in parts else (ZERO, n, ONE)
    b.add(Loop(i, start, end, step, (Carry(total, Const(0.0), now, out),), tuple(body), stop, False, None))
    return verify(b.finish("f", [n, x, y, places], [out]))


def outcome(fn: Func, x: np.ndarray) -> tuple[object, ...]:
    """The result and what is left in the array given, or the exception."""
    y, places = np.zeros(len(x)), np.arange(len(x))
    try:
        (total,) = run(fn, len(x), x.copy(), y, places)
    except (ValueError, OverflowError) as error:
        return type(error), str(error), *y
    return total, *y


def moved(fn: Func) -> bool:
    """Whether the pass moves checks out of the loop; the same is raised, or returned, whichever fail."""
    changed = verify(check_behind(fn))
    rng = np.random.default_rng(0)
    for n in (0, 1, 2, 5):
        for odd in range(12):
            x = rng.uniform(-1.0, 1.0, size=n)
            if n:
                x[rng.integers(0, n, size=odd % 4)] = rng.choice([-2.0, 2.0, np.nan], size=odd % 4)
            mine, its = outcome(changed, x), outcome(fn, x)
            assert all(a == b or (a != a and b != b) for a, b in zip(mine, its, strict=True))
    (loop,) = [s for s in changed.body if isinstance(s, Loop)]
    return not any(isinstance(s, Check) for s in walk(loop.body))


@pytest.mark.parametrize("parts", [(), ("two",), ("back",), ("two", "back")], ids=str)
def test_the_first_check_that_fails_raises(parts: tuple[str, ...]) -> None:
    assert moved(program(*parts))


@pytest.mark.parametrize("part", ["told", "integer", "record", "chosen", "given", "recurrence", "left"])
def test_what_would_be_seen_stays(part: str) -> None:
    assert not moved(program(part))
