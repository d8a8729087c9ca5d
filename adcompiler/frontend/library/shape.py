"""Other shapes of the same elements: views where NumPy gives views, copies where it copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import as_array, as_atom, full
from adcompiler.frontend.arrays.snapshots import snapshot
from adcompiler.frontend.arrays.zero_dimensional import boxed
from adcompiler.frontend.library.attributes import size_of, transposed
from adcompiler.frontend.library.elementwise import copied
from adcompiler.frontend.library.reductions import NONE
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.state.coerce import as_axes, as_axis, as_extent, as_extents, is_none
from adcompiler.frontend.state.facts import lower_bound, rows_first
from adcompiler.frontend.state.fitting import common
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import ONE, ZERO, Builder, Shape
from adcompiler.ir.wengert import Assign, Atom, Const, Item, NewAxis, Slice, Var


def reshaped(b: Builder, x: Atom, shape: Shape) -> Atom:
    """The elements in C order under another shape: a view of an array that is contiguous in that order, else a copy.

    NumPy sometimes finds a view of strided memory where this makes a copy; a later write that would tell them
    apart is refused (`snapshots`).
    """
    if b.shape(x) == shape:
        return x
    array = as_array(b, x)
    if not rows_first(b, array):
        array = snapshot(b, array)
    return b.emit("reshape", array, *shape, hint=array.name)


@implements(np.reshape)
def reshape(b: Builder, a: Value, shape: Value = NONE, order: Value = NONE) -> Value:
    """Another shape; one extent may be -1."""
    x = as_atom(b, a)
    wanted = shape.items if isinstance(shape, Seq) else (shape,)
    if isinstance(order, Static) and order.value == "F":
        back = transposed(b, x)
        target = _target(b, back, tuple(reversed(wanted)))
        return transposed(b, reshaped(b, back, target)) if target else reshaped(b, back, target)
    if isinstance(order, Static) and order.value == "A":
        raise TypeProblem("reshape with order='A' is outside the language", b.span, "use order='C' or order='F'")
    target = _target(b, x, wanted)
    if not target:
        return boxed(b, b.load(as_array(b, x), (ZERO,) * b.type(x).rank), "view") if b.type(x).rank else x
    return reshaped(b, x, target)


@implements(method="reshape")
def _reshape_method(b: Builder, a: Value, *shape: Value, order: Value = NONE) -> Value:
    return reshape(b, a, shape[0] if len(shape) == 1 else Seq(tuple(shape)), order)


def _target(b: Builder, x: Atom, wanted: Sequence[Value]) -> Shape:
    """The new extents, the one given as -1 worked out; that the sizes agree is checked where it is not evident."""
    extents = [as_extent(b, v) for v in wanted]
    unknown = [k for k, e in enumerate(extents) if isinstance(e, Const) and e.value == -1]
    if len(unknown) > 1 or any(isinstance(e, Const) and e.number < -1 for e in extents):
        raise TypeProblem("only one extent may be -1, and none other negative", b.span, "write the extents")
    for extent in extents:
        if lower_bound(b, extent) is None:
            failed = b.emit("lt", extent, ZERO, hint="negative")
            b.check(failed, "ValueError", "an extent of reshape that is computed must not be negative")
    ours, theirs = _uncommon(b.shape(x), [e for k, e in enumerate(extents) if k not in unknown])
    have, need = (_product(b, atoms) for atoms in (ours, theirs))
    if unknown:
        extents[unknown[0]] = _quotient(b, have, need)
    elif have != need:
        if isinstance(have, Const) and isinstance(need, Const):
            raise TypeProblem("cannot reshape: the number of elements differs", b.span, "keep the number of elements")
        b.check(
            b.emit("ne", have, need, hint="differ"),
            "ValueError",
            "cannot reshape: the number of elements differs",
            have,
            need,
        )
    return tuple(extents)


def _uncommon(ours: Sequence[Atom], theirs: Sequence[Atom]) -> tuple[list[Atom], list[Atom]]:
    """Two products without the factors they share."""
    left, right = list(ours), list(theirs)
    for atom in ours:
        # zero is no factor to divide by
        if atom in right and atom != ZERO:
            left.remove(atom)
            right.remove(atom)
    return left, right


def _product(b: Builder, atoms: Sequence[Atom]) -> Atom:
    total: Atom = ONE
    for atom in atoms:
        total = b.int("mul", total, atom, hint="size")
    return total


def _quotient(b: Builder, have: Atom, need: Atom) -> Atom:
    """The extent written as -1."""
    message = "cannot reshape: the number of elements is no multiple of the other extents"
    if need == ONE:
        return have
    if need == ZERO:
        raise TypeProblem("cannot reshape: -1 beside an extent of zero", b.span, "write the extents")
    if isinstance(have, Const) and isinstance(need, Const):
        if have.number % need.number:
            raise TypeProblem(message, b.span, "write extents that divide the size")
        return b.int("floordiv", have, need)
    if (lower_bound(b, need) or 0) < 1:
        b.check(b.emit("eq", need, ZERO, hint="empty"), "ValueError", message)
    b.check(b.emit("ne", b.int("mod", have, need), ZERO, hint="differ"), "ValueError", message)
    return b.int("floordiv", have, need)


@implements(np.broadcast_shapes)
def broadcast_shapes(b: Builder, *args: Value) -> Value:
    """The shape to which arrays of these shapes broadcast."""
    message = "shape mismatch: objects cannot be broadcast to a single shape"
    return Seq(common(b, [(), *(as_extents(b, shape) for shape in args)], "ValueError", message))


@implements(np.ravel, method="ravel")
def ravel(b: Builder, a: Value, order: Value = NONE) -> Value:
    """One axis: a view where the array is contiguous, else a copy."""
    x = as_array(b, a)
    if isinstance(order, Static) and order.value not in (None, "C"):
        x = _columns_first(b, x, order)
    return reshaped(b, x, (size_of(b, x),))


@implements(method="flatten")
def flatten(b: Builder, a: Value, order: Value = NONE) -> Value:
    """One axis: always a copy."""
    x = as_array(b, a)
    if isinstance(order, Static) and order.value not in (None, "C"):
        x = _columns_first(b, x, order)
    return reshaped(b, copied(b, x), (size_of(b, x),))


def _columns_first(b: Builder, x: Var, order: Static) -> Var:
    if order.value != "F":
        raise TypeProblem("this order is outside the language", b.span, "use order='C' or order='F'")
    return as_array(b, transposed(b, x))


@implements(np.transpose, np.permute_dims)
def transpose(b: Builder, a: Value, axes: Value = NONE) -> Value:
    """The axes permuted, reversed for None: a view."""
    x = as_atom(b, a)
    if is_none(axes):
        return transposed(b, x)
    assert isinstance(axes, Seq) or b.type(x).rank == 1
    named = axes.items if isinstance(axes, Seq) else (axes,)
    order = tuple(as_axis(b, axis, b.type(x).rank) for axis in named)
    if sorted(order) != list(range(b.type(x).rank)):
        raise TypeProblem("the axes do not name each axis once", b.span, "name every axis of the array once")
    return transposed(b, x, order)


@implements(method="transpose")
def _transpose_method(b: Builder, a: Value, *axes: Value) -> Value:
    if len(axes) == 1 and (isinstance(axes[0], Seq) or is_none(axes[0])):
        return transpose(b, a, axes[0])
    return transpose(b, a, Seq(tuple(axes)) if axes else NONE)


@implements(np.swapaxes, method="swapaxes")
def swapaxes(b: Builder, a: Value, axis1: Value, axis2: Value) -> Value:
    """Two axes exchanged: a view."""
    x = as_atom(b, a)
    order = list(range(b.type(x).rank))
    one, other = (as_axis(b, axis, len(order)) for axis in (axis1, axis2))
    order[one], order[other] = order[other], order[one]
    return transposed(b, x, tuple(order))


@implements(np.moveaxis)
def moveaxis(b: Builder, a: Value, source: Value, destination: Value) -> Value:
    """Axes moved to other places, the rest in order: a view."""
    x = as_atom(b, a)
    rank = b.type(x).rank
    here, there = (
        [as_axis(b, v, rank) for v in (value.items if isinstance(value, Seq) else (value,))]
        for value in (source, destination)
    )
    if len(here) != len(there) or len(set(here)) < len(here) or len(set(there)) < len(there):
        raise TypeProblem("source and destination do not match", b.span, "name as many different axes in both")
    order = [axis for axis in range(rank) if axis not in here]
    for place, axis in sorted(zip(there, here, strict=True)):
        order.insert(place, axis)
    return transposed(b, x, tuple(order))


def with_axes(b: Builder, x: Var, places: Sequence[int]) -> Var:
    """A view with new axes of length one at these places of the result."""
    rest = iter(full(b.shape(x)))
    total = b.type(x).rank + len(places)
    return b.load(x, tuple(NewAxis() if k in places else next(rest) for k in range(total)))


@implements(np.expand_dims)
def expand_dims(b: Builder, a: Value, axis: Value) -> Value:
    """New axes of length one."""
    x = as_array(b, a)
    rank = b.type(x).rank if b.type(as_atom(b, a)).rank else 0
    named = axis.items if isinstance(axis, Seq) else (axis,)
    places = [as_axis(b, v, rank + len(named)) for v in named]
    if len(set(places)) < len(places):
        raise TypeProblem("an axis is named twice", b.span, "name each new axis once")
    return with_axes(b, x, places) if rank else reshaped(b, x, (ONE,) * len(places))


@implements(np.squeeze, method="squeeze")
def squeeze(b: Builder, a: Value, axis: Value = NONE) -> Value:
    """Axes of length one dropped; without names, an axis computed here must not turn out to have length one."""
    x = as_atom(b, a)
    shape = b.shape(x)
    if is_none(axis):
        axes = tuple(k for k, extent in enumerate(shape) if extent == ONE)
        for extent in shape:
            _surely_longer(b, extent)
    else:
        axes = as_axes(b, axis, len(shape))
        for k in axes:
            b.same(shape[k], ONE, "cannot select an axis to squeeze out whose length is not one")
    if not axes or not isinstance(x, Var):
        return x
    index: list[Item] = [ZERO if k in axes else Slice(None, None, None, ZERO, extent) for k, extent in enumerate(shape)]
    return boxed(b, b.load(x, tuple(index)), "view")


def _surely_longer(b: Builder, extent: Atom) -> None:
    """Raise where an extent is one that is not known to be: the rank of the result could not depend on it."""
    line = b.made.get(extent.name) if isinstance(extent, Var) else None
    measured = isinstance(line, Assign) and line.op == "dim"
    if isinstance(extent, Const) or measured or (lower_bound(b, extent) or 0) > 1:
        return
    message = "squeeze() would drop an axis whose length one is known only at run time: name the axes"
    b.check(b.emit("eq", extent, ONE, hint="single"), "ValueError", message)


def _at_least(b: Builder, value: Value, rank: int, new: tuple[tuple[int, ...], ...]) -> Atom:
    """An array of at least that rank; `new` gives, by rank, the places of the axes that are added."""
    atom = as_atom(b, value)
    have = b.type(atom).rank
    if have >= rank:
        return atom
    if have == 0:
        return b.emit("full", atom, *(ONE,) * rank, dtype=b.type(atom).dtype, hint="a")
    assert isinstance(atom, Var)
    return with_axes(b, atom, new[have - 1])


@implements(np.atleast_1d)
def atleast_1d(b: Builder, x: Value) -> Value:
    """A scalar becomes an array of one element."""
    return _at_least(b, x, 1, ())


@implements(np.atleast_2d)
def atleast_2d(b: Builder, x: Value) -> Value:
    """A row."""
    return _at_least(b, x, 2, ((0,),))


@implements(np.atleast_3d)
def atleast_3d(b: Builder, x: Value) -> Value:
    """The axes of a matrix come first."""
    return _at_least(b, x, 3, ((0, 2), (2,)))


__all__ = ["ravel", "reshaped", "with_axes"]
