"""Functions of `math`: Python numbers in and out, and Python's errors where they have no value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from adcompiler.errors import TypeProblem, counted
from adcompiler.frontend.arrays.atoms import as_atom
from adcompiler.frontend.library.registry import Handler, implements, neutral_only
from adcompiler.frontend.state.values import Value
from adcompiler.ir.build import Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Const, Var

_DOMAIN, _RANGE = "math domain error", "math range error"

# the comparison of the argument, or of its magnitude, with a literal that tells that there is no value
_OUTSIDE: Mapping[str, tuple[str, float]] = {
    "sqrt": ("lt", 0.0),
    "log": ("le", 0.0),
    "log2": ("le", 0.0),
    "log10": ("le", 0.0),
    "log1p": ("le", -1.0),
    "arccosh": ("lt", 1.0),
}
_BEYOND: Mapping[str, tuple[str, float]] = {
    "arcsin": ("gt", 1.0),
    "arccos": ("gt", 1.0),
    "arctanh": ("ge", 1.0),
    "sin": ("eq", math.inf),
    "cos": ("eq", math.inf),
    "tan": ("eq", math.inf),
}
_POLES = ("gamma", "lgamma")
_OVERFLOWING = frozenset({"exp", "expm1", "exp2", "sinh", "cosh", "gamma", "lgamma", "pow"})


def handler(op: str, name: str) -> Handler:
    """The handler of a function of `math` that is one operation."""

    def call(b: Builder, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        neutral_only(b, name, kwargs)
        if op == "log" and len(args) == 2:
            return _log_to_base(b, number(b, args[0], name), number(b, args[1], name))
        if op == "hypot" and len(args) != 2:
            # of one number its size, of three the hypotenuse of a hypotenuse
            parts = [Const(0.0), *(number(b, arg, name) for arg in args)]
            return reduce(lambda x, y: evaluate(b, op, x, y), parts)
        arity = 2 if op in ("pow", "fmod", "arctan2", "copysign", "hypot") else 1
        if len(args) != arity:
            raise TypeProblem(f"{name} takes {counted(arity, 'number')}, not {len(args)}", b.span, f"pass {arity}")
        return evaluate(b, op, *(number(b, arg, name) for arg in args))

    return call


def number(b: Builder, value: Value, name: str) -> Atom:
    """A Python float, in a kernel also a number of single precision; `math` takes no arrays."""
    atom = as_atom(b, value, f"the argument of {name}")
    type = b.type(atom)
    if type.rank:
        raise TypeProblem(f"{name} takes a number, not an array", b.span, f"use the function of NumPy: np.{name[5:]}")
    if type.is_complex:
        raise TypeProblem(f"{name} takes no complex number", b.span, f"use cmath.{name[5:]}, or take a real part")
    if isinstance(atom, Const):
        return Const(float(atom.number))
    if type.dtype == "float64" or (type.dtype == "float32" and b.single_math):
        return atom
    return b.emit("cast", atom, dtype="float64", weak=True)


def _is_python(b: Builder, *args: Atom) -> bool:
    """Whether a function of `math` of such numbers gives one of Python's own."""
    return all(b.type(a).dtype == "float64" for a in args)


def evaluate(b: Builder, op: str, *args: Atom) -> Var:
    """The operation, after the check of its domain and before the check of its range."""
    failed = _outside(b, op, args[0])
    if failed is not None:
        b.check(failed, "ValueError", _DOMAIN)
    result = b.emit(op, *args, hint=op, weak=_is_python(b, *args))
    if op in _OVERFLOWING or op == "fmod":
        _check_result(b, op, result, args)
    return result


