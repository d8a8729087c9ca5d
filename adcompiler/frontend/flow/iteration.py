"""What a `for` runs over: how many items there are, and the item of a number."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

from adcompiler.frontend.arrays.slicing import make_slice
from adcompiler.frontend.lists.rows import listed, row
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.facts import nonnegative
from adcompiler.frontend.state.special_methods import is_instance, refuse_special
from adcompiler.frontend.state.values import (
    DictValue,
    Growing,
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
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Var

_UNROLLED = 4096
#: How many items there are in what never ends: more than any program can take.
ENDLESS = Const(2**62)


@dataclass(frozen=True, slots=True)
class Iterable:
    """A sequence of values that can be taken by number.

    Parameters
    ----------
    length : Var or Const
        How many items there are; `ENDLESS` for what never ends.
    fixed : bool
        Whether items differ in kind, so that the loop must be unrolled.
    bound : int or None
        How many items there are at most, where a part beside arrays has a number of items that is known.
    """

    value: Value
    length: Atom
    fixed: bool
    bound: int | None = None

    @property
    def most(self) -> int | None:
        """How many items there can be, where that is known."""
        if isinstance(self.length, Const) and isinstance(self.length.value, int):
            return self.length.value
        return self.bound


def iterable(low: Lowering, value: Value) -> Iterable:
    """What a loop over `value` runs over."""
    b = low.b
    refuse_special(low, value, "__iter__", "__len__", "__getitem__", "__contains__")
    match value:
        case Seq() if is_instance(value):
            raise low.refuse("not-iterable")
        case RangeValue():
            return Iterable(value, range_length(low, value), False)
        case Var() if b.type(value).rank:
            return Iterable(value, b.shape(value)[0], False)
        case ListOf(array):
            return Iterable(value, b.shape(array)[0], False)
        case Rows(arrays):
            return Iterable(value, b.shape(arrays[0])[0], False)
        case Growing():
            return iterable(low, listed(low, value))
        case Seq(items):
            return Iterable(value, Const(len(items)), True)
        case DictValue(items):
            return Iterable(value, Const(len(items)), True)
        case Object(value=dict() as held, path=path) if type(held) is dict:
            return iterable(low, low.captures.table(held, path))
        case Static(value=str() as text):
            return iterable(low, Seq(tuple(Static(c) for c in text)))
        case Zipped():
            return _combined(low, value)
    raise low.refuse("not-iterable")


def _combined(low: Lowering, value: Zipped) -> Iterable:
    """What a loop over `zip`, `enumerate`, `d.items()` and their like runs over."""
    match value:
        case Zipped("keys" | "values" | "items", (DictValue(items),)):
            return Iterable(value, Const(len(items)), True)
        case Zipped(kind="zip", parts=parts) | Zipped("map", (_, *parts)):
            found = [iterable(low, part) for part in parts]
            if not found:
                return iterable(low, Seq(()))
            lengths = [f.length for f in found if f.length != ENDLESS] or [ENDLESS]
            length = lengths[0]
            for other in lengths[1:]:
                length = low.b.int("minimum", length, other)
            known = [f.most for f in found if f.most is not None]
            return Iterable(value, length, any(f.fixed for f in found), min(known, default=None))
        case Zipped("count"):
            return Iterable(value, ENDLESS, False)
        case Zipped("indices", (Seq(extents),)):
            return Iterable(value, product_of(low, extents), False)
        case Zipped("product", parts):
            return Iterable(value, product_of(low, [iterable(low, part).length for part in parts]), False)
        case Zipped("pairwise", (items, *_)):
            length = low.b.int("sub", iterable(low, items).length, ONE)
            return Iterable(value, low.b.int("maximum", length, ZERO), False)
        case Zipped("elements", (Var() as array,)):
            return Iterable(value, product_of(low, low.b.shape(array)), False)
    inner = iterable(low, value.parts[0])
    return Iterable(value, inner.length, inner.fixed, inner.bound)


def as_key(key: object) -> Value:
    """A key of a dictionary as a value."""
    if isinstance(key, tuple):
        return Seq(tuple(map(as_key, key)))
    return Const(key) if isinstance(key, (int, float)) else Static(key)


def item(low: Lowering, value: Value, k: Atom) -> Value:
    """Item number `k`, which is known to exist."""
    b = low.b
    match value:
        case RangeValue(start, _, step):
            return b.int("add", start, b.int("mul", k, step), hint="i")
        case Var():
            return b.load(value, (k, *b.everything(value)[1:]), hint=value.name.rstrip("s") or "row")
        case ListOf(array, weak):
            return element(low, array, k, weak)
        case Rows():
            return row(low, value, k)
        case Seq(items):
            return items[_known(k)]
        case DictValue(items):
            return as_key(items[_known(k)][0])
        case Zipped():
            return _combined_item(low, value, k)
    return item(low, iterable(low, value).value, k)


def _combined_item(low: Lowering, value: Zipped, k: Atom) -> Value:
    """Item number `k` of `zip`, `enumerate`, `d.items()` and their like."""
    b = low.b
    match value:
        case Zipped("keys", (DictValue(items),)):
            return as_key(items[_known(k)][0])
        case Zipped("values", (DictValue(items),)):
            return items[_known(k)][1]
        case Zipped("items", (DictValue(items),)):
            key, held = items[_known(k)]
            return Seq((as_key(key), held))
        case Zipped("enumerate", (inner, start)):
            assert isinstance(start, (Var, Const))
            return Seq((b.int("add", start, k, hint="i"), item(low, inner, k)))
        case Zipped("count", (start, step)):
            assert isinstance(start, (Var, Const)) and isinstance(step, (Var, Const))
            return b.int("add", start, b.int("mul", k, step), hint="i")
        case Zipped("reversed", (inner,)):
            last = b.int("sub", iterable(low, inner).length, ONE)
            return item(low, inner, b.int("sub", last, k, hint="i"))
        case Zipped("zip", parts):
            return Seq(tuple(item(low, part, k) for part in parts))
        case Zipped("map", (function, *parts)):
            return low.call(function, [item(low, part, k) for part in parts])
        case Zipped("indices", (Seq(extents),)):
            return Seq(place(low, extents, k))
        case Zipped("product", parts):
            at = place(low, [iterable(low, part).length for part in parts], k)
            return Seq(tuple(item(low, part, one) for part, one in zip(parts, at, strict=True)))
        case Zipped("pairwise", (inner, Static(value=str() as kept))):
            first, second = item_before(low, inner, k, kept), item(low, inner, b.int("add", k, ONE))
            low.frame.env[kept] = second
            return Seq((first, second))
        case Zipped("pairwise", (inner,)):
            return Seq((item(low, inner, k), item(low, inner, b.int("add", k, ONE))))
        case Zipped("elements", (Var() as array,)):
            at = place(low, b.shape(array), k)
            return Seq((Seq(at), b.load(array, at, hint=array.name.rstrip("s") or "item")))
    raise AssertionError(value.kind)


def item_before(low: Lowering, value: Value, k: Atom, kept: str) -> Value:
    """Item `k` of numbers as the iteration before, if there was one, has read it and kept it under a name."""
    first = low.frame.env[kept]
    if isinstance(k, Const):
        return item(low, value, k) if k == ZERO else first
    found = item(low, value, k)
    assert isinstance(found, Var) and isinstance(first, (Var, Const))
    begins = low.b.emit("eq", k, ZERO, hint="begins", weak=True)
    return low.b.emit("where", begins, found, first, hint=found.name, weak=low.b.type(found).weak)


def product_of(low: Lowering, extents: Sequence[Value]) -> Atom:
    """How many elements an array of these extents has."""
    total: Atom = ONE
    for extent in extents:
        assert isinstance(extent, (Var, Const))
        total = low.b.int("mul", total, extent, hint="size")
    return total


def place(low: Lowering, extents: Sequence[Value], k: Atom) -> tuple[Atom, ...]:
    """The indices of element `k` in C order."""
    found: list[Atom] = []
    for extent in reversed(extents[1:]):
        assert isinstance(extent, (Var, Const))
        found.append(low.b.int("mod", k, extent, hint="j"))
        k = low.b.int("floordiv", k, extent, hint="i")
    return (k, *reversed(found)) if extents else ()


def _known(k: Atom) -> int:
    assert isinstance(k, Const) and isinstance(k.value, int)
    return k.value


def element(low: Lowering, array: Var, k: Atom, weak: bool) -> Value:
    """Item `k` of a list that an array holds: Python's own number where the list has those."""
    found = low.b.load(array, (k, *low.b.everything(array)[1:]), hint="item")
    type = low.b.type(found)
    if weak and not type.rank:
        low.b.types[found.name] = Type(type.dtype, weak=True)
    return found


