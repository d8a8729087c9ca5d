"""Lists of work: a `for` that goes through a list whose length its body changes, or through `enumerate` of it."""

from __future__ import annotations

from adcompiler.frontend.flow.iteration import item, iterable
from adcompiler.frontend.lists import growing
from adcompiler.frontend.lists.memory import filled, length_of
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import Growing, ListOf, Rows, Seq, Value, Zipped
from adcompiler.ir.wengert import Atom, Const, Var


def is_worklist(value: Value) -> bool:
    """Whether what a loop goes through is a list that its body can change."""
    value = _items(value)
    return isinstance(value, (ListOf, Rows, Growing)) or (isinstance(value, Seq) and value.kind == "list")


def _items(value: Value) -> Value:
    """The list, of which a loop may number the items."""
    return value.parts[0] if isinstance(value, Zipped) and value.kind == "enumerate" else value


def worklist(low: Lowering, value: Value) -> Value:
    """The list itself, which the loop goes through under one more name; its items lie in arrays."""
    found = _items(value)
    return _in_arrays(low, found) if isinstance(found, Seq) else found


def _in_arrays(low: Lowering, owner: Seq) -> Growing:
    form, count = growing.joint_form(low, owner, None), length_of(low, owner)
    now = Growing(filled(low, owner, form, count), count, form)
    growing.take_place(low, owner, now)
    return now


def number(low: Lowering, name: str) -> Atom:
    """The number that a name holds."""
    value = low.frame.env[name]
    assert isinstance(value, (Var, Const))
    return value


def item_of(low: Lowering, value: Value, items: Value, k: Atom) -> Value:
    """What the loop over `value` binds in iteration `k`, of the list as it is then."""
    found = item(low, iterable(low, items).value, k)
    if isinstance(value, Zipped):
        start = value.parts[1]
        assert isinstance(start, (Var, Const))
        return Seq((low.b.int("add", start, k, hint="i"), found))
    return found
