"""The arguments of a batched function: which of their arrays are taken item by item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from adcompiler.errors import TypeProblem
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import DictValue, ListOf, Seq, Static, Value, kind_of
from adcompiler.ir.wengert import Atom, Const, Var


@dataclass(frozen=True, slots=True)
class Given:
    """What a batched function is called with.

    Parameters
    ----------
    label : str
        What messages call it.
    axes : object
        The axis that is mapped, None where it is shared, or a structure of these.
    value : Value
        Its value.
    keyword : str or None
        The name by which it is passed on.
    """

    label: str
    axes: object
    value: Value
    keyword: str | None


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument, or a part of one.

    Parameters
    ----------
    label : str
        What messages call it.
    value : Value
        A structure, an array whose first axis is that of the items, or what all items share.
    mapped : bool
        Whether it is such an array.
    parts : tuple of Argument
        Those of a structure.
    slot : str
        The name of the innermost frame that holds what is shared: an item may change a list for those after it.
    """

    label: str
    value: Value
    mapped: bool = False
    parts: tuple[Argument, ...] = ()
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Called:
    """The function of one item: its name, the names of its parameters by position, whether it takes more."""

    name: str
    names: tuple[str, ...]
    more: bool


def given(
    low: Lowering, function: Called, axes: object, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> list[Given]:
    """The arguments of a call with their axes."""
    names = function.names
    entries = axes if isinstance(axes, (tuple, list)) else None
    if entries is not None and not function.more and len(entries) > len(names):
        raise _miscounted(low, function, entries, f"takes {len(names)}")

    def axes_of(number: int) -> object:
        if entries is None:
            return axes
        if number < len(entries):
            return entries[number]
        raise _miscounted(low, function, entries, "was given more")

    labels = [names[k] if k < len(names) else str(k) for k in range(len(args))]
    found = [Given(label, axes_of(k), value, None) for k, (label, value) in enumerate(zip(labels, args, strict=True))]
    for key, value in kwargs.items():
        found.append(Given(key, axes_of(names.index(key)) if key in names else 0, value, key))
    return found


def _miscounted(low: Lowering, function: Called, axes: Sequence[object], what: str) -> TypeProblem:
    return TypeProblem(
        f"in_axes has {len(axes)} entries, and {function.name}() {what}",
        low.b.span,
        "give an axis or None for each argument",
    )


def argument(low: Lowering, name: str, given: Given) -> Argument:
    """An argument of the batched function `name`."""
    return _argument(low, f"argument {given.label!r} of {name}()", given.axes, resolved(low, given.value))


def _argument(low: Lowering, label: str, axes: object, value: Value) -> Argument:
    if axes is None or value == Static(None):
        return _shared(low, label, value)
    match value:
        case Seq(items):
            chosen = _axes_of_items(low, label, axes, len(items))
            rows = enumerate(zip(chosen, items, strict=True))
            parts = [_argument(low, f"{label}[{k}]", axis, part) for k, (axis, part) in rows]
            return Argument(label, value, False, tuple(parts))
        case DictValue(pairs):
            by_key = _axes_of_keys(low, label, axes, [key for key, _ in pairs])
            parts = [_argument(low, f"{label}[{key!r}]", by_key[key], part) for key, part in pairs]
            return Argument(label, value, False, tuple(parts))
        case Var() if low.b.type(value).rank and isinstance(axes, int):
            return Argument(label, _fronted(low, label, axes, value), True)
    if not isinstance(axes, int):
        raise TypeProblem(
            f"in_axes={axes!r} does not have the structure of {label}, which is {_article(low, value)}",
            low.b.span,
            "give an axis or None for each array",
        )
    raise TypeProblem(
        f"{label} is {_article(low, value)}, which has no axis {axes} to map over",
        low.b.span,
        "pass an array, or None in in_axes for what all items share",
    )


def _shared(low: Lowering, label: str, value: Value) -> Argument:
    slot = f"%shared{len(low.frame.env)}"
    low.frame.env[slot] = value
    return Argument(label, value, slot=slot)


def _article(low: Lowering, value: Value) -> str:
    if isinstance(value, ListOf):
        return "a list"
    if isinstance(value, (Var, Const)):
        return f"an array of rank {rank}" if (rank := low.b.type(value).rank) else "a number"
    return f"of type {kind_of(value)}"


def _axes_of_items(low: Lowering, label: str, axes: object, count: int) -> Sequence[object]:
    if isinstance(axes, int):
        return [axes] * count
    if isinstance(axes, (tuple, list)) and len(axes) == count:
        return axes
    raise TypeProblem(
        f"in_axes={axes!r} does not have the structure of {label}, which has {count} parts",
        low.b.span,
        "give an axis or None for each part",
    )


def _axes_of_keys(low: Lowering, label: str, axes: object, keys: Sequence[object]) -> dict[object, object]:
    if isinstance(axes, int):
        return dict.fromkeys(keys, axes)
    if isinstance(axes, dict) and set(axes) == set(keys):
        return axes
    raise TypeProblem(
        f"in_axes={axes!r} does not have the keys of {label}: {', '.join(map(repr, keys))}",
        low.b.span,
        "give an axis or None for each key",
    )


def _fronted(low: Lowering, label: str, axis: int, array: Var) -> Var:
    """The array with the axis of the items first."""
    rank = low.b.type(array).rank
    if not -rank <= axis < rank:
        raise TypeProblem(
            f"{label} is an array of rank {rank}, which has no axis {axis} to map over",
            low.b.span,
            f"choose an axis from 0 to {rank - 1}",
        )
    first = axis % rank
    if not first:
        return array
    return low.b.emit("transpose", array, axes=(first, *(k for k in range(rank) if k != first)), hint=array.name)


def leaves(argument: Argument) -> list[Argument]:
    """The arrays that are taken item by item."""
    return [argument] if argument.mapped else [leaf for part in argument.parts for leaf in leaves(part)]


def count(low: Lowering, name: str, given: Sequence[Argument]) -> Atom:
    """How many items there are: all mapped arrays must have as many."""
    found = [leaf for argument in given for leaf in leaves(argument)]
    if not found:
        raise TypeProblem(f"{name}() maps over none of its arguments", low.b.span, "give an axis in in_axes")
    first, length = found[0], _items(low, found[0])
    for other in found[1:]:
        here = _items(low, other)
        low.b.same(length, here, f"{first.label} and {other.label} differ in the number of items")
        # a literal is worth more than a name
        length = here if isinstance(here, Const) else length
    return length


def _items(low: Lowering, leaf: Argument) -> Atom:
    assert isinstance(leaf.value, Var)
    return low.b.shape(leaf.value)[0]


def item(low: Lowering, argument: Argument, index: Atom) -> Value:
    """The argument as the item of this number sees it."""
    if argument.mapped:
        assert isinstance(argument.value, Var)
        array = argument.value
        return low.b.load(array, (index, *low.b.everything(array)[1:]), hint=array.name.rstrip("s") or "item")
    if argument.slot:
        return low.frame.env[argument.slot]
    items = tuple(item(low, part, index) for part in argument.parts)
    if isinstance(argument.value, DictValue):
        return DictValue(tuple((key, part) for (key, _), part in zip(argument.value.items, items, strict=True)))
    assert isinstance(argument.value, Seq)
    return replace(argument.value, items=items)
