"""Numbers of the program: literals in range, integers that must be known, conversions between kinds."""

from __future__ import annotations

import operator

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.restarts import NeedStatic
from adcompiler.frontend.state.values import Static, Value
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Var

_LITERAL = "write a literal, or pass it as an argument of its own"
_ARRAY = "write a literal, or keep the items in an array, one for each kind of number in them"


def static_int(low: Lowering, value: Value, what: str, fix: str = _LITERAL, of_list: bool = False) -> int:
    """An integer that must be known at compile time; `of_list` where it need not be if lists lie in arrays."""
    if isinstance(value, Var) and low.b.type(value).rank == 0 and low.b.type(value).numpy.kind in "iub":
        raise NeedStatic(value, what, low.b.span, _ARRAY if of_list else fix, of_list=of_list)
    if isinstance(value, (Const, Static)):
        try:
            return operator.index(value.value)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise TypeProblem(f"{what} must be an integer", low.b.span, "write an integer")


def integer(low: Lowering, value: Value, what: str = "this") -> Atom:
    """An integer as a Python number; a float is refused as Python refuses it."""
    b = low.b
    if isinstance(value, Const) and isinstance(value.value, (int, np.integer)):
        return Const(int(value.value))
    if isinstance(value, Var) and b.type(value).rank == 0 and b.type(value).numpy.kind in "iub":
        return value if b.type(value).weak and b.type(value).dtype == "int64" else to_int(low, value)
    raise TypeProblem(f"{what} must be an integer", b.span, "convert it: int(x)")


def to_int(low: Lowering, value: Var) -> Var:
    """An integer of NumPy or a flag as Python's int."""
    return low.b.emit("cast", value, dtype="int64", weak=True, hint=value.name)


def number(low: Lowering, value: Value, what: str = "this") -> Atom:
    """A number; an array, a list or any other object is refused."""
    if isinstance(value, (Var, Const)) and low.b.type(value).rank == 0:
        return value
    raise TypeProblem(f"{what} must be a number", low.b.span, "pass a number, such as an element of the array")


def is_array(low: Lowering, value: Value) -> bool:
    """Whether a value is an array."""
    return isinstance(value, Var) and low.b.type(value).rank > 0


def type_of(low: Lowering, atom: Atom) -> Type:
    """The type of a name or a literal."""
    return low.b.type(atom)


def fits(value: int) -> bool:
    """Whether a Python integer can be a number of the program."""
    return -(2**63) <= value < 2**63
