"""What is stored into a part of zeros is read, and added, as it is; and nothing else is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Atom, Const, Loop, Slice, Var
from adcompiler.optimise.lines.simplify import simplify
from tests.support.golden import text_of
from tests.support.interpret import run
from tests.support.simplified import becomes
from tests.support.small_programs import vector


def part(first: Atom, size: Atom) -> tuple[Slice]:
    return (Slice(None if first == ZERO else first, size if first == ZERO else None, None, first, size),)


def padded(b: Builder, x: Var, hint: str, add: bool = False) -> tuple[Var, Var]:
    """Zeros one longer than a vector, and twice the vector stored at their beginning."""
    n = b.shape(x)[0]
    zeros = b.emit("zeros", b.int("add", n, ONE), dtype="float64", hint=hint)
    twice = b.emit("mul", x, Const(2.0), hint="twice")
    b.store(zeros, part(ZERO, n), twice, add=add)
    return zeros, twice


def test_a_part_of_zeros_is_what_was_stored_there() -> None:
    b = Builder()
    x = vector(b, "x")
    zeros, _ = padded(b, x, "z")
    seen = b.load(zeros, part(ZERO, b.shape(x)[0]))
    text = "twice = x * 2.0\nreturn twice * np.sin(twice)\n"
    becomes(b.finish("f", [x], [b.emit("mul", seen, b.emit("sin", seen))]), text, np.arange(3.0))


@pytest.mark.parametrize("add", [False, True])
def test_derivatives_add_no_zeros(add: bool) -> None:
    b = Builder()
    x = vector(b, "x")
    zeros, _ = padded(b, x, "z_bar", add)
    y_bar = b.emit("full", Const(1.0), *b.shape(zeros), dtype="float64", hint="y_bar")
    b.store(y_bar, b.everything(y_bar), zeros, add=True)
    text = """
    n_x = x.shape[0]
    twice = x * 2.0
    y_bar = np.ones(n_x + 1)
    y_bar[:n_x] += twice
    return y_bar
    """
    becomes(b.finish("f", [x], [y_bar]), text, np.arange(3.0))


def test_parts_of_other_iterations_are_added_too() -> None:
    b = Builder()
    x = vector(b, "x")
    n, i = b.shape(x)[0], b.var("i", INDEX)
    zeros = b.emit("zeros", b.int("add", n, n), dtype="float64", hint="z_bar")
    y_bar = b.emit("full", Const(1.0), *b.shape(zeros), dtype="float64", hint="y_bar")
    with b.block() as body:
        end = b.int("add", i, n)
        b.store(zeros, (Slice(i, end, None, i, n),), b.emit("mul", x, x))
        b.store(y_bar, b.everything(y_bar), zeros, add=True)
    b.add(Loop(i, ONE, n, ONE, (), tuple(body), None, False, None))
    fn = verify(b.finish("f", [x], [y_bar]))
    after = verify(simplify(fn))
    assert "y_bar += z_bar" in text_of(after)
    np.testing.assert_array_equal(run(after, np.arange(4.0)), run(fn, np.arange(4.0)))


@pytest.mark.parametrize("how", ["value", "zeros", "before", "other"])
def test_what_changes_is_read_where_it_stands(how: str) -> None:
    b = Builder()
    x = vector(b, "x")
    n = b.shape(x)[0]
    zeros = b.emit("zeros", b.int("add", n, ONE), dtype="float64", hint="z")
    twice = b.emit("mul", x, Const(2.0), hint="twice")
    early = b.emit("sin", b.load(zeros, part(ZERO, n), "early")) if how == "before" else twice
    b.store(zeros, part(ZERO, n), twice)
    if how in ("value", "zeros"):
        b.store(twice if how == "value" else zeros, (ZERO,), Const(1.0), add=True)
    seen = b.load(zeros, part(ONE if how == "other" else ZERO, n), "seen")
    fn = verify(b.finish("f", [x], [b.emit("mul", seen, early)]))
    after = verify(simplify(fn))
    assert "z = np.zeros(n_x + 1)" in text_of(after)
    np.testing.assert_array_equal(run(after, np.arange(4.0)), run(fn, np.arange(4.0)))


def solved(a: Any, b: Any, c: Any) -> Any:
    x = np.linalg.solve(a, b)
    return np.sum(x**2)


def solved_twice(a: Any, b: Any, c: Any) -> Any:
    x = np.linalg.solve(a, b)
    return np.sum(x * np.linalg.solve(a, x) + np.sum(np.linalg.solve(a, c) ** 2))


def test_adjoints_of_systems_have_no_row_of_exchanges() -> None:
    rng = np.random.default_rng(0)
    args = rng.normal(size=(4, 4)) + 3.0 * np.eye(4), rng.normal(size=4), rng.normal(size=(4, 2))
    text = ad.grad(solved, 0).adjoint_source(*args)
    assert "np.zeros" not in text[text.index("def solved_grad") :]
    for function in (solved, solved_twice):
        ad.gradcheck(function, *args, argnums=(0, 1, 2), order=2)