def range_length(low: Lowering, r: RangeValue) -> Atom:
    """How many numbers a range has."""
    b = low.b
    if all(isinstance(a, Const) for a in (r.start, r.stop, r.step)):
        ends = [operator.index(a.value) for a in (r.start, r.stop, r.step) if isinstance(a, Const)]  # type: ignore[arg-type]
        return Const(len(range(*ends)))
    if isinstance(r.step, Const) and isinstance(r.step.value, int) and abs(r.step.value) == 1:
        up = r.step.value == 1
        count = b.int("sub", r.stop, r.start) if up else b.int("sub", r.start, r.stop)
        return count if up and r.start == ZERO and _is_extent(low, r.stop) else b.int("maximum", count, ZERO)
    if isinstance(r.step, Const):
        ahead = b.int("sub", r.stop, r.start) if r.step.number > 0 else b.int("sub", r.start, r.stop)
        size = Const(abs(r.step.number))
        count = b.int("floordiv", b.int("add", ahead, b.int("sub", size, ONE)), size)
        return b.int("maximum", count, ZERO)
    # ceil((stop - start) / step) for a step of either sign
    count = b.emit("neg", b.int("floordiv", b.int("sub", r.start, r.stop), r.step), hint="n", weak=True)
    return b.int("maximum", count, ZERO)


