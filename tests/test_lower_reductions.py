"""Views, reductions, products and memory in lowered functions."""

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.emit.text import emit
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Carry, Const, Loop, Slice
from adcompiler.optimise.lowering.lower import lower_arrays
from tests.support.golden import loop, text_of
from tests.support.interpret import run
from tests.support.lowered import becomes, lowered, matrix, means_the_same
from tests.support.printed import agrees, compiled, outcome
from tests.support.small_programs import PROGRAMS, scalar, vector

# -- views, order, reductions ----------------------------------------------------------------------------------------


def test_views_of_views_are_read_from_their_base() -> None:
    b = Builder()
    n, m = b.var("n", INDEX), b.var("m", INDEX)
    x = matrix(b, "x", n, m)
    half = b.int("floordiv", m, Const(2))
    columns = b.load(x, (Slice(None, None, None, ZERO, n), Slice(ONE, None, Const(2), ONE, half)), hint="columns")
    turned = b.emit("transpose", columns, axes=(1, 0), hint="turned")
    back = b.load(turned, (Slice(None, None, Const(-1), b.int("sub", half, ONE), half), ZERO), hint="back")
    y = b.emit("mul", back, Const(3.0), hint="y")
    b.store(turned, (ZERO, ONE), Const(9.0))
    fn = b.finish("f", [x, n, m], [y])
    text = emit(lowered(fn), "numba")
    assert ".T" not in text and ":" not in text.split('"""')[-1].replace(":\n", "")
    means_the_same(fn, np.arange(12.0).reshape(3, 4), 3, 4, numba_too=True)


def test_an_index_from_the_end_of_a_view_counts_from_there() -> None:
    b = Builder()
    x, k = vector(b, "x"), scalar(b, "k", INDEX)
    part = b.load(x, (Slice(ONE, Const(3), None, ONE, Const(2)),))
    fn = b.finish("f", [x, k], [b.load(part, (k,)), b.load(x, (k,))])
    for index in (-1, 0, 1, -2):
        means_the_same(fn, np.arange(5.0), index)
    assert "x[k]" in emit(lowered(fn), "numba")


def test_loops_over_fortran_arrays_run_along_columns() -> None:
    b = Builder()
    n, m = b.var("n", INDEX), b.var("m", INDEX)
    x, y = matrix(b, "x", n, m, "F"), matrix(b, "y", n, m, "F")
    s = b.emit("sum", b.emit("mul", x, y), axes=(0, 1), keepdims=False, hint="s")
    text = """
        s = 0.0
        for i in range(m):
            for j in range(n):
                s += x[j, i] * y[j, i]
        return s
    """
    fortran = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    becomes(b.finish("f", [x, y, n, m], [s]), text, fortran, fortran, 2, 3, numba_too=True)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_over_any_axes(axes: tuple[int, ...], keepdims: bool) -> None:
    b = Builder()
    extents = tuple(b.var(h, INDEX) for h in "nmk")
    x = b.var("x", Type("float64", 3), extents)
    ops = ["sum", "prod", "max", "min", "any", "all"] + (["argmax", "argmin"] if len(axes) in (1, 3) else [])
    results = [b.emit(op, x, axes=axes, keepdims=keepdims) for op in ops]
    fn = b.finish("f", [x, *extents], results)
    rng = np.random.default_rng(3)
    x_value = rng.normal(size=(3, 2, 4))
    x_value[1, 1, 2] = 0.0
    means_the_same(fn, x_value, 3, 2, 4)
    agrees(lowered(fn), x_value, 3, 2, 4, numba_too=keepdims)
    x_value[0, 1, 3] = np.nan
    x_value[2, 0, 0] = np.nan
    means_the_same(fn, x_value, 3, 2, 4)


def test_a_maximum_of_nothing_is_an_error() -> None:
    b = Builder()
    x = vector(b, "x")
    fn = b.finish("f", [x], [b.emit("max", x, axes=(0,), keepdims=False)])
    with pytest.raises(ValueError, match="no identity"):
        run(lowered(fn), np.empty(0))


