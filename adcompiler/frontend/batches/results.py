"""The results of a batched function: an array for each number or array that the function of one item returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import full
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.item_extents import Integers
from adcompiler.frontend.state.values import DictValue, Seq, Static, Value, kind_of
from adcompiler.ir.build import Builder, Shape
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.wengert import Atom, Const, Var


@dataclass(frozen=True, slots=True)
class Leaf:
    """A number or an array, with its extents."""

    type: Type
    shape: Shape


@dataclass(frozen=True, slots=True)
class Group:
    """A structure of results, in which `value` has the keys or the class."""

    value: Seq | DictValue
    items: tuple[Form, ...]


Form: TypeAlias = Leaf | Group | Static


def form_of(low: Lowering, name: str, result: Callable[[Atom], Value]) -> Form:
    """The form of the results of one item: it is built once, and its lines are dropped."""
    b = low.b
    mark, state = b.mark(), low.save()
    outer = frozenset(b.names.taken)
    with low.arm() as lines:
        index = b.var("i", INDEX)
        b.lower[index.name] = 0
        found = _form(low, name, result(index))
    # what the function captures becomes a parameter, which no rewinding drops
    integers = Integers.of(b, lines, outer | low.captures.names)
    low.rewind(mark, state)
    return _outside(low, name, found, integers)


def _form(low: Lowering, name: str, value: Value) -> Form:
    b = low.b
    match value:
        case Var() | Const():
            return Leaf(b.type(value), b.shape(value))
        case Seq(items):
            return Group(value, tuple(_form(low, name, item) for item in items))
        case DictValue(pairs):
            return Group(value, tuple(_form(low, name, item) for _, item in pairs))
        case Static(value=None):
            return value
    raise TypeProblem(
        f"{name}() returns a value of type {kind_of(value)}, which cannot be stacked",
        b.span,
        "return numbers, arrays, and tuples, lists or dictionaries of these",
    )


def _outside(low: Lowering, name: str, form: Form, integers: Integers) -> Form:
    """The form with extents that are known before the loop."""
    if isinstance(form, Group):
        return replace(form, items=tuple(_outside(low, name, item, integers) for item in form.items))
    if isinstance(form, Static):
        return form
    extents = [integers.outside(low.b, extent) for extent in form.shape]
    known = tuple(extent for extent in extents if extent is not None)
    if len(known) < len(extents):
        raise TypeProblem(
            f"the shape of a result of {name}() may differ from item to item",
            low.b.span,
            "return arrays whose shape depends on the shapes of the arguments alone",
        )
    return replace(form, shape=known)


def allocated(b: Builder, form: Form, length: Atom) -> Value:
    """Arrays of this form for so many items."""
    match form:
        case Leaf(type, shape):
            return b.emit("empty", length, *shape, dtype=type.dtype, hint="items")
        case Group(value, items):
            return _regrouped(value, [allocated(b, item, length) for item in items])
    return form


def _regrouped(value: Seq | DictValue, items: Sequence[Value]) -> Value:
    if isinstance(value, DictValue):
        return DictValue(tuple((key, item) for (key, _), item in zip(value.items, items, strict=True)))
    return replace(value, items=tuple(items))


def store(low: Lowering, name: str, out: Value, value: Value, index: Atom) -> None:
    """Store the results of an item in the arrays."""
    b = low.b
    arrays, found = _leaves(out), _leaves(value)
    kinds = [[_kind(b, leaf, mapped) for leaf in leaves] for leaves, mapped in ((arrays, 1), (found, 0))]
    if kinds[0] != kinds[1]:
        what = f"the results of {name}() differ in type from item to item"
        raise TypeProblem(what, b.span, "return values of the same types for each item")
    for array, one in zip(arrays, found, strict=True):
        assert isinstance(array, Var) and isinstance(one, (Var, Const))
        rest = b.shape(array)[1:]
        for here, there in zip(b.shape(one), rest, strict=True):
            b.same(here, there, f"the results of {name}() differ in shape from item to item")
        b.store(array, (index, *full(rest)), one)


def _kind(b: Builder, value: Value, mapped: int) -> object:
    """Element type and rank of what an item gives, which has one axis less than where it is stored."""
    if isinstance(value, (Var, Const)):
        type = b.type(value)
        return type.dtype, type.rank - mapped
    return kind_of(value)


def _leaves(value: Value) -> list[Value]:
    match value:
        case Seq(items):
            return [leaf for item in items for leaf in _leaves(item)]
        case DictValue(pairs):
            return [leaf for _, item in pairs for leaf in _leaves(item)]
        case Static(value=None):
            return []
    return [value]
