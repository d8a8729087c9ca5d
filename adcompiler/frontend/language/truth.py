"""Truth values: what `if`, `while`, `not`, `and` and `or` test."""

from __future__ import annotations

from adcompiler.frontend.flow.iteration import range_length
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.special_methods import is_instance, refuse_special
from adcompiler.frontend.state.values import DictValue, ListOf, Maybe, RangeValue, Rows, Seq, Static, Value
from adcompiler.ir.build import ZERO
from adcompiler.ir.wengert import Assign, Atom, Const, Var


def truth(low: Lowering, value: Value) -> Atom:
    """The truth value of an object, as a bool known now or at run time."""
    b = low.b
    if isinstance(value, Maybe) and isinstance(value.absent, Static):
        inner = truth(low, value.value)
        return value.flag if inner == Const(True) else b.emit("logical_and", value.flag, inner, weak=True, hint="test")
    match resolved(low, value):
        case Const(value=held):
            return Const(bool(held))
        case Var() as var:
            return _of_number(low, var)
        case Seq(record=type()) as record:
            refuse_special(low, record, "__bool__", "__len__")
            return Const(is_instance(record) or bool(record.items))
        case Seq(items) | DictValue(items):
            return Const(bool(items))
        case ListOf(array):
            return b.emit("ne", b.shape(array)[0], ZERO, hint="test", weak=True)
        case Rows(arrays):
            return b.emit("ne", b.shape(arrays[0])[0], ZERO, hint="test", weak=True)
        case RangeValue() as r:
            return b.emit("gt", range_length(low, r), ZERO, hint="test", weak=True)
        case Static(value=held) if held is None or isinstance(held, (str, bytes)):
            return Const(bool(held))
        case Static():
            return Const(True)
    raise low.refuse("object-as-test")


def _of_number(low: Lowering, var: Var) -> Atom:
    type = low.b.type(var)
    if type.rank:
        raise low.refuse("array-as-test")
    if type.dtype == "bool":
        return var
    return low.b.emit("ne", var, Const(0.0) if type.is_float else ZERO, hint="test", weak=True)


def negated(low: Lowering, test: Atom) -> Atom:
    """`not test` of a bool."""
    if isinstance(test, Const):
        return Const(not test.value)
    line = low.b.made.get(test.name)
    if isinstance(line, Assign) and line.op == "logical_not" and low.b.type(line.args[0]).dtype == "bool":
        return line.args[0]
    return low.b.emit("logical_not", test, hint="test", weak=True)
