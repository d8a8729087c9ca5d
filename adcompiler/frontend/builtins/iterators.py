"""`map`, `functools.reduce`, `product` and `pairwise`; `filter` and other `itertools`, of items whose number is known.

Their items are made at once, so that they are only taken where they are used at once.
"""

from __future__ import annotations

import builtins
import functools
import itertools
from collections.abc import Iterator, Sequence
from types import FunctionType

import numpy as np

from adcompiler.frontend.flow.iteration import items_of, iterable
from adcompiler.frontend.flow.iterators import TOOLS
from adcompiler.frontend.language.arithmetic import binary
from adcompiler.frontend.language.builtin_table import arity, builtin
from adcompiler.frontend.language.inline import call_definition
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.language.truth import truth
from adcompiler.frontend.library.defined.applied import folded, folded_from, mapped, mapped_pairs
from adcompiler.frontend.lists.rows import another, listed
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.numbers import integer, static_int
from adcompiler.frontend.state.values import Growing, ListOf, Rows, Seq, Static, Value, Zipped
from adcompiler.ir.wengert import Const, Var

# their items are made where they are called
EAGER = frozenset(
    (builtins.map, builtins.filter, itertools.chain.from_iterable, *(getattr(itertools, name) for name in TOOLS))
)
_COUNT = (("start", Const(0)), ("step", Const(1)))
LAZY = frozenset((builtins.zip, builtins.enumerate, builtins.reversed, itertools.count, np.ndindex, np.ndenumerate))


def _known(low: Lowering, name: str, value: Value) -> list[Value]:
    """The items of an argument of an iterator."""
    items = items_of(low, resolved(low, value))
    if items is None:
        raise low.refuse("iterator-unknown", name=name)
    return items


def _in_arrays(low: Lowering, parts: Sequence[Value]) -> bool:
    """Whether the items are taken by number in a loop, as there are more or fewer of them at run time."""
    found = [iterable(low, part) for part in parts]
    return any(not isinstance(f.length, Const) for f in found) and not any(f.fixed for f in found)


def _called(low: Lowering, function: Value, args: Sequence[Value]) -> Value:
    return low.call(function, args)


def _defined(low: Lowering, function: object, args: Sequence[Value], name: str) -> Value:
    """A loop over items whose number is known only at run time."""
    assert isinstance(function, FunctionType)
    return call_definition(low, function, args, {}, low.frame.definition.node, name)


@builtin(builtins.map)
def map_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`map(function, *items)`."""
    rows = Zipped("zip", tuple(resolved(low, arg) for arg in args[1:]))
    found = iterable(low, rows)
    if len(args) in (2, 3) and not found.fixed and not isinstance(found.length, Const):
        return _defined(low, mapped if len(args) == 2 else mapped_pairs, args, "map")
    taken = [row.items for row in _known(low, "map", rows) if isinstance(row, Seq)]
    return Seq(tuple(_called(low, args[0], row) for row in taken))


@builtin(itertools.starmap)
def starmap(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`starmap(function, items)`."""
    arity(low, "starmap", args, 2, 2)
    return Seq(tuple(_called(low, args[0], _known(low, "starmap", row)) for row in _known(low, "starmap", args[1])))


@builtin(builtins.filter)
def filter_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`filter(function, items)`, where the tests are known."""
    arity(low, "filter", args, 2, 2)
    kept: list[Value] = []
    for item in _known(low, "filter", args[1]):
        test = truth(low, item if args[0] == Static(None) else _called(low, args[0], [item]))
        if isinstance(test, Var):
            raise low.refuse("comprehension-filter")
        kept += [item] if test.value else []
    return Seq(tuple(kept))


@builtin(functools.reduce)
def reduce_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`reduce(function, items, start)`."""
    arity(low, "reduce", args, 2, 3)
    if not isinstance(iterable(low, resolved(low, args[1])).length, Const):
        return _defined(low, folded if len(args) == 2 else folded_from, args, "reduce")
    items = [*args[2:], *_known(low, "reduce", args[1])]
    if not items:
        raise low.fail("TypeError", "reduce() of empty iterable with no initial value")
    value = items[0]
    for item in items[1:]:
        value = _called(low, args[0], [value, item])
    return value


