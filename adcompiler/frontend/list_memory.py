"""Lists of any kind: the arrays that hold them, the forms of their items, how many there are."""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.frontend.context import Lowering
from adcompiler.frontend.forms import Array, Form, Scalar
from adcompiler.frontend.item_forms import item_form
from adcompiler.frontend.values import Growing, ListOf, Rows, Seq, Value
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Var


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


def length_of(low: Lowering, owner: Value) -> Atom:
    """How many items a list has."""
    match owner:
        case Seq(items):
            return Const(len(items))
        case Growing(_, count):
            return count
    return low.b.shape(arrays_of(owner)[0])[0]