def test_float32_sums_are_as_good_as_numpy_s() -> None:
    b = Builder()
    x = b.var("x", Type("float32", 2), (b.var("n", INDEX), Const(2)))
    n = b.shape(x)[0]
    sums = [b.emit("sum", x, axes=axes, keepdims=False) for axes in ((0, 1), (0,))]
    fn = b.finish("f", [x, n], sums)
    data = np.full((200_000, 2), 0.1, np.float32)
    after = lowered(fn)
    total, columns = outcome(compiled(after), (data, len(data)))[:2]
    assert abs(total / (0.1 * data.size) - 1) < 1e-6 and np.allclose(columns, 0.1 * len(data), rtol=1e-6)
    assert columns.dtype == np.float32


def test_weak_scalars_and_full_arrays_keep_their_precision() -> None:
    b = Builder()
    x, s = vector(b, "x", Type("float32")), scalar(b, "s")
    narrow = b.emit("mul", b.emit("mul", x, s), Const(0.1), hint="narrow")
    wide = b.emit("mul", b.emit("full", Const(0.1), *b.shape(x), dtype="float64"), x, hint="wide")
    chosen = b.emit("where", b.emit("gt", x, Const(0.1)), x, Const(0.0), hint="chosen")
    fn = b.finish("f", [x, s], [narrow, wide, chosen])
    after = lowered(fn)
    assert [after.type(r).dtype for r in after.results] == ["float32", "float64", "float32"]
    means_the_same(fn, np.array([0.1, 0.3], np.float32), 0.7, numba_too=True)


# -- products --------------------------------------------------------------------------------------------------------

RANKS = [(1, 1), (2, 1), (1, 2), (2, 2)]


@pytest.mark.parametrize("ranks", RANKS, ids=str)
@pytest.mark.parametrize("dtypes", [("float64", "float64"), ("float32", "float64"), ("int64", "int64")], ids="-".join)
def test_products(ranks: tuple[int, int], dtypes: tuple[str, str]) -> None:
    b = Builder()
    n, m, k = (b.var(h, INDEX) for h in "nmk")
    shapes = (((n, m), (m,))[2 - ranks[0]], ((m, k), (m,))[2 - ranks[1]])
    a, c = (b.var(h, Type(d, len(s)), s) for h, d, s in zip("ac", dtypes, shapes, strict=True))
    fn = b.finish("f", [a, c, n, m, k], [b.emit("dot", a, c, hint="product")])
    sizes = {n: 3, m: 4, k: 2}
    rng = np.random.default_rng(1)
    args = [(4 * rng.normal(size=[sizes[e] for e in s])).astype(d) for s, d in zip(shapes, dtypes, strict=True)]
    calls = [s for s in walk(lowered(fn).body) if isinstance(s, Assign) and s.op == "dot"]
    assert len(calls) == (dtypes[0] != "int64")
    means_the_same(fn, *args, 3, 4, 2, numba_too=True)


def test_a_product_of_transposed_matrices_stays_a_call_without_copies() -> None:
    b = Builder()
    n, m = b.var("n", INDEX), b.var("m", INDEX)
    x = matrix(b, "x", n, m)
    gram = b.emit("dot", b.emit("transpose", x, axes=(1, 0)), x, hint="gram")
    fn = b.finish("f", [x, n, m], [gram])
    assert text_of(lowered(fn), "numba").endswith("    gram = _dproduct(x.T, x)\n    return gram\n")
    means_the_same(fn, np.arange(6.0).reshape(3, 2), 3, 2, numba_too=True)


def test_products_take_matrices_that_are_not_contiguous_and_copies_of_such_vectors() -> None:
    b = Builder()
    n, m = b.var("n", INDEX), b.var("m", INDEX)
    x = matrix(b, "x", n, m, "A")
    v = b.load(x, (ZERO, *b.everything(x)[1:]))
    gram = b.emit("dot", x, b.emit("transpose", x, axes=(1, 0)), hint="gram")
    fn = b.finish("f", [x, n, m], [gram, b.emit("dot", x, v)])
    text = text_of(lowered(fn), "numba")
    assert "_dproduct(x, x.T)" in text and text.count("_copy = np.empty") == 1
    wide = np.arange(24.0).reshape(4, 6)[::2, ::2]
    means_the_same(fn, wide, 2, 3, numba_too=True)


def test_products_of_tiny_matrices_are_loops() -> None:
    b = Builder()
    x, y = matrix(b, "x", Const(3), Const(3)), matrix(b, "y", Const(3), Const(3))
    fn = b.finish("f", [x, y], [b.emit("dot", x, y, hint="z")])
    assert "np.dot" not in emit(lowered(fn), "numba")
    means_the_same(fn, np.arange(9.0).reshape(3, 3), np.ones((3, 3)), numba_too=True)


