"""Items and attributes: of arrays, sequences, dictionaries, modules and objects from outside."""

from __future__ import annotations

import ast
from types import ModuleType
from typing import Any

import numpy as np

from adcompiler.errors import ADCompilerError, nearest
from adcompiler.frontend.arrays import indexing
from adcompiler.frontend.arrays.zero_dimensional import unboxed
from adcompiler.frontend.flow.iteration import items_of, part_of_range
from adcompiler.frontend.flow.iterators import used_in_place
from adcompiler.frontend.language import records, threads
from adcompiler.frontend.language.binding import index_items
from adcompiler.frontend.language.classes import names_of
from adcompiler.frontend.language.dictionaries import VIEWS, key_of
from adcompiler.frontend.language.places import flat
from adcompiler.frontend.language.reading import present, resolved
from adcompiler.frontend.library import catalogue
from adcompiler.frontend.library.definitions import METHODS
from adcompiler.frontend.library.grids import grid
from adcompiler.frontend.library.registry import ATTRIBUTES
from adcompiler.frontend.library.shape import expand_dims
from adcompiler.frontend.lists import indexed
from adcompiler.frontend.lists.rows import another, read_rows
from adcompiler.frontend.state.captures import is_constant, is_constant_module
from adcompiler.frontend.state.context import Lowering, expression
from adcompiler.frontend.state.facts import nonnegative
from adcompiler.frontend.state.numbers import static_int, to_int
from adcompiler.frontend.state.special_methods import special
from adcompiler.frontend.state.values import (
    DictValue,
    Growing,
    ListOf,
    Method,
    Object,
    Path,
    RangeValue,
    Rows,
    Seq,
    SliceValue,
    Static,
    Super,
    Value,
    kind_of,
)
from adcompiler.ir.build import ZERO
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Var

# longer tuples are stored in an array by the user
_SELECTED = 8
_TYPES = {"dict": dict, "list": list, "range": range, "str": str, "tuple": tuple}


@expression(ast.Slice)
def slice_(low: Lowering, node: ast.Slice, hint: str) -> Value:
    """`start:stop:step` in an index."""
    parts = (None if part is None else resolved(low, low.eval(part)) for part in (node.lower, node.upper, node.step))
    return SliceValue(*(None if part == Static(None) else part for part in parts))


@expression(ast.Subscript)
def subscript(low: Lowering, node: ast.Subscript, hint: str) -> Value:
    """`owner[index]`."""
    owner = resolved(low, low.eval(node.value))
    items = index_items(low, node.slice)
    return read_item(low, owner, items, node)


def read_item(low: Lowering, owner: Value, items: list[Value], node: ast.expr) -> Value:
    """An item of an array, a sequence, a dictionary or an object from outside."""
    match owner:
        case ListOf() | Rows():
            return _list_item(low, owner, items)
        case Var() if low.b.type(owner).rank:
            return indexing.read(low.b, owner, items)
        case Var() | Const() if items in ([Seq(())], [Static(Ellipsis)]) or not items:
            return owner if items == [Static(Ellipsis)] else unboxed(low.b, owner)
        case Var() if not low.b.type(owner).weak and _is_new_axes(items):
            count = items.count(Static(None))
            return expand_dims(low.b, owner, Seq(tuple(map(Const, range(count)))))
        case Seq(record=type()) if special(owner, "__getitem__") is not None:
            index = items[0] if len(items) == 1 else Seq(tuple(items))
            value = records.called(low, owner, "__getitem__", [index], node)
            assert value is not None
            return value
        case Seq(kind="record" | "object"):
            raise low.fail("TypeError", f"'{kind_of(owner)}' object is not subscriptable")
        case Seq():
            return _sequence_item(low, owner, items, node)
        case RangeValue():
            return _range_item(low, owner, items, node)
        case DictValue():
            return _dict_item(low, owner, items)
        case Object(held, path) if len(items) == 1 and isinstance(items[0], (Const, Static)):
            return _outer_item(low, held, path, items[0].value)
        case Object(dict() as table, path) if type(table) is dict:
            return _dict_item(low, low.captures.table(table, path), items)
        case Static(value=str() as text) if len(items) == 1:
            return _text_item(low, text, items[0])
        case Static(value=held) if (points := grid(low.b, held, items)) is not None:
            return points
    raise low.refuse(
        "not-indexable", node.value if isinstance(node, ast.Subscript) else node, kind=kind_of(owner), near=""
    )


