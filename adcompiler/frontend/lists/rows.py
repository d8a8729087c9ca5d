"""Lists whose length is known only at run time: their items, and what they are when they are read."""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.frontend.arrays import indexing
from adcompiler.frontend.arrays.atoms import full, joined, stored
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.forms import Array, Form, Parts, Scalar
from adcompiler.frontend.state.leaves import rebuilt
from adcompiler.frontend.state.values import Growing, ListOf, Rows, Seq, SliceValue, Value
from adcompiler.ir.build import ZERO, Shape
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Slice, Var


def listed(low: Lowering, value: Growing) -> ListOf | Rows:
    """A growing list as it is now: views of the arrays that hold it."""
    views = tuple(_first(low, array, value.count) for array in value.arrays)
    if isinstance(value.form, Parts):
        return Rows(views, value.form)
    return ListOf(views[0], isinstance(value.form, Scalar) and value.form.type.weak)


def _first(low: Lowering, array: Var, count: Atom) -> Var:
    shape = low.b.shape(array)
    if count == shape[0]:
        return array
    return low.b.load(array, (Slice(None, count, None, ZERO, count), *full(shape[1:])), hint="items")


def item_at(low: Lowering, value: Growing, k: Atom) -> Value:
    """Item `k` of a growing list, which is known to exist."""
    found = (low.b.load(array, (k, *low.b.everything(array)[1:]), hint="item") for array in value.arrays)
    return _built(low, value.form, found)


def row(low: Lowering, rows: Rows, k: Atom) -> Value:
    """Item `k`, which is known to exist."""
    found = (low.b.load(array, (k, *low.b.everything(array)[1:]), hint="item") for array in rows.arrays)
    return _built(low, rows.form, found)


def read_rows(low: Lowering, rows: Rows, index: Value) -> Value:
    """`rows[index]`, which is checked; a slice is a new list."""
    found = tuple(indexing.read(low.b, array, [index]) for array in rows.arrays)
    if isinstance(index, SliceValue):
        return another(low, Rows(found, rows.form))
    return _built(low, rows.form, iter(found))


def another(low: Lowering, value: ListOf | Rows) -> ListOf | Rows:
    """Another list of the same items."""
    if isinstance(value, ListOf):
        return ListOf(same_items(low, value.array), value.weak)
    return Rows(tuple(same_items(low, array) for array in value.arrays), value.form)


def same_items(low: Lowering, array: Var) -> Var:
    """What holds the items of another list: numbers are copied, arrays are items of both."""
    if low.b.type(array).rank == 1:
        return low.b.emit("copy", array, hint="items")
    return low.b.load(array, low.b.everything(array), hint="items")


def columns(low: Lowering, rows: Rows) -> Seq:
    """What `zip(*rows)` gives, of items that are tuples or lists: their first parts, their second ones, and so on."""
    if rows.form.kind not in ("tuple", "fixed"):
        raise low.refuse("unpack-unknown")
    none = low.b.emit("eq", low.b.shape(rows.arrays[0])[0], ZERO, hint="none", weak=True)
    low.b.check(none, "ValueError", "not enough values to unpack")
    return Seq(tuple(_columns(rows)))


def _columns(rows: Rows) -> list[ListOf | Rows]:
    arrays = iter(rows.arrays)
    return [_column(form, arrays) for form in rows.form.items]


def rows_array(low: Lowering, rows: Rows) -> Var:
    """The array that NumPy makes of the list."""
    if rows.form.kind == "list of":
        return rows.arrays[0]
    parts = [rows_array(low, part) if isinstance(part, Rows) else part.array for part in _columns(rows)]
    if not parts or len({low.b.type(part).rank for part in parts}) > 1:
        raise low.refuse("ragged-array")
    b, shape = low.b, low.b.shape(parts[0])
    for part in parts[1:]:
        for extent, wanted in zip(b.shape(part)[1:], shape[1:], strict=True):
            b.same(extent, wanted, "setting an array element with a sequence: the arrays of the list differ in shape")
    dtype = joined([b.type(part) for part in parts])
    out = b.emit("empty", shape[0], Const(len(parts)), *shape[1:], dtype=dtype, hint="rows")
    for k, part in enumerate(parts):
        b.store(out, (*full(shape[:1]), Const(k), *full(shape[1:])), stored(b, part, dtype))
    return out


def _column(form: Form, arrays: Iterator[Var]) -> ListOf | Rows:
    if isinstance(form, Parts):
        return Rows(tuple(next(arrays) for _ in range(leaf_count(form))), form)
    return ListOf(next(arrays), isinstance(form, Scalar) and form.type.weak)


def leaf_count(form: Form) -> int:
    """How many numbers and arrays an item has."""
    return sum(map(leaf_count, form.items)) if isinstance(form, Parts) else 1


def leaves(form: Form) -> Iterator[Scalar | Array]:
    """The forms of the numbers and arrays of an item."""
    if isinstance(form, Parts):
        for item in form.items:
            yield from leaves(item)
    else:
        assert isinstance(form, (Scalar, Array))
        yield form


def extents(leaf: Scalar | Array) -> Shape:
    """The extents of a part of an item, which are all known."""
    return tuple(extent for extent in leaf.extents if extent is not None) if isinstance(leaf, Array) else ()


def _built(low: Lowering, form: Form, found: Iterator[Var]) -> Value:
    """An item of the parts found: Python's own numbers stay those."""
    if isinstance(form, Parts):
        item = rebuilt(form, [_built(low, part, found) for part in form.items])
        if isinstance(item, ListOf):
            low.lists.shared.add(item.array)
        return item
    var = next(found)
    if isinstance(form, Scalar) and form.type.weak:
        low.b.types[var.name] = Type(form.type.dtype, weak=True)
    return var
