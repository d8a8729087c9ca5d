"""Objects of NumPy that are indexed like arrays: `mgrid`, `ogrid`, `r_`, `c_`, `s_`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import as_array, cast, full, joined
from adcompiler.frontend.library.assembly import column_stack, join
from adcompiler.frontend.library.ranges import arange, linspace
from adcompiler.frontend.library.shape import atleast_1d, with_axes
from adcompiler.frontend.state.coerce import is_none
from adcompiler.frontend.state.values import Seq, SliceValue, Static, Value
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.wengert import Const, Var


def _points(b: Builder, item: Value) -> Var:
    """The numbers of a slice; an imaginary step is a number of points."""
    if not isinstance(item, SliceValue) or item.stop is None:
        raise TypeProblem("a grid needs slices with an end", b.span, "write np.mgrid[0:n, 0:m]")
    start, step = ZERO if item.start is None else item.start, ONE if item.step is None else item.step
    if isinstance(step, (Const, Static)) and isinstance(step.value, complex):
        return as_array(b, linspace(b, start, item.stop, Const(int(abs(step.value)))))
    return as_array(b, arange(b, start, item.stop, step))


def _open_grid(b: Builder, items: Sequence[Value]) -> list[Var]:
    points = [_points(b, item) for item in items]
    dtype = joined([b.type(p) for p in points])
    rank = len(points)
    return [
        with_axes(b, as_array(b, cast(b, p, dtype)), [j for j in range(rank) if j != k]) if rank > 1 else p
        for k, p in enumerate(points)
    ]


def _ogrid(b: Builder, items: Sequence[Value]) -> Value:
    return Seq(tuple(_open_grid(b, items)))


def _mgrid(b: Builder, items: Sequence[Value]) -> Value:
    grid = _open_grid(b, items)
    shape = tuple(b.shape(axis)[k] for k, axis in enumerate(grid))
    out = b.emit("empty", Const(len(grid)), *shape, dtype=b.type(grid[0]).dtype, hint="grid")
    for k, axis in enumerate(grid):
        b.store(out, (Const(k), *full(shape)), axis)
    return out


def _row(b: Builder, items: Sequence[Value]) -> Value:
    parts = [_points(b, v) if isinstance(v, SliceValue) else as_array(b, atleast_1d(b, _array(b, v))) for v in items]
    types = [_weighs(b, v, part) for v, part in zip(items, parts, strict=True)]
    return join(b, parts, 0, np.result_type(*types).name)


def _weighs(b: Builder, item: Value, part: Var) -> complex | np.dtype[Any]:
    """What a part counts for in the type of a row: numbers of Python's are weak there."""
    dtype = np.dtype(b.type(part).dtype)
    weak = isinstance(item, (Var, Const)) and b.type(item).weak and dtype.kind in "ifc"
    return {"i": 0, "f": 0.0, "c": 0j}[dtype.kind] if weak else dtype


def _columns(b: Builder, items: Sequence[Value]) -> Value:
    parts = [_points(b, v) if isinstance(v, SliceValue) else _array(b, v) for v in items]
    return column_stack(b, Seq(tuple(parts)))


def _array(b: Builder, value: Value) -> Value:
    if isinstance(value, Static) and not is_none(value):
        raise TypeProblem("np.r_ and np.c_ with directives are outside the language", b.span, "use np.concatenate")
    return value


def _index(b: Builder, items: Sequence[Value]) -> Value:
    return items[0] if len(items) == 1 else Seq(tuple(items))


_GRIDS: dict[int, Callable[[Builder, Sequence[Value]], Value]] = {
    id(np.mgrid): _mgrid,
    id(np.ogrid): _ogrid,
    id(np.r_): _row,
    id(np.c_): _columns,
    id(np.s_): _index,
    id(np.index_exp): _index,
}


def grid(b: Builder, held: object, items: Sequence[Value]) -> Value | None:
    """`np.mgrid[items]` and its relatives; None for any other object."""
    found = _GRIDS.get(id(held))
    if found is None:
        return None
    first = items[0] if len(items) == 1 else None
    if found is not _index and isinstance(first, Seq) and first.kind == "tuple":
        return found(b, first.items)
    made = found(b, items)
    if found is _mgrid and first is not None and isinstance(made, Var):
        return b.load(made, (ZERO, *full(b.shape(made)[1:])))
    if found is _ogrid and first is not None and isinstance(made, Seq):
        return made.items[0]
    return made


__all__ = ["grid"]
