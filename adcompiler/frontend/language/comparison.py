"""Comparisons: of numbers and arrays at run time, of all else at compile time."""

from __future__ import annotations

import ast
import inspect
import operator
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

import numpy as np

from adcompiler.frontend.arrays.atoms import apply, as_array, as_atom
from adcompiler.frontend.flow.iteration import iterable
from adcompiler.frontend.language.arithmetic import arrays_of, literal
from adcompiler.frontend.language.dictionaries import key_of
from adcompiler.frontend.language.inline import call_definition
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.language.truth import negated, truth
from adcompiler.frontend.library.defined.places import same_items
from adcompiler.frontend.lists.indexed import is_number
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.forms import same_value
from adcompiler.frontend.state.numbers import to_int
from adcompiler.frontend.state.special_methods import is_instance, refuse_special
from adcompiler.frontend.state.values import (
    DictValue,
    ListOf,
    Maybe,
    Object,
    RangeValue,
    Rows,
    Seq,
    Static,
    Text,
    Value,
    kind_of,
)
from adcompiler.ir.build import ZERO
from adcompiler.ir.parse import COMPARE
from adcompiler.ir.wengert import Atom, Const, Var

_FOLD: dict[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}


def compare(low: Lowering, op: ast.cmpop, left: Value, right: Value, hint: str = "test") -> Value:
    """`left op right`."""
    if isinstance(op, (ast.Is, ast.IsNot)):
        found = _is(low, left, right)
        return found if isinstance(op, ast.Is) else negated(low, found)
    if isinstance(op, (ast.In, ast.NotIn)):
        inside = _in(low, resolved(low, left), resolved(low, right))
        return inside if isinstance(op, ast.In) else negated(low, inside)
    name = COMPARE[type(op)]
    none = left == Static(None) or right == Static(None)
    # to NumPy, None is the type of a float
    if (
        name in ("eq", "ne")
        and none
        and not any(isinstance(v, Static) and isinstance(v.value, np.dtype) for v in (left, right))
    ):
        found = _is(low, left, right)
        return found if name == "eq" else negated(low, found)
    return _compare(low, name, resolved(low, left), resolved(low, right), hint)


def _compare(low: Lowering, name: str, a: Value, c: Value, hint: str) -> Value:
    b = low.b
    if name in ("eq", "ne") and any(isinstance(v, (ListOf, Rows)) for v in (a, c)):
        if all(isinstance(v, (ListOf, Rows, Seq)) and not is_instance(v) for v in (a, c)):
            return _lists(low, name, a, c)
    a, c = arrays_of(low, "a comparison", a, c)
    if isinstance(a, Const) and isinstance(c, Const):
        return Const(_FOLD[name](a.value, c.value))
    if isinstance(a, Seq) and isinstance(c, Seq):
        return _sequences(low, name, a, c)
    if name in ("eq", "ne") and isinstance(a, DictValue) and isinstance(c, DictValue):
        return _dictionaries(low, name, a, c)
    if isinstance(a, Text) or isinstance(c, Text):
        raise low.refuse("comparison", kind=f"{kind_of(a)} and {kind_of(c)}")
    arrays = [v for v in (a, c) if isinstance(v, Var) and b.type(v).rank]
    if arrays or all(isinstance(v, (Var, Const)) for v in (a, c)):
        x, y = as_atom(b, a), as_atom(b, c)
        x, y = literal(low, x, y), literal(low, y, x)
        weak = b.type(x).weak and b.type(y).weak
        return apply(b, name, x, y, hint=hint, weak=weak)
    if name in ("eq", "ne"):
        return Const(_equal(low, a, c) == (name == "eq"))
    if isinstance(a, Static) and isinstance(c, Static) and type(a.value) is type(c.value) is str:
        return Const(_FOLD[name](a.value, c.value))
    raise low.refuse("comparison", kind=f"{kind_of(a)} and {kind_of(c)}")


