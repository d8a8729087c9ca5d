"""Neighbouring loops are joined where every element they share is shared in one iteration; checks come early."""

from typing import Any

import numpy as np
import pytest

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Atom, Carry, Check, Const, Func, Loop, Print, Var
from adcompiler.optimise.lines.early_checks import check_early
from adcompiler.optimise.lines.uniform import use_scalars
from adcompiler.optimise.lowering.fuse import fuse_loops
from tests.support.interpret import run
from tests.support.printed import outcome, same
from tests.support.small_programs import scalar, vector


def count(fn: Func) -> int:
    return sum(isinstance(s, Loop) for s in fn.body)


def fused(fn: Func, loops: int, *args: Any) -> None:
    after = verify(fuse_loops(verify(fn)))
    assert count(after) == loops
    same(outcome(lambda *a: run(after, *a), args), outcome(lambda *a: run(fn, *a), args))


def each(b: Builder, stop: Atom, work: Any, start: Atom = ZERO, step: Atom = ONE) -> None:
    """A loop whose body `work` builds from the index."""
    i = b.var("i", INDEX)
    with b.block() as body:
        work(i)
    b.add(Loop(i, start, stop, step, (), tuple(body), None, False, None))


def summed(b: Builder, x: Var, stop: Atom) -> Var:
    i, s, out = b.var("i", INDEX), b.var("s", Type("float64")), b.var("s", Type("float64"))
    with b.block() as body:
        new = b.emit("add", s, b.load(x, (i,)))
    b.add(Loop(i, ZERO, stop, ONE, (Carry(s, Const(0.0), new, out),), tuple(body), None, False, None))
    return out


def arrays(b: Builder) -> tuple[Var, Var, Atom]:
    x = vector(b, "x")
    return x, b.emit("zeros", *b.shape(x), dtype="float64", hint="t"), b.shape(x)[0]


DATA = np.array([1.0, 2.0, 4.0])


def test_loops_that_share_elements_in_step_are_joined() -> None:
    b = Builder()
    x, t, n = arrays(b)
    each(b, n, lambda i: b.store(t, (i,), b.emit("sin", b.load(x, (i,)))))
    s = summed(b, t, n)
    fused(b.finish("f", [x], [s, t]), 1, DATA)


def test_a_neighbour_that_is_read_keeps_loops_apart() -> None:
    b = Builder()
    x, t, n = arrays(b)
    each(b, n, lambda i: b.store(t, (i,), b.load(x, (i,))))
    each(b, n, lambda i: b.store(x, (i,), b.load(t, (b.int("sub", b.int("sub", n, ONE), i),))))
    fused(b.finish("f", [x], []), 2, DATA)


def test_a_neighbour_that_is_overwritten_keeps_loops_apart() -> None:
    b = Builder()
    x, t, n = arrays(b)
    last = b.int("sub", n, ONE)
    each(b, last, lambda i: b.store(t, (i,), b.load(x, (b.int("add", i, ONE),))))
    each(b, last, lambda i: b.store(x, (i,), Const(0.0)))
    fused(b.finish("f", [x], [t]), 2, DATA)


def test_a_sum_that_the_second_loop_needs_keeps_loops_apart() -> None:
    b = Builder()
    x, t, n = arrays(b)
    s = summed(b, x, n)
    each(b, n, lambda i: b.store(t, (i,), b.emit("div", b.load(x, (i,)), s)))
    fused(b.finish("f", [x], [t]), 2, DATA)


def test_other_bounds_keep_loops_apart() -> None:
    b = Builder()
    x, t, n = arrays(b)
    each(b, n, lambda i: b.store(t, (i,), b.load(x, (i,))))
    each(b, n, lambda i: b.store(x, (i,), Const(0.0)), start=ONE)
    each(b, Const(2), lambda i: b.store(x, (i,), Const(3.0)))
    fused(b.finish("f", [x], [t]), 3, DATA)


def test_statements_between_run_first_where_they_may() -> None:
    b = Builder()
    x, t, n = arrays(b)
    each(b, n, lambda i: b.store(t, (i,), b.load(x, (i,))))
    extra = b.emit("zeros", n, dtype="float64", hint="extra")
    first = b.load(x, (ZERO,))
    each(b, n, lambda i: b.store(extra, (i,), b.emit("mul", b.load(t, (i,)), first)))
    fused(b.finish("f", [x], [t, extra]), 1, DATA)


