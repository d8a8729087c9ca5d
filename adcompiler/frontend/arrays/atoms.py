"""Values as run-time atoms: nested lists become arrays, numbers take the element type they are stored with."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.state.fitting import NARROW_INTEGERS, check_fits
from adcompiler.frontend.state.special_methods import is_instance
from adcompiler.frontend.state.values import Method, Seq, Static, Value, kind_of
from adcompiler.ir.build import ZERO, Builder, Shape, scalar
from adcompiler.ir.infer import infer, loop_dtypes
from adcompiler.ir.ops import OPS, kind
from adcompiler.ir.types import DTYPES, Type
from adcompiler.ir.wengert import Atom, Const, Index, Slice, Var


def apply(b: Builder, op: str, *args: Atom, hint: str = "t", weak: bool | None = False) -> Var:
    """A line of an elementwise operation; where the types do not fit, the refusal is placed on the user's line.

    A scalar result is NumPy's (not weak) unless `weak` says otherwise; None leaves it to the arguments.
    """
    assert kind(op) == "elementwise"
    if any(b.type(a).is_complex for a in args):
        if op == "abs":
            op, args = "hypot", tuple(b.emit(part, *args) for part in ("real", "imag"))
        elif op == "pow":
            args = tuple(_complex(b, a) for a in args)
        elif op in _BY_OTHERS:
            return _BY_OTHERS[op](b, args[0])
    kinds = " and ".join(str(b.type(a)) for a in args)
    try:
        _check_integers(b, op, args)
        if op in ("lshift", "rshift") and not all(b.type(a).weak for a in args):
            return _shift(b, op, args[0], args[1], hint)
        result = b.emit(op, *args, hint=hint, weak=weak)
    except TypeError as error:
        # NumPy's own message is about its casting rules
        why = "" if str(error).startswith("ufunc ") else f": {error}"
        what = f"'{op}' does not accept {kinds}{why}"
        fix = "write x**y for a power" if op == "bitxor" else "convert the operands, for example with int(x) or astype"
        raise TypeProblem(what, b.span, fix) from error
    if b.type(result).dtype not in DTYPES:
        raise TypeProblem(
            f"'{op}' of {kinds} gives {b.type(result).dtype}", b.span, "convert the operands to float64 or float32"
        )
    return result


def _arcsinh(b: Builder, z: Atom) -> Var:
    """The arc sine in a plane that is turned by a right angle: by parts, whose zeros keep their signs."""
    turned = b.emit("complex", apply(b, "neg", b.emit("imag", z)), b.emit("real", z))
    found = apply(b, "arcsin", turned)
    return b.emit("complex", b.emit("imag", found), apply(b, "neg", b.emit("real", found)), hint="arcsinh")


def _arccosh(b: Builder, z: Atom) -> Var:
    """The arc cosine turned by a right angle, to the side on which the argument lies; a zero has a side too."""
    side = apply(b, "copysign", Const(1.0), b.emit("imag", z))
    turn = b.emit("complex", apply(b, "mul", Const(0.0), side), side)
    return apply(b, "mul", turn, apply(b, "arccos", z), hint="arccosh")


def _exp2(b: Builder, z: Atom) -> Var:
    return apply(b, "exp", apply(b, "mul", z, Const(math.log(2.0))), hint="exp2")


# functions of complex numbers by others of which there are rules
_BY_OTHERS = {"arcsinh": _arcsinh, "arccosh": _arccosh, "exp2": _exp2}


def _check_integers(b: Builder, op: str, args: Sequence[Atom]) -> None:
    """A Python integer must fit the narrow integers that NumPy computes with."""
    ufunc, types = OPS[op].ufunc, [b.type(a) for a in args]
    if ufunc is None or not any(t.dtype in NARROW_INTEGERS for t in types):
        return
    *used, result = loop_dtypes(ufunc, types)
    for atom, type, dtype in zip(args, types, used, strict=True):
        # comparisons are exact
        if type.weak and type.dtype == "int64" and dtype in NARROW_INTEGERS and result in NARROW_INTEGERS:
            check_fits(b, atom, dtype)


def _shift(b: Builder, op: str, value: Atom, count: Atom, hint: str) -> Var:
    """A shift of NumPy's integers, of which a count that is negative or too large leaves the sign at most."""
    dtype = infer(op, [b.type(value), b.type(count)], {}).dtype
    bits = np.iinfo(dtype).bits
    if isinstance(count, Const) and 0 <= int(count.number) < bits:
        return b.emit(op, value, count, hint=hint)
    value = cast(b, value, dtype)
    outside = b.emit("logical_or", b.emit("lt", count, Const(0)), b.emit("ge", count, Const(bits)))
    shifted = b.emit(op, value, cast(b, b.emit("where", outside, Const(0), count), dtype), hint=hint)
    signed = op == "rshift" and dtype.startswith("int")
    sign: Atom = b.emit("rshift", value, Const(bits - 1)) if signed else Const(np.dtype(dtype).type(0))
    return b.emit("where", outside, sign, shifted, hint=hint)


def _complex(b: Builder, atom: Atom) -> Atom:
    """An operand of a complex power: a logarithm of a negative number is complex where the power is."""
    type = b.type(atom)
    if type.is_complex or isinstance(atom, Const):
        return atom
    dtype = "complex64" if type.dtype == "float32" else "complex128"
    return b.emit("cast", atom, dtype=dtype, weak=True) if type.weak else b.emit("cast", atom, dtype=dtype)


