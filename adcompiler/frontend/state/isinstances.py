"""The types of values as Python sees them: `isinstance` and `type` are answered at compile time."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType, UnionType

import numpy as np

from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import (
    Closure,
    DictValue,
    ListOf,
    Object,
    RangeValue,
    Seq,
    SliceValue,
    Static,
    Text,
    Value,
)
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Const, Var

_PYTHON = {"float64": float, "int64": int, "bool": bool, "complex128": complex}


def type_object(low: Lowering, value: Value) -> type:
    """The class of a value."""
    match value:
        case Var() | Const():
            return low.b.ask(value, class_of)
        case Seq(record=type() as record):
            return record
        case Seq():
            return list if value.name == "list" else tuple
        case Text():
            return str
        case ListOf():
            return list
        case DictValue():
            return dict
        case RangeValue():
            return range
        case SliceValue():
            return slice
        case Closure():
            return FunctionType
        case Static(value=held) | Object(value=held):
            return type(held)
    raise low.refuse("builtin-call", name="type")


def class_of(kind: Type) -> type:
    """The class of an array or a number."""
    if kind.is_generator:
        return np.random.Generator
    if kind.rank:
        return np.ndarray
    return _PYTHON[kind.dtype] if kind.weak else kind.numpy.type


def is_instance(low: Lowering, value: Value, classes: Value) -> bool:
    """`isinstance(value, classes)`."""
    found = tuple(_classes(low, classes))
    if isinstance(value, (Var, Const)):
        return low.b.ask(value, lambda kind: issubclass(class_of(kind), found))
    return issubclass(type_object(low, value), found)


def _classes(low: Lowering, classes: Value) -> Iterator[type | UnionType]:
    match classes:
        case Static(value=type() | UnionType() as found):
            yield found
        case Seq(items):
            for item in items:
                yield from _classes(low, item)
        case _:
            raise low.refuse("builtin-call", name="isinstance")
