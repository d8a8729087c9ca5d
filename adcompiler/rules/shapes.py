"""What rules of arrays share: bringing a value to an element type, a shape, a set of axes."""

from __future__ import annotations

from collections.abc import Collection

from adcompiler.ir.build import ONE, Builder, Shape
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Index, NewAxis, Var


def fit(b: Builder, value: Atom, dtype: str, hint: str = "t") -> Atom:
    """The value in an element type; a Python literal has the other operand's precision already."""
    have = b.type(value)
    if have.is_complex and not dtype.startswith("complex"):
        # the cotangent of a real number, and its tangent, are real: what is imaginary has no effect
        return fit(b, b.emit("real", value, hint=hint), dtype, hint)
    if have.dtype == dtype or (isinstance(value, Const) and have.weak and have.is_float):
        return value
    return b.emit("cast", value, dtype=dtype, hint=hint)


def zeros(b: Builder, type: Type, shape: Shape, hint: str = "t") -> Var:
    """A new array of zeros with the layout of `type`."""
    if type.layout == "F" and type.rank > 1:
        axes = tuple(reversed(range(type.rank)))
        return b.emit("transpose", b.emit("zeros", *reversed(shape), dtype=type.dtype), axes=axes, hint=hint)
    return b.emit("zeros", *shape, dtype=type.dtype, hint=hint)


def spread(b: Builder, value: Atom, shape: Shape, hint: str = "t") -> Atom:
    """A value that broadcasts to `shape`, as an array of that shape; itself where it has that shape."""
    have = b.shape(value)
    if len(have) == len(shape) and all(h != ONE or want == ONE for h, want in zip(have, shape, strict=True)):
        return value
    dtype = b.type(value).dtype
    if not have:
        return b.emit("full", value, *shape, dtype=dtype, hint=hint)
    whole = b.emit("empty", *shape, dtype=dtype, hint=hint)
    b.store(whole, b.everything(whole), value)
    return whole


def keep(b: Builder, value: Atom, axes: Collection[int], keepdims: bool) -> Atom:
    """A reduced value with axes of length one where axes were summed away, so that it broadcasts to the whole.

    A scalar broadcasts as it is.
    """
    rank = b.type(value).rank
    if keepdims or rank == 0:
        return value
    assert isinstance(value, Var)
    whole = iter(b.everything(value))
    index: Index = tuple(NewAxis() if axis in axes else next(whole) for axis in range(rank + len(axes)))
    return b.load(value, index)