def _list_item(low: Lowering, owner: ListOf | Rows, items: list[Value]) -> Value:
    """An item, or a slice, of a list whose length is known only at run time."""
    if len(items) != 1 or isinstance(items[0], Seq):
        raise low.fail("TypeError", "list indices must be integers or slices")
    if isinstance(owner, Rows):
        return read_rows(low, owner, items[0])
    found = indexing.read(low.b, owner.array, items)
    if isinstance(items[0], SliceValue):
        return another(low, ListOf(found, owner.weak))
    if owner.weak and not low.b.type(found).rank:
        low.b.types[found.name] = Type(low.b.type(found).dtype, weak=True)
    return found


def _range_item(low: Lowering, owner: RangeValue, items: list[Value], node: ast.expr) -> Value:
    if len(items) == 1 and isinstance(items[0], SliceValue):
        return part_of_range(low, owner, items[0])
    numbers = items_of(low, owner)
    if numbers is None:
        raise low.refuse("range-item", node)
    return _sequence_item(low, Seq(tuple(numbers)), items, node)


def _outer_item(low: Lowering, held: Any, path: Path, key: object) -> Value:
    """An item of an object from outside."""
    try:
        return low.captures.value(held[key], path.item(key))
    except (LookupError, TypeError) as error:
        low.captures.depend(path, "has item", key)
        raise low.fail(type(error).__name__, str(error)) from None


def _is_new_axes(items: list[Value]) -> bool:
    """Whether an index asks one of NumPy's numbers for new axes, and for nothing else."""
    rest = [item for item in items if item != Static(None)]
    return len(rest) < len(items) and rest in ([], [Static(Ellipsis)])


def _text_item(low: Lowering, text: str, item: Value) -> Value:
    if isinstance(item, SliceValue):
        ends = (item.start, item.stop, item.step)
        return Static(text[slice(*(None if e is None else static_int(low, e, "the slice of a string") for e in ends))])
    codes = "pass the codes of its characters: np.frombuffer(s.encode(), np.uint8)"
    k = static_int(low, item, "the index of a string", codes)
    if not -len(text) <= k < len(text):
        raise low.fail("IndexError", "string index out of range")
    return Static(text[k])


def _sequence_item(low: Lowering, owner: Seq, items: list[Value], node: ast.expr) -> Value:
    if len(items) != 1:
        raise low.fail("TypeError", f"{owner.name} indices must be integers or slices, not tuple")
    item = items[0]
    if isinstance(item, SliceValue):
        ends = [
            None if e is None else static_int(low, e, "the slice of a list") for e in (item.start, item.stop, item.step)
        ]
        return Seq(owner.items[slice(*ends)], owner.name)
    if isinstance(item, Var) and len(owner.items) <= _SELECTED:
        chosen = _selected(low, owner, item)
        if chosen is not None:
            return chosen
    if isinstance(item, Var) and not owner.items:
        # nothing has been appended so far, whatever the index is
        raise low.fail("IndexError", f"{owner.name} index out of range")
    held = indexed.readable(low, owner) if low.choices.in_arrays and isinstance(item, Var) else None
    if held is not None:
        return read_item(low, held, items, node)
    k = static_int(low, item, "the index of a tuple or list", of_list=True)
    if not -len(owner.items) <= k < len(owner.items):
        raise low.fail("IndexError", f"{owner.name} index out of range")
    return owner.items[k]


def _selected(low: Lowering, owner: Seq, index: Var) -> Value | None:
    """An item whose number is known only at run time, of numbers of one type."""
    b = low.b
    items = [item for item in owner.items if isinstance(item, (Var, Const)) and not b.type(item).rank]
    integer = b.type(index).numpy.kind in "iu" and not b.type(index).rank
    if not items or len(items) < len(owner.items) or len({b.type(item) for item in items}) > 1 or not integer:
        return None
    count = Const(len(items))
    index = index if b.type(index).weak else to_int(low, index)
    outside = b.emit("ge", index, count, hint="outside", weak=True)
    if not nonnegative(b, index):
        below = b.emit("lt", index, Const(-len(items)), hint="outside", weak=True)
        outside = b.emit("logical_or", outside, below, hint="outside", weak=True)
        negative = b.emit("lt", index, ZERO, hint="negative", weak=True)
        index = b.emit("where", negative, b.emit("add", index, count, weak=True), index, hint="k")
    b.check(outside, "IndexError", f"{owner.name} index out of range")
    chosen: Atom = items[-1]
    for k, item in reversed(list(enumerate(items[:-1]))):
        chosen = b.emit("where", b.emit("eq", index, Const(k), hint="test", weak=True), item, chosen, hint="chosen")
    return chosen


