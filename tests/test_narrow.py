"""Work arrays read in their first columns alone have no others; every other array keeps its shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Const, Func, Loop, Var
from adcompiler.optimise.elements.narrow import narrow_arrays
from tests.support.interpret import run

Work = Callable[[Builder, Var, Var, Var], None]


def each(b: Builder, start: Atom, stop: Atom, step: Atom, work: Callable[[Var], None]) -> None:
    i = b.var("i", INDEX)
    with b.block() as body:
        work(i)
    b.add(Loop(i, start, stop, step, (), tuple(body), None, False, None))


def program(work: Work, fill: Work | None = None, returned: bool = False) -> Func:
    """A copy of the first row of `p`, which `fill` completes, and what `work` reads of it into the first of `y`."""
    b = Builder()
    rows, columns = b.var("n", INDEX), b.var("m", INDEX)
    p, y = b.var("p", Type("float64", 2), (rows, columns)), b.var("y", Type("float64", 1), (columns,))
    copy = b.emit("empty", rows, columns, dtype="float64", hint="copy")

    def store(j: Var) -> None:
        b.store(copy, (ZERO, j), b.load(p, (ZERO, j)))
        if fill is not None:
            fill(b, copy, y, j)

    each(b, ZERO, columns, ONE, store)
    work(b, copy, y, columns)
    return verify(b.finish("f", [rows, columns, p, y], [copy] if returned else []))


def add(b: Builder, copy: Var, y: Var, column: Atom) -> None:
    b.store(y, (ZERO,), b.load(copy, (ZERO, column)), add=True)


def two(b: Builder, copy: Var, y: Var, _: Var) -> None:
    add(b, copy, y, ZERO)
    add(b, copy, y, ONE)


def upwards(b: Builder, copy: Var, y: Var, _: Var) -> None:
    each(b, ZERO, Const(3), ONE, lambda d: add(b, copy, y, d))


def downwards(b: Builder, copy: Var, y: Var, _: Var) -> None:
    each(b, Const(2), Const(-1), Const(-1), lambda d: add(b, copy, y, d))


def stored_later(b: Builder, copy: Var, y: Var, _: Var) -> None:
    b.store(copy, (ZERO, Const(2)), Const(5.0))
    add(b, copy, y, ZERO)


def width(fn: Func) -> Atom:
    (line,) = (s for s in walk(fn.body) if isinstance(s, Assign) and s.op == "empty")
    return line.args[-1]


@pytest.mark.parametrize(("work", "columns"), [(two, 2), (upwards, 3), (downwards, 3), (stored_later, 3)])
def test_few_columns_are_kept(work: Work, columns: int) -> None:
    before = program(work)
    after = verify(narrow_arrays(before))
    assert width(after) == Const(columns)
    for given in (3, 4, 7):
        p, found = np.arange(2.0 * given).reshape(2, given) + 1, [np.zeros(given) for _ in range(2)]
        run(before, 2, given, p, found[0])
        run(after, 2, given, p, found[1])
        np.testing.assert_array_equal(*found)
        assert found[0][0] > 0


def test_no_column_is_read_where_the_array_has_none() -> None:
    fn = narrow_arrays(program(lambda b, copy, y, m: each(b, ZERO, ZERO, ONE, lambda d: add(b, copy, y, d))))
    run(fn, 1, 0, np.zeros((1, 0)), np.zeros(0))


def last(b: Builder, copy: Var, y: Var, columns: Var) -> None:
    add(b, copy, y, b.int("sub", columns, ONE))


def from_the_end(b: Builder, copy: Var, y: Var, _: Var) -> None:
    each(b, Const(-1), Const(1), ONE, lambda d: add(b, copy, y, d))


def all_of_them(b: Builder, copy: Var, y: Var, columns: Var) -> None:
    each(b, ZERO, columns, ONE, lambda d: add(b, copy, y, d))


def many(b: Builder, copy: Var, y: Var, _: Var) -> None:
    add(b, copy, y, Const(1000))


def as_a_whole(b: Builder, copy: Var, y: Var, _: Var) -> None:
    b.load(copy, b.everything(copy))
    add(b, copy, y, ZERO)


@pytest.mark.parametrize("work", [last, from_the_end, all_of_them, many, as_a_whole])
def test_other_columns_are_read(work: Work) -> None:
    before = program(work)
    assert narrow_arrays(before) == before


def elsewhere(b: Builder, _: Var, y: Var, j: Var) -> None:
    b.store(y, (j,), Const(1.0))


def read_back(b: Builder, copy: Var, _: Var, j: Var) -> None:
    b.load(copy, (ZERO, j))


@pytest.mark.parametrize("fill", [elsewhere, read_back])
def test_the_loop_over_all_columns_does_something_else(fill: Work) -> None:
    before = program(two, fill)
    assert narrow_arrays(before) == before


def test_the_caller_sees_the_array() -> None:
    before = program(two, returned=True)
    assert narrow_arrays(before) == before


def gathered(work: Callable[[Builder, Var, Var, Var], None], again: bool = True, op: str = "zeros") -> Func:
    """What `work` adds, twice or once, to the columns of an array that is returned; and its argument."""
    b = Builder()
    rows, columns = b.var("n", INDEX), b.var("m", INDEX)
    p = b.var("p", Type("float64", 2), (rows, columns))
    bar = b.emit(op, rows, columns, dtype="float64", hint="p_bar")

    def rowwise() -> None:
        each(b, ZERO, rows, ONE, lambda i: work(b, p, bar, i))

    if again:
        each(b, ZERO, Const(2), ONE, lambda _: rowwise())
    else:
        rowwise()
    return verify(b.finish("f", [rows, columns, p], [p, bar]))


def into_two(b: Builder, p: Var, bar: Var, i: Var) -> None:
    for column in (ZERO, ONE):
        b.store(bar, (i, column), b.load(p, (i, column)), add=True)


def into_many(b: Builder, p: Var, bar: Var, i: Var) -> None:
    b.store(bar, (i, Const(1000)), b.load(p, (i, ZERO)), add=True)


def into_all(b: Builder, p: Var, bar: Var, i: Var) -> None:
    into_two(b, p, bar, i)
    each(b, ZERO, Const(4), ONE, lambda j: b.store(bar, (i, b.int("sub", Const(3), j)), Const(7.0)))


def extents(fn: Func) -> list[tuple[Atom, ...]]:
    return [s.args for s in walk(fn.body) if isinstance(s, Assign) and s.op == "zeros"]


def test_a_result_is_gathered_in_few_columns() -> None:
    before = gathered(into_two)
    after = verify(narrow_arrays(before))
    rows, columns, _ = after.params
    assert extents(after) == [(rows, Const(2)), (rows, columns)]
    for given in (2, 3, 9):
        p = np.arange(4.0 * given).reshape(4, given) + 1
        np.testing.assert_array_equal(run(after, 4, given, p)[1], run(before, 4, given, p)[1])
        assert run(after, 4, given, p)[1].shape == p.shape
    assert run(after, 0, 1, np.zeros((0, 1)))[1].shape == (0, 1)


@pytest.mark.parametrize(
    "before", [gathered(into_two, again=False), gathered(into_two, op="empty"), gathered(into_many), gathered(into_all)]
)
def test_other_results_have_all_columns_from_the_start(before: Func) -> None:
    assert narrow_arrays(before) == before
