"""Checks that are the same in all iterations are made before the loop, where nobody can tell but by the time."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.ir.build import BOOL, INDEX, ONE, ZERO, Builder
from adcompiler.ir.types import Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Check, Const, Func, Loop, Print, Stmt
from adcompiler.optimise.lines.early_checks import check_before_loops
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import prove_bounds
from tests.support.interpret import run
from tests.support.lowering import lowered
from tests.support.row_programs import HEAD, function

LOOP = """
def f(x, y, rows, k):
    total = 0.0
    {before}
    for n in {rows}:
        {first}
        for j in {inner}:
            {more}
            total += np.dot(x[j], y[n]) * k
        {last}
    return total
"""


def checks(block: tuple[Stmt, ...]) -> int:
    """How many checks stand in loops."""
    loops = [s for s in walk(block) if isinstance(s, Loop)]
    return len({id(s) for loop in loops for s in walk(loop.body) if isinstance(s, Check)})


def staged(parts: dict[str, str]) -> Func:
    usual = dict.fromkeys(("before", "first", "more", "last"), "") | {"rows": "range(rows)", "inner": "range(k)"}
    lines = (line for line in LOOP.format(**(usual | parts)).splitlines() if line.strip())
    made = function(HEAD + "\n".join(lines) + "\n", f"<checks {sorted(parts.items())}>")
    return simplify(prove_bounds(simplify(lowered(made, np.ones((3, 4)), np.ones((3, 4)), 3, 3)[0].func)))


def outcome(fn: Func, shapes: tuple[tuple[int, int], ...], rows: int, k: int) -> list[object]:
    """The result, or the error, and what the caller's arrays hold then."""
    given = [np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape) for shape in shapes]
    try:
        found: list[object] = list(run(fn, *given, rows, k))
    except (ArithmeticError, AssertionError, LookupError, ValueError) as error:
        found = [type(error).__name__, str(error)]
    return [*found, *(a.tolist() for a in given)]


@pytest.mark.parametrize(
    ("parts", "left"),
    [
        ({}, 0),
        ({"rows": "range(rows - 1, -1, -1)", "inner": "range(k - 1, -1, -1)"}, 2),
        ({"rows": "range(rows)", "inner": "range(3)"}, 0),
        ({"before": "x = x * 2.0"}, 0),
        ({"first": "assert k > 1", "last": "assert rows > 1"}, 0),
        ({"first": "t = x[0, 0] / k; total += t"}, 0),
        # what is printed or stored first is seen, and what changes is asked each time
        ({"first": "y[0, 0] = 2.0"}, 1),
        ({"more": "y[0, 0] = 2.0"}, 1),
        ({"more": "assert j + n < 3"}, 2),
        ({"first": "assert total < 100.0"}, 2),
        ({"first": "if n == 1: break"}, 3),
    ],
    ids=str,
)
def test_the_same_errors(parts: dict[str, str], left: int) -> None:
    fn = staged(parts)
    after = verify(check_before_loops(fn))
    assert (checks(fn.body), checks(after.body)) == (checks(fn.body), left)
    for shapes in (((3, 4), (3, 4)), ((3, 4), (3, 5)), ((1, 4), (3, 4)), ((1, 4), (3, 5)), ((3, 4), (1, 4))):
        for rows in (0, 1, 3):
            for k in (0, 1, 3):
                assert outcome(fn, shapes, rows, k) == outcome(after, shapes, rows, k)


def loop_of(b: Builder, body: list[Stmt], step: int = 1) -> None:
    b.add(Loop(b.var("i", INDEX), ZERO, ONE, Const(step), (), tuple(body), None, False, None))


def test_a_check_behind_what_is_printed_stays() -> None:
    b = Builder()
    n = b.var("n", INDEX)
    with b.block() as body:
        b.add(Print(("begins",), None))
        b.check(b.emit("lt", n, ZERO), "ValueError", "negative")
    loop_of(b, body)
    fn = b.finish("f", [n], [])
    assert check_before_loops(fn) is fn


def test_a_number_of_the_caller_s_array_may_change_in_the_loop() -> None:
    b = Builder()
    x = b.var("x", Type("float64").array(1, "A"), (b.var("n", INDEX),))
    with b.block() as body:
        b.check(b.emit("lt", b.load(x, (ZERO,)), Const(0.0)), "ValueError", "negative")
        b.store(x, (ZERO,), Const(-1.0))
    loop_of(b, body)
    fn = b.finish("f", [x], [])
    assert check_before_loops(fn) is fn


def test_a_step_that_only_the_run_decides() -> None:
    b = Builder()
    n, failed = b.var("n", INDEX), b.var("failed", BOOL)
    with b.block() as body:
        b.check(failed, "ValueError", "odd")
    b.add(Loop(b.var("i", INDEX), ZERO, ONE, n, (), tuple(body), None, False, None))
    fn = b.finish("f", [n, failed], [])
    assert check_before_loops(fn) is fn
