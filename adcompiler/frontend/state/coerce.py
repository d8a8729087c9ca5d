"""Values that must be known at compile time (axes, flags, element types), and extents."""

from __future__ import annotations

import operator

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.state.facts import nonnegative
from adcompiler.frontend.state.restarts import NeedStatic
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.types import DTYPES, INDEX
from adcompiler.ir.wengert import Atom, Const, Var


def need_static(b: Builder, var: Var, what: str) -> NeedStatic:
    """The exception to raise where the value of `var` has to be known now."""
    return NeedStatic(var, what, b.span, "write a literal, or pass the number as an argument of its own")


def is_none(value: Value | None) -> bool:
    """Whether a value is absent or None."""
    # by identity: a dtype compares equal to None
    return value is None or (isinstance(value, Static) and value.value is None)


def as_int(b: Builder, value: Value, what: str) -> int:
    """A literal integer; raises `NeedStatic` for a run-time one."""
    if isinstance(value, Var) and b.type(value).rank == 0 and b.type(value).numpy.kind in "iub":
        raise need_static(b, value, what)
    if isinstance(value, (Const, Static)):
        try:
            return operator.index(value.value)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise TypeProblem(f"{what} must be an integer", b.span, "write an integer literal")


def as_bool(b: Builder, value: Value, what: str) -> bool:
    """A literal truth value; raises `NeedStatic` for a run-time one."""
    if isinstance(value, Var) and b.type(value).rank == 0:
        raise need_static(b, value, what)
    if isinstance(value, (Const, Static)) and isinstance(value.value, (bool, int, np.bool_)):
        return bool(value.value)
    raise TypeProblem(f"{what} must be True or False", b.span, "write True or False")


def as_dtype(b: Builder, value: Value | None, default: str) -> str:
    """The name of an element type of the language."""
    if value is None or is_none(value):
        return default
    try:
        dtype = np.dtype(value.value)  # type: ignore[union-attr, arg-type]
    except (AttributeError, TypeError) as error:
        raise TypeProblem("this is not an element type", b.span, "write one such as np.float64") from error
    if dtype.name not in DTYPES or not dtype.isnative:
        raise TypeProblem(
            f"arrays of {dtype.name if dtype.isnative else dtype.str} are outside the language",
            b.span,
            "use float64, float32, an integer type or bool",
        )
    return dtype.name


def as_axis(b: Builder, value: Value, rank: int, what: str = "the axis") -> int:
    """A non-negative axis of an array of that rank."""
    axis = as_int(b, value, what)
    if not -rank <= axis < rank:
        raise TypeProblem(f"{what} {axis} is out of bounds for an array of rank {rank}", b.span, "name an axis it has")
    return axis % rank


def as_axes(b: Builder, value: Value | None, rank: int) -> tuple[int, ...]:
    """Sorted non-negative axes: all of them for None."""
    if value is None or is_none(value):
        return tuple(range(rank))
    if isinstance(value, Seq):
        axes = [as_axis(b, item, rank) for item in value.items]
        if len(set(axes)) < len(axes):
            raise TypeProblem("an axis is named twice", b.span, "name each axis once")
        return tuple(sorted(axes))
    return (as_axis(b, value, rank),)


def as_extent(b: Builder, value: Value, what: str = "an extent") -> Atom:
    """An integer that may be known only at run time, as an atom of Python's own type where it is a literal."""
    if isinstance(value, (Const, Static)):
        return Const(as_int(b, value, what))
    if isinstance(value, Var) and b.type(value).rank == 0 and b.type(value).numpy.kind in "iu":
        # extents are Python's integers: one of NumPy would change the type of what it is multiplied with
        return value if b.type(value) == INDEX else b.emit("cast", value, dtype="int64", weak=True, hint="n")
    raise TypeProblem(f"{what} must be an integer", b.span, "write an integer, such as len(x) or int(n)")


def as_extents(b: Builder, value: Value) -> tuple[Atom, ...]:
    """A shape: one integer or a tuple of them, checked at run time not to be negative where that is not known."""
    extents = tuple(as_extent(b, v) for v in (value.items if isinstance(value, Seq) else (value,)))
    for extent in extents:
        if isinstance(extent, Const) and not nonnegative(b, extent):
            raise TypeProblem("negative dimensions are not allowed", b.span, "make the extent positive")
        if not nonnegative(b, extent):
            failed = b.emit("lt", extent, Const(0), hint="negative")
            b.check(failed, "ValueError", "negative dimensions are not allowed")
    return extents


__all__ = [
    "as_axes",
    "as_axis",
    "as_bool",
    "as_dtype",
    "as_extent",
    "as_extents",
    "as_int",
    "is_none",
    "need_static",
]
