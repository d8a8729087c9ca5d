"""Lowered functions have no array lines, run the same, and look as a person would write the loops."""

import numpy as np
import pytest

from adcompiler.ad.gradient import gradient
from adcompiler.emit.text import emit
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.wengert import Const, Loop, Slice
from tests.support.golden import text_of
from tests.support.interpret import run
from tests.support.lowered import becomes, lowered, matrix, means_the_same
from tests.support.printed import agrees, outcome, same
from tests.support.random_arrays import Generator
from tests.support.small_programs import PROGRAMS, scalar, vector


@pytest.mark.parametrize("name", PROGRAMS)
def test_small_programs(name: str) -> None:
    program = PROGRAMS[name]()
    means_the_same(program.fn, *program.args, numba_too=True)


@pytest.mark.parametrize("name", [n for n in PROGRAMS if len(PROGRAMS[n]().fn.results) == 1])
def test_gradients_of_small_programs(name: str) -> None:
    program = PROGRAMS[name]()
    joint = gradient(program.fn, program.wrt, "given")
    seed = np.full_like(run(program.fn, *map(np.copy, program.args))[0], 0.7)[()]
    means_the_same(joint, *program.args, seed)


@pytest.mark.fuzz
@pytest.mark.parametrize("block", range(6))
def test_random_functions(block: int) -> None:
    for seed in range(40 * block, 40 * block + 40):
        generator = Generator(seed)
        fn = generator.make(12)
        args = generator.arguments()
        narrow = any(t.dtype == "float32" for t in fn.types.values())
        expected = outcome(lambda *a, fn=fn: run(fn, *a), args)
        assert all(np.isfinite(np.asarray(v, dtype=float)).all() for v in expected), seed
        after = lowered(fn)
        tolerance = 2e-5 if narrow else 1e-12
        same(outcome(lambda *a, fn=after: run(fn, *a), args), expected, rtol=tolerance)


@pytest.mark.fuzz
def test_random_functions_compiled() -> None:
    for seed in range(1000, 1006):
        generator = Generator(seed)
        fn = generator.make(8)
        agrees(lowered(fn), *generator.arguments())


# -- fusion ----------------------------------------------------------------------------------------------------------


def test_a_chain_of_lines_and_its_sum_are_one_loop() -> None:
    b = Builder()
    x = vector(b, "x")
    w = b.var("w", Type("float64", 1), b.shape(x))
    y = b.emit("exp", b.emit("mul", x, w))
    s = b.emit("sum", y, axes=(0,), keepdims=False, hint="s")
    text = """
        n_x = x.shape[0]
        s = 0.0
        for i in range(n_x):
            s += math.exp(x[i] * w[i])
        return s
    """
    becomes(b.finish("f", [x, w], [s]), text, np.array([0.5, -1.0]), np.array([2.0, 0.25]), numba_too=True)


def test_a_value_used_twice_in_one_loop_is_a_scalar_in_it() -> None:
    b = Builder()
    x = vector(b, "x")
    y = b.emit("sin", x)
    s = b.emit("sum", y, axes=(0,), keepdims=False, hint="s")
    z = b.emit("mul", y, y, hint="z")
    text = """
        n_x = x.shape[0]
        z = np.empty(n_x)
        s = 0.0
        for i in range(n_x):
            t = math.sin(x[i])
            s += t
            z[i] = t * t
        return s, z
    """
    becomes(b.finish("f", [x], [s, z]), text, np.array([0.5, -1.0]))


def test_what_needs_the_whole_sum_is_a_second_loop() -> None:
    b = Builder()
    x = vector(b, "x")
    s = b.emit("sum", x, axes=(0,), keepdims=False, hint="s")
    y = b.emit("div", x, s, hint="y")
    text = """
        n_x = x.shape[0]
        s = 0.0
        for i in range(n_x):
            s += x[i]
        y = np.empty(n_x)
        for i in range(n_x):
            y[i] = x[i] / s
        return y
    """
    becomes(b.finish("f", [x], [y]), text, np.array([0.5, 1.0]))


def test_rows_that_are_normalised_stay_in_one_outer_loop() -> None:
    b = Builder()
    x = matrix(b, "x", *(b.var(h, INDEX) for h in "nm"))
    n, m = b.shape(x)
    largest = b.emit("max", x, axes=(1,), keepdims=True, hint="largest")
    e = b.emit("exp", b.emit("sub", x, largest))
    p = b.emit("div", e, b.emit("sum", e, axes=(1,), keepdims=True), hint="p")
    fn = b.finish("f", [x, n, m], [p])
    outer = [s for s in lowered(fn).body if isinstance(s, Loop)]
    assert len(outer) == 1 and len([s for s in outer[0].body if isinstance(s, Loop)]) == 3
    means_the_same(fn, np.array([[1.0, 2.0, 0.5], [0.1, -3.0, 4.0]]), 2, 3, numba_too=True)


def test_lines_that_store_what_others_read_stay_in_order() -> None:
    """y = x[1:] + x[:-1]; x[1:] = y reads what it overwrites, one element later."""
    b = Builder()
    x = vector(b, "x")
    rest = b.int("sub", b.shape(x)[0], ONE)
    upper, lower = Slice(ONE, None, None, ONE, rest), Slice(None, Const(-1), None, ZERO, rest)
    y = b.emit("add", b.load(x, (upper,)), b.load(x, (lower,)))
    b.store(x, (upper,), y)
    fn = b.finish("f", [x], [])
    assert text_of(lowered(fn), "numba").count("for ") == 2
    means_the_same(fn, np.array([1.0, 2.0, 4.0, 8.0]), numba_too=True)


def test_an_update_of_the_same_elements_needs_no_copy() -> None:
    b = Builder()
    x = vector(b, "x")
    b.store(x, b.everything(x), b.emit("mul", x, Const(2.0)))
    text = """
        n_x = x.shape[0]
        for i in range(n_x):
            x[i] *= 2.0
    """
    becomes(b.finish("f", [x], []), text, np.array([1.0, 2.0]))


def test_a_cheap_vector_is_not_computed_again_for_every_row() -> None:
    b = Builder()
    x = vector(b, "x")
    m = matrix(b, "m", b.var("k", INDEX), b.shape(x)[0])
    y = b.emit("mul", m, b.emit("exp", x), hint="y")
    fn = b.finish("f", [x, m, b.shape(m)[0]], [y])
    text = emit(lowered(fn), "numba")
    assert text.index("math.exp") < text.index("for j")
    means_the_same(fn, np.array([0.5, 1.0]), np.ones((3, 2)), 3)


def test_a_check_stays_before_stores_that_the_caller_sees() -> None:
    b = Builder()
    x, n = vector(b, "x"), scalar(b, "n", INDEX)
    b.check(b.emit("lt", n, ZERO), "ValueError", "first")
    b.store(x, b.everything(x), Const(1.0))
    b.check(b.emit("gt", n, ONE), "IndexError", "second")
    b.store(x, b.everything(x), Const(2.0))
    after = lowered(b.finish("f", [x, n], []))
    found = np.zeros(2)
    with pytest.raises(IndexError):
        run(after, found, 5)
    assert found.tolist() == [1.0, 1.0]
