"""The form that the items of a list of unknown length have in common."""

from __future__ import annotations

from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.forms import Array, Form, Parts, Scalar, meet
from adcompiler.frontend.state.values import ListOf, Seq, Value, kind_of
from adcompiler.ir.wengert import Atom, Const, Var


def item_form(low: Lowering, item: Value) -> Form:
    """The form of an item; a list or object within must not change."""
    match item:
        case Var() | Const():
            type = low.b.type(item)
            return Array(type.array(type.rank, "A"), low.b.shape(item)) if type.rank else Scalar(type)
        case Seq(items, kind, record):
            if kind == "list" and any(held is item for held in heap.held(low)):
                raise low.refuse("list-of-lists")
            if kind == "object" and any(held is item for held in heap.held(low)):
                raise low.refuse("item-attribute")
            keys = () if record is None else (record,)
            fixed = {"list": "fixed", "object": "record"}.get(kind, kind)
            return Parts(fixed, tuple(item_form(low, each) for each in items), keys)
        case ListOf(array, weak):
            return Parts("list of", (item_form(low, array),), (weak,))
    raise low.refuse("list-of-objects", kind=kind_of(item))


def joint(low: Lowering, one: Form, other: Form) -> Form:
    """The form of items of both forms; extents that are not known to differ are checked where the items are stored."""

    def extent(a: Atom, c: Atom) -> Atom | None:
        return None if isinstance(a, Const) and isinstance(c, Const) and a != c else a

    found = meet(low.b, one, other, extent)
    if not _is_plain(found):
        raise low.refuse("mixed-items")
    return found


def _is_plain(form: Form) -> bool:
    match form:
        case Scalar():
            return True
        case Array(_, extents):
            return None not in extents
        case Parts(_, items):
            return all(map(_is_plain, items))
    return False
