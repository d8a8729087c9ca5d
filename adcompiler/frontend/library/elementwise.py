"""Functions of each element that are more than one operation: where, clip, round, casts."""

from __future__ import annotations

import math

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply, as_array, as_atom, cast, floats
from adcompiler.frontend.arrays.parts import nonzero
from adcompiler.frontend.arrays.zero_dimensional import boxed, unboxed
from adcompiler.frontend.library.primitives import number_list
from adcompiler.frontend.library.reductions import NONE, TRUE, truth
from adcompiler.frontend.library.registry import ATTRIBUTES, implements
from adcompiler.frontend.state.coerce import as_bool, as_dtype, as_int, is_none
from adcompiler.frontend.state.fitting import NARROW_INTEGERS
from adcompiler.frontend.state.values import ListOf, Seq, Value
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import DTYPES, INDEX, Type
from adcompiler.ir.wengert import Atom, Const, Var


@implements(np.where)
def where(b: Builder, condition: Value, x: Value | None = None, y: Value | None = None) -> Value:
    """One of two values for each element; with the condition alone, the indices where it holds."""
    test = truth(b, as_atom(b, condition))
    if x is None or y is None:
        return nonzero_(b, condition)
    return boxed(b, apply(b, "where", test, as_atom(b, x), as_atom(b, y), hint="chosen"), "own")


@implements(np.nonzero, method="nonzero")
def nonzero_(b: Builder, a: Value) -> Value:
    """An integer array for each axis."""
    mask = truth(b, as_atom(b, a))
    if not isinstance(mask, Var) or not b.type(mask).rank:
        raise TypeProblem("nonzero needs an array", b.span, "pass an array, or compare the number with 0")
    return Seq(nonzero(b, mask))


@implements(np.clip, method="clip")
def clip(
    b: Builder,
    a: Value,
    a_min: Value = NONE,
    a_max: Value = NONE,
    *,
    min: Value = NONE,
    max: Value = NONE,
) -> Value:
    """No less than the lower bound, then no more than the upper one."""
    low, high = (old if is_none(new) else new for old, new in ((a_min, min), (a_max, max)))
    atom = as_atom(b, a)
    # NumPy makes an array of it first, so that a Python number has the say over the bounds
    result = cast(b, atom, b.type(atom).dtype)
    if not is_none(low):
        result = apply(b, "maximum", result, _bound(b, "maximum", as_atom(b, low), result))
    if not is_none(high):
        result = apply(b, "minimum", result, _bound(b, "minimum", as_atom(b, high), result), hint="clipped")
    if b.type(atom).dtype == "bool" and not (is_none(low) or is_none(high)):
        # one function of three arguments has another type than one after the other
        types = [b.type(x) for x in (cast(b, atom, "bool"), as_atom(b, low), as_atom(b, high))]
        python = {"float64": 0.0, "int64": 0, "bool": False}
        dtypes = (python[t.dtype] if t.weak else np.dtype(t.dtype) for t in types)
        return cast(b, result, np.result_type(*dtypes).name)
    return result


def _bound(b: Builder, op: str, bound: Atom, clipped: Atom) -> Atom:
    """A bound of integers: an integer of Python's beyond all of them, where it changes none, is the last of them."""
    dtype = b.type(clipped).dtype
    if dtype not in NARROW_INTEGERS or b.type(bound) != INDEX or (dtype, op) == ("uint64", "minimum"):
        return bound
    return b.int(op, bound, Const(np.iinfo(dtype).min if op == "maximum" else np.iinfo(dtype).max))


@implements(np.square)
def square(b: Builder, x: Value) -> Value:
    """The product with itself."""
    atom = numbers(b, as_atom(b, x))
    return apply(b, "mul", atom, atom, hint="square")


def numbers(b: Builder, atom: Atom) -> Atom:
    """Booleans as the small integers NumPy computes with."""
    return cast(b, atom, "int8") if b.type(atom).dtype == "bool" else atom


def _is_integer(of: Type) -> bool:
    """Whether elements are NumPy's integers; one of Python's that becomes a float on another path is a float."""
    return of.numpy.kind in "iub" and not of.weak


@implements(np.reciprocal)
def reciprocal(b: Builder, x: Value) -> Value:
    """One divided by each element."""
    atom = as_atom(b, x)
    if not b.type(atom).is_float or b.ask(atom, _is_integer):
        raise TypeProblem("np.reciprocal of integers is an integer division", b.span, "write 1.0 / x, or 1 // x")
    return apply(b, "div", Const(1.0), atom, hint="reciprocal")


@implements(np.radians, np.deg2rad)
def radians(b: Builder, x: Value) -> Value:
    """Degrees as radians."""
    return apply(b, "mul", floats(b, as_atom(b, x)), Const(math.pi / 180.0), hint="radians")


@implements(np.degrees, np.rad2deg)
def degrees(b: Builder, x: Value) -> Value:
    """Radians as degrees."""
    return apply(b, "mul", floats(b, as_atom(b, x)), Const(180.0 / math.pi), hint="degrees")