def as_atom(b: Builder, value: Value, what: str = "the argument") -> Atom:
    """A scalar or an array; a list or tuple of numbers and arrays becomes a new array."""
    match value:
        case Var() | Const():
            return value
        case Seq() if not is_instance(value):
            return assemble(b, value)
        case Static(value=bool() | int() | float() | complex() | np.generic()):
            return Const(value.value)
    wrong = f"{what} must be a number or an array, not {kind_of(value)}"
    fix = f"call it: .{value.name}()" if isinstance(value, Method) else "pass a number, an array or a list of numbers"
    raise TypeProblem(wrong, b.span, fix)


def as_array(b: Builder, value: Value, what: str = "the argument") -> Var:
    """An array; a scalar becomes an array of one element."""
    atom = as_atom(b, value, what)
    if isinstance(atom, Var) and b.type(atom).rank:
        return atom
    return b.emit("full", atom, Const(1), dtype=b.type(atom).dtype, hint="a")


def as_numpys(b: Builder, value: Value) -> Atom:
    """An array, or a number as an array of no axes: one of Python's has the say over the type of a result."""
    atom = as_atom(b, value)
    return atom if b.type(atom).rank else cast(b, atom, b.type(atom).dtype)


def rank(b: Builder, atom: Atom) -> int:
    """The number of axes."""
    return b.type(atom).rank


def cast(b: Builder, atom: Atom, dtype: str, hint: str = "t") -> Atom:
    """The value in another element type, never a Python scalar; the same atom where nothing changes."""
    type = b.type(atom)
    if (
        isinstance(atom, Const)
        and not type.is_complex
        and (dtype.startswith(("float", "complex")) or type.dtype == dtype)
    ):
        return Const(np.dtype(dtype).type(atom.value))
    if type.dtype == dtype and not type.weak:
        return atom
    return b.emit("cast", atom, dtype=dtype, hint=hint)


def floats(b: Builder, atom: Atom) -> Atom:
    """The value in the floating type that NumPy's functions of floats compute in."""
    type = b.type(atom)
    if type.dtype in ("bool", "int8", "uint8"):
        raise TypeProblem(f"NumPy gives float16 for {type}", b.span, "convert it to float64 or float32")
    if type.is_float:
        return atom
    return cast(b, atom, "float32" if type.dtype in ("int16", "uint16") else "float64")


def stored(b: Builder, value: Atom, dtype: str) -> Atom:
    """A value as an assignment to an array of `dtype` converts it; a Python number that does not fit raises."""
    type = b.type(value)
    if type.is_complex and not dtype.startswith("complex"):
        raise TypeProblem("a complex number does not fit an array of " + dtype, b.span, "make the array complex")
    if isinstance(value, Const) and dtype.startswith("float"):
        return scalar(float(value.number), dtype)
    if type.dtype == dtype:
        return value
    if type.weak and np.dtype(dtype).kind in "iu":
        check_fits(b, value, dtype)
    if isinstance(value, Const):
        return Const(np.dtype(dtype).type(value.value))
    return b.emit("cast", value, dtype=dtype)


def assemble(b: Builder, seq: Seq, dtype: str | None = None) -> Var:
    """`np.array` of a nested list: a new array into which each number or array is stored."""
    shape = _nested_shape(b, seq)
    types = [b.type(leaf) for leaf, _ in _leaves(b, seq)]
    out = b.emit("empty", *shape, dtype=dtype or joined(types), hint="a")
    for leaf, place in _leaves(b, seq):
        rest = shape[len(place) :]
        for here, there in zip(b.shape(leaf), rest, strict=True):
            b.same(here, there, "setting an array element with a sequence: the arrays of the list differ in shape")
        index = (*(Const(k) for k in place), *full(rest))
        b.store(out, index, stored(b, leaf, b.type(out).dtype))
    return out


def joined(types: Sequence[Type]) -> str:
    """The element type of an array of such elements; Python numbers count as float64, int64 and bool."""
    return np.result_type(*(np.dtype(t.dtype) for t in types)).name if types else "float64"


def full(extents: Shape) -> Index:
    """The index `[:, …]` of axes with these extents."""
    return tuple(Slice(None, None, None, ZERO, extent) for extent in extents)


def _nested_shape(b: Builder, value: Value) -> Shape:
    if not isinstance(value, Seq):
        return b.shape(as_atom(b, value, "an element of the list"))
    inner = [_nested_shape(b, item) for item in value.items]
    if len({len(s) for s in inner}) > 1 or len({s for s in inner if all(isinstance(a, Const) for a in s)}) > 1:
        raise TypeProblem("the parts of this nested list differ in shape", b.span, "make the rows equally long")
    return (Const(len(value.items)), *(inner[0] if inner else ()))


def _leaves(b: Builder, value: Value, place: tuple[int, ...] = ()) -> Iterator[tuple[Atom, tuple[int, ...]]]:
    if isinstance(value, Seq):
        for k, item in enumerate(value.items):
            yield from _leaves(b, item, (*place, k))
    else:
        yield as_atom(b, value, "an element of the list"), place


__all__ = [
    "apply",
    "as_array",
    "as_atom",
    "as_numpys",
    "assemble",
    "cast",
    "floats",
    "full",
    "joined",
    "rank",
    "stored",
]