def _lists(low: Lowering, name: str, a: Value, c: Value) -> Atom:
    """Lists, of which one has a length that is known only at run time."""
    if any(isinstance(v, Seq) and v.name != "list" for v in (a, c)):
        return Const(name == "ne")
    if same_value(a, c):
        return Const(name == "eq")
    empty = [v for v in (a, c) if isinstance(v, Seq) and not v.items]
    if empty:
        length = iterable(low, c if a is empty[0] else a).length
        return low.b.emit(name, length, ZERO, hint="test", weak=True)
    assert isinstance(same_items, FunctionType)
    given: list[Value] = [_in_array(low, v) for v in (a, c)]
    found = truth(low, call_definition(low, same_items, given, {}, low.frame.definition.node, "=="))
    return found if name == "eq" else negated(low, found)


def _in_array(low: Lowering, value: Value) -> Value:
    """A list of numbers as one whose length is known only at run time."""
    if not isinstance(value, Seq):
        return value
    items = [resolved(low, item) for item in value.items]
    if not all(isinstance(item, (Var, Const)) and not low.b.type(item).rank for item in items):
        raise low.refuse("list-operand", sign="a comparison")
    return ListOf(as_array(low.b, Seq(tuple(items))))


def _equal(low: Lowering, a: Value, c: Value) -> bool:
    """Whether objects that are no numbers are equal, as far as that is known now."""
    if isinstance(a, (Static, Object)) and isinstance(c, (Static, Object)):
        if isinstance(a, Object) or isinstance(c, Object):
            return bool(low.captures.depend(a.path, "equals", c.path))
        return bool(a.value == c.value)
    if isinstance(a, (Seq, DictValue)) or isinstance(c, (Seq, DictValue)) or same_value(a, c):
        return same_value(a, c)
    return False


def _sequences(low: Lowering, name: str, a: Seq, c: Seq) -> Value:
    for one in (a, c):
        refuse_special(low, one, "__eq__", "__ne__", f"__{name}__")
        if is_instance(one) and (name not in ("eq", "ne") or _has_identity(one)):
            raise low.refuse("comparison", kind=f"{kind_of(a)} and {kind_of(c)}")
    if name in ("eq", "ne") and (is_instance(a) or is_instance(c)) and a.record is not c.record:
        return Const(name == "ne")
    if name not in ("eq", "ne"):
        if a.name != c.name or not all(is_number(low, resolved(low, v)) for v in (*a.items, *c.items)):
            raise low.refuse("comparison", kind=f"{a.name} and {c.name}")
        return _ordered(low, name, a, c)
    if (a.name != c.name and not is_instance(a)) or len(a.items) != len(c.items):
        return Const(name == "ne")
    return _all_equal(low, name, zip(a.items, c.items, strict=True))


def _ordered(low: Lowering, name: str, a: Seq, c: Seq) -> Atom:
    """Which of two sequences of numbers comes first: their first items that differ say so, or else their lengths."""
    found: Atom = Const(_FOLD[name](len(a.items), len(c.items)))
    for x, y in reversed(list(zip(a.items, c.items, strict=False))):
        x, y = resolved(low, x), resolved(low, y)
        same, before = (truth(low, _compare(low, op, x, y, "test")) for op in ("eq", name[0] + "t"))
        found = negated(low, _and(low, negated(low, before), negated(low, _and(low, same, found))))
    return found


def _has_identity(record: Seq) -> bool:
    """Whether instances of a class are equal only to themselves."""
    assert record.record is not None
    return inspect.getattr_static(record.record, "__eq__") is object.__eq__


def _dictionaries(low: Lowering, name: str, a: DictValue, c: DictValue) -> Value:
    theirs = dict(c.items)
    if {key for key, _ in a.items} != set(theirs):
        return Const(name == "ne")
    return _all_equal(low, name, ((value, theirs[key]) for key, value in a.items))


def _all_equal(low: Lowering, name: str, pairs: Iterable[tuple[Value, Value]]) -> Atom:
    found: Atom = Const(True)
    for x, y in pairs:
        found = _and(low, found, truth(low, _compare(low, "eq", resolved(low, x), resolved(low, y), "test")))
    return found if name == "eq" else negated(low, found)


def _and(low: Lowering, a: Atom, c: Atom) -> Atom:
    if Const(False) in (a, c):
        return Const(False)
    if isinstance(a, Const) or isinstance(c, Const):
        return c if isinstance(a, Const) else a
    return low.b.emit("logical_and", a, c, hint="test", weak=True)