@builtin(itertools.accumulate)
def accumulate(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`accumulate(items, function, initial=)`."""
    arity(low, "accumulate", args, 1, 2)
    function = args[1] if len(args) > 1 else kwargs.get("func", Static(None))
    start = kwargs.get("initial", Static(None))
    items = [*([] if start == Static(None) else [start]), *_known(low, "accumulate", args[0])]
    found = items[:1]
    for item in items[1:]:
        plain = function == Static(None)
        found.append(binary(low, "add", found[-1], item) if plain else _called(low, function, [found[-1], item]))
    return Seq(tuple(found))


@builtin(itertools.chain)
def chain(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`chain(*items)`."""
    return Seq(tuple(item for arg in args for item in _known(low, "chain", arg)))


@builtin(itertools.chain.from_iterable)
def chain_of(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`chain.from_iterable(items)`."""
    arity(low, "from_iterable", args, 1, 1)
    return chain(low, _known(low, "chain.from_iterable", args[0]), {}, hint)


def _as_it_is(low: Lowering, value: Value) -> Value:
    """The items of a sequence in memory of their own; those that are arrays stay what they are, which Python shares."""
    match value:
        case Var() if low.b.type(value).rank == 1:
            return low.b.emit("copy", value, hint=value.name)
        case Growing():
            return _as_it_is(low, listed(low, value))
        case ListOf(array) if low.b.type(array).rank == 1:
            return another(low, value)
        case Rows():
            return another(low, value)
        case Zipped(kind, inner):
            return Zipped(kind, tuple(_as_it_is(low, part) for part in inner))
    return value


@builtin(itertools.product)
def product(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`product(*items, repeat=)`."""
    times = static_int(low, kwargs.get("repeat", Const(1)), "the repetitions")
    parts = tuple(resolved(low, arg) for arg in args)
    if _in_arrays(low, parts):
        return Zipped("product", tuple(_as_it_is(low, part) for part in parts) * times)
    return _tuples(low, itertools.product(*(_known(low, "product", part) for part in parts), repeat=times))


@builtin(itertools.pairwise)
def pairwise(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`pairwise(items)`."""
    arity(low, "pairwise", args, 1, 1)
    items = resolved(low, args[0])
    if _in_arrays(low, [items]):
        return Zipped("pairwise", (items,))
    return _tuples(low, itertools.pairwise(_known(low, "pairwise", items)))


@builtin(itertools.combinations)
def combinations(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`combinations(items, count)`."""
    arity(low, "combinations", args, 2, 2)
    count = static_int(low, args[1], "the length of the combinations")
    return _tuples(low, itertools.combinations(_known(low, "combinations", args[0]), count))


@builtin(itertools.permutations)
def permutations(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`permutations(items, count)`."""
    arity(low, "permutations", args, 1, 2)
    count = static_int(low, args[1], "the length of the permutations") if len(args) > 1 else None
    return _tuples(low, itertools.permutations(_known(low, "permutations", args[0]), count))


@builtin(itertools.count)
def count(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`count(start, step)`, of integers."""
    arity(low, "count", args, 0, 2)
    given = [*args, *(kwargs.get(name, default) for name, default in _COUNT[len(args) :])]
    return Zipped("count", tuple(integer(low, value, "what count() counts") for value in given))


@builtin(itertools.repeat)
def repeat(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`repeat(value, times)`."""
    arity(low, "repeat", args, 2, 2)
    return Seq((args[0],) * max(static_int(low, args[1], "the repetitions"), 0))


@builtin(itertools.islice)
def islice(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`islice(items, start, stop, step)`."""
    arity(low, "islice", args, 2, 4)
    ends = [None if arg == Static(None) else static_int(low, arg, "the end of a slice") for arg in args[1:]]
    return Seq(tuple(itertools.islice(_known(low, "islice", args[0]), *ends)))


@builtin(itertools.zip_longest)
def zip_longest(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`zip_longest(*items, fillvalue=)`."""
    fill = kwargs.get("fillvalue", Static(None))
    return _tuples(low, itertools.zip_longest(*(_known(low, "zip_longest", arg) for arg in args), fillvalue=fill))


def _tuples(low: Lowering, found: Iterator[tuple[Value, ...]]) -> Seq:
    """The tuples of an iterator, of which there must not be too many."""
    rows = list(itertools.islice(found, 4097))
    if len(rows) > 4096:
        raise low.refuse("long-unrolled-loop", count="more than 4096")
    return Seq(tuple(Seq(row) for row in rows))
