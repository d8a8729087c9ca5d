"""Builtins of sequences: extremes, sums, lengths, iteration."""

from __future__ import annotations

import ast
import builtins
from dataclasses import replace
from types import FunctionType

import numpy as np

from adcompiler.frontend.flow.iteration import different_items, items_of, iterable
from adcompiler.frontend.language import records
from adcompiler.frontend.language.access import read_item
from adcompiler.frontend.language.arithmetic import binary
from adcompiler.frontend.language.builtin_table import Builtin, arity, builtin
from adcompiler.frontend.language.comprehensions import as_list
from adcompiler.frontend.language.dictionaries import merged
from adcompiler.frontend.language.generators import loop_over
from adcompiler.frontend.language.inline import call_definition
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.language.truth import truth
from adcompiler.frontend.library.defined.sorting import key_columns, sorted_items, sorted_numbers
from adcompiler.frontend.lists.indexed import readable
from adcompiler.frontend.lists.memory import arrays_of, forms_of
from adcompiler.frontend.lists.rows import another
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.fitting import NARROW_INTEGERS, can_hold, check_fits
from adcompiler.frontend.state.forms import Form, Parts, Scalar
from adcompiler.frontend.state.numbers import fits, integer, number
from adcompiler.frontend.state.values import (
    DictValue,
    ListOf,
    Object,
    RangeValue,
    Rows,
    Seq,
    SliceValue,
    Static,
    Value,
    Zipped,
)
from adcompiler.ir.build import ONE, ZERO
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.wengert import Atom, Const, Var


