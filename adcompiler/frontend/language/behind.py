"""Loops that write what they read by an iterator.

The first item of a pair of `pairwise` is the second one of the pair before. Iterators whose items are all made before
the loop, where Python makes each when it is asked for, must not read what the loop writes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import numpy as np

from adcompiler.frontend.language.comprehensions import item_by_item
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.liveness import asked_one_by_one, assigned, reads
from adcompiler.frontend.state.scope import parameters
from adcompiler.frontend.state.values import Closure, Growing, ListOf, Rows, Seq, Static, Value, Zipped
from adcompiler.ir.build import make_func
from adcompiler.ir.memory import Memory
from adcompiler.ir.walk import operands, walk
from adcompiler.ir.wengert import Const, Var

_AT_ONCE = frozenset("chain from_iterable accumulate islice starmap zip_longest filter".split())


def writes_what_pairs_read(low: Lowering, value: Value, place: int) -> bool:
    """Whether the lines of a loop from a place on write numbers that its `pairwise` reads: rows are views of them."""
    arrays = [array for pairs in _pairs(value) for array in _numbers(low, pairs)]
    return bool(arrays) and _writes(low, arrays, place, apart=False)


def _writes(low: Lowering, arrays: Iterable[Var], place: int, apart: bool) -> bool:
    lines = [stmt for block in (low.entry, *low.b.stack) for stmt in block]
    captured = (var for _, var in low.captures.captured.values())
    fn = make_func("open", (*low.params, *captured), tuple(lines), (), low.b.types, low.b.shapes)
    return Memory(fn, apart).changed(arrays, low.b.stack[-1][place:])


def is_made_at_once(items: ast.expr) -> bool:
    """Whether the items of a loop are made before it, which Python makes in it."""
    return any(map(_is_eager, asked_one_by_one(items)))


def _is_eager(node: ast.expr) -> bool:
    match node:
        case ast.GeneratorExp():
            return not item_by_item(node)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in _AT_ONCE
    return False


def read_ahead(low: Lowering, node: ast.For) -> list[Value]:
    """The lists that such items are made of, which the loop must not change; nor may it assign what functions read."""
    functions = [inner for inner in ast.walk(node.iter) if isinstance(inner, (ast.Lambda, ast.GeneratorExp))]
    names = {name: low.frame.env.get(name) for name in reads(node.iter)}
    called = [value.node for value in names.values() if isinstance(value, Closure)]
    later = {name for function in (*functions, *called) for name in _read_later(function)}
    if not later.isdisjoint(assigned((node.target, *node.body))):
        raise low.refuse("changed-while-read", node.iter)
    held = (part for value in names.values() if value is not None for part in heap.inside(value))
    return [part for part in held if not isinstance(part, Seq) or part.kind == "list"]


def _read_later(function: ast.AST) -> set[str]:
    """The names of others that a function reads."""
    own = set(parameters(function.args)) if isinstance(function, (ast.Lambda, ast.FunctionDef)) else set[str]()
    return set(reads(function)) - own


def check_read_ahead(low: Lowering, node: ast.For, first: int, place: int) -> None:
    """Refuse a loop whose lines, from a place on, write what the lines before, which make its items, have read."""
    made = [stmt for stmt in walk(low.b.stack[-1][first:place])]
    read = {a for s in made for a in operands(s) if isinstance(a, Var) and low.b.type(a).rank}
    if read and _writes(low, read, place, apart=True):
        raise low.refuse("changed-while-read", node.iter)


def previous_kept(low: Lowering, node: ast.For, value: Value) -> Value:
    """What is iterated, with a name for the item that each `pairwise` keeps."""
    match value:
        case Zipped("pairwise", (items,)):
            array = items.array if isinstance(items, ListOf) else items
            if not isinstance(array, Var) or low.b.type(array).rank != 1:
                raise low.refuse("changed-while-read", node.iter)
            name = f"%previous{len(low.frame.path)}.{id(node)}.{array.name}"
            zero = np.dtype(low.b.type(array).dtype).type(0)
            low.frame.env[name] = Const(zero.item() if isinstance(items, ListOf) and items.weak else zero)
            return Zipped("pairwise", (items, Static(name)))
        case Zipped(kind, parts):
            return Zipped(kind, tuple(previous_kept(low, node, part) for part in parts))
    return value


def kept_names(value: Value) -> Iterator[str]:
    """The names under which the items before are."""
    for pairs in _pairs(value):
        match pairs.parts:
            case (_, Static(value=str() as name)):
                yield name


def _pairs(value: Value) -> Iterator[Zipped]:
    return (part for part in heap.inside(value) if isinstance(part, Zipped) and part.kind == "pairwise")


def _numbers(low: Lowering, pairs: Zipped) -> Iterator[Var]:
    for part in heap.inside(pairs.parts[0]):
        match part:
            case Var() if low.b.type(part).rank == 1:
                yield part
            case ListOf(array) if low.b.type(array).rank == 1:
                yield array
            case Rows(arrays) | Growing(arrays):
                yield from arrays