def part_of_range(low: Lowering, r: RangeValue, part: SliceValue) -> RangeValue:
    """`r[start:stop:step]`, which is a range too."""
    b = low.b
    chosen = make_slice(b, part, range_length(low, r))
    start = b.int("add", r.start, b.int("mul", chosen.first, r.step))
    step = r.step if chosen.step is None else b.int("mul", r.step, chosen.step)
    return RangeValue(start, b.int("add", start, b.int("mul", chosen.size, step)), step)


def _is_extent(low: Lowering, atom: Atom) -> bool:
    return nonnegative(low.b, atom)


def settled(low: Lowering, found: Iterable) -> Iterable:
    """Items that differ in kind are as many as there can be: an array beside them may not be shorter."""
    if not found.fixed or isinstance(found.length, Const) or found.most is None:
        return found
    few = low.b.emit("lt", found.length, Const(found.most), hint="few", weak=True)
    low.b.check(few, "ValueError", f"an array is shorter than the {found.most} items beside it")
    return Iterable(found.value, Const(found.most), True)


def different_items(low: Lowering, value: Value) -> list[Value] | None:
    """All items where they differ in kind and their number is known, else None."""
    found = iterable(low, value)
    return items_of(low, value) if found.fixed and isinstance(found.length, Const) else None


def items_of(low: Lowering, value: Value) -> list[Value] | None:
    """All items where their number is known at compile time, else None."""
    found = settled(low, iterable(low, value))
    if not isinstance(found.length, Const) or not isinstance(found.length.value, int):
        return None
    if found.length.value > _UNROLLED:
        raise low.refuse("long-unrolled-loop", count=found.length.value)
    return [item(low, found.value, Const(k)) for k in range(found.length.value)]