def test_a_load_between_of_what_the_first_writes_keeps_loops_apart() -> None:
    b = Builder()
    x, t, n = arrays(b)
    each(b, n, lambda i: b.store(t, (i,), b.load(x, (i,))))
    first = b.load(t, (ZERO,))
    each(b, n, lambda i: b.store(x, (i,), first))
    fused(b.finish("f", [x], [t]), 2, DATA)


def test_rows_are_in_step_on_the_axis_of_the_loop_only() -> None:
    b = Builder()
    n = b.var("n", INDEX)
    m = b.var("m", Type("float64", 2), (n, n))
    each(b, n, lambda i: b.store(m, (i, ZERO), b.load(m, (i, ONE))))
    each(b, n, lambda i: b.store(m, (i, ONE), b.load(m, (i, ZERO)), add=True))
    each(b, n, lambda i: b.store(m, (ZERO, i), Const(1.0)))
    fused(b.finish("f", [m, n], []), 2, np.arange(9.0).reshape(3, 3), 3)


@pytest.mark.parametrize(("inner", "loops"), [(None, 2), (Const(3), 1)])
def test_loops_that_sweep_through_matrices_each_stay_apart(inner: Atom | None, loops: int) -> None:
    b = Builder()
    n = b.var("n", INDEX)
    total, m = vector(b, "total"), b.var("m", Type("float64", 2), (n, n))
    for _ in range(2):

        def add(i: Var) -> None:
            def row(j: Var) -> None:
                each(b, inner or n, lambda k: b.store(total, (i,), b.load(m, (j, k)), add=True))

            each(b, n, row)

        each(b, n, add)
    fused(b.finish("f", [total, m, n], []), loops, np.zeros(3), np.arange(9.0).reshape(3, 3), 3)


def test_a_recurrence_does_not_hold_up_a_loop_that_can_be_vectorised() -> None:
    b = Builder()
    x, t, n = arrays(b)
    each(b, n, lambda i: b.store(t, (i,), b.emit("sin", b.load(x, (i,)))))
    i, s, out = b.var("i", INDEX), b.var("s", Type("float64")), b.var("s", Type("float64"))
    with b.block() as body:
        new = b.emit("sin", b.emit("add", s, b.load(x, (i,))))
    b.add(Loop(i, ZERO, n, ONE, (Carry(s, Const(0.0), new, out),), tuple(body), None, False, None))
    fused(b.finish("f", [x], [t, out]), 2, DATA)


def test_lines_that_use_a_sum_are_put_off() -> None:
    b = Builder()
    x, t, n = arrays(b)
    s = summed(b, x, n)
    mean = b.emit("div", s, b.emit("cast", n, dtype="float64"))
    each(b, n, lambda i: b.store(t, (i,), b.emit("sin", b.load(x, (i,)))))
    fused(b.finish("f", [x], [t, mean]), 1, DATA)


def test_output_is_not_reordered_and_visible_stores_wait_for_checks() -> None:
    b = Builder()
    x, _, n = arrays(b)
    each(b, n, lambda i: b.add(Print(("first", i), None)))
    each(b, n, lambda i: b.add(Print(("second", i), None)))
    each(b, n, lambda i: b.store(x, (i,), Const(1.0)))
    each(b, n, lambda i: b.check(b.emit("gt", b.load(x, (i,)), Const(0.5)), "ValueError", "too large"))
    fn = b.finish("f", [x], [])
    assert count(fuse_loops(fn)) == 4


def test_output_waits_for_a_check_of_what_a_loop_has_stored() -> None:
    b = Builder()
    x, t, n = arrays(b)
    each(b, n, lambda i: b.store(t, (i,), b.emit("sin", b.load(x, (i,)))))
    b.check(b.emit("gt", b.load(t, (ZERO,)), Const(0.5)), "ValueError", "too large")
    each(b, n, lambda i: b.add(Print(("passed", i), None)))
    assert count(fuse_loops(b.finish("f", [x], [t]))) == 2


