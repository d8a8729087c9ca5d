"""New arrays, other shapes and joins are NumPy's: views where NumPy has views, copies where it copies."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Check, Store
from tests.support.interpret import run
from tests.support.samples import everywhere, layouts, sample
from tests.support.tracing import compare, trace


def test_creation() -> None:
    for name in ("zeros", "ones"):
        for shape in (3, (3,), (2, 3), (1, 4), (0, 2), (), [2, 2]):
            compare(lambda np, x, n=name, s=shape: getattr(np, n)(s), 1.0)
            for dtype in (int, "float32", bool, numpy.int32):
                compare(lambda np, x, n=name, s=shape, d=dtype: getattr(np, n)(s, d), 1.0)
                compare(lambda np, x, n=name, s=shape, d=dtype: getattr(np, n)(s, dtype=d), 1.0)
        everywhere(lambda np, x, n=name: getattr(np, f"{n}_like")(x))
        everywhere(lambda np, x, n=name: getattr(np, f"{n}_like")(x, dtype=float))
        everywhere(lambda np, x, n=name: getattr(np, n)(x.shape))
    compare(lambda np, n: np.zeros((n, n + 1)), 3)
    compare(lambda np, n: np.zeros(n), -1)
    compare(lambda np, x: np.zeros(-1), 1.0)
    compare(lambda np, x: np.zeros(2.0), 1.0)
    for value in (2, 2.5, True, numpy.float32(2)):
        compare(lambda np, v: (np.full(3, v), np.full((2, 2), v, dtype=float), np.full((), v)), value)
        everywhere(lambda np, x, v=value: np.full_like(x, v), rank=(1, 2))
    compare(lambda np, x: np.full((2, 3), x), sample("float32", (3,)))


def test_empty_has_its_shape() -> None:
    def filled(np: Any, x: Any) -> Any:
        a, c = np.empty((2, 3)), np.empty_like(x)
        a[...] = 1.5
        c[...] = 2
        return a, c

    everywhere(filled)


def test_fortran_order() -> None:
    def order(np: Any, x: Any) -> Any:
        a = np.zeros((2, 3), order="F")
        a[0, 1] = 2.0
        return a, a.T.reshape(-1), a.ravel()

    compare(order, 1.0)


def test_matrices() -> None:
    for n, m, k in ((3, None, 0), (3, 4, 1), (4, 3, -1), (2, 2, 5), (0, 3, 0), (1, 1, 0)):
        compare(lambda np, x, n=n, m=m, k=k: np.eye(n, m, k), 1.0)
        compare(lambda np, x, n=n, m=m, k=k: np.eye(n, M=m, k=k, dtype=int), 1.0)
    compare(lambda np, n: (np.eye(n), np.identity(n)), 3)
    for k in (-2, 0, 1):
        everywhere(lambda np, x, k=k: np.diag(x, k), rank=(1, 2))
        everywhere(lambda np, x, k=k: np.trace(x, k), rank=(2,))
        everywhere(lambda np, x, k=k: (np.tril(x, k), np.triu(x, k)), rank=(2,))


@pytest.mark.parametrize("args", [(5,), (2, 7), (7, 2), (0, 10, 3), (10, 0, -3), (1, 1), (0.0, 1.0, 0.1)], ids=str)
def test_arange(args: Any) -> None:
    compare(lambda np, x: np.arange(*args), 1.0)
    compare(lambda np, x: np.arange(*args, dtype=float), 1.0)
    compare(lambda np, x: np.arange(*args, dtype="float32"), 1.0)
    compare(lambda np, *a: np.arange(*a), *args)
    compare(lambda np, *a: np.arange(*a), *(float(a) + 0.25 for a in args))


def test_arange_of_zero_steps() -> None:
    compare(lambda np, a, c, s: np.arange(a, c, s), 0, 3, 0)
    compare(lambda np, a, c, s: np.arange(a, c, s), 0.0, 3.0, 0.0)
    compare(lambda np, a: np.arange(a, 3.0, 1), float("nan"))
    compare(lambda np, a: np.arange(0, 3, 0), 1)
    compare(lambda np, n: np.arange(n), -3)


def test_linspace() -> None:
    for num in (0, 1, 2, 5, 50):
        for endpoint in (True, False):
            compare(lambda np, a, n=num, e=endpoint: np.linspace(a, 3, n, e), 1.0)
            compare(lambda np, a, n, e=endpoint: np.linspace(a, 3.0, num=n, endpoint=e), 0.3, num)
    compare(lambda np, a: np.linspace(a, 1), 0)
    compare(lambda np, a: np.linspace(0.0, a, 5), numpy.float32(2.0), rtol=1e-6)
    compare(lambda np, a: np.linspace(0.0, a, 5, dtype="float32"), 2.0)
    compare(lambda np, n: np.linspace(0.0, 1.0, n), -1)


def test_array_of_lists() -> None:
    compare(lambda np, a: np.array([a, 2.0, 3]), 1.5)
    compare(lambda np, a: np.array([[a, 2], [3, a * 2]]), 1.5)
    compare(lambda np, a: np.array([[a, 2], (3, 4)]), 1)
    compare(lambda np, a: np.array([a, True]), False)
    compare(lambda np, a: np.array([a, 1.0]), numpy.float32(2))
    compare(lambda np, a: np.array([a, 1], dtype="float32"), 2.5)
    compare(lambda np, a: np.array([a, a], dtype=int), 2.5)
    compare(lambda np, a: np.array([]), 2.5)
    compare(lambda np, a: np.array([[a, 2.0], [1.0]]), 2.5)
    compare(lambda np, a: np.array([a, [1.0]]), 2.5)
    compare(lambda np, a: np.array(a), 2.5)
    compare(lambda np, x: np.array([x, x[::-1], [1.0, 2.0, 3.0]]), sample("float64", (3,)))
    compare(lambda np, x: np.array([[x, x], [x, x]]), sample("float32", (3,)))
    compare(lambda np, x, y: np.array([x, y]), sample("float64", (3,)), sample("float64", (4,)))
    compare(lambda np, x: np.asarray([x, 1.0]), 2)


def test_array_of_an_array() -> None:
    def copies(np: Any, x: Any) -> Any:
        a, c, d = np.array(x), np.copy(x), x.copy()
        e, f = np.asarray(x), np.ascontiguousarray(x)
        if x.shape[0] is not None:
            x[...] = 0
        return a, c, d, e, f, np.array(x, dtype="float32"), np.asarray(x, float)

    everywhere(copies)


RESHAPES: tuple[Any, ...] = ((-1,), (2, 6), (6, -1), (-1, 2), (2, -1, 2), (12,), (3, 2, 2), (5, -1), (7,), (-1, -1))


@pytest.mark.parametrize("shape", RESHAPES, ids=str)
def test_reshape(shape: tuple[int, ...]) -> None:
    for dtype in ("float64", "int64"):
        for source in ((12,), (3, 4), (2, 3, 2), (1, 12)):
            for x in layouts(sample(dtype, source)):
                compare(lambda np, x: np.reshape(x, shape), x)
                compare(lambda np, x: x.reshape(shape), x)
                compare(lambda np, x: x.reshape(*shape), x)
                compare(lambda np, x: np.reshape(x, shape, order="F"), x)
                compare(lambda np, x: x.T.reshape(shape), x)


def test_reshape_of_computed_extents() -> None:
    x = sample("float64", (12,))
    compare(lambda np, x, n: x.reshape(n, -1), x, 3)
    compare(lambda np, x, n: x.reshape(n, 4), x, 3)
    compare(lambda np, x, n: x.reshape(n, 4), x, 5)
    compare(lambda np, x, n: x.reshape(n, -1), x, 5)
    compare(lambda np, x, n: x.reshape(-1, n), x, 0)
    func, _ = trace(lambda np, x, n: x.reshape(n, 12), x, 1)
    with pytest.raises(ValueError, match="must not be negative"):
        run(func, x, -1)
    func = compare(lambda np, x: x.reshape(x.shape[0], -1).reshape(x.shape).ravel(), sample("float64", (2, 3, 4)))
    assert func is not None and not any(isinstance(s, Check) for s in walk(func.body))


def test_reshape_to_nothing() -> None:
    compare(lambda np, x: x.reshape(()), sample("float64", (1,)))
    compare(lambda np, x: np.reshape(x, (1, 1)), 2.0)
    compare(lambda np, x: np.reshape(x, -1), 2.0)
    compare(lambda np, x: x.reshape(()), sample("float64", (3,)))


def test_flattening() -> None:
    for name in ("ravel", "flatten"):
        everywhere(lambda np, x, n=name: getattr(x, n)())
        everywhere(lambda np, x, n=name: getattr(x, n)("F"))
    everywhere(lambda np, x: np.ravel(x))
    compare(lambda np, x: np.ravel(x), 2.0)


def test_transposes() -> None:
    everywhere(lambda np, x: (np.transpose(x), x.T, x.transpose()))
    everywhere(lambda np, x: (x.transpose(1, 0), np.transpose(x, (1, 0)), x.transpose((-1, 0))), rank=(2,))
    everywhere(lambda np, x: (x.transpose(1, 2, 0), np.transpose(x, (2, 0, 1)), np.swapaxes(x, 0, -1)), rank=(3,))
    everywhere(lambda np, x: (np.moveaxis(x, 0, -1), np.moveaxis(x, [0, 1], [-1, 0]), x.swapaxes(1, 2)), rank=(3,))
    everywhere(lambda np, x: np.transpose(x, (0, 0)), rank=(2,))
    everywhere(lambda np, x: np.swapaxes(x, 0, 2), rank=(2,))


def test_axes_of_length_one() -> None:
    everywhere(lambda np, x: (np.expand_dims(x, 0), np.expand_dims(x, -1), np.expand_dims(x, (0, -1))))
    everywhere(lambda np, x: (np.squeeze(x), x.squeeze()))
    everywhere(lambda np, x: np.squeeze(x, 0))
    everywhere(lambda np, x: np.squeeze(x, axis=-1))
    everywhere(lambda np, x: (np.atleast_1d(x), np.atleast_2d(x), np.atleast_3d(x)))
    compare(lambda np, x: (np.atleast_1d(x), np.atleast_2d(x), np.atleast_3d(x), np.expand_dims(x, 0)), 2.0)
    compare(lambda np, x: np.squeeze(x[:, :1]), sample("float64", (3, 4)))
    func, _ = trace(lambda np, x, k: np.squeeze(x[slice(0, k)]), sample("float64", (3, 4)), 2)
    with pytest.raises(ValueError, match="name the axes"):
        run(func, sample("float64", (3, 4)), 1)


def test_joins() -> None:
    everywhere(lambda np, x: (np.concatenate([x, x]), np.concatenate((x, x), axis=-1), np.concatenate([x, x], None)))
    everywhere(lambda np, x: np.concatenate([x, x], axis=1))
    for axis in (0, 1, -1):
        everywhere(lambda np, x, a=axis: np.stack([x, x * 2], axis=a), dtypes=("float64", "float32"))
    everywhere(lambda np, x: (np.vstack([x, x]), np.hstack([x, x]), np.append(x, x)))
    everywhere(lambda np, x: np.column_stack([x, x, x]), rank=(1, 2))
    x, y = sample("float64", (2, 3)), sample("float32", (4, 3))
    compare(lambda np, x, y: (np.concatenate([x, y, x[:1]]), np.vstack([x, y, x[0]])), x, y)
    compare(lambda np, x, y: np.concatenate([x, y], axis=1), x, y)
    compare(lambda np, x, y: np.stack([x, y]), x, y)
    compare(lambda np, x, y: np.concatenate([x, y[0]]), x, y)
    compare(lambda np, x, y: np.concatenate([y, y], dtype=float), x, y)
    compare(lambda np, a: (np.hstack([a, 2.0]), np.stack([a, 2.0]), np.column_stack([[a, 1.0], [2.0, 3.0]])), 1.0)
    compare(lambda np, x: np.concatenate([[1.0], x, [2, 3]]), sample("float64", (3,)))
    compare(lambda np, x: np.append(x, 3.0), sample("float64", (3,)))


def test_moves() -> None:
    for shift in (0, 1, -1, 2, -7, 25):
        everywhere(lambda np, x, s=shift: np.roll(x, s), dtypes=("float64",))
        everywhere(lambda np, x, s=shift: np.roll(x, s, axis=0), dtypes=("float64",))
        everywhere(lambda np, x, s=shift: np.roll(x, s, axis=-1), dtypes=("int64",))
    compare(lambda np, x: np.roll(x, (1, 2), axis=(0, 1)), sample("float64", (3, 4)))
    everywhere(lambda np, x: (np.flip(x), np.flip(x, 0), np.flip(x, (0, -1)) if x.shape[1:] is None else np.flipud(x)))
    everywhere(lambda np, x: np.fliplr(x), rank=(2, 3))
    everywhere(lambda np, x: (np.tile(x, 2), np.tile(x, (2, 1, 3)), np.tile(x, 1)), dtypes=("float64", "bool"))


def test_stores_of_a_list_are_one_per_element() -> None:
    func, _ = trace(lambda np, a: np.array([a, 2.0, 3.0]), 1.0)
    assert sum(isinstance(s, Store) for s in func.body) == 3
    assert sum(isinstance(s, Assign) for s in func.body) == 1