def _extreme(name: str, comparison: str) -> Builtin:
    def handler(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
        if "key" in kwargs and kwargs["key"] != Static(None):
            owner = Seq(tuple(args), "tuple") if len(args) > 1 else resolved(low, args[0])
            return loop_over(low, name, owner, kwargs.get("default"), kwargs["key"])
        if len(args) > 1:
            return _extreme_of(low, args, comparison, hint)
        arity(low, name, args, 1, 1)
        owner = resolved(low, args[0])
        items = different_items(low, owner)
        if items is None:
            return loop_over(low, name, owner, kwargs.get("default"))
        if items:
            return _extreme_of(low, items, comparison, hint)
        if "default" in kwargs:
            return kwargs["default"]
        raise low.fail("ValueError", f"{name}() arg is an empty sequence")

    return handler


def _extreme_of(low: Lowering, args: list[Value], comparison: str, hint: str) -> Value:
    """The extreme of some numbers: the first of those that no later one exceeds."""
    best = number(low, resolved(low, args[0]), "an argument of max() or min()")
    for arg in args[1:]:
        x = number(low, resolved(low, arg), "an argument of max() or min()")
        best = _better(low, best, x, comparison, hint)
    return best


def _better(low: Lowering, best: Atom, x: Atom, comparison: str, hint: str) -> Atom:
    b = low.b
    if isinstance(best, Const) and isinstance(x, Const):
        pick = max if comparison == "gt" else min
        return Const(pick(best.number, x.number))
    kinds = {b.type(a).dtype for a in (best, x)}
    if kinds == {"int64"}:
        if b.type(best).weak and b.type(x).weak:
            return b.int("maximum" if comparison == "gt" else "minimum", best, x, hint=hint)
    test = b.emit(comparison, x, best, hint="better", weak=True)
    for own, other in ((best, x), (x, best)):
        dtype = b.type(other).dtype
        if b.type(own).weak and kinds == {"int64", dtype} and dtype in NARROW_INTEGERS:
            if isinstance(own, Const) and not can_hold(dtype, own):
                # more than every number of the type, or less
                return own if (own.number > 0) == (comparison == "gt") else other
            taken = test if own is x else b.emit("logical_not", test, weak=True)
            check_fits(b, own, dtype, taken)
    return b.emit("where", test, x, best, hint=hint)


builtin(builtins.max)(_extreme("max", "gt"))
builtin(builtins.min)(_extreme("min", "lt"))


@builtin(builtins.sum)
def sum_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`sum(items, start)`."""
    args = [*args, *([kwargs["start"]] if "start" in kwargs else [])]
    arity(low, "sum", args, 1, 2)
    total: Value = args[1] if len(args) == 2 else ZERO
    owner = resolved(low, args[0])
    items = different_items(low, owner)
    if items is None:
        return loop_over(low, "sum", owner, total)
    for item in items:
        total = binary(low, "add", total, item, hint)
    return total


def _quantifier(name: str) -> Builtin:
    def handler(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:

        arity(low, name, args, 1, 1)
        return loop_over(low, name, resolved(low, args[0]), None)

    return handler


builtin(builtins.any)(_quantifier("any"))
builtin(builtins.all)(_quantifier("all"))


@builtin(builtins.len)
def len_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`len(x)`."""
    arity(low, "len", args, 1, 1)
    value = resolved(low, args[0])
    own = records.called(low, value, "__len__", (), low.frame.definition.node)
    if own is not None:
        return own
    match value:
        case Static(value=str() as text):
            return Const(len(text))
        case Zipped(kind="enumerate" | "zip" | "reversed"):
            raise low.refuse("operand", sign="len()", kind=value.kind)
        case Var() | Const() if not low.b.type(value).rank:
            raise low.refuse("operand", sign="len()", kind="number")
        case Object(held, path) if hasattr(held, "__len__"):
            return Const(low.captures.depend(path, "len"))
    return iterable(low, value).length


@builtin(builtins.range)
def range_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`range(start, stop, step)`."""
    arity(low, "range", args, 1, 3)
    ends = [integer(low, resolved(low, arg), "an argument of range()") for arg in args]
    start, stop = (ZERO, ends[0]) if len(ends) == 1 else (ends[0], ends[1])
    step = ends[2] if len(ends) == 3 else ONE
    if step == ZERO:
        raise low.fail("ValueError", "range() arg 3 must not be zero")
    if isinstance(step, Var):
        zero = low.b.emit("eq", step, ZERO, hint="zero", weak=True)
        low.b.check(zero, "ValueError", "range() arg 3 must not be zero")
    if any(isinstance(end, Const) and not fits(int(end.number)) for end in ends):
        raise low.refuse("long-integer", value="the end of a range")
    return RangeValue(start, stop, step)


@builtin(builtins.enumerate)
def enumerate_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`enumerate(items, start)`."""
    args = [*args, *([kwargs["start"]] if "start" in kwargs else [])]
    arity(low, "enumerate", args, 1, 2)
    start = integer(low, resolved(low, args[1]), "the start of enumerate()") if len(args) == 2 else ZERO
    return Zipped("enumerate", (resolved(low, args[0]), start))


@builtin(builtins.zip)
def zip_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`zip(*items)`."""
    parts = tuple(resolved(low, arg) for arg in args)
    if truth(low, kwargs.get("strict", Const(False))) == Const(True):
        lengths = [iterable(low, part).length for part in parts]
        for length in lengths[1:]:
            low.b.same(lengths[0], length, "zip() arguments differ in length")
    return Zipped("zip", parts)


@builtin(builtins.reversed)
def reversed_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`reversed(items)`."""
    arity(low, "reversed", args, 1, 1)
    value = resolved(low, args[0])
    if isinstance(value, Zipped):
        raise low.refuse("operand", sign="reversed()", kind=value.kind)
    return Zipped("reversed", (value,))


def _sequence(kind: str) -> Builtin:
    def handler(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
        arity(low, kind, args, 0, 1)
        if not args:
            return Seq((), kind)
        value = resolved(low, args[0])
        items = items_of(low, value)
        if items is not None:
            return Seq(tuple(items), kind)
        if kind == "list" and isinstance(value, (ListOf, Rows)):
            return another(low, value)
        if kind == "list" and isinstance(value, (RangeValue, Var)):
            return as_list(low, value)
        raise low.refuse("sequence-unknown", kind=kind)

    return handler


builtin(builtins.tuple)(_sequence("tuple"))
builtin(builtins.list)(_sequence("list"))


@builtin(builtins.dict)
def make_dict(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`dict(a=1.0, **other)`."""
    arity(low, "dict", args, 0, 1)
    return DictValue(tuple(merged(low, args, kwargs).items()))


@builtin(builtins.slice)
def slice_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`slice(start, stop, step)`."""
    arity(low, "slice", args, 1, 3)
    parts = [None if arg == Static(None) else resolved(low, arg) for arg in args]
    return SliceValue(*((None, parts[0], None) if len(parts) == 1 else (*parts, None)[:3]))


@builtin(builtins.sorted)
def sorted_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`sorted(items, key=, reverse=)` of numbers."""
    arity(low, "sorted", args, 1, 1)
    owner = resolved(low, args[0])
    items = different_items(low, owner)
    numbers = [item.value for item in items or () if isinstance(item, Const)]
    if items is not None and (not kwargs or not items) and len(numbers) == len(items):
        return Seq(tuple(Const(number) for number in sorted(numbers)), "list")  # type: ignore[type-var]
    if items is not None and not set(kwargs) - {"reverse"} and (ordered := _in_order(items)) is not None:
        down = truth(low, kwargs.get("reverse", Const(False)))
        if isinstance(down, Const):
            return Seq(tuple(reversed(ordered) if down.value else ordered), "list")
    kind = _element(low, owner, items)
    given = owner if items is None else Seq(tuple(items), "list")
    made = _sorted_items(low, given, kwargs) if kind is None else _sorted_numbers(low, given, kwargs, kind)
    if items is None:
        return made
    node = ast.Constant(0)
    return Seq(tuple(read_item(low, made, [Const(k)], node) for k in range(len(items))), "list")


def _sorted_numbers(low: Lowering, owner: Value, kwargs: dict[str, Value], kind: Type) -> ListOf:
    assert isinstance(sorted_numbers, FunctionType)
    found = call_definition(low, sorted_numbers, [owner], kwargs, _SORTED, "sorted")
    assert isinstance(found, Var)
    return ListOf(found, kind.weak)


def _sorted_items(low: Lowering, owner: Value, kwargs: dict[str, Value]) -> Value:
    """`sorted` of tuples of numbers, or of other items if a key tells their order."""
    by_key = kwargs.get("key", Static(None)) != Static(None)
    held = readable(low, owner) if isinstance(owner, Seq) else owner
    if not isinstance(held, (ListOf, Rows)) or not all(_has_order(form, by_key) for form in forms_of(low, held)):
        raise low.refuse("sorted")
    assert isinstance(sorted_items, FunctionType)
    return call_definition(low, sorted_items, [held, Seq(arrays_of(held))], kwargs, _SORTED, "sorted")


def _has_order(form: Form, by_key: bool) -> bool:
    if by_key:
        return True
    if isinstance(form, Parts):
        return form.kind in ("tuple", "fixed") and all(_has_order(part, by_key) for part in form.items)
    return isinstance(form, Scalar) and not form.type.is_complex


def _in_order(items: list[Value]) -> list[Value] | None:
    """Texts in order, or pairs that begin with different ones; None where other things decide the order."""
    pairs = all(isinstance(item, Seq) and item.kind == "tuple" and item.items for item in items)
    firsts = [item.items[0] for item in items if isinstance(item, Seq)] if pairs else items
    names = [first.value for first in firsts if isinstance(first, (Static, Const))]
    same = all(isinstance(name, str) for name in names) or all(type(name) is int for name in names)
    if len(names) < len(items) or not same or len(set(names)) < len(names):
        return None
    return [items[k] for k in sorted(range(len(items)), key=lambda k: names[k])]  # type: ignore[arg-type,return-value]


_SORTED = ast.Pass()


@builtin(key_columns)
def key_columns_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """The arrays of keys."""
    keys = resolved(low, args[0])
    held = readable(low, keys) if isinstance(keys, Seq) and keys.items and isinstance(keys.items[0], Seq) else keys
    if isinstance(held, Rows) and all(_has_order(form, False) for form in forms_of(low, held)):
        return Seq(arrays_of(held))
    return Seq((low.call(Static(np.array), [keys]),))


def _element(low: Lowering, owner: Value, items: list[Value] | None) -> Type | None:
    """The type of the numbers to be sorted; None where they differ, or are no numbers."""
    match owner:
        case ListOf(array, weak) if low.b.type(array).rank == 1:
            return replace(low.b.type(array).element, weak=weak)
        case Var() if low.b.type(owner).rank == 1:
            return low.b.type(owner).element
        case RangeValue():
            return INDEX
    kinds = {low.b.type(item) for item in items or () if isinstance(item, (Var, Const))}
    plain = items is not None and all(isinstance(item, (Var, Const)) and not low.b.type(item).rank for item in items)
    return kinds.pop() if plain and len(kinds) == 1 else None
