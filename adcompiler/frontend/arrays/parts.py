"""The parts of an index, one for each axis of the array, as the user's index expression names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import assemble
from adcompiler.frontend.arrays.regions import nest, when
from adcompiler.frontend.arrays.slicing import make_slice, offset
from adcompiler.frontend.state.facts import lower_bound, nonnegative
from adcompiler.frontend.state.values import Seq, SliceValue, Static, Value
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.wengert import Atom, Const, Index, NewAxis, Slice, Var


@dataclass(frozen=True, slots=True)
class Point:
    """One element of an axis."""

    at: Atom
    axis: int


@dataclass(frozen=True, slots=True)
class Many:
    """The elements of an axis that an integer array names; `distinct` where no element is named twice."""

    array: Var
    axis: int
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Mask:
    """The elements of as many axes as the mask has, from `axis` on."""

    array: Var
    axis: int


Part: TypeAlias = Point | Many | Mask | Slice | NewAxis

_FIX = "index with integers, slices, integer arrays or masks"


def parse(b: Builder, array: Var, items: Sequence[Value]) -> list[Part]:
    """The parts of `array[items]`, the ellipsis expanded and missing axes filled with whole slices."""
    if len(items) == 1 and isinstance(items[0], Seq) and items[0].kind == "tuple":
        items = items[0].items
    values = [_static(b, item) for item in items]
    rank = b.type(array).rank
    missing = rank - sum(_consumed(b, v) for v in values)
    if missing < 0:
        raise TypeProblem(
            f"too many indices: the array has rank {rank}, but {rank - missing} were given", b.span, "drop an index"
        )
    dots = [k for k, v in enumerate(values) if isinstance(v, Static) and v.value is Ellipsis]
    if len(dots) > 1:
        raise TypeProblem("an index has room for one '...' only", b.span, "write ':' for the other axes")
    at = dots[0] if dots else len(values)
    whole: list[Value] = [SliceValue(None, None, None)] * missing
    found: list[Part] = []
    axis = 0
    for value in (*values[:at], *whole, *values[at + 1 :]):
        found.append(_part(b, array, value, axis))
        axis += _consumed(b, value)
    return found


def _static(b: Builder, item: Value) -> Value:
    """A slice object or a list as the value it means in an index."""
    match item:
        case Static(value=slice() as s):
            start, stop, step = (None if v is None else Const(v) for v in (s.start, s.stop, s.step))
            return SliceValue(start, stop, step)
        case Static(value=int() | np.generic()):
            return Const(item.value)
        case Seq(items=()):
            return b.emit("empty", ZERO, dtype="int64", hint="index")
        case Seq():
            return assemble(b, item)
    return item


def _consumed(b: Builder, value: Value) -> int:
    """How many axes an item of an index stands for."""
    if isinstance(value, Static) and (value.value is None or value.value is Ellipsis):
        return 0
    if isinstance(value, Var) and b.type(value).dtype == "bool":
        return b.type(value).rank
    return 1


def _part(b: Builder, array: Var, value: Value, axis: int) -> Part:
    match value:
        case Static(value=None):
            return NewAxis()
        case SliceValue():
            return make_slice(b, value, b.shape(array)[axis])
        case Var() | Const():
            type = b.type(value)
            if type.numpy.kind in "iu" and type.rank == 0:
                return Point(_as_index(b, value), axis)
            if type.numpy.kind in "iu":
                return Many(value, axis)  # type: ignore[arg-type]
            if type.dtype == "bool" and type.rank:
                return _mask(b, array, value, axis)  # type: ignore[arg-type]
            raise TypeProblem(f"a value of type {type} is no index", b.span, f"{_FIX}; convert with int(…)")
    raise TypeProblem("this is no index", b.span, _FIX)


def _as_index(b: Builder, atom: Atom) -> Atom:
    if isinstance(atom, Const):
        return Const(int(atom.number))
    return atom if b.type(atom).dtype == "int64" else b.emit("cast", atom, dtype="int64", weak=True, hint="index")


def _mask(b: Builder, array: Var, mask: Var, axis: int) -> Mask:
    for k, extent in enumerate(b.shape(mask)):
        if extent != b.shape(array)[axis + k]:
            differ = b.emit("ne", extent, b.shape(array)[axis + k], hint="differ")
            b.check(
                differ,
                "IndexError",
                f"boolean index did not match the array along axis {axis + k}",
                extent,
                b.shape(array)[axis + k],
            )
    return Mask(mask, axis)


def basic(b: Builder, array: Var, found: Sequence[Part], checked: bool = True) -> Index:
    """The index of parts without arrays; the checks of its elements are the lines built last."""
    index: list[Atom | Slice | NewAxis] = []
    for part in found:
        if isinstance(part, Point):
            extent = b.shape(array)[part.axis]
            index.append(element(b, part.at, extent, part.axis) if checked else part.at)
        else:
            assert isinstance(part, (Slice, NewAxis))
            index.append(part)
    return tuple(index)


def element(b: Builder, at: Atom, extent: Atom, axis: int) -> Atom:
    """The index of one element, checked: a negative literal is counted from the end, a negative name wraps."""
    failed: Atom | None = None
    given, message = at, f"index out of bounds for axis {axis}"
    if isinstance(at, Const):
        assert isinstance(at.value, int)
        needed = at.value + 1 if at.value >= 0 else -at.value
        if isinstance(extent, Const) and needed > extent.number:
            failed = Const(True)
        elif (lower_bound(b, extent) or 0) < needed:
            failed = b.emit("lt", extent, Const(needed), hint="outside")
        at = at if at.value >= 0 else offset(b, extent, at.value)
    else:
        failed = b.emit("ge", at, extent, hint="outside")
        if not nonnegative(b, at):
            before = b.emit("lt", at, b.emit("neg", extent), hint="before")
            failed = b.emit("logical_or", before, failed, hint="outside")
    if failed is not None:
        b.check(failed, "IndexError", message, given, extent)
    return at


def unmask(b: Builder, found: Sequence[Part]) -> list[Part]:
    """The parts with each mask replaced by the integer arrays of its true elements."""
    result: list[Part] = []
    for part in found:
        if isinstance(part, Mask):
            arrays = nonzero(b, part.array)
            result.extend(Many(a, part.axis + k, distinct=True) for k, a in enumerate(arrays))
        else:
            result.append(part)
    return result


def nonzero(b: Builder, mask: Var) -> tuple[Var, ...]:
    """The indices of the true elements, in order: one integer array for each axis (a count, then a loop that fills)."""
    shape = b.shape(mask)
    total = b.emit("sum", mask, axes=tuple(range(len(shape))), keepdims=False, hint="count")
    count = b.emit("cast", total, dtype="int64", weak=True, hint="count")
    arrays = tuple(b.emit("empty", count, dtype="int64", hint="where") for _ in shape)
    # the place of the next entry is held in memory, so that the nest of loops carries nothing
    place = b.emit("zeros", ONE, dtype="int64", hint="place")
    with nest(b, shape, hint="i") as at, when(b, b.load(mask, at)):
        here = b.load(place, (ZERO,))
        for array, k in zip(arrays, at, strict=True):
            b.store(array, (here,), k)
        b.store(place, (ZERO,), Const(1), add=True)
    return arrays


__all__ = ["Many", "Mask", "Part", "Point", "basic", "element", "nonzero", "parse", "unmask"]
