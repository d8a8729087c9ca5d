"""Dictionaries: their keys are known at compile time; changing one changes it under every name."""

from __future__ import annotations

from collections.abc import Mapping

from adcompiler.frontend.flow.iteration import as_key, items_of
from adcompiler.frontend.language.reading import opened, resolved
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.restarts import NeedStatic
from adcompiler.frontend.state.values import DictValue, Seq, Static, Text, Value, Zipped
from adcompiler.ir.wengert import Const, Var

#: The methods that give all keys, values or both.
VIEWS = ("keys", "values", "items")
_FIX = "use literal keys, or an array indexed by integers"


def key_of(low: Lowering, value: Value) -> object:
    """A key, which must be known at compile time."""
    value = resolved(low, value)
    match value:
        case Const(value=held) | Static(value=held):
            return held
        case Seq(items, kind="tuple"):
            return tuple(key_of(low, item) for item in items)
        case Text(pieces):
            for piece in pieces:
                if isinstance(piece, tuple):
                    key_of(low, piece[0])
        case Var() if not low.b.type(value).rank and low.b.type(value).numpy.kind in "iub":
            raise NeedStatic(value, "the key of a dictionary", low.b.span, _FIX)
    raise low.refuse("dict-key")


def store(low: Lowering, owner: DictValue, key: Value, value: Value) -> None:
    """`owner[key] = value`."""
    change(low, owner, {**dict(owner.items), key_of(low, key): value})


def change(low: Lowering, owner: DictValue, items: Mapping[object, Value]) -> None:
    """Give a dictionary other items."""
    heap.change(low, owner, tuple(items.items()))


def merged(low: Lowering, args: list[Value], kwargs: Mapping[str, Value]) -> dict[object, Value]:
    """The items of `dict(*args, **kwargs)`: of a dictionary, or of pairs whose number is known."""
    found: dict[object, Value] = {}
    for arg in args:
        owner = opened(low, resolved(low, arg))
        if isinstance(owner, DictValue):
            found.update(owner.items)
            continue
        pairs = items_of(low, owner)
        if pairs is None:
            raise low.refuse("dict-key")
        for pair in pairs:
            parts = items_of(low, resolved(low, pair))
            if parts is None or len(parts) != 2:
                raise low.fail("ValueError", "dictionary update sequence element is not a pair")
            found[key_of(low, parts[0])] = parts[1]
    found.update(kwargs)
    return found


def call_method(low: Lowering, owner: DictValue, name: str, args: list[Value], kwargs: Mapping[str, Value]) -> Value:
    """`owner.name(*args, **kwargs)`."""
    if name in VIEWS and not args:
        return Zipped(name, (owner,))
    if name == "copy":
        return DictValue(owner.items)
    if name == "update":
        change(low, owner, {**dict(owner.items), **merged(low, args, kwargs)})
        return Static(None)
    if name == "clear":
        change(low, owner, {})
        return Static(None)
    if name in ("get", "setdefault", "pop") and args and not kwargs:
        return _by_key(low, owner, name, key_of(low, args[0]), args[1:])
    if name == "popitem" and owner.items:
        key, value = owner.items[-1]
        change(low, owner, dict(owner.items[:-1]))
        return Seq((as_key(key), value))
    raise low.refuse("dict-method", name=name)


def _by_key(low: Lowering, owner: DictValue, name: str, key: object, default: list[Value]) -> Value:
    found = owner.get(key)
    if name == "pop":
        if found is not None:
            change(low, owner, {k: value for k, value in owner.items if k != key})
        elif not default:
            raise low.fail("KeyError", repr(key))
    if found is not None:
        return found
    value = default[0] if default else Static(None)
    if name == "setdefault":
        change(low, owner, {**dict(owner.items), key: value})
    return value
