"""The run-time leaves of a form: new names for the value that stands for all paths, and the atoms of one path."""

from __future__ import annotations

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.state.extents import same_extent
from adcompiler.frontend.state.fitting import can_hold, check_fits
from adcompiler.frontend.state.forms import Array, Broken, Form, Known, Optional, Parts, Scalar
from adcompiler.frontend.state.values import (
    Conflict,
    DictValue,
    Growing,
    ListOf,
    Maybe,
    RangeValue,
    Seq,
    Unset,
    Value,
    Zipped,
)
from adcompiler.ir.build import Builder, Shape, scalar
from adcompiler.ir.types import BOOL, INDEX, Type
from adcompiler.ir.wengert import Atom, Const, Var


def build(b: Builder, form: Form, hint: str, leaves: list[Var]) -> Value:
    """The value of a form; its run-time leaves are new names, appended to `leaves`."""
    match form:
        case Known(value):
            return value
        case Scalar(type):
            leaves.append(b.var(hint, type))
            return leaves[-1]
        case Array(type, extents):
            shape: list[Atom] = []
            for extent in extents:
                if extent is None:
                    extent = b.var(f"n_{hint}", INDEX)
                    leaves.append(extent)
                shape.append(extent)
            leaves.append(b.var(hint, type, tuple(shape)))
            return leaves[-1]
        case Parts():
            return rebuilt(form, [build(b, item, hint, leaves) for item in form.items])
        case Optional(inner, absent):
            flag = b.var(f"{hint}_is_set" if isinstance(absent, Unset) else f"has_{hint}", BOOL)
            leaves.append(flag)
            return Maybe(build(b, inner, hint, leaves), flag, absent)
        case Broken(reason, key):
            return Conflict(reason, key)


def rebuilt(form: Parts, items: list[Value]) -> Value:
    """A structure of the form with these items."""
    match form.kind:
        case "dict":
            return DictValue(tuple(zip(form.keys, items, strict=True)))
        case "range":
            start, stop, step = (item for item in items if isinstance(item, (Var, Const)))
            return RangeValue(start, stop, step)
        case "growing":
            count = items[-1]
            assert isinstance(count, (Var, Const))
            return Growing(tuple(item for item in items[:-1] if isinstance(item, Var)), count, form.keys[0])  # type: ignore[arg-type]
        case "list of":
            assert isinstance(items[0], Var)
            return ListOf(items[0], bool(form.keys[0]))
    if form.kind.startswith("%"):
        return Zipped(form.kind[1:], tuple(items))
    record = form.keys[0] if form.keys else None
    assert record is None or isinstance(record, type)
    return Seq(tuple(items), form.kind, record)


def coerce(b: Builder, value: Value | None, form: Form, leaves: list[Atom]) -> None:
    """Append the leaves of a path's value, converted to the form; None stands for a path without a value."""
    match form:
        case Scalar(type):
            number = _number(b, value, type)
            leaves.append(number)
            if number is not value and isinstance(value, (Var, Const)):
                b.converted.append((number, b.type(value)))
        case Array():
            _array(b, value, form, leaves)
        case Parts():
            items = [None] * len(form.items) if value is None else _items(value)
            for item, inner in zip(items, form.items, strict=True):
                coerce(b, item, inner, leaves)
        case Optional(inner):
            if isinstance(value, Maybe):
                leaves.append(value.flag)
                coerce(b, value.value, inner, leaves)
            else:
                missing = value is None or isinstance(value, Unset) or value == form.absent
                leaves.append(Const(not missing))
                coerce(b, None if missing else value, inner, leaves)


def _items(value: Value) -> list[Value | None]:
    match value:
        case Seq(items):
            return list(items)
        case DictValue(items):
            return [item for _, item in items]
        case RangeValue(start, stop, step):
            return [start, stop, step]
        case Zipped(_, parts):
            return list(parts)
        case ListOf(array):
            return [array]
        case Growing(arrays, count):
            return [*arrays, count]
    raise AssertionError(f"{value} has no parts")


def _number(b: Builder, value: Value | None, type: Type) -> Atom:
    if value is None:
        return _nothing(type.dtype)
    assert isinstance(value, (Var, Const))
    here = b.type(value)
    if here.dtype == type.dtype:
        return value
    if here.weak and here.dtype == "int64" and type.dtype.startswith(("int", "uint")):
        # among NumPy's integers a Python one that they cannot hold would be another number
        if isinstance(value, Const) and not can_hold(type.dtype, value):
            raise TypeProblem(
                f"{value.value} does not fit {type.dtype}, which the value is elsewhere",
                b.span,
                f"take the number of {type.dtype} as one of Python's there, as in int(labels[i])",
            )
        check_fits(b, value, type.dtype)
    if isinstance(value, Const):
        number = np.dtype(type.dtype).type(value.value)
        return Const(number.item()) if type.weak or type.dtype in ("float64", "int64") else Const(number)
    return b.emit("cast", value, dtype=type.dtype, hint=value.name, **({"weak": True} if type.weak else {}))


def _nothing(dtype: str) -> Const:
    """The number that stands for a missing one."""
    if dtype in ("bool", "int64"):
        return Const(False) if dtype == "bool" else Const(0)
    return scalar(0.0, dtype)


def _array(b: Builder, value: Value | None, form: Array, leaves: list[Atom]) -> None:
    if value is None:
        shape: Shape = tuple(Const(0) if extent is None else extent for extent in form.extents)
        value = b.emit("empty", *shape, dtype=form.type.dtype, hint="nothing")
    if isinstance(value, (Var, Const)) and not b.type(value).rank:
        # a number that becomes an array in the first iteration: every extent is known before the loop
        shape = tuple(extent for extent in form.extents if extent is not None)
        value = b.emit("full", value, *shape, dtype=form.type.dtype, hint=str(value) if isinstance(value, Var) else "a")
    assert isinstance(value, Var)
    if b.type(value).dtype != form.type.dtype:
        before, value = b.type(value), b.emit("cast", value, dtype=form.type.dtype, hint=value.name)
        b.converted.append((value, before.element))
    for wanted, extent in zip(form.extents, b.shape(value), strict=True):
        if wanted is None:
            leaves.append(extent)
        elif not same_extent(b, wanted, extent):
            b.same(extent, wanted, "the shape of an array changes from one iteration to the next")
    leaves.append(value)
