"""A `for` as a `while`: lists of work, whose length its body changes, by `enumerate` too; and what never ends."""

from __future__ import annotations

import ast

from adcompiler.frontend.flow.iteration import item, items_of, iterable
from adcompiler.frontend.language.binding import bind
from adcompiler.frontend.language.repeated import Repeated
from adcompiler.frontend.lists import growing
from adcompiler.frontend.lists.indexed import readable
from adcompiler.frontend.lists.memory import filled, length_of
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.liveness import ITERATED, has
from adcompiler.frontend.state.values import Growing, ListOf, RangeValue, Rows, Seq, Value, Zipped
from adcompiler.ir.build import ONE, ZERO
from adcompiler.ir.wengert import Atom, Const, Var


def is_worklist(value: Value) -> bool:
    """Whether what a loop goes through is a list that its body can change."""
    value = _items(value)
    return isinstance(value, (ListOf, Rows, Growing)) or (isinstance(value, Seq) and value.kind == "list")


def _items(value: Value) -> Value:
    """The list, of which a loop may number the items."""
    return value.parts[0] if isinstance(value, Zipped) and value.kind == "enumerate" else value


def work_off(low: Lowering, node: ast.For, value: Value) -> None:
    """Append a `while` over the place in the list, as Python has it."""
    items, place = (f"{ITERATED}{len(low.frame.path)}.{id(node)}.{what}" for what in ("items", "place"))
    owner = _items(value)
    # the list itself, under one more name
    whole = _held_in_arrays(low, owner) if isinstance(owner, Seq) else owner
    low.frame.env.update({items: whole, place: ZERO})

    def test() -> Atom:
        return low.b.emit("lt", _place(low, place), iterable(low, low.frame.env[items]).length, weak=True)

    def begin() -> None:
        at = _place(low, place)
        bind(low, node.target, _item(low, value, low.frame.env[items], at))
        low.frame.env[place] = low.b.int("add", at, ONE)

    Repeated(low, node, test, begin, frozenset((items, place))).run()


def go_on(low: Lowering, node: ast.For, value: Value) -> None:
    """Append a `while` that takes items of what never ends."""
    if not has(node.body, ast.Break) and not has(node.body, ast.Return):
        raise low.refuse("endless-loop", node.iter)
    place = f"{ITERATED}{len(low.frame.path)}.{id(node)}.place"
    low.frame.env[place] = ZERO

    def begin() -> None:
        at = _place(low, place)
        bind(low, node.target, item(low, value, at))
        low.frame.env[place] = low.b.int("add", at, ONE)

    Repeated(low, node, lambda: Const(True), begin, frozenset((place,)), endless=True).run()


def in_arrays(low: Lowering, value: Value) -> Value | None:
    """What a loop goes through, with arrays in place of sequences; None if the items of one are not of one form."""
    match value:
        case Zipped("zip", parts):
            held = [in_arrays(low, part) for part in parts]
            found = tuple(part for part in held if part is not None)
            return Zipped("zip", found) if len(found) == len(held) else None
        case Zipped("enumerate" | "reversed" as kind, (items, *others)):
            inner = in_arrays(low, items)
            return None if inner is None else Zipped(kind, (inner, *others))
    if not iterable(low, value).fixed:
        return value
    listed = items_of(low, value) or []
    return _progression(listed) or readable(low, Seq(tuple(listed)))


def _progression(items: list[Value]) -> RangeValue | None:
    """Integers of Python that are those of a range."""
    numbers = [item.value for item in items if isinstance(item, Const) and type(item.value) is int]
    if len(numbers) < len(items) or len(numbers) < 2:
        return None
    start, step = numbers[0], numbers[1] - numbers[0]
    if step == 0 or numbers != [start + k * step for k in range(len(numbers))]:
        return None
    return RangeValue(Const(start), Const(start + len(numbers) * step), Const(step))


def _held_in_arrays(low: Lowering, owner: Seq) -> Growing:
    form, count = growing.joint_form(low, owner, None), length_of(low, owner)
    now = Growing(filled(low, owner, form, count), count, form)
    growing.take_place(low, owner, now)
    return now


def _place(low: Lowering, name: str) -> Atom:
    """The number that a name holds."""
    value = low.frame.env[name]
    assert isinstance(value, (Var, Const))
    return value


def _item(low: Lowering, value: Value, items: Value, k: Atom) -> Value:
    """What the loop over `value` binds in iteration `k`, of the list as it is then."""
    found = item(low, iterable(low, items).value, k)
    if isinstance(value, Zipped):
        start = value.parts[1]
        assert isinstance(start, (Var, Const))
        return Seq((low.b.int("add", start, k, hint="i"), found))
    return found


__all__ = ["is_worklist", "work_off"]
