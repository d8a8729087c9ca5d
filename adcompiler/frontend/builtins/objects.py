"""Builtins of objects: types and attributes."""

from __future__ import annotations

import builtins

from adcompiler.frontend.language.access import read_attribute
from adcompiler.frontend.language.builtin_table import arity, builtin
from adcompiler.frontend.language.classes import names_of
from adcompiler.frontend.language.reading import read_name, resolved
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.isinstances import is_instance, type_object
from adcompiler.frontend.state.scope import parameters
from adcompiler.frontend.state.values import Closure, Maybe, Method, Object, Partial, Seq, Static, Super, Unset, Value
from adcompiler.ir.wengert import Const


@builtin(builtins.isinstance)
def isinstance_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`isinstance(x, types)`, known at compile time."""
    arity(low, "isinstance", args, 2, 2)
    return Const(is_instance(low, resolved(low, args[0]), args[1]))


@builtin(builtins.type)
def type_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`type(x)`."""
    arity(low, "type", args, 1, 1)
    return Static(type_object(low, resolved(low, args[0])))


@builtin(builtins.callable)
def callable_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`callable(x)`."""
    arity(low, "callable", args, 1, 1)
    value = args[0]
    held = value.value if isinstance(value, (Static, Object)) else None
    return Const(isinstance(value, (Closure, Method, Partial)) or callable(held))


@builtin(builtins.hasattr)
def hasattr_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`hasattr(x, "name")` of an array, a number or an object from outside."""
    arity(low, "hasattr", args, 2, 2)
    value, name = resolved(low, args[0]), args[1]
    if not isinstance(name, Static) or not isinstance(name.value, str):
        raise low.refuse("builtin-call", name="hasattr")
    if isinstance(value, Object):
        return Const(low.captures.depend(value.path, "hasattr", name.value))
    if isinstance(value, Static):
        return Const(low.captures.depend(value.path, "hasattr", name.value))
    if isinstance(value, Seq) and value.record is not None and name.value in names_of(low, value.record):
        held = value.items[names_of(low, value.record).index(name.value)]
        if isinstance(held, Maybe) and isinstance(held.absent, Unset):
            return held.flag
        if not isinstance(held, Unset):
            return Const(True)
    return Const(hasattr(type_object(low, value), name.value))


@builtin(builtins.super)
def super_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`super()` in a method of an object that the program has made."""
    frame = low.frame
    cell = frame.source.cells.get("__class__")
    first = parameters(frame.definition.node.args)[:1]
    owner = frame.env.get(first[0]) if first else None
    if args or cell is None or not isinstance(owner, Seq):
        raise low.refuse("builtin-call", name="super")
    after = read_name(low, "__class__")
    assert isinstance(after, Static) and isinstance(after.value, type)
    return Super(owner, after.value)


@builtin(builtins.getattr)
def getattr_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`getattr(x, "name", default)`."""

    arity(low, "getattr", args, 2, 3)
    if hasattr_(low, args[:2], {}, hint) == Const(False) and len(args) == 3:
        return args[2]
    assert isinstance(args[1], Static)
    return read_attribute(low, resolved(low, args[0]), str(args[1].value))


@builtin(builtins.str, builtins.repr)
def str_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`str(x)` of a literal."""
    arity(low, "str", args, 1, 1)
    value = resolved(low, args[0])
    if not isinstance(value, (Const, Static)):
        raise low.refuse("format")
    return Static(str(value.value))
