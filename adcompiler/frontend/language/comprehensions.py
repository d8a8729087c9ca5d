"""Comprehensions: unrolled where the length is known, else a loop that fills an array."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache

from adcompiler.errors import UnsupportedSyntax
from adcompiler.frontend.flow.branching import branch
from adcompiler.frontend.flow.iteration import Iterable, item, iterable, range_length, settled
from adcompiler.frontend.flow.iterators import asked_by_loop, used_at_once
from adcompiler.frontend.flow.looping import Loops
from adcompiler.frontend.language.binding import bind
from adcompiler.frontend.language.conditions import condition
from adcompiler.frontend.language.dictionaries import key_of
from adcompiler.frontend.language.generators import appended
from adcompiler.frontend.language.inline import entered
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.lists.item_forms import item_form
from adcompiler.frontend.lists.memory import as_item, put
from adcompiler.frontend.lists.rows import another, extents, leaves, listed
from adcompiler.frontend.state.context import Lowering, expression
from adcompiler.frontend.state.forms import Array, Form, Parts
from adcompiler.frontend.state.item_extents import Integers
from adcompiler.frontend.state.liveness import Liveness, targets
from adcompiler.frontend.state.loop_parts import Built, Head
from adcompiler.frontend.state.overflow import index_bits
from adcompiler.frontend.state.scope import Definition, Frame
from adcompiler.frontend.state.values import (
    Closure,
    DictValue,
    Growing,
    ListOf,
    RangeValue,
    Rows,
    Seq,
    Value,
    Zipped,
    kind_of,
)
from adcompiler.ir.build import ONE, ZERO
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Carry, Const, Loop, Var

_UNROLLED = 32
_COUNT = "%count"


def item_by_item(node: ast.GeneratorExp) -> bool:
    """Whether each item of a generator is a function of one item that it goes through."""
    named = any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node))
    return len(node.generators) == 1 and not node.generators[0].ifs and not named


@lru_cache(maxsize=1024)
def _element(node: ast.GeneratorExp) -> ast.FunctionDef:
    """The function whose value for an item that a generator goes through is an item of its own."""
    given = ast.Assign([node.generators[0].target], ast.Name("%item", ast.Load()))
    arguments = ast.arguments([], [ast.arg("%item")], None, [], [], None, [])
    return ast.FunctionDef("generated", arguments, [given, ast.Return(node.elt)], [], None, None)


@expression(ast.ListComp, ast.GeneratorExp)
def comprehension(low: Lowering, node: ast.ListComp | ast.GeneratorExp, hint: str) -> Value:
    """`[element for target in items if test]`."""
    if any(generator.is_async for generator in node.generators):
        raise low.refuse("AsyncFor", node)
    if isinstance(node, ast.GeneratorExp) and not used_at_once(low.frame, node):
        raise low.refuse("named-iterator", node)
    first = resolved(low, low.eval(node.generators[0].iter, "items"))
    if isinstance(node, ast.GeneratorExp) and item_by_item(node) and asked_by_loop(low.frame, node):
        return Zipped("map", (Closure(_element(node), low.frame, (), ()), first))
    if any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node)):
        return appended(low, node, first)
    mark, state = low.b.mark(), low.save()
    try:
        with entered(low, _frame(low, node)):
            return _listed(low, node, settled(low, iterable(low, first)))
    except UnsupportedSyntax as error:
        if error.row not in ("comprehension-filter", "nested-comprehension"):
            raise
        low.rewind(mark, state)
        try:
            return appended(low, node, first)
        except UnsupportedSyntax:
            raise error from None


def _listed(low: Lowering, node: ast.ListComp | ast.GeneratorExp, found: Iterable) -> Value:
    """The elements one by one where there are few, else in an array."""
    if not _is_short(found):
        return _filled(low, node, found)
    items: list[Value] = []
    _collect(low, node.generators, 0, found, lambda: items.append(low.eval(node.elt)))
    return Seq(tuple(items), "list")


@expression(ast.DictComp)
def dictionary(low: Lowering, node: ast.DictComp, hint: str) -> Value:
    """`{key: value for target in items if test}`, whose keys are known at compile time."""
    if any(generator.is_async for generator in node.generators):
        raise low.refuse("AsyncFor", node)
    first = resolved(low, low.eval(node.generators[0].iter, "items"))
    items: dict[object, Value] = {}

    def add() -> None:
        with low.b.at(low.span(node.key)):
            key = key_of(low, low.eval(node.key))
        items[key] = low.eval(node.value)

    with entered(low, _frame(low, node)):
        found = settled(low, iterable(low, first))
        if not isinstance(found.length, Const):
            key_of(low, found.length)
        _collect(low, node.generators, 0, found, add)
    return DictValue(tuple(items.items()))


def _frame(low: Lowering, node: ast.ListComp | ast.GeneratorExp | ast.DictComp) -> Frame:
    local = frozenset(name for g in node.generators for name in targets(g.target)) | {_COUNT}
    element = ast.Tuple([node.key, node.value], ast.Load()) if isinstance(node, ast.DictComp) else node.elt
    wrapper = ast.Lambda(_no_arguments(), element)
    return Frame(
        low.frame.source,
        Definition(wrapper, (), local, frozenset(), frozenset(), Liveness()),
        low.frame,
        (*low.frame.path, id(node)),
    )


def _no_arguments() -> ast.arguments:
    return ast.arguments([], [], None, [], [], None, [])


def _is_short(found: Iterable) -> bool:
    length = found.length
    known = isinstance(length, Const) and isinstance(length.value, int)
    return known and (found.fixed or length.value <= _UNROLLED)  # type: ignore[union-attr,operator]


def _collect(
    low: Lowering, generators: list[ast.comprehension], k: int, found: Iterable, add: Callable[[], None]
) -> None:
    """Call `add` with the targets bound, for every combination of items that passes the tests."""
    generator = generators[k]
    if not _is_short(found):
        raise low.refuse("nested-comprehension", generator.iter)
    assert isinstance(found.length, Const) and isinstance(found.length.value, int)
    for number in range(found.length.value):
        bind(low, generator.target, item(low, found.value, Const(number)))
        if not _passes(low, generator):
            continue
        if k + 1 == len(generators):
            add()
        else:
            inner = resolved(low, low.eval(generators[k + 1].iter, "items"))
            _collect(low, generators, k + 1, settled(low, iterable(low, inner)), add)


def _passes(low: Lowering, generator: ast.comprehension) -> bool:
    for test in generator.ifs:
        found = condition(low, test)
        if isinstance(found, Var):
            raise low.refuse("comprehension-filter", test)
        if not found.value:
            return False
    return True


# -- a length known only at run time -----------------------------------------------------------------------------------


def _filled(low: Lowering, node: ast.ListComp | ast.GeneratorExp, found: Iterable) -> Value:
    """The elements in an array, which is filled by a loop."""
    if len(node.generators) > 1:
        raise low.refuse("nested-comprehension", node.generators[1].iter)
    b = low.b
    form = _element_form(low, node, found)
    arrays = tuple(
        b.emit("empty", found.length, *extents(leaf), dtype=leaf.type.dtype, hint="items") for leaf in leaves(form)
    )
    low.lists.grown.update(arrays)
    low.frame.env[_COUNT] = ZERO
    index: list[Var] = []

    def body(built: Built) -> None:
        index[:] = [b.var("i", INDEX)]
        b.lower[index[0].name] = 0
        low.bits[index[0].name] = index_bits(low, ZERO, found.length)
        bind(low, node.generators[0].target, item(low, found.value, index[0]))
        _guarded(low, node, 0, arrays, form, index[0])

    def finish(built: Built, carried: tuple[Carry, ...], until: Atom | None) -> None:
        b.add(Loop(index[0], ZERO, found.length, ONE, carried, tuple(built.lines), until, False, b.span))

    filtered = bool(node.generators[0].ifs)
    names = frozenset({_COUNT}) if filtered else frozenset()
    Loops(low, Head(id(node), names, names, names, set(), False, found.length, False), body, finish).run()
    if filtered:
        count = low.frame.env[_COUNT]
        assert isinstance(count, (Var, Const))
        return listed(low, Growing(arrays, count, form))
    return listed(low, Growing(arrays, found.length, form))


def _guarded(
    low: Lowering, node: ast.ListComp | ast.GeneratorExp, k: int, arrays: tuple[Var, ...], form: Form, index: Var
) -> None:
    """Store the element where the tests from number `k` on hold."""
    ifs = node.generators[0].ifs
    if k < len(ifs):
        test = condition(low, ifs[k])
        branch(low, test, lambda: _guarded(low, node, k + 1, arrays, form, index), lambda: None, None, "t")
        return
    b = low.b
    value = _item_value(low, node.elt)
    place: Atom = index
    if ifs:
        count = low.frame.env[_COUNT]
        assert isinstance(count, (Var, Const))
        place = count
        low.frame.env[_COUNT] = b.int("add", count, ONE, hint="count")
    put(low, arrays, place, form, value)


def _item_value(low: Lowering, node: ast.expr) -> Value:
    value = resolved(low, low.eval(node))
    if not isinstance(value, (Var, Const, Seq, ListOf, Rows)):
        raise low.refuse("list-of-objects", node, kind=kind_of(value))
    return as_item(low, value)


def _element_form(low: Lowering, node: ast.ListComp | ast.GeneratorExp, found: Iterable) -> Form:
    """The form of an element: it is built once, and the lines are dropped."""
    mark, state = low.b.mark(), low.save()
    outer = frozenset(low.b.names.taken)
    with low.arm() as lines:
        index = low.b.var("i", INDEX)
        low.b.lower[index.name] = 0
        bind(low, node.generators[0].target, item(low, found.value, index))
        form = item_form(low, _item_value(low, node.elt))
    # what the comprehension captures becomes a parameter, which no rewinding drops
    integers = Integers.of(low.b, lines, outer | low.captures.names)
    low.rewind(mark, state)
    return _outside(low, node, form, integers)


def _outside(low: Lowering, node: ast.ListComp | ast.GeneratorExp, form: Form, integers: Integers) -> Form:
    """The form with extents that are known before the loop."""
    match form:
        case Array(type, extents):
            found = tuple(None if e is None else integers.outside(low.b, e) for e in extents)
            if None in found:
                raise low.refuse("ragged-comprehension", node.elt)
            return Array(type, found)
        case Parts(kind, items, keys):
            return Parts(kind, tuple(_outside(low, node, each, integers) for each in items), keys)
    return form


# -- lists from other sequences ----------------------------------------------------------------------------------------


def range_array(low: Lowering, value: RangeValue) -> Var:
    """A range as an array of integers."""
    return low.b.emit("arange", value.start, value.step, range_length(low, value), dtype="int64", hint="numbers")


def as_list(low: Lowering, value: RangeValue | Var) -> Value:
    """A range or an array as a list."""
    if isinstance(value, RangeValue):
        return ListOf(range_array(low, value), True)
    return another(low, ListOf(value))