@implements(np.round, np.around, method="round")
def round_(b: Builder, a: Value, decimals: Value = ZERO) -> Value:
    """To the nearest, ties to even; with decimals, scaled as NumPy scales."""
    x, places = as_atom(b, a), as_int(b, decimals, "the number of decimals")
    if not b.type(x).is_float:
        if places < 0 or b.type(x).dtype == "bool":
            raise TypeProblem("this rounding of integers is outside the language", b.span, "round floats")
        return copied(b, x)
    if places == 0:
        return apply(b, "rint", x, hint="rounded")
    scale = Const(10.0 ** abs(places))
    there, back = ("mul", "div") if places > 0 else ("div", "mul")
    return apply(b, back, apply(b, "rint", apply(b, there, x, scale)), scale, hint="rounded")


def copied(b: Builder, x: Atom) -> Atom:
    """A new array of the same elements; a scalar as NumPy's."""
    if isinstance(x, Var) and b.type(x).rank:
        return b.emit("copy", x, hint=x.name)
    return unboxed(b, cast(b, x, b.type(x).dtype))


def _caster(dtype: str) -> None:
    @implements(np.dtype(dtype).type)
    def convert(b: Builder, x: Value = ZERO) -> Value:
        atom = as_atom(b, x)
        return copied(b, atom) if b.type(atom).dtype == dtype else cast(b, atom, dtype)


for _name in sorted(DTYPES):
    _caster(_name)


@implements(method="astype")
def astype(b: Builder, x: Value, dtype: Value, order: Value = NONE, *, copy: Value = TRUE) -> Value:
    """A new array of another element type."""
    atom, target = as_atom(b, x), as_dtype(b, dtype, "float64")
    if b.type(atom).dtype != target:
        return cast(b, atom, target)
    return copied(b, atom) if as_bool(b, copy, "copy") else atom


#: The element type of Python's numbers of a kind.
_PYTHON = {"f": "float64", "c": "complex128", "b": "bool"}


@implements(method="item")
def item(b: Builder, a: Value) -> Value:
    """The only element, as a number of Python's."""
    x = as_atom(b, a)
    if isinstance(x, Var) and b.type(x).rank:
        for extent in b.shape(x):
            b.same(extent, ONE, "can only convert an array of size 1 to a Python scalar")
        x = b.load(x, (ZERO,) * b.type(x).rank)
    b.ask(x, _is_integer)
    kind = _PYTHON.get(b.type(x).numpy.kind, "int64")
    return b.emit("cast", x, dtype=kind, weak=True, hint="item")


@implements(number_list)
def _number_list(b: Builder, a: Value) -> Value:
    x = as_atom(b, a)
    if not isinstance(x, Var) or not b.type(x).rank:
        return item(b, x)
    kind = _PYTHON.get(b.type(x).numpy.kind, "int64")
    return ListOf(as_array(b, cast(b, x, kind) if b.type(x).dtype != kind else copied(b, x)), weak=True)


@implements(np.fmax)
def fmax(b: Builder, x: Value, y: Value) -> Value:
    """The larger one, or the one that is a number."""
    return _skipping_nan(b, "maximum", as_atom(b, x), as_atom(b, y))


@implements(np.fmin)
def fmin(b: Builder, x: Value, y: Value) -> Value:
    """The smaller one, or the one that is a number."""
    return _skipping_nan(b, "minimum", as_atom(b, x), as_atom(b, y))


def _skipping_nan(b: Builder, op: str, x: Atom, y: Atom) -> Atom:
    chosen = apply(b, op, x, y)
    if not b.type(chosen).is_float:
        return chosen
    rest = apply(b, "where", apply(b, "isnan", x), y, chosen)
    return apply(b, "where", apply(b, "isnan", y), x, rest)


def check_exponent(b: Builder, x: Atom, y: Atom) -> None:
    """A negative power of integers is an error, as in NumPy."""
    if b.type(x).is_float or b.type(y).is_float:
        return
    negative: Atom = apply(b, "lt", y, ZERO, weak=None) if isinstance(y, Var) else Const(y.number < 0)
    if rank := b.type(negative).rank:
        negative = b.emit("any", negative, axes=tuple(range(rank)), keepdims=False, hint="negative")
    if negative != Const(False):
        b.check(negative, "ValueError", "Integers to negative integer powers are not allowed.")


@implements(np.shape)
def shape(b: Builder, a: Value) -> Value:
    """The extents."""
    return Seq(b.shape(as_atom(b, a)))


@implements(np.ndim)
def ndim(b: Builder, a: Value) -> Value:
    """The number of axes."""
    return Const(b.type(as_atom(b, a)).rank)


@implements(np.size)
def size(b: Builder, a: Value, axis: Value = NONE) -> Value:
    """The number of elements, or of those along an axis."""
    atom = as_atom(b, a)
    return ATTRIBUTES["size"](b, atom) if is_none(axis) else b.shape(atom)[as_int(b, axis, "the axis")]


__all__ = ["check_exponent", "copied", "numbers"]
