"""Products, scans, updates in place, and the copies that stand for views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from adcompiler.errors import TypeProblem, UnsupportedSyntax
from adcompiler.frontend.arrays import snapshots
from adcompiler.ir.build import Builder
from tests.support.samples import everywhere, layouts, sample
from tests.support.tracing import SPAN, Library, Traced, compare, trace


def test_products() -> None:
    def arrays(shape: tuple[int, ...]) -> list[Any]:
        return layouts(sample("float64", shape))

    shapes = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((3,), (4,)), ((2, 3), (2, 3))]
    for one, other in (*shapes, ((0,), (0,))):
        for x in arrays(one):
            for y in arrays(other):
                compare(lambda np, x, y: np.dot(x, y), x, y)
                compare(lambda np, x, y: np.matmul(x, y), x, y)
                compare(lambda np, x, y: x.dot(y), x, y)
    for x, y in (("float32", "float64"), ("float32", "float32"), ("int64", "float64"), ("int64", "int32")):
        compare(lambda np, x, y: (np.dot(x, y), x.dot(2.0)), sample(x, (2, 3)), sample(y, (3, 2)))
    compare(lambda np, x: (np.dot(x, 2.0), np.dot(3.0, x), np.inner(x, 2.0)), sample("float64", (3,)))
    compare(lambda np, x: np.matmul(x, 2.0), sample("float64", (3,)))


def test_stacks_of_matrices() -> None:
    cases = [((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 4))]
    for one, other in (*cases, ((1, 2, 3), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 2)), ((4, 2, 3), (5, 3, 4))):
        compare(lambda np, x, y: np.matmul(x, y), sample("float64", one), sample("float64", other))


def test_outer_and_inner() -> None:
    x, y = sample("float64", (3,)), sample("float32", (4,))
    compare(lambda np, x, y: (np.outer(x, y), np.outer(x, x), np.outer(2.0, y)), x, y)
    compare(lambda np, x: (np.inner(x, x), np.vdot(x, x)), x)
    compare(lambda np, x: (np.inner(x, x), np.vdot(x, x.T.T), np.outer(x, x)), sample("float64", (3, 4)))
    compare(lambda np, x, y: np.inner(x, y), x, y)


def test_scans() -> None:
    for axis in (None, 0, -1, 1):
        everywhere(lambda np, x, a=axis: np.cumsum(x, a))
        everywhere(lambda np, x, a=axis: np.cumprod(x, axis=a))
        everywhere(lambda np, x, a=axis: x.cumsum(axis=a, dtype=float), dtypes=("int64", "float32"))
    for order in (0, 1, 2, 3):
        everywhere(lambda np, x, n=order: np.diff(x, n))
        everywhere(lambda np, x, n=order: np.diff(x, n, axis=0))
    everywhere(lambda np, x: np.diff(x, axis=0, prepend=x, append=1.5))


def test_updates_in_place() -> None:
    def updates(np: Any, x: Any, r: Any) -> Any:
        x.fill(2.5)
        np.add.at(x, r, 1.5)
        np.add.at(x, (r, 0), x[r, 1])
        np.subtract.at(x, r, [[1.0, 2.0, 3.0]])
        np.add.at(x, 0, 2)
        return x.sum()

    compare(updates, sample("float64", (4, 3)), numpy.array([0, 2, 0, -1]))
    compare(lambda np, x, r: np.add.at(x, r, 1) or x.sum(), sample("int64", (4,)), numpy.array([0, 2, 0]))
    with pytest.raises(TypeProblem, match="float64"):
        trace(lambda np, x, r: np.add.at(x, r, 1.5), sample("int64", (4,)), numpy.array([0, 2, 0]))


def test_views_share_memory() -> None:
    def shared(np: Any, x: Any) -> Any:
        for view in (x.reshape(-1), x.ravel(), np.reshape(x, (4, 3)), x.T, np.expand_dims(x, 1), np.flip(x, 0)):
            np.update(view, (0,), "add", 1.0)
        np.asarray(x)[1, 1] = 9.0
        np.swapaxes(x, 0, 1)[2] = 7.0
        return x.sum()

    def apart(np: Any, x: Any) -> Any:
        for other in (x.flatten(), np.array(x), x.copy(), x.astype(float), np.round(x), np.roll(x, 1)):
            other[0] = 100.0
        return x.sum()

    compare(shared, sample("float64", (3, 4)))
    for x in layouts(sample("float64", (3, 4))):
        compare(apart, x)


def guarded(fn: Callable[..., Any], *args: Any) -> None:
    """Trace with the check of snapshots, as the compiler does."""
    kept: list[Builder] = []

    def seen(np: Library, *traced: Traced) -> Any:
        kept.append(np.b)
        return fn(np, *traced)

    func, _ = trace(seen, *args)
    snapshots.check(kept[0], func)


def test_ambiguous_views_are_not_written() -> None:
    x, line = sample("float64", (3, 4)), sample("float64", (12,))

    def written_after(np: Any, x: Any) -> Any:
        flat = x.T.reshape(-1)
        x[0, 0] = 5.0
        return flat.sum()

    def written_through(np: Any, x: Any) -> Any:
        flat = x[::2].reshape(2, 3)
        flat[0] = 5.0
        return x.sum()

    def sum_ordered(np: Any, x: Any) -> Any:
        flat = (x.T + 1.0).T.ravel()
        flat[0] = 5.0
        return flat.sum()

    def written_before(np: Any, x: Any) -> Any:
        x[0, 0] = 5.0
        flat = x.T.reshape(-1)
        return flat.sum() + x.sum()

    for fn, arg in ((written_after, x), (written_through, line)):
        with pytest.raises(UnsupportedSyntax, match="view or a copy") as caught:
            guarded(fn, arg)
        assert caught.value.span == SPAN
    guarded(written_before, x)
    guarded(sum_ordered, x)
    compare(written_before, x)
    compare(sum_ordered, x)


def test_order_of_operands_decides_what_ravel_is() -> None:
    """The sum of Fortran-ordered operands has their order, so its ravel is a copy."""

    def through(np: Any, x: Any) -> Any:
        total = x + 1.0
        total.ravel()[0] = 100.0
        return total.sum()

    with pytest.raises(UnsupportedSyntax):
        guarded(through, numpy.asfortranarray(sample("float64", (3, 4))))
    guarded(through, sample("float64", (3, 4)))
    compare(through, sample("float64", (3, 4)))
