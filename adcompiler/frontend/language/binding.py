"""Assignment to targets: names, nested tuples, starred names, elements of arrays and lists."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TypeGuard

from adcompiler.frontend.arrays import indexing
from adcompiler.frontend.flow.iteration import item, items_of, iterable
from adcompiler.frontend.language import dictionaries, records
from adcompiler.frontend.language.changing import is_named, replaced
from adcompiler.frontend.language.classes import attributes, is_stored, names_of
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.lists import indexed
from adcompiler.frontend.lists.item_forms import item_form, joint
from adcompiler.frontend.lists.rows import leaves
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.forms import Scalar, joined
from adcompiler.frontend.state.leaves import coerce
from adcompiler.frontend.state.naming import bears
from adcompiler.frontend.state.numbers import static_int
from adcompiler.frontend.state.restarts import Changes, InArrays
from adcompiler.frontend.state.scope import Frame
from adcompiler.frontend.state.special_methods import is_instance, special
from adcompiler.frontend.state.values import (
    DictValue,
    ListOf,
    Maybe,
    Object,
    RangeValue,
    Rows,
    Seq,
    SliceValue,
    Static,
    Value,
    kind_of,
)
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Load, Slice, Var
from adcompiler.signature import fields_of


def bind(low: Lowering, target: ast.expr, value: Value) -> None:
    """`target = value`."""
    match target:
        case ast.Name(id=name):
            _owner(low, target, name).env[name] = value
            if isinstance(value, Var) and not bears(value.name, name):
                low.called.setdefault(value.name, name)
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            with low.b.at(low.span(target)):
                _unpack(low, elts, resolved(low, value))
        case ast.Subscript():
            with low.b.at(low.span(target)):
                owner = resolved(low, low.eval(target.value))
                part = isinstance(owner, (Seq, DictValue))
                store_item(low, owner, target, _as_part(low, value) if part else resolved(low, value))
        case ast.Attribute():
            with low.b.at(low.span(target)):
                store_attribute(low, resolved(low, low.eval(target.value)), target, _as_part(low, value))
        case ast.Starred():
            raise low.refuse("starred-alone", target)
        case _:
            raise low.refuse(type(target).__name__, target)


def _as_part(low: Lowering, value: Value) -> Value:
    """A value that becomes part of another one: what may be None stays so, as it does in a name."""
    return value if isinstance(value, Maybe) else resolved(low, value)


def _owner(low: Lowering, target: ast.expr, name: str) -> Frame:
    """The function whose name an assignment gives a value: the one around it for a name declared `nonlocal`."""
    frame = low.frame
    if name not in frame.definition.outer:
        return frame
    around = frame.parent if name in frame.definition.shared else None
    while around is not None and name not in around.definition.local:
        around = around.parent
    # a function that has returned is not among those whose names are followed through branches and loops
    if around is None or not any(around is running for running in low.frames):
        raise low.refuse("outer-write", target, name=name)
    return around


def _unpack(low: Lowering, targets: Sequence[ast.expr], value: Value) -> None:
    star = next((k for k, t in enumerate(targets) if isinstance(t, ast.Starred)), None)
    if star is not None and _is_vector(value, low):
        _take_apart(low, targets, star, value)
        return
    items = unpacked(low, value, None if star is not None else len(targets))
    if star is None:
        if len(items) != len(targets):
            few = len(items) < len(targets)
            raise low.fail("ValueError", f"{'not enough' if few else 'too many'} values to unpack")
        for target, item in zip(targets, items, strict=True):
            bind(low, target, item)
        return
    behind = len(targets) - star - 1
    if len(items) < star + behind:
        raise low.fail("ValueError", "not enough values to unpack")
    middle = targets[star]
    assert isinstance(middle, ast.Starred)
    bind_all = [*targets[:star], middle.value, *targets[star + 1 :]]
    stop = len(items) - behind
    parts = [*items[:star], Seq(tuple(items[star:stop]), "list"), *items[stop:]]
    for target, item in zip(bind_all, parts, strict=True):
        bind(low, target, item)


def _is_vector(value: Value, low: Lowering) -> TypeGuard[Var | ListOf]:
    """Whether a value is a vector, or a list of numbers, whose length is known only at run time."""
    array = value.array if isinstance(value, ListOf) else value
    return isinstance(array, Var) and low.b.type(array).rank == 1 and isinstance(low.b.shape(array)[0], Var)


def _take_apart(low: Lowering, targets: Sequence[ast.expr], star: int, value: Var | ListOf) -> None:
    """`a, *rest, z = vector`: the starred name is a list of its own, of the numbers between."""
    b = low.b
    array, weak = (value.array, value.weak) if isinstance(value, ListOf) else (value, False)
    length, behind = b.shape(array)[0], len(targets) - star - 1
    few = b.emit("lt", length, Const(star + behind), hint="few")
    b.check(few, "ValueError", "not enough values to unpack")
    stop, size = b.int("sub", length, Const(behind), hint="stop"), b.int("sub", length, Const(star + behind), hint="n")
    if isinstance(size, Var):
        b.lower[size.name] = 0
    between = b.load(array, (Slice(Const(star), stop, None, Const(star), size),), hint="rest")
    last = [b.int("sub", length, Const(behind - k), hint="i") for k in range(behind)]
    items = [item(low, value, k) for k in (*map(Const, range(star)), *last)]
    items.insert(star, ListOf(b.emit("copy", between, hint="rest"), weak))
    for target, found in zip(targets, items, strict=True):
        bind(low, target.value if isinstance(target, ast.Starred) else target, found)


def unpacked(low: Lowering, value: Value, count: int | None) -> list[Value]:
    """The items of a value, of which there must be `count` where that is given."""
    b = low.b
    if isinstance(value, ListOf):
        value = value.array
    if isinstance(value, (Seq, DictValue, Static, RangeValue)) and not _is_number(value):
        found = items_of(low, value)
        if found is not None:
            return found
    if isinstance(value, (Const, Object)) or (isinstance(value, Var) and not b.type(value).rank):
        raise low.refuse("unpack-number")
    walked = iterable(low, value)
    if count is None:
        found = items_of(low, value)
        if found is None:
            raise low.refuse("unpack-unknown")
        return found
    b.same(walked.length, Const(count), f"the number of values to unpack is not {count}")
    return [item(low, walked.value, Const(k)) for k in range(count)]


def _is_number(value: Value) -> bool:
    return isinstance(value, Static) and not isinstance(value.value, str)


def index_items(low: Lowering, node: ast.expr) -> list[Value]:
    """The values of the parts of an index."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    found: list[Value] = []
    for part in parts:
        if isinstance(part, ast.Starred):
            found.extend(unpacked(low, resolved(low, low.eval(part.value)), None))
        else:
            found.append(_index_item(low, part))
    return found


