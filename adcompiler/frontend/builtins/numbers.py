"""Builtins of numbers: conversions, rounding, powers."""

from __future__ import annotations

import ast
import builtins
import operator
from types import FunctionType

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply
from adcompiler.frontend.language import records
from adcompiler.frontend.language.arithmetic import binary, unary
from adcompiler.frontend.language.builtin_table import Builtin, arity, builtin
from adcompiler.frontend.language.inline import call_definition
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.language.truth import truth
from adcompiler.frontend.library.complex_numbers import complex_number
from adcompiler.frontend.library.defined.integers import rounded
from adcompiler.frontend.library.elementwise import round_ as numpy_round
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.numbers import number, static_int
from adcompiler.frontend.state.values import ListOf, Seq, Static, Value, kind_of
from adcompiler.ir.build import ONE, ZERO
from adcompiler.ir.types import DTYPES
from adcompiler.ir.wengert import Const, Var


@builtin(builtins.abs)
def abs_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`abs(x)`."""
    arity(low, "abs", args, 1, 1)
    x = resolved(low, args[0])
    own = records.called(low, x, "__abs__", (), low.frame.definition.node)
    if own is not None:
        return own
    if isinstance(x, Const):
        return Const(abs(x.value))  # type: ignore[arg-type]
    if not isinstance(x, Var):
        raise low.refuse("operand", sign="abs()", kind=kind_of(x))
    type = low.b.type(x)
    if type.weak and type.dtype == "bool":
        return low.b.emit("cast", x, dtype="int64", weak=True, hint=hint)
    return apply(low.b, "abs", x, hint=hint, weak=None)


@builtin(builtins.float)
def float_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`float(x)`."""
    arity(low, "float", args, 0, 1)
    if not args:
        return Const(0.0)
    x = _single(low, args[0], "float")
    if isinstance(x, Static) and isinstance(x.value, str):
        try:
            return Const(float(x.value))
        except ValueError as error:
            raise low.fail("ValueError", str(error)) from None
    x = number(low, x, "the argument of float()")
    if isinstance(x, Const):
        try:
            return Const(float(x.number))
        except TypeError as error:
            raise TypeProblem(str(error), low.b.span, "take its .real") from None
    if low.b.type(x).dtype == "float64" and low.b.type(x).weak:
        return x
    return low.b.emit("cast", x, dtype="float64", weak=True, hint=hint)


def _single(low: Lowering, value: Value, name: str) -> Value:
    """The one element of an array of extents one, any other value itself."""
    value = resolved(low, value)
    if isinstance(value, Var) and low.b.type(value).rank:
        shape = low.b.shape(value)
        if any(extent != ONE for extent in shape):
            raise low.refuse("array-as-number", name=name)
        return low.b.load(value, (ZERO,) * len(shape))
    return value


@builtin(builtins.complex)
def complex_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`complex(x, y)`."""
    args = [*args, *(kwargs[k] for k in ("real", "imag") if k in kwargs)]
    arity(low, "complex", args, 0, 2)
    x, *rest = (number(low, _single(low, arg, "complex"), "the argument of complex()") for arg in args or [ZERO])
    return complex_number(low.b, x, rest[0] if rest else None)


@builtin(builtins.int)
def int_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`int(x)`: towards zero."""
    arity(low, "int", args, 0, 1)
    if not args:
        return ZERO
    x = number(low, _single(low, args[0], "int"), "the argument of int()")
    if isinstance(x, Const):
        try:
            return Const(int(x.number))
        except (ValueError, OverflowError) as error:
            raise low.fail(type(error).__name__, str(error)) from None
    return _whole(low, x, "trunc", hint)


def _whole(low: Lowering, x: Var, op: str, hint: str) -> Value:
    """A float made whole by `op`, as Python's int."""
    b = low.b
    if not b.type(x).is_float:
        if b.type(x).weak and b.type(x).dtype == "int64":
            return x
        return b.emit("cast", x, dtype="int64", weak=True, hint=hint)
    b.check(b.emit("isnan", x, hint="nan", weak=True), "ValueError", "cannot convert float NaN to integer")
    large = b.emit("ge", b.emit("abs", x), Const(2.0**63), hint="large", weak=True)
    b.check(large, "OverflowError", "cannot convert a float of this size to a 64-bit integer")
    return b.emit("cast", x if op == "trunc" else b.emit(op, x), dtype="int64", weak=True, hint=hint)


