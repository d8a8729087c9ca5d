"""New arrays: constants, copies of what is given, ranges."""

from __future__ import annotations

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import as_array, as_atom, assemble, cast, full, stored
from adcompiler.frontend.arrays.regions import diagonal
from adcompiler.frontend.arrays.zero_dimensional import is_box, own
from adcompiler.frontend.library.attributes import transposed
from adcompiler.frontend.library.elementwise import copied
from adcompiler.frontend.library.reductions import NONE, TRUE
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.state.coerce import as_bool, as_dtype, as_extents, as_int, is_none
from adcompiler.frontend.state.fitting import fit
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import ZERO, Builder, Shape
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const


def made(b: Builder, op: str, shape: Shape, dtype: str, order: Value = NONE, hint: str | None = None) -> Atom:
    """A new array of zeros or of nothing; a scalar zero where the shape is empty."""
    if not shape:
        return own(b, Const(0), dtype)
    if isinstance(order, Static) and order.value == "F":
        return transposed(b, b.emit(op, *reversed(shape), dtype=dtype, hint=hint or op))
    return b.emit(op, *shape, dtype=dtype, hint=hint or op)


@implements(np.zeros)
def zeros(b: Builder, shape: Value, dtype: Value = NONE, order: Value = NONE) -> Value:
    """Zeros."""
    return made(b, "zeros", as_extents(b, shape), as_dtype(b, dtype, "float64"), order)


@implements(np.empty)
def empty(b: Builder, shape: Value, dtype: Value = NONE, order: Value = NONE) -> Value:
    """Memory to be written."""
    return made(b, "empty", as_extents(b, shape), as_dtype(b, dtype, "float64"), order)


@implements(np.ones)
def ones(b: Builder, shape: Value, dtype: Value = NONE, order: Value = NONE) -> Value:
    """Ones."""
    return _filled(b, as_extents(b, shape), Const(1), as_dtype(b, dtype, "float64"), "ones")


@implements(np.full)
def full_(b: Builder, shape: Value, fill_value: Value, dtype: Value = NONE, order: Value = NONE) -> Value:
    """One value everywhere, or an array broadcast to the shape."""
    extents, value = as_extents(b, shape), as_atom(b, fill_value)
    return _filled(b, extents, value, as_dtype(b, dtype, b.type(value).dtype), "full")


def _filled(b: Builder, shape: Shape, value: Atom, dtype: str, hint: str) -> Atom:
    if not shape:
        return own(b, value, dtype)
    if not b.type(value).rank:
        return b.emit("full", stored(b, value, dtype), *shape, dtype=dtype, hint=hint)
    out = b.emit("empty", *shape, dtype=dtype, hint=hint)
    b.store(out, full(shape), stored(b, fit(b, value, shape), dtype))
    return out


def _like(b: Builder, a: Value, dtype: Value, shape: Value) -> tuple[Shape, str]:
    x = as_atom(b, a)
    target = b.ask(x, lambda of: of.dtype) if is_none(dtype) else as_dtype(b, dtype, "float64")
    return b.shape(x) if is_none(shape) else as_extents(b, shape), target


@implements(np.zeros_like)
def zeros_like(b: Builder, a: Value, dtype: Value = NONE, *, shape: Value = NONE) -> Value:
    """Zeros of the shape and type of another array."""
    return made(b, "zeros", *_like(b, a, dtype, shape))


@implements(np.empty_like)
def empty_like(b: Builder, prototype: Value, dtype: Value = NONE, *, shape: Value = NONE) -> Value:
    """Memory of the shape and type of another array."""
    return made(b, "empty", *_like(b, prototype, dtype, shape))


@implements(np.ones_like)
def ones_like(b: Builder, a: Value, dtype: Value = NONE, *, shape: Value = NONE) -> Value:
    """Ones of the shape and type of another array."""
    extents, target = _like(b, a, dtype, shape)
    return _filled(b, extents, Const(1), target, "ones")


@implements(np.full_like)
def full_like(b: Builder, a: Value, fill_value: Value, dtype: Value = NONE, *, shape: Value = NONE) -> Value:
    """One value, in the shape and type of another array."""
    extents, target = _like(b, a, dtype, shape)
    return _filled(b, extents, as_atom(b, fill_value), target, "full")