def _index_item(low: Lowering, node: ast.expr) -> Value:
    value = resolved(low, low.eval(node, "i"))
    if isinstance(value, ListOf):
        return value.array
    if isinstance(value, RangeValue):
        items = items_of(low, value)
        if items is None:
            raise low.refuse("range-as-index", node)
        return Seq(tuple(items), "list")
    return value


def store_item(low: Lowering, owner: Value, target: ast.Subscript, value: Value, op: str | None = None) -> None:
    """`owner[...] = value`, or with `op` an augmented assignment to an array."""
    items = index_items(low, target.slice)
    put_item(low, owner, items, target, value, op)


def put_item(
    low: Lowering, owner: Value, items: list[Value], target: ast.Subscript, value: Value, op: str | None = None
) -> None:
    """Assign an item."""
    match owner:
        case Var() if low.b.type(owner).rank:
            store_array(low, owner, items, value, op)
        case Var() | Const() if is_named(low, owner, target) and (after := replaced(low, owner, target, value)):
            bind(low, target.value, after)
        case Seq(kind="list"):
            store_list(low, owner, items, value, target)
        case Seq(kind="fixed"):
            if not low.choices.in_arrays and all(indexed.is_number(low, item) for item in owner.items):
                raise InArrays
            raise low.refuse("list-write", target)
        case Seq(record=type()) if special(owner, "__setitem__") is not None:
            records.called(
                low, owner, "__setitem__", [items[0] if len(items) == 1 else Seq(tuple(items)), value], target
            )
        case Seq():
            raise low.fail(
                "TypeError", f"'{kind_of(owner) if owner.record else 'tuple'}' object does not support item assignment"
            )
        case Rows():
            store_row(low, owner, items, value, target)
        case ListOf():
            store_number(low, owner, items, value, target)
        case DictValue() if len(items) == 1:
            dictionaries.store(low, owner, items[0], value)
        case DictValue():
            dictionaries.store(low, owner, Seq(tuple(items)), value)
        case Object():
            raise low.refuse("dict-write", target)
        case _:
            raise low.refuse("not-indexable", target.value)


def store_attribute(low: Lowering, owner: Value, target: ast.Attribute, value: Value) -> None:
    """`owner.name = value`, of an object that the program has made."""
    owner, k = field_of(low, owner, target)
    assert owner.record is not None
    if fields_of(owner.record) is not None and owner.record not in low.choices.changing:
        raise Changes(owner.record)
    if owner.kind != "object":
        raise low.refuse("item-attribute", target)
    heap.change(low, owner, (*owner.items[:k], value, *owner.items[k + 1 :]))


