"""Reading and writing `array[items]`: basic indices become Loads and Stores, integer arrays and masks become loops."""

from __future__ import annotations

from collections.abc import Sequence

from adcompiler.frontend.arrays import gather, parts
from adcompiler.frontend.arrays.atoms import apply, as_atom, stored
from adcompiler.frontend.arrays.zero_dimensional import boxed
from adcompiler.frontend.state.facts import may_share
from adcompiler.frontend.state.fitting import fit, in_place
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Atom, Const, Var


def read(b: Builder, array: Var, items: Sequence[Value]) -> Var:
    """`array[items]`: an element, a view, or for integer arrays and masks a new array.

    Element accesses are checked against the extents (IndexError) directly before the access; slices clip.
    """
    found = parts.parse(b, array, items)
    if any(isinstance(part, (parts.Many, parts.Mask)) for part in found):
        return gather.read(b, array, parts.unmask(b, found))
    one = b.view(array, parts.basic(b, array, found))
    if not b.type(one).rank and _has_dots(items):
        boxed(b, one, "view")
    return one


def _has_dots(items: Sequence[Value]) -> bool:
    """Whether an index has an ellipsis, with which NumPy gives a view and no number."""
    return any(item == Static(Ellipsis) or (isinstance(item, Seq) and _has_dots(item.items)) for item in items)


def write(b: Builder, array: Var, items: Sequence[Value], value: Value, op: str | None = None) -> None:
    """`array[items] = value`, or the augmented assignment with `op` ("add" for `+=`).

    A right side that may share memory with `array` is copied first. Through integer arrays an augmented
    assignment is NumPy's: all elements are read before the first is written.
    """
    atom = as_atom(b, value, "the assigned value")
    if op is None and isinstance(atom, Var) and b.type(atom).rank and may_share(b, array, atom):
        atom = b.emit("copy", atom, hint=atom.name)
    found = parts.parse(b, array, items)
    if any(isinstance(part, (parts.Many, parts.Mask)) for part in found):
        gather.write(b, array, found, atom, op)
    elif op is None:
        _store(b, array, found, atom)
    else:
        _update(b, array, found, atom, op)


def _store(b: Builder, array: Var, found: Sequence[parts.Part], value: Atom) -> None:
    index = parts.basic(b, array, found, checked=False)
    value = stored(b, fit(b, value, b.view_type(array, index)[1]), b.type(array).dtype)
    b.store(array, parts.basic(b, array, found), value)


def _update(b: Builder, array: Var, found: Sequence[parts.Part], value: Atom, op: str) -> None:
    shape = b.view_type(array, parts.basic(b, array, found, checked=False))[1]
    value = fit(b, value, shape, updates=True)
    dtype = in_place(b, op, array, value, bool(shape))
    if op in ("add", "sub") and dtype == b.type(array).dtype != "bool":
        value = addend(b, array, value, op)
        b.store(array, parts.basic(b, array, found), value, add=True)
        return
    index = parts.basic(b, array, found)
    result = apply(b, op, b.view(array, index), value)
    b.store(array, index, stored(b, result, b.type(array).dtype))


def addend(b: Builder, array: Var, value: Atom, op: str) -> Atom:
    """What `+=` adds for `array op= value`: negated for a subtraction, a copy where it may share memory."""
    value = stored(b, value, b.type(array).dtype)
    if op == "sub":
        if isinstance(value, Const):
            return Const(-value.number)
        return b.emit("neg", value)
    if isinstance(value, Var) and b.type(value).rank and may_share(b, array, value):
        return b.emit("copy", value, hint=value.name)
    return value


__all__ = ["read", "write"]
