"""What a name holds on several paths at once: the form is the part that is known, the leaves are run-time names.

Where paths meet (after a branch, at the head of a loop), the values of a name on each path are brought to one form:
`meet` finds it, `coerce` gives the leaves of one path's value, `build` makes the value that stands for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from adcompiler.frontend.state.fitting import NARROW_INTEGERS
from adcompiler.frontend.state.values import (
    Closure,
    Conflict,
    DictValue,
    Growing,
    ListOf,
    Maybe,
    Object,
    RangeValue,
    Rows,
    Seq,
    Static,
    Unset,
    Value,
    Zipped,
)
from adcompiler.ir.build import Builder
from adcompiler.ir.infer import promote
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Var

# element types whose arithmetic another one repeats to rounding; narrow integers wrap, truth values are not added
_EXACTLY = {
    "float64": frozenset({"float32", "int64"}),
    "complex128": frozenset({"complex64"}),
}


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
    """A structure of forms; `kind` says which, `keys` are those of a dictionary, or the class of a record."""

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
    """Values that do not fit together; `key` names the row of refused constructs that says more."""

    reason: str
    key: str = ""


Form: TypeAlias = Known | Scalar | Array | Parts | Optional | Broken
Extent = Callable[[Atom, Atom], "Atom | None"]


def same_value(a: Value, b: Value) -> bool:
    """Whether two values are certainly the same object or the same name."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    match a:
        case Var() | Const() | RangeValue() | Unset() | ListOf() | Rows() | Growing():
            return a == b
        case Static(value=value):
            assert isinstance(b, Static)
            return value is b.value or (type(value) is type(b.value) is str and value == b.value)
        case Object(value=value):
            assert isinstance(b, Object)
            return value is b.value
        case Zipped():
            assert isinstance(b, Zipped)
            return a.kind == b.kind and len(a.parts) == len(b.parts) and all(map(same_value, a.parts, b.parts))
        case Seq(items=items, kind="tuple" | "fixed"):
            assert isinstance(b, Seq)
            same = (b.kind, b.record, len(b.items)) == (a.kind, a.record, len(items))
            return same and all(map(same_value, items, b.items))
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
        case Var() if b.type(value).is_generator:
            return Known(value)
        case Var() | Const():
            type = b.type(value)
            return Array(type, b.shape(value)) if type.rank else Scalar(type)
        case Seq(items, kind, record):
            return Parts(kind, tuple(Known(item) for item in items), () if record is None else (record,))
        case DictValue(items):
            return Parts("dict", tuple(Known(item) for _, item in items), tuple(key for key, _ in items))
        case Zipped(kind, parts):
            return Parts(f"%{kind}", tuple(Known(part) for part in parts))
        case RangeValue(start, stop, step):
            return Parts("range", (Known(start), Known(stop), Known(step)))
        case ListOf(array, weak):
            return Parts("list of", (Known(array),), (weak,))
        case Growing(arrays, count, form):
            return Parts("growing", (*(Known(array) for array in arrays), Known(count)), (form,))
        case Maybe(inner, _, absent):
            return Optional(expanded(b, inner), absent)
        case Conflict(reason, key):
            return Broken(reason, key)
    return Known(value)


def meet(b: Builder, f: Form, g: Form, extent: Extent) -> Form:
    """The form that holds the values of both."""
    if isinstance(f, Known) and isinstance(g, Known) and same_value(f.value, g.value):
        return f
    if f == g and not isinstance(f, Known):
        return f
    f, g = _opened(b, f), _opened(b, g)
    if isinstance(f, Broken) or isinstance(g, Broken):
        return f if isinstance(f, Broken) else g
    match f, g:
        case Scalar(), Scalar() if not _wraps(f.type, g.type):
            return Scalar(joined(f.type, g.type))
        case Array(), Array() if f.type.rank == g.type.rank and (dtype := _wider(f.type, g.type)):
            layout = f.type.layout if f.type.layout == g.type.layout else "A"
            return Array(Type(dtype, f.type.rank, layout=layout), _extents(f, g, extent))
        case Parts("list of", (one,), (weak,)), Parts("list of", (other,), (too,)) if weak != too:
            # one of NumPy's numbers among Python's makes all of a list NumPy's
            return Parts("list of", (meet(b, one, other, extent),), (weak and too,))
        case Parts(), Parts() if (f.kind, len(f.items), f.keys) == (g.kind, len(g.items), g.keys):
            return Parts(f.kind, tuple(meet(b, x, y, extent) for x, y in zip(f.items, g.items, strict=True)), f.keys)
    return _optional(b, f, g, extent)


def _opened(b: Builder, form: Form) -> Form:
    return expanded(b, form.value) if isinstance(form, Known) else form


def _wraps(f: Type, g: Type) -> bool:
    """Whether one type is an integer that wraps and the other one is none: arithmetic of floats would not wrap."""
    return any(a.dtype in NARROW_INTEGERS and b.numpy.kind in "fc" for a, b in ((f, g), (g, f)))


def _wider(f: Type, g: Type) -> str | None:
    """The element type of an array that has one of two: of both, or the one that only computes more exactly."""
    if f.dtype == g.dtype:
        return f.dtype
    wider = promote([f, g])
    return wider if {f.dtype, g.dtype} - {wider} <= _EXACTLY.get(wider, frozenset()) else None


def _extents(f: Array, g: Array, extent: Extent) -> tuple[Atom | None, ...]:
    pairs = zip(f.extents, g.extents, strict=True)
    return tuple(None if x is None or y is None else extent(x, y) for x, y in pairs)


def _optional(b: Builder, f: Form, g: Form, extent: Extent) -> Form:
    one, other = _absence(f), _absence(g)
    if (one is None and other is None) or (one and other and one != other):
        lists = all(isinstance(form, Parts) and form.kind in ("list", "list of", "growing", "dict") for form in (f, g))
        texts = all(isinstance(form, Known) and _is_text(form.value) for form in (f, g))
        key = "loop-changes-list" if lists else "text-of-a-path" if texts else ""
        return Broken(f"{describe(b, f)} on one path and {describe(b, g)} on another", key)
    absent = one or other
    assert absent is not None
    inner = [h.form if isinstance(h, Optional) else h for h in (f, g) if not isinstance(h, Known) or not _absence(h)]
    if not inner:
        return f
    form = inner[0] if len(inner) == 1 else meet(b, inner[0], inner[1], extent)
    if isinstance(form, Broken):
        return form
    return Optional(alone(b, form, extent), absent)


def _is_text(value: Value) -> bool:
    return isinstance(value, Static) and isinstance(value.value, str)


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


def handed_out(b: Builder, value: Value, outer: Callable[[Atom], bool], extent: Extent) -> Form:
    """The form of what a function returns on one path only: a name that exists before the paths part needs no leaf."""
    if isinstance(value, (Var, Const)) and outer(value):
        return Known(value)
    if isinstance(value, Seq):
        keys = () if value.record is None else (value.record,)
        return Parts(value.kind, tuple(handed_out(b, item, outer, extent) for item in value.items), keys)
    return alone(b, expanded(b, value), extent)


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
        case Parts("growing"):
            return "a list that grows"
        case Parts("fixed", items):
            return f"a list of {len(items)} in another list"
        case Parts(kind, items):
            return f"a {kind} of {len(items)}"
        case Optional(inner):
            return describe(b, inner)
        case Known(value=Unset()):
            return "nothing"
        case Known(value=Static(value)):
            return repr(value) if value is None or isinstance(value, str) else f"{type(value).__name__} object"
    return "another object"
