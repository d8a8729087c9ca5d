"""Running sums and products, differences, and updates in place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays import gather, parts
from adcompiler.frontend.arrays.atoms import apply, as_array, as_atom, cast, full, joined, stored
from adcompiler.frontend.arrays.indexing import addend, write
from adcompiler.frontend.arrays.regions import loop
from adcompiler.frontend.arrays.slicing import make_slice, offset
from adcompiler.frontend.library.assembly import join
from adcompiler.frontend.library.elementwise import copied
from adcompiler.frontend.library.reductions import NONE
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.library.shape import ravel
from adcompiler.frontend.state.coerce import as_axis, as_dtype, as_int, is_none
from adcompiler.frontend.state.fitting import in_place
from adcompiler.frontend.state.values import Seq, SliceValue, Static, Value
from adcompiler.ir.build import ONE, Builder
from adcompiler.ir.wengert import Atom, Const, Index, Var


def _scanned(b: Builder, a: Value, axis: Value, dtype: Value) -> tuple[Var, int]:
    """A copy of what is scanned, in the element type of the result, and the axis."""
    x = as_array(b, a if not is_none(axis) else ravel(b, a))
    here = b.type(x).dtype
    wide = "int64" if np.dtype(here).kind in "ib" else "uint64" if np.dtype(here).kind == "u" else here
    target = as_dtype(b, dtype, wide)
    out = copied(b, x) if here == target else cast(b, x, target, hint="running")
    assert isinstance(out, Var)
    return out, 0 if is_none(axis) else as_axis(b, axis, b.type(x).rank)


def _at(b: Builder, x: Var, axis: int, place: Atom) -> Index:
    shape = b.shape(x)
    return (*full(shape[:axis]), place, *full(shape[axis + 1 :]))


@implements(np.cumsum, method="cumsum")
def cumsum(b: Builder, a: Value, axis: Value = NONE, dtype: Value = NONE) -> Value:
    """Each element the sum of those up to it."""
    out, place = _scanned(b, a, axis, dtype)
    with loop(b, b.shape(out)[place], ONE, hint="i") as i:
        before = b.load(out, _at(b, out, place, offset(b, i, -1)))
        b.store(out, _at(b, out, place, i), before, add=True)
    return out


@implements(np.cumprod, method="cumprod")
def cumprod(b: Builder, a: Value, axis: Value = NONE, dtype: Value = NONE) -> Value:
    """Each element the product of those up to it."""
    out, place = _scanned(b, a, axis, dtype)
    with loop(b, b.shape(out)[place], ONE, hint="i") as i:
        here, before = (b.load(out, _at(b, out, place, k)) for k in (i, offset(b, i, -1)))
        b.store(out, _at(b, out, place, i), apply(b, "mul", before, here))
    return out


LAST = Const(-1)


@implements(np.diff)
def diff(
    b: Builder, a: Value, n: Value = ONE, axis: Value = LAST, prepend: Value = NONE, append: Value = NONE
) -> Value:
    """The differences of neighbours, taken `n` times, of an array with what stands before and behind it."""
    if not b.type(x := as_atom(b, a)).rank:
        raise TypeProblem("np.diff of a number", b.span, "give an array")
    x = as_array(b, x)
    place = as_axis(b, axis, b.type(x).rank)
    times = as_int(b, n, "the order of the difference")
    if times < 0:
        raise TypeProblem("a difference of negative order", b.span, "use an order of zero or more")
    if times and not (is_none(prepend) and is_none(append)):
        ends = [None if is_none(end) else _end(b, as_atom(b, end), x, place) for end in (prepend, append)]
        x = join(b, [part for part in (ends[0], x, ends[1]) if part is not None], place)
    for _ in range(times):
        later, earlier = (_without(b, x, place, first) for first in (True, False))
        x = apply(b, "ne" if b.type(x).dtype == "bool" else "sub", later, earlier, hint="difference")
    return x


def _end(b: Builder, end: Atom, x: Var, axis: int) -> Var:
    """What is put before or behind an array: a number stands for one of its slices."""
    if isinstance(end, Var) and b.type(end).rank:
        return end
    shape = (*b.shape(x)[:axis], ONE, *b.shape(x)[axis + 1 :])
    dtype = joined([b.type(x), b.type(end)])
    return b.emit("full", stored(b, end, dtype), *shape, dtype=dtype, hint="end")


def _without(b: Builder, x: Var, axis: int, first: bool) -> Var:
    """The view without the first, or without the last, along an axis."""
    index = list(full(b.shape(x)))
    kept = SliceValue(ONE, None, None) if first else SliceValue(None, Const(-1), None)
    index[axis] = make_slice(b, kept, b.shape(x)[axis])
    return b.load(x, tuple(index))


@implements(method="fill")
def fill(b: Builder, a: Value, value: Value) -> Value:
    """One value everywhere, in place."""
    if not isinstance(a, Var) or not b.type(a).rank:
        raise TypeProblem("a number is filled", b.span, "give the name another number: t = value")
    write(b, a, [Static(Ellipsis)], as_atom(b, value))
    return Static(None)


def _items(indices: Value) -> Sequence[Value]:
    return indices.items if isinstance(indices, Seq) and indices.kind == "tuple" else (indices,)


def _at_each(b: Builder, a: Value, indices: Value, values: Value, op: str) -> Value:
    """Each occurrence of an index counts, unlike in `a[indices] += values`."""
    array, value = as_array(b, a), as_atom(b, values)
    found = parts.parse(b, array, _items(indices))
    if not any(isinstance(part, (parts.Many, parts.Mask)) for part in found):
        write(b, array, _items(indices), value, op)
        return Static(None)
    if in_place(b, op, array, value, True) != b.type(array).dtype or b.type(array).dtype == "bool":
        raise TypeProblem(f"np.{op}.at changes the element type", b.span, "convert the values with astype")
    gather.scatter(b, array, parts.unmask(b, found), addend(b, array, value, op), add=True)
    return Static(None)


@implements(np.add.at)
def add_at(b: Builder, a: Value, indices: Value, values: Value) -> Value:
    """Unbuffered `a[indices] += values`."""
    return _at_each(b, a, indices, values, "add")


@implements(np.subtract.at)
def subtract_at(b: Builder, a: Value, indices: Value, values: Value) -> Value:
    """Unbuffered `a[indices] -= values`."""
    return _at_each(b, a, indices, values, "sub")


__all__ = ["cumprod", "cumsum", "diff"]
