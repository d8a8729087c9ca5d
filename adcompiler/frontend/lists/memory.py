"""Lists of any kind: the arrays that hold them, the forms of their items, how many there are, and room for more."""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.frontend.arrays.atoms import full, stored
from adcompiler.frontend.lists.item_forms import item_form, joint
from adcompiler.frontend.lists.rows import extents, leaves, listed
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.forms import Array, Form, Parts, Scalar
from adcompiler.frontend.state.leaves import coerce
from adcompiler.frontend.state.values import Growing, ListOf, Rows, Seq, Value
from adcompiler.ir.build import ZERO
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Load, Slice, Var


def is_list(value: Value, arrays: tuple[Var, ...]) -> bool:
    """Whether a value is the list that these arrays hold."""
    match value:
        case Growing(held) | Rows(held):
            return held == arrays
        case ListOf(array):
            return (array,) == arrays
    return False


def arrays_of(owner: Value) -> tuple[Var, ...]:
    """The arrays that hold a list."""
    match owner:
        case Growing(arrays) | Rows(arrays):
            return arrays
        case ListOf(array):
            return (array,)
    raise AssertionError(f"{owner} has no arrays")


def share(low: Lowering, owner: Value) -> None:
    """Note that a list is an item of another one, which other memory or another length would not reach."""
    for array in arrays_of(owner):
        low.lists.shared.update(_memory(low, array))


def check_own(low: Lowering, owner: Value) -> None:
    """Refuse to change a list that is an item of another one, in other memory or by its length."""
    if any(not low.lists.shared.isdisjoint(_memory(low, array)) for array in arrays_of(owner)):
        raise low.refuse("item-length")


def check_length(low: Lowering, owner: Value) -> None:
    """Refuse another length of a list in arrays that is an item, or that a loop around or this expression reads."""
    if isinstance(owner, Seq):
        return
    check_own(low, owner)
    for read in (part for value in low.pending for part in heap.inside(value)):
        if isinstance(read, (ListOf, Rows, Growing)) and shows(low, read, owner):
            raise low.refuse("changed-while-read")


def shows(low: Lowering, value: Growing | ListOf | Rows, owner: Value) -> bool:
    """Whether a list is another one, or its items so far."""
    own = set(arrays_of(owner))
    return any(not own.isdisjoint((array, _shown(low, array))) for array in arrays_of(value))


def _shown(low: Lowering, array: Var) -> Var:
    """The array of which one is the items so far: a copy of a list shows all of one."""
    made = low.b.made.get(array.name)
    first = made.index[0] if isinstance(made, Load) else None
    return made.array if isinstance(made, Load) and isinstance(first, Slice) and first.stop is not None else array


def _memory(low: Lowering, array: Var) -> set[Var]:
    """An array, and those of which it is a part that has as many axes: a growing list is read as such a part."""
    found, rank = {array}, low.b.type(array).rank
    while isinstance(made := low.b.made.get(array.name), Load) and low.b.type(made.array).rank == rank:
        array = made.array
        found.add(array)
    return found


def forms_of(low: Lowering, owner: Seq | Growing | ListOf | Rows) -> Iterator[Form]:
    """The forms of the items."""
    match owner:
        case Seq(items):
            yield from (item_form(low, item) for item in items)
        case Growing(_, _, form) | Rows(_, form):
            yield form
        case ListOf(array, weak):
            type, shape = low.b.type(array), low.b.shape(array)[1:]
            yield Array(type.array(len(shape), "A"), shape) if shape else Scalar(Type(type.dtype, weak=weak))


def check_numbers(low: Lowering, owner: Seq | Growing | ListOf | Rows, change: str, moved: bool = True) -> None:
    """Refuse to take away items that are arrays, or to move lists and objects too: these may have other names."""
    if any(_may_be_named(form, moved) for form in forms_of(low, owner)):
        raise low.refuse("array-items", change=change)


def _may_be_named(form: Form, moved: bool) -> bool:
    if isinstance(form, Parts):
        return (moved and form.kind != "tuple") or any(_may_be_named(part, moved) for part in form.items)
    return isinstance(form, Array)


def length_of(low: Lowering, owner: Value) -> Atom:
    """How many items a list has."""
    match owner:
        case Seq(items):
            return Const(len(items))
        case Growing(_, count):
            return count
    return low.b.shape(arrays_of(owner)[0])[0]


def put(low: Lowering, arrays: tuple[Var, ...], place: Atom, form: Form, item: Value) -> None:
    """Store an item behind those that can be read: even one of these is other memory."""
    b = low.b
    for part in heap.inside(item):
        if isinstance(part, (ListOf, Growing)):
            share(low, part)
    found: list[Atom] = []
    coerce(b, _listed(low, item), form, found)
    for array, atom in zip(arrays, found, strict=True):
        b.store(array, (place, *full(b.shape(array)[1:])), atom)


def _listed(low: Lowering, item: Value) -> Value:
    return listed(low, item) if isinstance(item, Growing) else item


def filled(low: Lowering, owner: Value, form: Form, room: Atom) -> tuple[Var, ...]:
    """New arrays with so much room, with the items that the list has."""
    b = low.b
    made: list[Var] = []
    for leaf in leaves(form):
        made.append(b.emit("empty", room, *extents(leaf), dtype=leaf.type.dtype, hint="items"))
    low.lists.grown.update(made)
    put_behind(low, tuple(made), ZERO, form, owner)
    return tuple(made)


def put_behind(low: Lowering, arrays: tuple[Var, ...], start: Atom, form: Form, owner: Value) -> None:
    """Store the items of a list from a place on."""
    b = low.b
    if isinstance(owner, Seq):
        for k, item in enumerate(owner.items):
            put(low, arrays, b.int("add", start, Const(k)), form, item)
        return
    assert isinstance(owner, (Growing, ListOf, Rows))
    before = _listed(low, owner)
    count = length_of(low, before)
    for array, old in zip(arrays, arrays_of(before), strict=True):
        shape = b.shape(array)[1:]
        for wanted, extent in zip(shape, b.shape(old)[1:], strict=True):
            b.same(extent, wanted, "the arrays of a list differ in shape")
        begin, end = (None if start == ZERO else start), b.int("add", start, count)
        b.store(array, (Slice(begin, end, None, start, count), *full(shape)), stored(b, old, b.type(array).dtype))


def as_item(low: Lowering, item: Value) -> Value:
    """An item of a list of unknown length; where lists lie in arrays, so does a list of like numbers without a name."""
    if not low.choices.in_arrays or not isinstance(item, Seq) or item.kind != "list" or not item.items:
        return item
    form, *others = forms_of(low, item)
    for other in others:
        if not isinstance(other, Scalar) or not isinstance(form, Scalar) or other.type.dtype != form.type.dtype:
            return item
        form = joint(low, form, other)
    if not isinstance(form, Scalar) or any(held is item for held in heap.held(low)):
        return item
    return ListOf(filled(low, item, form, Const(len(item.items)))[0], form.type.weak)
