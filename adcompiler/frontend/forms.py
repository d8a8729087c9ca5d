"""What a name holds on several paths at once: the form is the part that is known, the leaves are run-time names.

Where paths meet (after a branch, at the head of a loop), the values of a name on each path are brought to one form:
`meet` finds it, `coerce` gives the leaves of one path's value, `build` makes the value that stands for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from adcompiler.frontend.extents import same_extent
from adcompiler.frontend.values import (
    Closure,
    Conflict,
    DictValue,
    ListOf,
    Maybe,
    Object,
    RangeValue,
    Seq,
    Static,
    Unset,
    Value,
)
from adcompiler.ir.build import Builder, Shape, scalar
from adcompiler.ir.infer import promote
from adcompiler.ir.types import BOOL, INDEX, Type
from adcompiler.ir.wengert import Atom, Const, Var


@dataclass(frozen=True, slots=True)
class Known:
    """The same value on every path."""

    value: Value


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number: one leaf."""

    type: Type


@dataclass(frozen=True, slots=True)
class Array:
    """An array: a leaf for each extent that is None, then one for the reference."""

    type: Type
    extents: tuple[Atom | None, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """A structure of forms; `kind` says which, `keys` are those of a dictionary."""

    kind: str
    items: tuple[Form, ...]
    keys: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Optional:
    """A value that some paths do not have: a leaf for the flag, then those of the value."""

    form: Form
    absent: Unset | Static


@dataclass(frozen=True, slots=True)
class Broken:
    """Values that do not fit together."""

    reason: str


Form: TypeAlias = Known | Scalar | Array | Parts | Optional | Broken
Extent = Callable[[Atom, Atom], "Atom | None"]


def same_value(a: Value, b: Value) -> bool:
    """Whether two values are certainly the same object or the same name."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    match a:
        case Var() | Const() | RangeValue() | Unset() | ListOf():
            return a == b
        case Static(value=value):
            assert isinstance(b, Static)
            return value is b.value or (type(value) is type(b.value) is str and value == b.value)
        case Object(value=value):
            assert isinstance(b, Object)
            return value is b.value
        case Seq(items=items, kind="tuple"):
            assert isinstance(b, Seq)
            return b.kind == "tuple" and len(items) == len(b.items) and all(map(same_value, items, b.items))
        case Maybe():
            assert isinstance(b, Maybe)
            return same_value(a.value, b.value) and a.flag == b.flag and a.absent == b.absent
        case Closure(node=node, frame=frame):
            assert isinstance(b, Closure)
            same = node is b.node and frame is b.frame and len(a.defaults) == len(b.defaults)
            return same and all(map(same_value, a.defaults, b.defaults))
    return False


def expanded(b: Builder, value: Value) -> Form:
    """The form of a value of which only the structure is kept."""
    match value:
        case Var() | Const():
            type = b.type(value)
            return Array(type, b.shape(value)) if type.rank else Scalar(type)
        case Seq(items, kind):
            return Parts(kind, tuple(Known(item) for item in items))
        case DictValue(items):
            return Parts("dict", tuple(Known(item) for _, item in items), tuple(key for key, _ in items))
        case RangeValue(start, stop, step):
            return Parts("range", (Known(start), Known(stop), Known(step)))
        case ListOf(array, weak):
            return Parts("list of", (Known(array),), (weak,))
        case Maybe(inner, _, absent):
            return Optional(expanded(b, inner), absent)
        case Conflict(reason):
            return Broken(reason)
    return Known(value)


def meet(b: Builder, f: Form, g: Form, extent: Extent) -> Form:
    """The form that holds the values of both."""
    if isinstance(f, Known) and isinstance(g, Known) and same_value(f.value, g.value):
        return f
    if isinstance(f, Broken) or isinstance(g, Broken):
        return f if isinstance(f, Broken) else g
    if f == g and not isinstance(f, Known):
        return f
    f, g = _opened(b, f), _opened(b, g)
    match f, g:
        case Scalar(), Scalar():
            return Scalar(joined(f.type, g.type))
        case Array(), Array() if f.type.rank == g.type.rank and f.type.dtype == g.type.dtype:
            layout = f.type.layout if f.type.layout == g.type.layout else "A"
            return Array(f.type.array(f.type.rank, layout), _extents(f, g, extent))
        case Parts(), Parts() if (f.kind, len(f.items), f.keys) == (g.kind, len(g.items), g.keys):
            return Parts(f.kind, tuple(meet(b, x, y, extent) for x, y in zip(f.items, g.items, strict=True)), f.keys)
    return _optional(b, f, g, extent)


def _opened(b: Builder, form: Form) -> Form:
    return expanded(b, form.value) if isinstance(form, Known) else form


def _extents(f: Array, g: Array, extent: Extent) -> tuple[Atom | None, ...]:
    pairs = zip(f.extents, g.extents, strict=True)
    return tuple(None if x is None or y is None else extent(x, y) for x, y in pairs)


def _optional(b: Builder, f: Form, g: Form, extent: Extent) -> Form:
    one, other = _absence(f), _absence(g)
    if (one is None and other is None) or (one and other and one != other):
        return Broken(f"{describe(b, f)} on one path and {describe(b, g)} on another")
    absent = one or other
    assert absent is not None
    inner = [h.form if isinstance(h, Optional) else h for h in (f, g) if not isinstance(h, Known) or not _absence(h)]
    if not inner:
        return f
    form = inner[0] if len(inner) == 1 else meet(b, inner[0], inner[1], extent)
    if isinstance(form, Broken):
        return form
    return Optional(alone(b, form, extent), absent)


def alone(b: Builder, form: Form, extent: Extent) -> Form:
    """The form of a value that only one path has: extents that the other path cannot name become leaves."""
    match _opened(b, form):
        case Array(type, extents):
            return Array(type, tuple(None if e is None else extent(e, e) for e in extents))
        case Parts(kind, items, keys):
            return Parts(kind, tuple(alone(b, item, extent) for item in items), keys)
        case Optional(inner, absent):
            return Optional(alone(b, inner, extent), absent)
        case other:
            return other


def _absence(form: Form) -> Unset | Static | None:
    match form:
        case Optional(_, absent):
            return absent
        case Known(value=Unset() as absent):
            return absent
        case Known(value=Static(value=None) as absent):
            return absent
    return None


def joined(a: Type, b: Type) -> Type:
    """The type of a number that is one or the other: a Python number takes the type of a NumPy number."""
    if a == b:
        return a
    if a.dtype == b.dtype:
        return Type(a.dtype)
    if a.weak and b.weak and "bool" in (a.dtype, b.dtype):
        return b if a.dtype == "bool" else a
    return Type(promote([a, b]), weak=a.weak and b.weak)


def describe(b: Builder, form: Form) -> str:
    """A form in words, for a message."""
    match form:
        case Scalar(of):
            return f"a number ({of})"
        case Array(of):
            return f"an array ({of})"
        case Parts(kind, items):
            return f"a {kind} of {len(items)}"
        case Optional(inner):
            return describe(b, inner)
        case Known(value=Unset()):
            return "nothing"
        case Known(value=Static(value)):
            return repr(value) if value is None or isinstance(value, str) else f"{type(value).__name__} object"
    return "another object"


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
            return _rebuilt(form, [build(b, item, hint, leaves) for item in form.items])
        case Optional(inner, absent):
            flag = b.var(f"{hint}_is_set" if isinstance(absent, Unset) else f"has_{hint}", BOOL)
            leaves.append(flag)
            return Maybe(build(b, inner, hint, leaves), flag, absent)
        case Broken(reason):
            return Conflict(reason)


def _rebuilt(form: Parts, items: list[Value]) -> Value:
    match form.kind:
        case "dict":
            return DictValue(tuple(zip(form.keys, items, strict=True)))
        case "range":
            start, stop, step = (item for item in items if isinstance(item, (Var, Const)))
            return RangeValue(start, stop, step)
        case "list of":
            assert isinstance(items[0], Var)
            return ListOf(items[0], bool(form.keys[0]))
    return Seq(tuple(items), form.kind)


def coerce(b: Builder, value: Value | None, form: Form, leaves: list[Atom]) -> None:
    """Append the leaves of a path's value, converted to the form; None stands for a path without a value."""
    match form:
        case Scalar(type):
            leaves.append(_number(b, value, type))
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
        case ListOf(array):
            return [array]
    raise AssertionError(f"{value} has no parts")


def _number(b: Builder, value: Value | None, type: Type) -> Atom:
    if value is None:
        return scalar(0, type.dtype) if type.is_float else Const(False) if type.dtype == "bool" else Const(0)
    assert isinstance(value, (Var, Const))
    here = b.type(value)
    if here.dtype == type.dtype:
        return value
    if isinstance(value, Const):
        number = np.dtype(type.dtype).type(value.value)
        return Const(number.item()) if type.weak or type.dtype in ("float64", "int64") else Const(number)
    return b.emit("cast", value, dtype=type.dtype, hint=value.name, **({"weak": True} if type.weak else {}))


def _array(b: Builder, value: Value | None, form: Array, leaves: list[Atom]) -> None:
    if value is None:
        shape: Shape = tuple(Const(0) if extent is None else extent for extent in form.extents)
        value = b.emit("empty", *shape, dtype=form.type.dtype, hint="nothing")
    assert isinstance(value, Var)
    for wanted, extent in zip(form.extents, b.shape(value), strict=True):
        if wanted is None:
            leaves.append(extent)
        elif not same_extent(b, wanted, extent):
            b.same(extent, wanted, "the shape of an array changes from one iteration to the next")
    leaves.append(value)