def field_of(low: Lowering, owner: Value, target: ast.Attribute) -> tuple[Seq, int]:
    """The record whose field is assigned, and the number of the field."""
    if is_instance(owner) and isinstance(owner, Seq) and owner.record is not None:
        names = names_of(low, owner.record)
        if is_stored(owner.record, target.attr):
            if target.attr in names:
                return owner, names.index(target.attr)
            if attributes(owner.record) is not None and owner.record.__dictoffset__:
                raise Changes(owner.record, target.attr)
    raise low.refuse("attribute-write", target)


def store_number(low: Lowering, owner: ListOf, items: list[Value], value: Value, target: ast.Subscript) -> None:
    """`numbers[k] = value` for a list of unknown length: the array that holds it has elements of one type.

    A list to which a loop appends is a view of what it holds so far; views made before are of no use afterwards.
    """
    b, numbers = low.b, low.b.type(owner.array)
    one = len(items) == 1 and isinstance(items[0], (Var, Const)) and not b.type(items[0]).rank
    base = _list_of(low, owner.array)
    if numbers.rank != 1 or not one or not indexed.is_number(low, value) or base is None:
        raise low.refuse("list-write", target)
    assert isinstance(value, (Var, Const))
    is_row = b.type(base).rank > 1
    # one of NumPy's numbers among Python's makes all of a list NumPy's
    wanted = Type(numbers.dtype, weak=owner.weak)
    if joined(wanted, b.type(value)) != wanted:
        if is_row:
            indexed.row_writable(low, base, value)
        else:
            owner = indexed.writable(low, owner, value)
            base = _list_of(low, owner.array)
    if base is not None and base != owner.array and not is_row:
        low.lists.shrunk.add(base)
    array = owner.array
    if array in low.lists.grown:
        # what is stored into such an array itself is appended
        array = b.load(array, b.everything(array), hint="items")
    store_array(low, array, items, value, None)


def store_row(low: Lowering, owner: Rows, items: list[Value], value: Value, target: ast.Subscript) -> None:
    """`rows[k] = value` for a list of unknown length of tuples of numbers, each of which lies in an array."""
    bases = [_list_of(low, array) for array in owner.arrays]
    numbers = all(isinstance(leaf, Scalar) for leaf in leaves(owner.form))
    if owner.form.kind != "tuple" or not numbers or None in bases or isinstance(items[0], SliceValue):
        raise low.refuse("list-write", target)
    if joint(low, owner.form, item_form(low, value)) != owner.form:
        raise low.refuse("list-write", target)
    found: list[Atom] = []
    coerce(low.b, value, owner.form, found)
    low.lists.shrunk.update(base for base, array in zip(bases, owner.arrays, strict=True) if base not in (None, array))
    for array, atom in zip(owner.arrays, found, strict=True):
        place = low.b.load(array, low.b.everything(array), hint="items") if array in low.lists.grown else array
        store_array(low, place, items, atom, None)


def _list_of(low: Lowering, array: Var) -> Var | None:
    """The array of a list of numbers, or of the list whose item it is; None where it is a view of something else."""
    base = array
    while base not in low.lists.grown and isinstance(made := low.b.made.get(base.name), Load):
        base = made.array
    return base if base in low.lists.grown or base == array else None


def store_array(low: Lowering, array: Var, items: list[Value], value: Value, op: str | None) -> None:
    """Write through an index of an array."""
    if isinstance(value, ListOf):
        value = value.array
    if not isinstance(value, (Var, Const, Seq)):
        raise low.refuse("not-storable")
    indexing.write(low.b, array, items, value, op)


def store_list(low: Lowering, owner: Seq, items: list[Value], value: Value, target: ast.Subscript) -> None:
    """Write an item of a list whose length is known."""
    if len(items) != 1 or isinstance(items[0], SliceValue):
        raise low.refuse("list-slice-write")
    numbers = indexed.of_numbers(low, owner) and indexed.is_number(low, value)
    if low.choices.in_arrays and numbers and isinstance(items[0], Var):
        store_number(low, indexed.writable(low, owner, value), items, value, target)
        return
    k = static_int(low, items[0], "the index of a list", of_list=numbers)
    if not -len(owner.items) <= k < len(owner.items):
        raise low.fail("IndexError", "list assignment index out of range")
    k %= len(owner.items)
    heap.change(low, owner, (*owner.items[:k], value, *owner.items[k + 1 :]))