def _check_result(b: Builder, op: str, result: Var, args: Sequence[Atom]) -> None:
    """No number from numbers is an error of the domain, an infinity from finite ones an overflow."""
    if op == "fmod":
        # a number equals itself, NaN does not
        numbers = [b.emit("eq", arg, arg, hint="number", weak=True) for arg in args]
        b.check(_all(b, b.emit("isnan", result, weak=True), *numbers), "ValueError", _DOMAIN)
        return
    finite = [b.emit("isfinite", arg, hint="finite", weak=True) for arg in args if isinstance(arg, Var)]
    if op == "pow" and not _whole_power(args[1]):
        b.check(_all(b, b.emit("isnan", result, weak=True), *finite), "ValueError", _DOMAIN)
    infinite = _all(b, b.emit("isinf", result, hint="infinite", weak=True), *finite)
    if op == "pow" and not _whole_power(args[1]):
        pole = b.emit("eq", args[0], Const(0.0), hint="pole", weak=True)
        b.check(_all(b, infinite, pole), "ValueError", _DOMAIN)
    b.check(infinite, "OverflowError", _RANGE)


def _all(b: Builder, first: Var, *rest: Var) -> Var:
    for other in rest:
        first = b.emit("logical_and", first, other, hint="failed", weak=True)
    return first


def _whole_power(p: Atom) -> bool:
    """Whether the power is a literal that every base has a value for."""
    return isinstance(p, Const) and float(p.number) >= 0 and float(p.number).is_integer()


def _outside(b: Builder, op: str, x: Atom) -> Var | None:
    """Whether the argument is outside the domain."""
    if op in _OUTSIDE:
        comparison, bound = _OUTSIDE[op]
        return b.emit(comparison, x, Const(bound), hint="outside", weak=True)
    if op in _BEYOND:
        comparison, bound = _BEYOND[op]
        return b.emit(comparison, b.emit("abs", x, weak=_is_python(b, x)), Const(bound), hint="outside", weak=True)
    if op in _POLES:
        whole = b.emit("eq", b.emit("floor", x, weak=_is_python(b, x)), x, hint="whole", weak=True)
        pole = _all(b, whole, b.emit("le", x, Const(0.0), hint="below", weak=True))
        return pole if op == "gamma" else _all(b, pole, b.emit("isfinite", x, weak=True))
    return None


def _log_to_base(b: Builder, x: Atom, base: Atom) -> Value:
    above, below = evaluate(b, "log", x), evaluate(b, "log", base)
    b.check(b.emit("eq", below, Const(0.0), weak=True), "ZeroDivisionError", "division by zero")
    return b.emit("div", above, below, hint="log", weak=_is_python(b, above, below))


def _to_integer(op: str) -> Callable[[Builder, Value], Value]:
    def convert(b: Builder, x: Value) -> Value:
        atom = as_atom(b, x)
        if b.type(atom) == INDEX or b.type(atom).dtype == "uint64":
            return atom
        if not b.type(atom).is_float and not b.type(atom).rank:
            # one of NumPy's, or a truth value: in sums with integers of Python's it would wrap
            return b.emit("cast", atom, dtype="int64", weak=True, hint=op)
        value = number(b, x, f"math.{op}")
        b.check(b.emit("isnan", value, weak=True), "ValueError", "cannot convert float NaN to integer")
        outside = b.emit(
            "ge", b.emit("abs", value, weak=_is_python(b, value)), Const(2.0**63), hint="outside", weak=True
        )
        b.check(outside, "OverflowError", "cannot convert a float of this size to a 64-bit integer")
        return b.emit("cast", b.emit(op, value, weak=_is_python(b, value)), dtype="int64", weak=True, hint=op)

    return convert


for _op in ("floor", "ceil", "trunc"):
    implements(getattr(math, _op))(_to_integer(_op))


@implements(math.radians)
def radians(b: Builder, x: Value) -> Value:
    """Degrees as radians."""
    given = number(b, x, "math.radians")
    return b.emit("mul", given, Const(math.pi / 180.0), hint="radians", weak=_is_python(b, given))


@implements(math.degrees)
def degrees(b: Builder, x: Value) -> Value:
    """Radians as degrees."""
    given = number(b, x, "math.degrees")
    return b.emit("mul", given, Const(180.0 / math.pi), hint="degrees", weak=_is_python(b, given))


__all__ = ["evaluate", "handler", "number"]
