"""Operators with Python's meaning: literals are folded, Python's own numbers raise where Python raises."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply, as_atom
from adcompiler.frontend.language.powers import weak_power
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.language.texts import text_operation
from adcompiler.frontend.library import catalogue
from adcompiler.frontend.library.elementwise import check_exponent
from adcompiler.frontend.lists import indexed
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.numbers import fits, static_int
from adcompiler.frontend.state.overflow import checked
from adcompiler.frontend.state.special_methods import refuse_operand
from adcompiler.frontend.state.values import DictValue, ListOf, Seq, Static, Text, Value, kind_of
from adcompiler.ir.parse import BINARY
from adcompiler.ir.wengert import Atom, Const, Var

OPERATORS: dict[type[ast.operator], str] = {
    **BINARY,
    ast.BitAnd: "bitand",
    ast.BitOr: "bitor",
    ast.BitXor: "bitxor",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
}
_FOLD: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "bitand": operator.and_,
    "bitor": operator.or_,
    "bitxor": operator.xor,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
}
_FOLD_UNARY: dict[str, Callable[[Any], Any]] = {"neg": operator.neg, "pos": operator.pos, "invert": operator.invert}
SIGN = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "bitand": "&",
    "bitor": "|",
    "bitxor": "^",
    "lshift": "<<",
    "rshift": ">>",
}
_ZERO_MESSAGE = {
    "div": {True: "float division by zero", False: "division by zero"},
    "floordiv": {True: "float floor division by zero", False: "integer division or modulo by zero"},
    "mod": {True: "float modulo", False: "integer division or modulo by zero"},
}
_UNIT_LIMIT = 4096


def binary(low: Lowering, op: str, left: Value, right: Value, hint: str = "t") -> Value:
    """`left op right`, where `op` is the name of an operation."""
    for value in (left, right):
        refuse_operand(low, value, SIGN[op])
    a, c = resolved(low, left), resolved(low, right)
    if op == "add" and (both := indexed.concatenated(low, a, c)) is not None:
        return both
    a, c = arrays_of(low, SIGN[op], a, c)
    if isinstance(a, Const) and isinstance(c, Const):
        return fold(low, op, a, c)
    if op == "bitor" and isinstance(a, DictValue) and isinstance(c, DictValue):
        return DictValue(tuple({**dict(a.items), **dict(c.items)}.items()))
    for kind, operation in (((Text, Static), text_operation), (Seq, _sequences)):
        if isinstance(a, kind) or isinstance(c, kind):
            found = operation(low, op, a, c)
            if found is not None:
                return found
    for value in (a, c):
        if not isinstance(value, (Var, Const, Seq)):
            raise low.refuse("operand", sign=SIGN[op], kind=kind_of(value))
    x, y = (as_atom(low.b, value, f"an operand of {SIGN[op]}") for value in (a, c))
    if low.b.type(x).rank or low.b.type(y).rank:
        return _arrays(low, op, x, y, hint)
    return scalars(low, op, x, y, hint)


def _plain(value: Value) -> Value:
    return value.array if isinstance(value, ListOf) else value


def arrays_of(low: Lowering, sign: str, a: Value, c: Value) -> tuple[Value, Value]:
    """Two operands, a list as an array where it meets an array or a float of NumPy; refused where it stays a list."""
    if isinstance(a, ListOf) or isinstance(c, ListOf):
        if not any(_is_numpys(low, v) for v in (a, c)):
            raise low.refuse("list-operand", sign=sign)
    return _plain(a), _plain(c)


def _is_numpys(low: Lowering, value: Value) -> bool:
    if not isinstance(value, (Var, Const)):
        return False
    type = low.b.type(value)
    # an integer of NumPy's repeats a list
    return bool(type.rank) or (not type.weak and type.is_float)


def fold(low: Lowering, op: str, a: Const, c: Const) -> Const:
    """The value of an operation on literals."""
    try:
        with np.errstate(all="ignore"):
            value = _FOLD[op](a.value, c.value)
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        raise low.fail(type(error).__name__, str(error)) from None
    except TypeError as error:
        raise TypeProblem(str(error), low.b.span, "convert the operands") from error
    if isinstance(value, complex) and not isinstance(a.value, complex) and not isinstance(c.value, complex):
        raise low.refuse("complex-power")
    return Const(value)


def _sequences(low: Lowering, op: str, a: Value, c: Value) -> Value | None:
    """An operation on lists and tuples, or None."""
    if op == "add" and isinstance(a, Seq) and isinstance(c, Seq):
        if a.name != c.name:
            raise low.refuse("operand", sign="+", kind=f"{a.name} and {c.name}")
        return Seq(a.items + c.items, a.name)
    if op == "mul" and not any(isinstance(v, Var) and low.b.type(v).rank for v in (a, c)):
        seq, count = (a, c) if isinstance(a, Seq) else (c, a)
        assert isinstance(seq, Seq)
        if isinstance(count, Seq):
            raise low.refuse("list-times", name=seq.name, kind=count.name)
        if isinstance(count, (Var, Const)) and low.b.type(count).is_float:
            raise low.refuse("list-times", name=seq.name, kind="number that is no integer")
        numbers = indexed.of_numbers(low, seq)
        if low.choices.in_arrays and numbers and isinstance(count, Var):
            return indexed.repeated(low, seq, count)
        times = static_int(low, count, "the length of a list", of_list=numbers)
        if times * len(seq.items) > _UNIT_LIMIT:
            raise low.refuse("long-list", count=times * len(seq.items))
        return Seq(seq.items * times, seq.name)
    if not any(isinstance(v, (Var, Const)) and not low.b.type(v).weak for v in (a, c)):
        raise low.refuse("operand", sign=SIGN[op], kind=kind_of(a if isinstance(a, Seq) else c))
    return None


def _arrays(low: Lowering, op: str, x: Atom, y: Atom, hint: str) -> Value:
    b = low.b
    x, y = (literal(low, atom, other) for atom, other in ((x, y), (y, x)))
    if op == "pow" and not b.type(x).is_float and isinstance(y, Const) and type(y.value) is int and y.value < 0:
        raise low.fail("ValueError", "Integers to negative integer powers are not allowed.")
    if op == "pow":
        check_exponent(b, x, y)
    return apply(b, op, x, y, hint=hint, weak=None)


def literal(low: Lowering, atom: Atom, other: Atom) -> Atom:
    """A literal integer beyond 64 bits as a float where it meets a float."""
    if isinstance(atom, Const) and type(atom.value) is int and not fits(atom.value):
        if low.b.type(other).is_float:
            return Const(float(atom.value))
        raise low.refuse("long-integer", value=atom.value)
    return atom


def scalars(low: Lowering, op: str, a: Atom, c: Atom, hint: str = "t") -> Value:
    """An operation on two numbers, at least one of them known only at run time."""
    b = low.b
    a, c = literal(low, a, c), literal(low, c, a)
    ta, tc = b.type(a), b.type(c)
    weak = ta.weak and tc.weak
    if weak and op in ("div", "floordiv", "mod"):
        _check_zero(low, op, c, ta.is_float or tc.is_float, ta.is_complex or tc.is_complex)
    if weak and op == "pow":
        return weak_power(low, a, c, hint)
    if weak and ta.dtype == tc.dtype == "bool" and not op.startswith("bit"):
        a, c = _as_int(low, a), _as_int(low, c)
    if weak and op in ("lshift", "rshift") and not (ta.is_float or tc.is_float):
        return _shift(low, op, a, c, hint)
    if op == "pow" and not ta.is_float and not tc.is_float:
        return _arrays(low, op, a, c, hint)
    if weak and not ta.is_float and not tc.is_float and op in ("add", "sub", "mul"):
        return checked(low, op, a, c, hint)
    return apply(b, op, a, c, hint=hint, weak=weak)


def _as_int(low: Lowering, atom: Atom) -> Atom:
    if isinstance(atom, Const):
        return Const(int(atom.number))
    return low.b.emit("cast", atom, dtype="int64", weak=True, hint=atom.name)


def _check_zero(low: Lowering, op: str, divisor: Atom, floats: bool, complexes: bool) -> None:
    message = "complex division by zero" if complexes else _ZERO_MESSAGE[op][floats]
    if isinstance(divisor, Const):
        if divisor.value == 0:
            raise low.fail("ZeroDivisionError", message)
        return
    zero: Atom = Const(0.0) if low.b.type(divisor).is_float else Const(0)
    low.b.check(low.b.emit("eq", divisor, zero, hint="zero", weak=True), "ZeroDivisionError", message)


def _shift(low: Lowering, op: str, a: Atom, c: Atom, hint: str) -> Value:
    b = low.b
    if isinstance(c, Const):
        count = c.value
        assert isinstance(count, int)
        if count < 0:
            raise low.fail("ValueError", "negative shift count")
        if op == "lshift":
            return scalars(low, "mul", a, Const(1 << count), hint)
        return apply(b, op, a, Const(min(count, 63)), hint=hint, weak=True)
    b.check(b.emit("lt", c, Const(0), hint="negative", weak=True), "ValueError", "negative shift count")
    if op == "lshift":
        b.check(b.emit("gt", c, Const(62), hint="far", weak=True), "OverflowError", "this integer leaves 64 bits")
        return checked(low, "mul", a, b.emit("lshift", Const(1), c, hint="t", weak=True), hint)
    return apply(b, op, a, b.emit("minimum", c, Const(63), weak=True), hint=hint, weak=True)


def matmul(low: Lowering, left: Value, right: Value) -> Value:
    """`left @ right`."""
    handler = catalogue.lookup(np.matmul)
    assert handler is not None
    return handler(low.b, [_plain(resolved(low, left)), _plain(resolved(low, right))], {})


def unary(low: Lowering, op: str, value: Value, hint: str = "t") -> Value:
    """`-value`, `+value`, `~value`."""
    a = _plain(resolved(low, value))
    b = low.b
    if isinstance(a, Const):
        try:
            return Const(_FOLD_UNARY[op](a.value))
        except TypeError as error:
            raise TypeProblem(str(error), b.span, "convert the operand") from error
    if not isinstance(a, Var):
        raise low.refuse("operand", sign={"neg": "-", "pos": "+", "invert": "~"}[op], kind=kind_of(a))
    type = b.type(a)
    if type.weak and type.dtype == "bool":
        a = to = b.emit("cast", a, dtype="int64", weak=True, hint=a.name)
        type = b.type(to)
    if op == "pos" and not type.rank and type.dtype != "bool":
        return a
    if op == "neg" and type.weak and not type.is_float:
        return checked(low, "sub", Const(0), a, hint)
    return apply(b, op, a, hint=hint, weak=None)