def test_empty_arrays() -> None:
    b = Builder()
    n, m = b.var("n", INDEX), b.var("m", INDEX)
    x, y = matrix(b, "x", n, m), matrix(b, "y", m, n)
    product = b.emit("dot", x, y)
    fn = b.finish("f", [x, y, n, m], [product, b.emit("sum", x, axes=(0,), keepdims=False), b.emit("exp", x)])
    means_the_same(fn, np.empty((3, 0)), np.empty((0, 3)), 3, 0, numba_too=True)
    means_the_same(fn, np.empty((0, 2)), np.empty((2, 0)), 0, 2, numba_too=True)


# -- memory ----------------------------------------------------------------------------------------------------------


def test_work_arrays_of_a_loop_are_allocated_once_and_carried_ones_anew() -> None:
    b = Builder()
    x, steps = vector(b, "x"), scalar(b, "steps", INDEX)
    k, u, out = b.var("k", INDEX), b.like(x, "u"), b.like(x, "u")
    with b.block() as body:
        squared = b.emit("mul", u, u, hint="squared")
        total = b.emit("sum", squared, axes=(0,), keepdims=False)
        turned = b.load(squared, (Slice(None, None, Const(-1), b.int("sub", b.shape(x)[0], ONE), b.shape(x)[0]),))
        new = b.emit("div", turned, total, hint="u")
    loop(b, k, steps, body, Carry(u, x, new, out))
    fn = b.finish("f", [x, steps], [out])
    after = lowered(fn)
    (outer,) = [s for s in after.body if isinstance(s, Loop)]
    inside = [s.target for s in outer.body if isinstance(s, Assign) and s.op == "empty"]
    assert inside == [c.next for c in outer.carried if after.type(c.next).rank]
    means_the_same(fn, np.array([1.0, 2.0, 3.0]), 3, numba_too=True)


def test_an_array_carried_before_it_is_written_is_not_work() -> None:
    """Buffers that swap keep what the last iteration wrote."""
    program = PROGRAMS["buffers_swap"]()
    means_the_same(program.fn, *program.args)
    assert lower_arrays(lowered(program.fn)).results


def test_extents_found_equal_make_one_loop() -> None:
    b = Builder()
    x, y = vector(b, "x"), vector(b, "y")
    z = b.emit("mul", x, y, hint="z")
    s = b.emit("sum", b.emit("mul", y, y), axes=(0,), keepdims=False, hint="s")
    text = """
        n_x = x.shape[0]
        n_y = y.shape[0]
        if n_x != n_y:
            _tell(2, n_x, n_y)
            raise ValueError('operands could not be broadcast together: their extents differ')
        z = np.empty(n_x)
        s = 0.0
        for i in range(n_x):
            t = y[i]
            z[i] = x[i] * t
            s += t * t
        return z, s
    """
    fn = b.finish("f", [x, y], [z, s])
    becomes(fn, text, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    with pytest.raises(ValueError, match="broadcast"):
        run(lowered(fn), np.ones(2), np.ones(3))


def distances(x, mean, scale):
    total = 0.0
    for n in range(x.shape[0]):
        d = (x[n] - mean) / scale
        total += np.dot(d, d) + x[n] @ mean
    return total + mean @ mean


@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
def test_products_of_vectors_in_loops_are_sums(dtype: str) -> None:
    rng = np.random.default_rng(5)
    args = tuple(rng.normal(size=shape).astype(dtype) for shape in ((6, 5), 5, 5))
    value = distances if dtype != "complex128" else lambda x, mean, scale: distances(x, mean, scale).real
    results = []
    for fastmath, calls in ((True, 1), (False, 3)):
        gradient = ad.value_and_grad(value, (0, 1, 2), fastmath=fastmath)
        lines = gradient.lowered_source(*args).rpartition("\ndef ")[2].splitlines()
        assert sum(line.count("np.dot(") for line in lines if not line.lstrip().startswith("#")) == calls
        found = gradient(*args)
        results.append((found[0], *found[1]))
    for mine, its in zip(*results, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-4 if dtype == "float32" else 1e-13)
    np.testing.assert_allclose(results[0][0], value(*args), rtol=1e-5 if dtype == "float32" else 1e-14)
