"""Where the elements of views lie in the arrays they are views of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.wengert import Assign, Atom, Const, Index, Load, NewAxis, Slice, Var


@dataclass(frozen=True, slots=True)
class Along:
    """An index that follows an axis: `first + step * j`, with `j` the index on that axis."""

    axis: int
    first: Atom
    step: Atom


Item: TypeAlias = "Along | Var | Const"


@dataclass(frozen=True, slots=True)
class Place:
    """Elements of `base`: for each of its axes a fixed index, or one that follows an axis of what looks at it."""

    base: Var
    items: tuple[Item, ...]

    def follows(self, axis: int) -> bool:
        """Whether the place changes along an axis."""
        return any(isinstance(item, Along) and item.axis == axis for item in self.items)

    def apart(self, other: Place) -> bool:
        """Whether two places of one array never meet: a fixed index, counted from the front, on which they differ."""
        if self.base != other.base:
            return False
        pairs = zip(self.items, other.items, strict=True)
        return any(_counts(a) and _counts(b) and a != b for a, b in pairs)


@dataclass(slots=True)
class Places:
    """The places of all arrays of a function while it is rebuilt.

    `natural` holds integers that are known not to be negative, and so mean the same in a view and in its base;
    `reshaped` the bases that are views nevertheless.
    """

    b: Builder
    known: dict[Var, Place] = field(default_factory=dict)
    natural: set[Var] = field(default_factory=set)
    reshaped: set[Var] = field(default_factory=set)

    def of(self, array: Var) -> Place:
        """Where the elements of an array are; an array that is no view is its own base."""
        found = self.known.get(array)
        if found is None:
            rank = self.b.types[array.name].rank
            found = self.known[array] = Place(array, tuple(Along(k, ZERO, ONE) for k in range(rank)))
        return found

    def view(self, stmt: Load | Assign) -> None:
        """Learn where a view is: a slice, or a transposed array. A reshaped array is a base of its own."""
        if isinstance(stmt, Load):
            self.known[stmt.target] = self.region(stmt.array, stmt.index)
        elif stmt.op == "transpose":
            source, axes_of = stmt.args[0], dict(stmt.params)["axes"]
            assert isinstance(source, Var) and isinstance(axes_of, tuple)
            place = self.of(source)
            self.known[stmt.target] = Place(place.base, tuple(_turned(i, axes_of) for i in place.items))
        else:
            self.reshaped.add(stmt.target)

    def region(self, array: Var, index: Index) -> Place:
        """The place of `array[index]`."""
        place, picked = self.of(array), numbered(index)
        items: list[Item] = []
        for axis, item in enumerate(place.items):
            if not isinstance(item, Along):
                items.append(item)
                continue
            part, number = picked[item.axis]
            if isinstance(part, Slice):
                step = self.b.int("mul", item.step, part.step or ONE)
                items.append(Along(number, self.reach(item, part.first), step))
            else:
                items.append(self.reach(item, self.forward(array, item.axis, place, axis, part)))
        return Place(place.base, tuple(items))

    def reach(self, item: Along, index: Atom) -> Atom:
        """The index in the base of an index on an axis."""
        reached = self.b.int("add", item.first, self.b.int("mul", item.step, index))
        parts = (item.first, item.step, index)
        if isinstance(reached, Var) and all(self.is_natural(p) for p in parts):
            self.natural.add(reached)
        return reached

    def forward(self, array: Var, axis: int, place: Place, base_axis: int, index: Atom) -> Atom:
        """An index counted from the front; one that may be negative stays as it is where the base counts alike."""
        extent = self.b.shape(array)[axis]
        whole = place.items[base_axis] == Along(axis, ZERO, ONE) and self.b.shape(place.base)[base_axis] == extent
        if whole or self.is_natural(index):
            return index
        negative = self.b.emit("lt", index, ZERO)
        return self.b.emit("where", negative, self.b.int("add", index, extent), index)

    def is_natural(self, atom: Atom) -> bool:
        """Whether an integer is known not to be negative."""
        return _counts(atom) if isinstance(atom, Const) else atom in self.natural

    def element(self, place: Place, indices: Sequence[Atom]) -> tuple[Atom, ...]:
        """The index in the base at given indices on the axes."""
        return tuple(self.reach(i, indices[i.axis]) if isinstance(i, Along) else i for i in place.items)

    def resolved(self, array: Var, index: Index) -> tuple[Var, tuple[Atom, ...]]:
        """Base and index of one element."""
        place = self.of(array)
        indices = [i for i in index if not isinstance(i, (Slice, NewAxis))]
        counted = list(indices)
        for base_axis, item in enumerate(place.items):
            if isinstance(item, Along):
                counted[item.axis] = self.forward(array, item.axis, place, base_axis, indices[item.axis])
        return place.base, self.element(place, counted)


def _counts(item: Item) -> bool:
    return isinstance(item, Const) and isinstance(item.value, int) and item.value >= 0


def numbered(index: Index) -> list[tuple[Slice | Var | Const, int]]:
    """The items that index an axis, each with the axis of the view that it becomes; -1 for one that is fixed."""
    found: list[tuple[Slice | Var | Const, int]] = []
    axis = -1
    for item in index:
        axis += isinstance(item, (Slice, NewAxis))
        if not isinstance(item, NewAxis):
            found.append((item, axis if isinstance(item, Slice) else -1))
    return found


def seen_from(place: Place, axes: Sequence[int | None]) -> Place:
    """A place as a loop nest sees it: `axes` gives for each axis the nest's, or None where the index is always 0."""
    items: list[Item] = []
    for item in place.items:
        if isinstance(item, Along):
            axis = axes[item.axis]
            items.append(item.first if axis is None else Along(axis, item.first, item.step))
        else:
            items.append(item)
    return Place(place.base, tuple(items))


def _turned(item: Item, axes: tuple[int, ...]) -> Item:
    return Along(axes.index(item.axis), item.first, item.step) if isinstance(item, Along) else item
