"""Methods of arrays, lists, dictionaries and strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, MappingProxyType

from adcompiler.frontend.flow.iteration import items_of
from adcompiler.frontend.language import dictionaries, records
from adcompiler.frontend.language.comparison import compare_equal
from adcompiler.frontend.language.inline import call_definition
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.language.texts import format_text
from adcompiler.frontend.library import catalogue
from adcompiler.frontend.library.defined import places
from adcompiler.frontend.lists import growing
from adcompiler.frontend.lists.memory import arrays_of, is_list
from adcompiler.frontend.lists.rows import another
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.numbers import static_int
from adcompiler.frontend.state.values import (
    DictValue,
    Growing,
    ListOf,
    Object,
    RangeValue,
    Rows,
    Seq,
    Static,
    Value,
    kind_of,
)
from adcompiler.ir.wengert import Const, Var


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
        case Seq(kind="list") if name in _LIST:
            return _LIST[name](low, owner, list(args))
        case Seq(record=type()) if name == "_replace":
            return records.replaced(low, owner, kwargs, low.frame.definition.node)
        case Seq() if name in ("index", "count"):
            return _LIST[name](low, owner, list(args))
        case DictValue():
            return dictionaries.call_method(low, owner, name, list(args), kwargs)
        case Object(dict() as held, path) if args and not kwargs:
            key = dictionaries.key_of(low, args[0])
            if low.captures.depend(path, "has item", key):
                return low.captures.value(held[key], path.item(key))
            return args[1] if len(args) > 1 else Static(None)
        case Static(value=str() as text):
            return format_text(low, text, args, kwargs) if name == "format" else _text(low, text, name, args)
        case ListOf() | Rows() | Growing() if name == "append" and len(args) == 1:
            growing.append(low, owner, args[0])
            return Static(None)
        case ListOf() | Rows() | Growing() if name == "extend" and len(args) == 1:
            return extend(low, owner, args[0])
        case ListOf() | Rows() | Growing() if name == "pop" and len(args) <= 1:
            return taken(low, owner, list(args))
        case ListOf() | Rows() | Growing() if name in _IN_LANGUAGE:
            return _defined(low, _IN_LANGUAGE[name], [owner, *args], name, kwargs)
        case ListOf() | Rows() | Growing() if name == "copy" and not args:
            found = resolved(low, owner)
            assert isinstance(found, (ListOf, Rows))
            return another(low, found)
        case ListOf() | Rows() | Growing() | RangeValue():
            raise low.refuse("list-grows")
    raise low.refuse("unknown-attribute", name=name, kind=kind_of(owner), near="")


def _append(low: Lowering, owner: Seq, args: list[Value]) -> Value:
    growing.append(low, owner, args[0])
    return Static(None)


def extend(low: Lowering, owner: Seq | ListOf | Rows | Growing, more: Value) -> Value:
    """`owner.extend(more)`, and `owner += more` of a list."""
    given = resolved(low, more)
    items = items_of(low, given)
    if items is not None:
        growing.extend(low, owner, items)
        return Static(None)
    # what a loop reads must not be what it appends to
    if isinstance(given, (ListOf, Rows)) and is_list(owner, arrays_of(given)):
        given = another(low, given)
    return _defined(low, places.extended, [owner, given], "extend")


def _extend(low: Lowering, owner: Seq, args: list[Value]) -> Value:
    return extend(low, owner, args[0])


def _insert(low: Lowering, owner: Seq, args: list[Value]) -> Value:
    if growing.pops(low, owner):
        return _defined(low, places.put_in, [owner, *args], "insert")
    items = list(owner.items)
    items.insert(static_int(low, args[0], "the place in a list"), args[1])
    heap.change(low, owner, tuple(items))
    return Static(None)


def taken(low: Lowering, owner: Seq | ListOf | Rows | Growing, args: list[Value]) -> Value:
    """`owner.pop(*args)`, of a list whose length is known only at run time."""
    if not args or args[0] == Const(-1):
        return growing.pop(low, owner)
    return _defined(low, places.taken_out, [owner, *args], "pop")


def _defined(
    low: Lowering,
    function: Callable[..., object],
    args: list[Value],
    name: str,
    kwargs: Mapping[str, Value] = MappingProxyType({}),
) -> Value:
    assert isinstance(function, FunctionType)
    return call_definition(low, function, args, kwargs, low.frame.definition.node, name)


def _pop(low: Lowering, owner: Seq, args: list[Value]) -> Value:
    if growing.pops(low, owner):
        return taken(low, owner, args)
    items = list(owner.items)
    try:
        value = items.pop(static_int(low, args[0], "the place in a list") if args else -1)
    except IndexError as error:
        raise low.fail("IndexError", str(error)) from None
    heap.change(low, owner, tuple(items))
    return value


def _reverse(low: Lowering, owner: Seq, args: list[Value]) -> Value:
    heap.change(low, owner, owner.items[::-1])
    return Static(None)


def _clear(low: Lowering, owner: Seq, args: list[Value]) -> Value:
    heap.change(low, owner, ())
    return Static(None)


def _copy(low: Lowering, owner: Seq, args: list[Value]) -> Value:
    return Seq(owner.items, "list")


def _index(low: Lowering, owner: Seq, args: list[Value]) -> Value:
    for k, item in enumerate(owner.items):
        if compare_equal(low, item, args[0]):
            return Const(k)
    raise low.fail("ValueError", "the item is not in the list")


def _count(low: Lowering, owner: Seq, args: list[Value]) -> Value:
    return Const(sum(compare_equal(low, item, args[0]) for item in owner.items))


#: Methods that are written in the language, of lists whose length is known only at run time.
_IN_LANGUAGE: dict[str, Callable[..., object]] = {
    "insert": places.put_in,
    "index": places.index_of,
    "count": places.count_of,
    "reverse": places.turned,
    "sort": places.put_in_order,
    "clear": places.emptied,
    "remove": places.removed,
}
_LIST = {
    "append": _append,
    "extend": _extend,
    "insert": _insert,
    "pop": _pop,
    "reverse": _reverse,
    "clear": _clear,
    "copy": _copy,
    "index": _index,
    "count": _count,
}


def _text(low: Lowering, text: str, name: str, args: Sequence[Value]) -> Value:
    literals = [arg.value for arg in args if isinstance(arg, (Const, Static))]
    if len(literals) != len(args):
        raise low.refuse("string-method", name=name)
    found = getattr(text, name)(*literals)
    return Const(found) if isinstance(found, (bool, int)) else Static(found)
