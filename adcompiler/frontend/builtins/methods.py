"""Methods of arrays, lists, dictionaries and strings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adcompiler.frontend.builtins.list_methods import METHODS, call_list_method
from adcompiler.frontend.language import dictionaries, records
from adcompiler.frontend.language.access import unknown_attribute
from adcompiler.frontend.language.texts import format_text
from adcompiler.frontend.library import catalogue
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import (
    DictValue,
    Growing,
    ListOf,
    Object,
    Rows,
    Seq,
    Static,
    Value,
)
from adcompiler.ir.wengert import Const, Var
from adcompiler.signature import fields_of


def call_method(low: Lowering, owner: Value, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`owner.name(*args, **kwargs)`."""
    if isinstance(owner, (Var, Const, Static)) or name in ("index", "count"):
        args = [arg.array if isinstance(arg, ListOf) else arg for arg in args]
    match owner:
        case Var() | Const():
            handler = catalogue.lookup_method(name)
            if handler is None:
                raise catalogue.missing_method(low.b, name, "arrays" if low.b.type(owner).rank else "numbers")
            return handler(low.b, [owner, *args], kwargs)
        case Seq(kind="list") | ListOf() | Rows() | Growing() if name in METHODS:
            return call_list_method(low, owner, name, args, kwargs)
        case Seq(record=type()) if name == "_replace":
            return records.replaced(low, owner, kwargs, low.frame.definition.node)
        case Seq(kind="fixed") if name in METHODS and name not in ("index", "count"):
            raise low.refuse("item-length")
        case Seq(items, record=type() as cls) if name == "_asdict" and not args and not kwargs:
            return DictValue(tuple(zip(fields_of(cls) or (), items, strict=True)))
        case Seq() if name in ("index", "count"):
            return call_list_method(low, owner, name, args, kwargs)
        case DictValue():
            return dictionaries.call_method(low, owner, name, list(args), kwargs)
        case Object(dict() as held, path) if type(held) is dict and args and not kwargs:
            key = dictionaries.key_of(low, args[0])
            if low.captures.depend(path, "has item", key):
                return low.captures.value(held[key], path.item(key))
            return args[1] if len(args) > 1 else Static(None)
        case Static(value=str() as text):
            return format_text(low, text, args, kwargs) if name == "format" else _text(low, text, name, args)
    raise unknown_attribute(low, owner, name)


def _text(low: Lowering, text: str, name: str, args: Sequence[Value]) -> Value:
    literals = [arg.value for arg in args if isinstance(arg, (Const, Static))]
    if len(literals) != len(args):
        raise low.refuse("string-method", name=name)
    found = getattr(text, name)(*literals)
    if isinstance(found, list):
        return Seq(tuple(map(Static, found)), "list")
    return Const(found) if isinstance(found, (bool, int)) else Static(found)