def _is(low: Lowering, left: Value, right: Value) -> Atom:
    """Identity: with None, and of objects known now; numbers have none."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Maybe) and isinstance(one.absent, Static) and other == Static(None):
            return negated(low, one.flag)
        if other == Static(None):
            return Const(one == Static(None))
    a, c = resolved(low, left), resolved(low, right)
    for one, other in ((a, c), (c, a)):
        if isinstance(one, Const) and isinstance(one.value, bool):
            return _is_bool(low, other, one.value)
    scalars = [v for v in (a, c) if isinstance(v, (Var, Const)) and not low.b.type(v).rank]
    if scalars:
        raise low.refuse("is-number")
    if isinstance(a, Static) and isinstance(c, Static):
        return Const(a.value is c.value or (isinstance(a.value, str) and a.value == c.value))
    if heap.are_doubles(low, a, c):
        raise low.refuse("two-lists")
    return Const(same_value(a, c))


def _is_bool(low: Lowering, value: Value, expected: bool) -> Atom:
    """`value is True`: a truth value of NumPy's never is."""
    if isinstance(value, Const):
        return Const(value.value is expected)
    if not isinstance(value, Var) or low.b.type(value).dtype != "bool" or low.b.type(value).rank:
        return Const(False)
    if not low.b.type(value).weak:
        raise low.refuse("is-number")
    return value if expected else negated(low, value)


def _in(low: Lowering, item: Value, owner: Value) -> Atom:
    b = low.b
    refuse_special(low, owner, "__contains__", "__iter__")
    match owner:
        case DictValue():
            return Const(owner.get(key_of(low, item)) is not None)
        case Seq(items) if not is_instance(owner):
            found: Atom = Const(False)
            for each in items:
                equal = truth(low, _compare(low, "eq", item, resolved(low, each), "test"))
                if equal == Const(True):
                    return equal
                if equal != Const(False):
                    found = equal if found == Const(False) else b.emit("logical_or", found, equal, weak=True)
            return found
        case RangeValue() if is_number(low, item) and isinstance(item, (Var, Const)) and not b.type(item).is_float:
            return _in_range(low, item, owner)
        case Static(value=str() as text) if isinstance(item, Static) and isinstance(item.value, str):
            return Const(item.value in text)
        case Static(value=dict() | set() | frozenset() as held) if isinstance(item, (Const, Static)):
            return Const(item.value in held)
        case Object(value=dict() | set() | frozenset(), path=path) if isinstance(item, (Const, Static)):
            return Const(low.captures.depend(path, "in", item.value))
    array = owner.array if isinstance(owner, ListOf) else owner
    if isinstance(array, Var) and b.type(array).rank:
        same = binary_test(low, array, item)
        return b.emit("any", same, axes=tuple(range(b.type(array).rank)), keepdims=False, hint="test")
    raise low.refuse("in", kind=kind_of(owner))


def _in_range(low: Lowering, item: Atom, owner: RangeValue) -> Atom:
    """Whether an integer is one of a range: between its ends, and a number of steps from where it begins."""
    b, step = low.b, owner.step
    if not isinstance(step, Const):
        raise low.refuse("in", kind="range whose step is known only at run time")
    first, last = ("ge", "lt") if int(str(step.value)) > 0 else ("le", "gt")
    tests = [_compare(low, first, item, owner.start, "test"), _compare(low, last, item, owner.stop, "test")]
    found = _and(low, truth(low, tests[0]), truth(low, tests[1]))
    if step in (Const(1), Const(-1)):
        return found
    whole = Const(int(item.number)) if isinstance(item, Const) else to_int(low, item)
    rest = b.int("mod", b.int("sub", whole, owner.start), step)
    return _and(low, found, truth(low, _compare(low, "eq", rest, ZERO, "test")))


def binary_test(low: Lowering, array: Var, item: Value) -> Var:
    """`array == item`, element by element."""
    found = _compare(low, "eq", array, item, "same")
    assert isinstance(found, Var)
    return found


def compare_equal(low: Lowering, a: Value, c: Value) -> bool:
    """Whether two values are equal, which must be known at compile time."""
    found = truth(low, _compare(low, "eq", resolved(low, a), resolved(low, c), "test"))
    if isinstance(found, Var):
        raise low.refuse("list-search")
    return bool(found.value)
