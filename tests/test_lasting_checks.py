"""What the checks of a loop found holds in later loops that run only if the first one ran, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Branch, Check, Const, Func, Loop, Stmt, Var
from adcompiler.optimise.lines.simplify import simplify
from tests.support.golden import text_of
from tests.support.simplified import becomes
from tests.support.small_programs import scalar, vector

Lines = Callable[[Builder, Var, Var], None]


@contextmanager
def looped(b: Builder, start: Atom, stop: Atom, step: Atom = ONE) -> Any:
    index = b.var("i", INDEX)
    with b.block() as body:
        yield index
    b.add(Loop(index, start, stop, step, (), tuple(body), None, False, None))


def refused(b: Builder, x: Var, y: Var) -> None:
    b.check(b.emit("ne", b.shape(x)[0], b.shape(y)[0]), "ValueError", "differ")


def two_loops(first: Callable[[Builder, Var], tuple[Atom, ...]], second: Callable[[Builder, Var], Any]) -> Func:
    """Loops that check extents and add to one argument, and to the other one."""
    b = Builder()
    n, x, y = scalar(b, "n", INDEX), vector(b, "x"), vector(b, "y")
    for bounds, array in ((first(b, n), x), (second(b, n), y)):
        with looped(b, *bounds):
            refused(b, x, y)
            b.store(array, b.everything(array), Const(1.0), add=True)
    return b.finish("f", [n, x, y], [])


def upward(b: Builder, n: Var) -> tuple[Atom, ...]:
    return ZERO, n


def downward(b: Builder, n: Var) -> tuple[Atom, ...]:
    return b.int("sub", n, ONE), Const(-1), Const(-1)


def from_two(b: Builder, n: Var) -> tuple[Atom, ...]:
    return Const(2), n


def from_two_downward(b: Builder, n: Var) -> tuple[Atom, ...]:
    return b.int("sub", n, ONE), ONE, Const(-1)


def longer(b: Builder, n: Var) -> tuple[Atom, ...]:
    return ZERO, b.int("add", n, ONE)


def longer_downward(b: Builder, n: Var) -> tuple[Atom, ...]:
    return n, Const(-1), Const(-1)


def by_twos(b: Builder, n: Var) -> tuple[Atom, ...]:
    return Const(-2), n, Const(2)


def checks(fn: Func) -> int:
    return text_of(fn, "python").count("raise")


@pytest.mark.parametrize(
    ("first", "second"), [(upward, upward), (upward, downward), (from_two, from_two), (from_two, from_two_downward)]
)
def test_a_loop_that_runs_only_after_another_checks_nothing_again(first: Any, second: Any) -> None:
    assert checks(simplify(two_loops(first, second))) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        *((upward, other) for other in (longer, longer_downward, by_twos)),
        *((from_two, other) for other in (upward, downward)),
        (upward, from_two_downward),
        (downward, upward),
    ],
)
def test_a_loop_that_may_run_alone_keeps_its_checks(first: Any, second: Any) -> None:
    assert checks(simplify(two_loops(first, second))) == 2


def test_extents_have_one_name_in_both_loops() -> None:
    b = Builder()
    n, x, y = scalar(b, "n", INDEX), vector(b, "x"), vector(b, "y")
    for bounds in (upward(b, n), downward(b, n)):
        with looped(b, *bounds) as i:
            refused(b, x, y)
            b.store(x, (ZERO,), b.emit("add", b.shape(y)[0], i), add=True)
    text = """
    n_x = x.shape[0]
    n_y = y.shape[0]
    for i in range(n):
        if n_x != n_y:
            raise ValueError('differ')
        x[0] += n_x + i
    for i in range(n - 1, -1, -1):
        x[0] += n_x + i
    """
    becomes(b.finish("f", [n, x, y], []), text, 2, np.ones(3), np.ones(3))


def test_a_check_of_what_an_iteration_computes_says_nothing_of_another_loop() -> None:
    b = Builder()
    n, x = scalar(b, "n", INDEX), vector(b, "x")
    for _ in range(2):
        with looped(b, ZERO, n) as i:
            b.check(b.emit("ge", i, b.shape(x)[0]), "ValueError", "out")
    assert checks(simplify(b.finish("f", [n, x], []))) == 2


@pytest.mark.parametrize("around", ["branch", "loop"])
def test_what_may_not_have_run_says_nothing_behind_it(around: str) -> None:
    b = Builder()
    n, x, y = scalar(b, "n", INDEX), vector(b, "x"), vector(b, "y")
    with b.block() as within, looped(b, ZERO, n):
        refused(b, x, y)
    outer: Stmt = Branch(b.emit("gt", n, Const(3)), tuple(within), (), (), None)
    if around == "loop":
        outer = Loop(b.var("k", INDEX), Const(2), n, ONE, (), tuple(within), None, False, None)
    b.add(outer)
    with looped(b, ZERO, n):
        refused(b, x, y)
    assert checks(simplify(b.finish("f", [n, x, y], []))) == 2


def test_a_check_in_a_branch_of_a_loop_says_nothing_of_another_loop() -> None:
    b = Builder()
    n, x, y = scalar(b, "n", INDEX), vector(b, "x"), vector(b, "y")
    with looped(b, ZERO, n) as i:
        with b.block() as then:
            refused(b, x, y)
        b.add(Branch(b.emit("gt", i, ONE), tuple(then), (), (), None))
    with looped(b, ZERO, n):
        refused(b, x, y)
    after = simplify(b.finish("f", [n, x, y], []))
    assert checks(after) == 2 and not any(isinstance(s, Check) for s in after.body)


def steps(a: Any, b: Any, n: Any) -> Any:
    x, total = np.zeros(a.shape[0]), 0.0
    for _ in range(n):
        x = np.tanh(a @ x + b)
        total += x @ x
    return total


def test_adjoints_of_loops_refuse_extents_once() -> None:
    a, b = 0.3 * np.arange(9.0).reshape(3, 3), np.ones(3)
    gradient = ad.grad(steps, (0, 1))
    text = gradient.adjoint_source(a, b, 4)
    assert "raise" in text and "raise" not in text.split("# reverse sweep")[1]
    ad.gradcheck(steps, a, b, 4, argnums=(0, 1))
    with pytest.raises(ValueError, match="differ: 3 and 2"):
        gradient(a[:2], b, 4)
    unused = gradient(a[:2], b, 0)
    assert [g.shape for g in unused] == [(2, 3), (3,)] and not any(map(np.any, unused))
