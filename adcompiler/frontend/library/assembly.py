"""Arrays joined to one: a new array into which each part is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import as_array, as_numpys, full, joined, stored
from adcompiler.frontend.arrays.regions import nest
from adcompiler.frontend.library.attributes import transposed
from adcompiler.frontend.library.reductions import NONE
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.library.shape import atleast_1d, atleast_2d, moveaxis, ravel, with_axes
from adcompiler.frontend.state.coerce import as_axis, as_dtype, as_extent, as_int, is_none
from adcompiler.frontend.state.values import Seq, Value
from adcompiler.ir.build import ZERO, Builder
from adcompiler.ir.wengert import Atom, Const, Slice, Var


def _parts(b: Builder, arrays: Value, name: str) -> list[Value]:
    """The arrays of a list; the rows of an array."""
    if isinstance(arrays, Seq) and arrays.items:
        return list(arrays.items)
    raise TypeProblem(f"{name} needs a list or tuple of at least one array", b.span, "write the arrays in brackets")


def _rows(b: Builder, arrays: Value) -> Var | None:
    """A copy of the array whose rows are to be joined: a list of a length that only running the program shows."""
    if not isinstance(arrays, Var) or not b.type(arrays).rank:
        return None
    count = b.shape(arrays)[0]
    if not isinstance(count, Const):
        none = b.emit("le", count, ZERO, hint="none", weak=True)
        b.check(none, "ValueError", "need at least one array to join")
    return b.emit("copy", arrays, hint="joined")


def _merged(b: Builder, rows: Var, axis: int) -> Var:
    """The rows of an array joined along one of their axes."""
    order = [*range(1, axis + 1), 0, *range(axis + 1, b.type(rows).rank)]
    if order != sorted(order):
        rows = b.emit("copy", b.emit("transpose", rows, axes=tuple(order)), hint="joined")
    shape = b.shape(rows)
    whole = b.int("mul", shape[axis], shape[axis + 1])
    return b.emit("reshape", rows, *shape[:axis], whole, *shape[axis + 2 :], hint="joined")


def join(b: Builder, parts: Sequence[Var], axis: int, dtype: str | None = None) -> Var:
    """The parts one after another along an axis."""
    ranks = {b.type(part).rank for part in parts}
    if len(ranks) > 1:
        raise TypeProblem("the arrays to join differ in rank", b.span, "reshape them to the same rank")
    starts: list[Atom] = [ZERO]
    for part in parts:
        starts.append(b.int("add", starts[-1], b.shape(part)[axis], hint="end"))
    shape = list(b.shape(parts[0]))
    for part in parts[1:]:
        for k, extent in enumerate(b.shape(part)):
            if k != axis:
                b.same(shape[k], extent, "all the input array dimensions except for the joined axis must match")
    shape[axis] = starts[-1]
    out = b.emit("empty", *shape, dtype=dtype or joined([b.type(part) for part in parts]), hint="joined")
    for part, first, last in zip(parts, starts, starts[1:], strict=False):
        index = list(full(b.shape(part)))
        index[axis] = Slice(first, last, None, first, b.shape(part)[axis])
        b.store(out, tuple(index), stored(b, part, b.type(out).dtype))
    return out


@implements(np.concatenate, np.concat)
def concatenate(b: Builder, arrays: Value, axis: Value = ZERO, *, dtype: Value = NONE) -> Value:
    """Along an axis that the arrays have; flattened for None."""
    rows = _rows(b, arrays) if is_none(dtype) else None
    if rows is not None and b.type(rows).rank > 1:
        if is_none(axis):
            return as_array(b, ravel(b, rows))
        return _merged(b, rows, as_axis(b, axis, b.type(rows).rank - 1))
    parts = [as_array(b, part) for part in _parts(b, arrays, "np.concatenate")]
    if is_none(axis):
        parts = [as_array(b, ravel(b, part)) for part in parts]
    return join(b, parts, 0 if is_none(axis) else as_axis(b, axis, b.type(parts[0]).rank), _target(b, dtype))


def _target(b: Builder, dtype: Value) -> str | None:
    """The element type that is asked for, if one is."""
    return None if is_none(dtype) else as_dtype(b, dtype, "float64")


@implements(np.stack)
def stack(b: Builder, arrays: Value, axis: Value = ZERO, *, dtype: Value = NONE) -> Value:
    """Along a new axis."""
    rows = _rows(b, arrays) if is_none(dtype) else None
    if rows is not None:
        place = as_axis(b, axis, b.type(rows).rank)
        return moveaxis(b, rows, ZERO, Const(place)) if place else rows
    given = _parts(b, arrays, "np.stack")
    if any(isinstance(v, (Var, Const)) and not b.type(v).rank for v in given):
        whole = as_array(b, arrays)
        return as_array(b, stored(b, whole, as_dtype(b, dtype, b.type(whole).dtype)))
    parts = [as_array(b, part) for part in given]
    place = as_axis(b, axis, b.type(parts[0]).rank + 1)
    return join(b, [with_axes(b, part, (place,)) for part in parts], place, _target(b, dtype))


@implements(np.vstack)
def vstack(b: Builder, tup: Value, *, dtype: Value = NONE) -> Value:
    """Rows below each other."""
    rows = _rows(b, tup) if is_none(dtype) else None
    if rows is not None and b.type(rows).rank > 1:
        return rows if b.type(rows).rank == 2 else _merged(b, rows, 0)
    parts = [as_array(b, atleast_2d(b, part)) for part in _parts(b, tup, "np.vstack")]
    return join(b, parts, 0, _target(b, dtype))


@implements(np.hstack)
def hstack(b: Builder, tup: Value, *, dtype: Value = NONE) -> Value:
    """Side by side; vectors one after another."""
    rows = _rows(b, tup) if is_none(dtype) else None
    if rows is not None:
        return rows if b.type(rows).rank == 1 else _merged(b, rows, 0 if b.type(rows).rank == 2 else 1)
    parts = [as_array(b, atleast_1d(b, part)) for part in _parts(b, tup, "np.hstack")]
    return join(b, parts, 0 if b.type(parts[0]).rank == 1 else 1, _target(b, dtype))


@implements(np.column_stack)
def column_stack(b: Builder, tup: Value) -> Value:
    """Side by side, vectors as columns."""
    rows = _rows(b, tup)
    if rows is not None and b.type(rows).rank > 1:
        return transposed(b, rows) if b.type(rows).rank == 2 else _merged(b, rows, 1)
    parts = [as_array(b, part) for part in _parts(b, tup, "np.column_stack")]
    return join(b, [with_axes(b, part, (1,)) if b.type(part).rank == 1 else part for part in parts], 1)


@implements(np.append)
def append(b: Builder, arr: Value, values: Value, axis: Value = NONE) -> Value:
    """Two arrays joined; flattened without an axis."""
    return concatenate(b, Seq((arr, values)), axis)


@implements(np.roll)
def roll(b: Builder, a: Value, shift: Value, axis: Value = NONE) -> Value:
    """The elements moved along an axis, those beyond the end to the front; without an axis, of the flat array."""
    x = as_numpys(b, a)
    if not (isinstance(x, Var) and b.type(x).rank):
        return x
    if is_none(axis):
        flat = as_array(b, ravel(b, x))
        rolled = _rolled(b, flat, as_extent(b, shift, "the shift"), 0)
        return b.emit("reshape", rolled, *b.shape(x)) if b.type(x).rank > 1 else rolled
    for place, by in _pairs(b, axis, shift):
        x = _rolled(b, x, by, as_axis(b, place, b.type(x).rank))
    return x


def _pairs(b: Builder, axis: Value, shift: Value) -> list[tuple[Value, Atom]]:
    axes = axis.items if isinstance(axis, Seq) else (axis,)
    shifts = shift.items if isinstance(shift, Seq) else (shift,) * len(axes)
    if len(axes) != len(shifts):
        raise TypeProblem("np.roll needs one shift for each axis", b.span, "name as many shifts as axes")
    return [(place, as_extent(b, by, "the shift")) for place, by in zip(axes, shifts, strict=True)]


def _rolled(b: Builder, x: Var, by: Atom, axis: int) -> Var:
    """Two stores: the end to the front, the front behind it."""
    shape = b.shape(x)
    n = shape[axis]
    # a length of zero has no remainder
    turn = b.int("mod", by, b.int("maximum", n, Const(1)), hint="turn")
    rest = b.int("sub", n, turn, hint="rest")
    out = b.emit("empty", *shape, dtype=b.type(x).dtype, hint="rolled")
    tail, head = (list(full(shape)) for _ in range(2))
    tail[axis], head[axis] = Slice(rest, n, None, rest, turn), Slice(ZERO, rest, None, ZERO, rest)
    front, behind = (list(full(shape)) for _ in range(2))
    front[axis], behind[axis] = Slice(ZERO, turn, None, ZERO, turn), Slice(turn, n, None, turn, rest)
    b.store(out, tuple(front), b.load(x, tuple(tail)))
    b.store(out, tuple(behind), b.load(x, tuple(head)))
    return out


@implements(np.flip)
def flip(b: Builder, m: Value, axis: Value = NONE) -> Value:
    """The order of the elements reversed along axes: a view."""
    x = as_numpys(b, m)
    if not (isinstance(x, Var) and b.type(x).rank):
        return x
    rank = b.type(x).rank
    named = range(rank) if is_none(axis) else [as_axis(b, v, rank) for v in _listed(axis)]
    return b.load(x, tuple(_reversed(b, n) if k in named else full((n,))[0] for k, n in enumerate(b.shape(x))))


def _listed(value: Value) -> Sequence[Value]:
    return value.items if isinstance(value, Seq) else (value,)


def _reversed(b: Builder, extent: Atom) -> Slice:
    return Slice(None, None, Const(-1), b.int("sub", extent, Const(1)), extent)


@implements(np.fliplr)
def fliplr(b: Builder, m: Value) -> Value:
    """The second axis reversed."""
    return flip(b, m, Const(1))


@implements(np.flipud)
def flipud(b: Builder, m: Value) -> Value:
    """The first axis reversed."""
    return flip(b, m, ZERO)


@implements(np.tile)
def tile(b: Builder, A: Value, reps: Value) -> Value:
    """The array repeated along each axis."""
    counts = [as_int(b, v, "the number of repetitions") for v in _listed(reps)]
    x = as_array(b, A)
    rank = max(len(counts), b.type(x).rank)
    counts = [1] * (rank - len(counts)) + counts
    if b.type(x).rank < rank:
        x = with_axes(b, x, range(rank - b.type(x).rank))
    for axis, times in enumerate(counts):
        x = join(b, [x] * times, axis) if times > 1 else x
    if min(counts) < 1:
        raise TypeProblem("np.tile with no repetition", b.span, "repeat at least once")
    return b.emit("copy", x, hint="tiled") if set(counts) == {1} else x


def evenly(a: Any, repeats: Any, axis: Any = None) -> Any:
    """In a definition: each element the same number of times."""
    return np.repeat(a, repeats, axis)


@implements(evenly)
def repeat(b: Builder, a: Value, repeats: Value, axis: Value = NONE) -> Value:
    """Each element the same number of times in a row; without an axis, of the flat array."""
    x = as_array(b, a if not is_none(axis) else ravel(b, a))
    place = 0 if is_none(axis) else as_axis(b, axis, b.type(x).rank)
    times = as_extent(b, repeats, "the number of repetitions")
    shape = list(b.shape(x))
    n, shape[place] = shape[place], b.int("mul", shape[place], times, hint="length")
    out = b.emit("empty", *shape, dtype=b.type(x).dtype, hint="repeated")
    with nest(b, (n, times)) as (i, j):
        here, there = list(full(b.shape(x))), list(full(tuple(shape)))
        here[place], there[place] = i, b.int("add", b.int("mul", i, times), j, hint="at")
        b.store(out, tuple(there), b.load(x, tuple(here)))
    return out


__all__ = ["evenly", "join"]