def _dict_item(low: Lowering, owner: DictValue, items: list[Value]) -> Value:
    key = key_of(low, items[0] if len(items) == 1 else Seq(tuple(items)))
    found = owner.get(key)
    if found is None:
        raise low.fail("KeyError", repr(key))
    return found


@expression(ast.Attribute)
def attribute(low: Lowering, node: ast.Attribute, hint: str) -> Value:
    """`owner.name`."""
    owner = present(low, low.eval(node.value))
    if node.attr == "flat" and isinstance(owner, Var) and low.b.type(owner).rank:
        if not used_in_place(low.frame, node):
            raise low.refuse("named-iterator")
        return flat(low, owner)
    return read_attribute(low, owner, node.attr, node)


def read_attribute(low: Lowering, owner: Value, name: str, node: ast.AST | None = None) -> Value:
    """An attribute: of an array, of a module, of an object from outside; a method stays with its owner."""
    match owner:
        case Var() if low.b.type(owner).is_generator:
            return Method(owner, name)
        case Var() | Const():
            if name in ATTRIBUTES:
                return catalogue.attribute(low.b, owner, name)
            if catalogue.lookup_method(name) is None and name not in METHODS:
                raise catalogue.missing_method(low.b, name, "arrays" if low.b.type(owner).rank else "numbers")
            return Method(owner, name)
        case Object(held, path):
            return _outer_attribute(low, held, path, name)
        case Static(value=ModuleType() as module):
            return _module_attribute(low, module, name)
        case Static(value=threads.Member() as member):
            return threads.attribute(low, member, name)
        case Static(value=str() | bytes()) if hasattr("", name):
            return Method(owner, name)
        case Static(value=held) if held is not None and hasattr(held, name):
            if is_constant(held):
                return literal(getattr(held, name))
            return low.captures.value(getattr(held, name), owner.path.attribute(name))
        case Super(inner, after) if (found := records.above(low, inner, after, name, node)) is not None:
            return found
        case Seq(record=type()) if (found := records.attribute(low, owner, name, node)) is not None:
            return found
        case Seq() if hasattr([] if owner.name == "list" else (), name):
            return Method(owner, name)
        case DictValue() if hasattr({}, name):
            return Method(owner, name)
        case ListOf() | Rows() | Growing() | RangeValue() if hasattr([], name):
            return Method(owner, name)
    if isinstance(owner, Seq) and owner.record is not None:
        fields = ", ".join(names_of(low, owner.record))
        raise low.refuse("unknown-field", name=name, kind=owner.record.__name__, fields=fields)
    raise unknown_attribute(low, owner, name)


def unknown_attribute(low: Lowering, owner: Value, name: str) -> ADCompilerError:
    """The refusal of an attribute that a value has not, or that the language does not know."""
    kind = kind_of(owner)
    known = {key for key in dir(_TYPES.get(kind, object)) if not key.startswith("_")} - {name}
    return low.refuse("unknown-attribute", name=name, kind=kind, near=nearest(name, known))


def literal(held: object) -> Value:
    """An object that never changes as a value."""
    if isinstance(held, (bool, int, float, complex)) or (isinstance(held, np.generic) and held.dtype.kind in "biufc"):
        return Const(held)
    if isinstance(held, tuple):
        return Seq(tuple(literal(item) for item in held))
    return Static(held)


def _module_attribute(low: Lowering, module: ModuleType, name: str) -> Value:
    if threads.is_cuda(module):
        return threads.member(low, name)
    if not hasattr(module, name):
        near = nearest(name, dir(module))
        raise low.refuse("unknown-member", name=name, module=module.__name__, near=near)
    held = getattr(module, name)
    if is_constant_module(module):
        return literal(held)
    path = Path(("module", id(module), name), name, lambda: getattr(module, name))
    return low.captures.value(held, path)


def _outer_attribute(low: Lowering, held: object, owner: Path, name: str) -> Value:
    if not hasattr(held, name):
        low.captures.depend(owner, "hasattr", name)
        raise low.fail("AttributeError", f"'{type(held).__name__}' object has no attribute '{name}'")
    if type(held) is dict and name == "get":
        return Method(Object(held, owner), name)
    if type(held) is dict and name in (*VIEWS, "copy"):
        return Method(low.captures.table(held, owner), name)
    return low.captures.value(getattr(held, name), owner.attribute(name))