@pytest.mark.parametrize(("read", "loops"), [("x", 1), ("y", 2)])
def test_a_loop_does_not_come_before_a_check_on_which_its_accesses_rely(read: str, loops: int) -> None:
    b = Builder()
    x, y = vector(b, "x"), vector(b, "y")
    n = b.shape(x)[0]
    first = summed(b, x, n)
    total = b.emit("add", first, b.emit("cast", n, dtype="float64"))
    b.check(b.emit("gt", total, Const(9.0)), "ValueError", "too long")
    fn = b.finish("f", [x, y], [first, summed(b, {"x": x, "y": y}[read], n)])
    fused(fn, loops, DATA / 2, DATA)
    with pytest.raises(ValueError, match="too long"):
        run(fuse_loops(fn), DATA, DATA[:1])


# -- checks ----------------------------------------------------------------------------------------------------------


def kinds(fn: Func) -> list[str]:
    return [getattr(s, "op", type(s).__name__) for s in fn.body]


def test_checks_pass_lines_and_own_memory() -> None:
    b = Builder()
    x, y = vector(b, "x"), vector(b, "y")
    t = b.emit("sin", x)
    b.store(t, (ZERO,), Const(1.0))
    z = b.emit("mul", t, y)
    fn = b.finish("f", [x, y], [z])
    assert kinds(fn) == ["dim", "dim", "sin", "Store", "ne", "Check", "mul"]
    assert kinds(verify(check_early(fn))) == ["dim", "dim", "ne", "Check", "sin", "Store", "mul"]
    with pytest.raises(ValueError, match="broadcast"):
        run(check_early(fn), np.ones(2), np.ones(3))


def test_checks_do_not_pass_what_the_caller_sees() -> None:
    b = Builder()
    x, n = vector(b, "x"), scalar(b, "n", INDEX)
    b.store(x, (ZERO,), Const(1.0))
    b.check(b.emit("lt", n, ZERO), "ValueError", "negative")
    b.add(Print(("checked",), None))
    b.check(b.emit("gt", n, ONE), "ValueError", "large")
    fn = b.finish("f", [x, n], [])
    order = [s for s in check_early(fn).body if isinstance(s, Check)]
    assert [s.message for s in order] == ["negative", "large"]
    found = np.zeros(1)
    with pytest.raises(ValueError, match="negative"):
        run(check_early(fn), found, -1)
    assert found.tolist() == [1.0]


def test_a_check_of_a_loaded_value_stays_behind_the_store() -> None:
    b = Builder()
    x = vector(b, "x")
    t = b.emit("copy", x)
    b.store(t, (ZERO,), Const(-1.0))
    b.check(b.emit("lt", b.load(t, (ZERO,)), Const(0.0)), "ValueError", "negative")
    fn = b.finish("f", [x], [])
    with pytest.raises(ValueError, match="negative"):
        run(verify(check_early(fn)), np.ones(2))


# -- uniform arrays --------------------------------------------------------------------------------------------------


def test_a_filled_array_is_its_scalar_where_the_shape_is_another_s() -> None:
    b = Builder()
    x, s = vector(b, "x"), scalar(b, "s")
    n = b.shape(x)[0]
    ones, twos = b.emit("full", s, n, dtype="float64"), b.emit("full", Const(2.0), n, dtype="float64")
    stored = b.emit("full", Const(3.0), n, dtype="float64")
    b.store(stored, (ZERO,), Const(9.0))
    fn = b.finish("f", [x, s], [b.emit("mul", ones, x), b.emit("add", ones, twos), b.emit("mul", stored, x)])
    after = verify(use_scalars(fn))
    operands = [stmt.args for stmt in after.body if getattr(stmt, "op", "") in ("mul", "add")]
    assert operands == [(s, x), (s, twos), (stored, x)]
    same(outcome(lambda *a: run(after, *a), (DATA, 0.5)), outcome(lambda *a: run(fn, *a), (DATA, 0.5)))


def test_a_filled_array_of_another_precision_stays() -> None:
    b = Builder()
    x = vector(b, "x", Type("float32"))
    wide = b.emit("full", Const(0.1), *b.shape(x), dtype="float64")
    fn = b.finish("f", [x], [b.emit("mul", wide, x)])
    assert use_scalars(fn) == fn
