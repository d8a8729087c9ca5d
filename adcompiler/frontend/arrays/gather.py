"""Indices with integer arrays and masks, as loops over the elements they name.

The order of the loops is NumPy's, so that the last of several values written to one element stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from adcompiler.frontend.arrays import parts
from adcompiler.frontend.arrays.atoms import apply, full, stored
from adcompiler.frontend.arrays.parts import Many, Mask, Part, Point
from adcompiler.frontend.arrays.regions import nest, when
from adcompiler.frontend.state.facts import may_share
from adcompiler.frontend.state.fitting import common, fit, in_place
from adcompiler.ir.build import ONE, ZERO, Builder, Shape
from adcompiler.ir.wengert import Atom, Const, Index, Item, NewAxis, Slice, Var


def read(b: Builder, array: Var, found: Sequence[Part]) -> Var:
    """A new array of the elements that the integer arrays name."""
    named, shape, first = _layout(b, found)
    out = b.emit("empty", *shape, dtype=b.type(array).dtype, hint="picked")
    with nest(b, named) as at:
        value = b.load(array, _locate(b, array, found, at))
        b.store(out, _place(shape, at, first), value)
    return out


def write(b: Builder, array: Var, found: Sequence[Part], value: Atom, op: str | None) -> None:
    """Assign to, or update, the elements that integer arrays or a mask name."""
    if op is not None:
        in_place(b, op, array, value, True)
    if _lone_mask(found) and not (isinstance(value, Var) and b.type(value).rank):
        _write_mask(b, array, found, value, op)
        return
    found = [_detached(b, array, part) for part in parts.unmask(b, found)]
    distinct = all(part.distinct for part in found if isinstance(part, Many))
    numeric = b.type(array).dtype != "bool"
    if op in ("add", "sub") and distinct and numeric and in_place(b, op, array, value, True) == b.type(array).dtype:
        value = apply(b, "neg", value) if op == "sub" else value
        if op == "add" and isinstance(value, Var) and b.type(value).rank and may_share(b, array, value):
            value = b.emit("copy", value, hint=value.name)
        scatter(b, array, found, value, add=True)
        return
    if op is not None:
        old = read(b, array, found)
        value = apply(b, op, old, fit(b, value, b.shape(old), updates=True))
    scatter(b, array, found, value)


def scatter(b: Builder, array: Var, found: Sequence[Part], value: Atom, add: bool = False) -> None:
    """`array[…] = value` element by element; with `add` each occurrence of an element adds to it."""
    named, shape, first = _layout(b, found)
    value = stored(b, fit(b, value, shape, updates=add), b.type(array).dtype)
    with nest(b, named) as at:
        here = value
        if isinstance(value, Var) and b.type(value).rank:
            here = b.load(value, _aligned(b.shape(value), _place(shape, at, first)))
        b.store(array, _locate(b, array, found, at), here, add)


def _lone_mask(found: Sequence[Part]) -> bool:
    masks = sum(isinstance(part, Mask) for part in found)
    return masks == 1 and not any(isinstance(part, (Many, Point)) for part in found)


def _write_mask(b: Builder, array: Var, found: Sequence[Part], value: Atom, op: str | None) -> None:
    """A scalar for the true elements of one mask."""
    mask = next(part for part in found if isinstance(part, Mask))
    flags = b.emit("copy", mask.array, hint="mask") if may_share(b, array, mask.array) else mask.array
    dtype = b.type(array).dtype
    adds = op in ("add", "sub") and dtype != "bool" and in_place(b, op, array, value, True) == dtype
    if adds and op == "sub":
        value = Const(-value.number) if isinstance(value, Const) else b.emit("neg", value)
    if op is None or adds:
        value = stored(b, value, dtype)
    with nest(b, b.shape(flags), hint="i") as at, when(b, b.load(flags, at)):
        index: list[Item] = []
        for part in found:
            if isinstance(part, Mask):
                index.extend(at)
            elif isinstance(part, (Slice, NewAxis)):
                index.append(part)
        if op is not None and not adds:
            result = apply(b, op, b.load(array, tuple(index)), value)
            b.store(array, tuple(index), stored(b, result, dtype))
        else:
            b.store(array, tuple(index), value, adds)


def _detached(b: Builder, array: Var, part: Part) -> Part:
    """An integer array that is read while `array` is written must not be the same memory."""
    if isinstance(part, Many) and may_share(b, array, part.array):
        return Many(b.emit("copy", part.array, hint="index"), part.axis, part.distinct)
    return part


def _layout(b: Builder, found: Sequence[Part]) -> tuple[Shape, Shape, int]:
    """Extents of the integer arrays, extents of the result, and the first axis of the result they take.

    NumPy puts their axes where the first of them stands, or in front where a slice stands between them.
    """
    message = "shape mismatch: the integer arrays of the index could not be broadcast together"
    named = common(b, [b.shape(part.array) for part in found if isinstance(part, Many)], "IndexError", message)
    places = [k for k, part in enumerate(found) if isinstance(part, (Many, Point))]
    together = places == list(range(places[0], places[0] + len(places)))
    rest = [part.size if isinstance(part, Slice) else ONE for part in found if isinstance(part, (Slice, NewAxis))]
    first = places[0] if together else 0
    return named, (*rest[:first], *named, *rest[first:]), first


def _locate(b: Builder, array: Var, found: Sequence[Part], at: tuple[Atom, ...]) -> Index:
    """The index into the array at one position of the integer arrays; the checks come last."""
    named = {part: _named(b, part.array, at) for part in found if isinstance(part, Many)}
    index: list[Item] = []
    for part in found:
        if isinstance(part, (Many, Point)):
            here = named[part] if isinstance(part, Many) else part.at
            index.append(parts.element(b, here, b.shape(array)[part.axis], part.axis))
        else:
            assert isinstance(part, (Slice, NewAxis))
            index.append(part)
    return tuple(index)


def _named(b: Builder, names: Var, at: tuple[Atom, ...]) -> Atom:
    """The element of an integer array at one position of the common shape."""
    name = b.load(names, _aligned(b.shape(names), at), hint="i")
    return name if b.type(name).dtype == "int64" else b.emit("cast", name, dtype="int64", weak=True, hint="i")


def _place(shape: Shape, at: tuple[Atom, ...], first: int) -> Index:
    """The part of the result that one position of the integer arrays fills."""
    last = first + len(at)
    return (*full(shape[:first]), *at, *full(shape[last:]))


def _aligned(shape: Shape, index: Index) -> Index:
    """The place in an array of these extents that broadcasts to `index`."""
    tail = index[len(index) - len(shape) :]
    return tuple(
        (Slice(None, None, None, ZERO, extent) if isinstance(item, Slice) else ZERO if extent == ONE else item)
        for extent, item in zip(shape, tail, strict=True)
    )


__all__ = ["read", "scatter", "write"]
