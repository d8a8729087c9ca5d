"""Whether a value fits its region or its element type, and which one an augmented assignment computes in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.ir.build import ONE, ZERO, Builder, Shape
from adcompiler.ir.infer import infer
from adcompiler.ir.wengert import Atom, Const, Index, Slice, Var


def fit(b: Builder, value: Atom, region: Shape, updates: bool = False) -> Atom:
    """The value to store into a region of these extents: leading axes of length one dropped, extents checked.

    An augmented assignment (`updates`) drops no axes, as in NumPy.
    """
    if not isinstance(value, Var) or not b.type(value).rank:
        return value
    extra = b.type(value).rank - len(region)
    if extra > 0:
        value = _drop_leading(b, value, extra, updates)
    for here, there in zip(reversed(b.shape(value)), reversed(region), strict=False):
        if here != ONE:
            b.same(here, there, "could not broadcast the assigned array into the region: their extents differ")
    return value


def _drop_leading(b: Builder, value: Var, extra: int, updates: bool) -> Atom:
    shape = b.shape(value)
    if updates or any(extent != ONE for extent in shape[:extra]) or extra == len(shape):
        raise TypeProblem(
            f"an array of rank {len(shape)} does not fit a place of rank {len(shape) - extra}",
            b.span,
            "assign a scalar or an array of the region's shape; take an element with [0]",
        )
    index: Index = (*(ZERO,) * extra, *(Slice(None, None, None, ZERO, extent) for extent in shape[extra:]))
    return b.load(value, index)


def common(b: Builder, shapes: Sequence[Shape], exception: str, message: str) -> Shape:
    """The extents to which several shapes broadcast; the exception is raised where they do not."""
    rank = max(len(shape) for shape in shapes)
    result: list[Atom] = [ONE] * rank
    for shape in shapes:
        for k, extent in enumerate(shape, rank - len(shape)):
            if result[k] == ONE:
                result[k] = extent
            elif extent not in (ONE, result[k]):
                b.check(b.emit("ne", result[k], extent, hint="differ"), exception, message, result[k], extent)
    return tuple(result)


def in_place(b: Builder, op: str, array: Var, value: Atom, is_region: bool) -> str:
    """The element type of `array op value`; refuses what NumPy refuses to put back into a region."""
    target = b.type(array)
    try:
        dtype = infer(op, [target if is_region else target.element, b.type(value)], {}).dtype
    except TypeError as error:
        raise TypeProblem(f"'{op}' does not fit these types: {error}", b.span, "convert the operands") from error
    if is_region and not np.can_cast(dtype, target.dtype, "same_kind"):
        raise TypeProblem(
            f"the result of '{op}' is {dtype} and cannot be put back into an array of {target.dtype}",
            b.span,
            "make the array one of floats, or write x[...] = x op y",
        )
    return dtype


def can_hold(dtype: str, literal: Const) -> bool:
    """Whether a number is within the range of an integer type."""
    info, number = np.iinfo(dtype), literal.value
    assert isinstance(number, (bool, int, float))
    return number == number and info.min <= number <= info.max


def check_fits(b: Builder, value: Atom, dtype: str, taken: Var | None = None) -> None:
    """A Python number outside the range of an integer type raises, where it is taken, and a NumPy number wraps."""
    info, type = np.iinfo(dtype), b.type(value)
    if isinstance(value, Const):
        if not can_hold(dtype, value):
            raise TypeProblem(
                f"{value.value} does not fit {dtype}", b.span, "use an array of floats or of a wider type"
            )
    elif type.is_float:
        b.check(b.emit("isnan", value), "ValueError", "cannot convert float NaN to integer")
        outside = b.emit("ge", b.emit("abs", value), Const(float(info.max) + 1.0))
        b.check(outside, "OverflowError", f"Python float out of bounds for {dtype}")
    elif type.dtype != "bool":
        outside = b.emit("logical_or", b.emit("lt", value, Const(info.min)), b.emit("gt", value, Const(info.max)))
        outside = outside if taken is None else b.emit("logical_and", taken, outside)
        b.check(outside, "OverflowError", f"Python integer out of bounds for {dtype}")


#: Integers that hold fewer numbers than Python's have here, or others.
NARROW_INTEGERS = frozenset({"int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64"})

__all__ = ["NARROW_INTEGERS", "can_hold", "check_fits", "common", "fit", "in_place"]
