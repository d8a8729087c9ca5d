"""Methods of lists: of those whose items are known one by one, and of those whose length is known only at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, MappingProxyType

from adcompiler.errors import TypeProblem
from adcompiler.frontend.builtins.sequences import sorted_
from adcompiler.frontend.flow.iteration import items_of
from adcompiler.frontend.language.builtin_table import arity
from adcompiler.frontend.language.comparison import compare_equal
from adcompiler.frontend.language.inline import call_definition
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.library.defined import places
from adcompiler.frontend.lists import growing
from adcompiler.frontend.lists.memory import check_numbers, shows
from adcompiler.frontend.lists.rows import another
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.numbers import static_int
from adcompiler.frontend.state.values import Growing, ListOf, Rows, Seq, Static, Value
from adcompiler.ir.wengert import Const

List = Seq | ListOf | Rows | Growing


def call_list_method(
    low: Lowering, owner: List, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value:
    """`owner.name(*args, **kwargs)`, a method of `METHODS`."""
    method, least, most = METHODS[name]
    arity(low, name, list(args), least, most)
    if kwargs and name != "sort":
        raise TypeProblem(f"{name}() takes no keyword arguments", low.b.span, "see Python's documentation")
    return method(low, owner, *args, **kwargs)


def extend(low: Lowering, owner: List, more: Value) -> Value:
    """`owner.extend(more)`, and `owner += more` of a list."""
    given = resolved(low, more)
    items = items_of(low, given)
    if items is not None:
        growing.extend(low, owner, items)
        return Static(None)
    # what a loop reads must not be what it appends to
    if isinstance(given, (ListOf, Rows)) and not isinstance(owner, Seq) and shows(low, given, owner):
        given = another(low, given)
    return _defined(low, "extend", places.extended, [owner, given])


def _append(low: Lowering, owner: List, item: Value) -> Value:
    growing.append(low, owner, item)
    return Static(None)


def _insert(low: Lowering, owner: List, place: Value, item: Value) -> Value:
    if not isinstance(owner, Seq) or growing.pops(low, owner):
        check_numbers(low, owner, "insert()")
        return _defined(low, "insert", places.put_in, [owner, place, item])
    items = list(owner.items)
    items.insert(static_int(low, place, "the place in a list"), item)
    heap.change(low, owner, tuple(items))
    return Static(None)


def _pop(low: Lowering, owner: List, *place: Value) -> Value:
    if not isinstance(owner, Seq) or growing.pops(low, owner):
        last = not place or place[0] == Const(-1)
        check_numbers(low, owner, "pop() or del", moved=not last)
        if last:
            return growing.pop(low, owner)
        return _defined(low, "pop", places.taken_out, [owner, *place])
    items = list(owner.items)
    try:
        value = items.pop(*(static_int(low, k, "the place in a list") for k in place))
    except IndexError as error:
        raise low.fail("IndexError", str(error)) from None
    heap.change(low, owner, tuple(items))
    return value


def _remove(low: Lowering, owner: List, item: Value) -> Value:
    if not isinstance(owner, Seq) or growing.pops(low, owner):
        check_numbers(low, owner, "remove()")
        return _defined(low, "remove", places.removed, [owner, item])
    k = _place(low, owner.items, item)
    if k is None:
        raise low.fail("ValueError", "list.remove(x): x not in list")
    _pop(low, owner, Const(k))
    return Static(None)


def _clear(low: Lowering, owner: List) -> Value:
    if not isinstance(owner, Seq) or growing.pops(low, owner):
        check_numbers(low, owner, "clear()", moved=False)
        return _defined(low, "clear", places.emptied, [owner])
    heap.change(low, owner, ())
    return Static(None)


def _reverse(low: Lowering, owner: List) -> Value:
    if not isinstance(owner, Seq):
        check_numbers(low, owner, "reverse()")
        return _defined(low, "reverse", places.turned, [owner])
    heap.change(low, owner, owner.items[::-1])
    return Static(None)


def _sort(low: Lowering, owner: List, **options: Value) -> Value:
    if not isinstance(owner, Seq):
        check_numbers(low, owner, "sort()")
        return _defined(low, "sort", places.put_in_order, [owner], options)
    ordered = sorted_(low, [owner], options, "items")
    assert isinstance(ordered, Seq)
    heap.change(low, owner, ordered.items)
    return Static(None)


def _copy(low: Lowering, owner: List) -> Value:
    if isinstance(owner, Seq):
        return Seq(owner.items, "list")
    found = resolved(low, owner)
    assert isinstance(found, (ListOf, Rows))
    return another(low, found)


def _index(low: Lowering, owner: List, item: Value, *ends: Value) -> Value:
    name = repr(item.value) if isinstance(item, (Const, Static)) else "the item"
    if not isinstance(owner, Seq):
        return _defined(low, "index", places.index_of, [owner, Static(name), item, *ends])
    start, stop = 0, len(owner.items)
    if ends:
        start = static_int(low, ends[0], "a place in a list")
    if len(ends) > 1:
        stop = static_int(low, ends[1], "a place in a list")
    k = _place(low, owner.items[start:stop], item)
    if k is None:
        what = f"{name} is not in list" if owner.kind == "list" else "tuple.index(x): x not in tuple"
        raise low.fail("ValueError", what)
    return Const(range(len(owner.items))[start:stop][k])


def _count(low: Lowering, owner: List, item: Value) -> Value:
    if not isinstance(owner, Seq):
        return _defined(low, "count", places.count_of, [owner, item])
    return Const(sum(compare_equal(low, held, item) for held in owner.items))


def _place(low: Lowering, items: Sequence[Value], item: Value) -> int | None:
    return next((k for k, held in enumerate(items) if compare_equal(low, held, item)), None)


def _defined(
    low: Lowering,
    name: str,
    function: Callable[..., object],
    args: list[Value],
    kwargs: Mapping[str, Value] = MappingProxyType({}),
) -> Value:
    assert isinstance(function, FunctionType)
    return call_definition(low, function, args, kwargs, low.frame.definition.node, name)


#: The methods, with the least and the greatest number of their arguments.
METHODS: Mapping[str, tuple[Callable[..., Value], int, int]] = MappingProxyType(
    {
        "append": (_append, 1, 1),
        "extend": (extend, 1, 1),
        "insert": (_insert, 2, 2),
        "pop": (_pop, 0, 1),
        "remove": (_remove, 1, 1),
        "clear": (_clear, 0, 0),
        "reverse": (_reverse, 0, 0),
        "sort": (_sort, 0, 0),
        "copy": (_copy, 0, 0),
        "index": (_index, 1, 3),
        "count": (_count, 1, 1),
    }
)