@builtin(builtins.round)
def round_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`round(x)`: to the nearest integer, ties to even."""
    args = [*args, *([kwargs["ndigits"]] if "ndigits" in kwargs else [])]
    arity(low, "round", args, 1, 2)
    x = number(low, args[0], "the argument of round()")
    digits = args[1] if len(args) == 2 else Static(None)
    if isinstance(x, Const) and isinstance(digits, (Const, Static)):
        return Const(round(x.value, digits.value))  # type: ignore[call-overload]
    assert isinstance(x, Var)
    return _whole(low, x, "rint", hint) if digits == Static(None) else _to_digits(low, x, digits)


# a definition that is called by no call of the user's
_ROUND = ast.Pass()


def _to_digits(low: Lowering, x: Var, digits: Value) -> Value:
    """A number rounded to digits after the point."""
    count = static_int(low, digits, "the digits of round()")
    if not low.b.type(x).is_float and count >= 0:
        return x
    # powers of ten up to this one are floats
    if not 0 <= count <= 22 or low.b.type(x).is_complex:
        raise low.refuse("round-digits")
    if not low.b.type(x).weak:
        return numpy_round(low.b, x, Const(count))
    assert isinstance(rounded, FunctionType)
    return call_definition(low, rounded, [x, Const(count)], {}, _ROUND, "round")


@builtin(builtins.bool)
def bool_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`bool(x)`."""
    arity(low, "bool", args, 0, 1)
    found = truth(low, args[0]) if args else Const(False)
    if isinstance(found, Const) or low.b.type(found).weak:
        return found
    return low.b.emit("cast", found, dtype="bool", hint=hint, weak=True)


@builtin(builtins.pow, operator.pow)
def pow_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`pow(x, y)`, `pow(x, y, m)` of integers."""
    args = [*args, *(kwargs[k] for k in ("exp", "mod") if k in kwargs)]
    arity(low, "pow", args, 2, 3)
    result = binary(low, "pow", args[0], args[1], hint)
    return binary(low, "mod", result, args[2], hint) if len(args) == 3 else result


@builtin(builtins.divmod)
def divmod_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`divmod(x, y)`."""
    arity(low, "divmod", args, 2, 2)
    return Seq((binary(low, "floordiv", args[0], args[1], hint), binary(low, "mod", args[0], args[1], hint)))


def _operator(op: str, name: str) -> Builtin:
    def handler(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
        arity(low, name, args, 2, 2)
        return binary(low, op, args[0], args[1], hint)

    return handler


for _op, _function in {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
}.items():
    builtin(_function)(_operator(_op, _function.__name__))


@builtin(operator.neg)
def neg_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`operator.neg(x)`."""
    arity(low, "neg", args, 1, 1)
    return unary(low, "neg", args[0], hint)


@builtin(builtins.ord)
def ord_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`ord("a")`."""
    arity(low, "ord", args, 1, 1)
    if isinstance(args[0], Static) and isinstance(args[0].value, str) and len(args[0].value) == 1:
        return Const(ord(args[0].value))
    raise TypeProblem("ord() needs a character that is known", low.b.span, "write it, or pass the code")


def numpy_scalar(kind: type[np.generic]) -> Builtin | None:
    """`np.float32(x)` and its like."""
    try:
        dtype = np.dtype(kind).name
    except TypeError:
        return None
    if dtype not in DTYPES:
        return None

    def handler(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
        arity(low, f"np.{dtype}", args, 0, 1)
        x = resolved(low, args[0]) if args else ZERO
        if isinstance(x, ListOf):
            x = x.array
        if isinstance(x, Const):
            return Const(np.dtype(dtype).type(x.value))
        if isinstance(x, Var):
            if low.b.type(x).is_float and np.dtype(dtype).kind in "iu" and low.b.type(x).weak:
                x = _whole(low, x, "trunc", hint)
                assert isinstance(x, (Var, Const))
            return low.b.emit("cast", x, dtype=dtype, hint=hint)
        raise low.refuse("operand", sign=f"np.{dtype}()", kind=kind_of(x))

    return handler