@implements(np.array)
def array(b: Builder, object: Value, dtype: Value = NONE, *, copy: Value = TRUE, ndmin: Value = ZERO) -> Value:
    """A new array of a nested list, or a copy of an array; a number becomes NumPy's."""
    if as_int(b, ndmin, "ndmin") > 0:
        raise TypeProblem("np.array with ndmin is outside the language", b.span, "use np.atleast_1d or reshape")
    if isinstance(object, Seq):
        return assemble(b, object, None if is_none(dtype) else as_dtype(b, dtype, "float64"))
    atom = as_atom(b, object)
    target = as_dtype(b, dtype, b.type(atom).dtype)
    copies = not is_none(copy) and as_bool(b, copy, "copy")
    if not b.type(atom).rank:
        return own(b, atom, target) if copies or b.type(atom).dtype != target or not is_box(b, atom) else atom
    if b.type(atom).dtype != target:
        return cast(b, atom, target)
    return copied(b, atom) if copies else atom


@implements(np.asarray, np.asanyarray)
def asarray(b: Builder, a: Value, dtype: Value = NONE, *, copy: Value = NONE) -> Value:
    """The array itself where it has the type already; a number becomes NumPy's."""
    return array(b, a, dtype, copy=copy)


@implements(np.ascontiguousarray)
def ascontiguousarray(b: Builder, a: Value, dtype: Value = NONE) -> Value:
    """The array itself where it is contiguous and has the type already; a number has one element."""
    atom = as_array(b, array(b, a, dtype, copy=NONE))
    return atom if b.type(atom).layout == "C" else copied(b, atom)


@implements(np.asfortranarray)
def asfortranarray(b: Builder, a: Value, dtype: Value = NONE) -> Value:
    """The array itself where it has Fortran's order, else a copy that has it."""
    atom = as_array(b, array(b, a, dtype, copy=NONE))
    if b.type(atom).rank < 2 or b.type(atom).layout == "F":
        return atom
    return transposed(b, copied(b, transposed(b, atom)))


@implements(np.copy)
def copy(b: Builder, a: Value, order: Value = NONE) -> Value:
    """A new array of the same elements."""
    atom = as_atom(b, a)
    return copied(b, atom) if b.type(atom).rank else own(b, atom, b.type(atom).dtype)


@implements(method="copy")
def _copy_method(b: Builder, a: Value, order: Value = NONE) -> Value:
    atom = as_atom(b, a)
    return own(b, atom, b.type(atom).dtype) if is_box(b, atom) else copied(b, atom)


@implements(np.eye)
def eye(b: Builder, N: Value, M: Value = NONE, k: Value = ZERO, dtype: Value = NONE) -> Value:
    """Ones on a diagonal."""
    rows = as_extents(b, N)[0]
    columns = rows if is_none(M) else as_extents(b, M)[0]
    out = b.emit("zeros", rows, columns, dtype=as_dtype(b, dtype, "float64"), hint="eye")
    one = stored(b, Const(1), b.type(out).dtype)
    with diagonal(b, (rows, columns), as_int(b, k, "the offset of the diagonal")) as (_, place):
        b.store(out, place, one)
    return out


@implements(np.identity)
def identity(b: Builder, n: Value, dtype: Value = NONE) -> Value:
    """Ones on the main diagonal."""
    return eye(b, n, dtype=dtype)


@implements(np.result_type, np.promote_types)
def result_type(b: Builder, *arrays_and_dtypes: Value) -> Value:
    """The element type to which arrays and types promote."""
    found: list[object] = []
    for value in arrays_and_dtypes:
        if isinstance(value, Static):
            found.append(np.dtype(as_dtype(b, value, "float64")))
        else:
            found.append(b.ask(as_atom(b, value), _promoting))
    return Static(np.result_type(*found))  # type: ignore[arg-type]


def _promoting(type: Type) -> object:
    python = {"float64": 0.0, "complex128": 0j, "int64": 0, "bool": False}
    return python[type.dtype] if type.weak else type.numpy


@implements(np.issubdtype)
def issubdtype(b: Builder, arg1: Value, arg2: Value) -> Value:
    """Whether an element type is one of a kind."""
    if not (isinstance(arg1, Static) and isinstance(arg2, Static)):
        raise TypeProblem("np.issubdtype needs element types", b.span, "pass x.dtype")
    return Const(bool(np.issubdtype(arg1.value, arg2.value)))  # type: ignore[arg-type]


@implements(np.iscomplexobj)
def iscomplexobj(b: Builder, x: Value) -> Value:
    """Whether an array or a number is of a complex type."""
    return Const(b.type(as_atom(b, x)).is_complex)


@implements(np.isrealobj)
def isrealobj(b: Builder, x: Value) -> Value:
    """Whether an array or a number is not of a complex type."""
    return Const(not b.type(as_atom(b, x)).is_complex)


__all__ = ["array", "made"]
