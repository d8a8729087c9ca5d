"""`pairwise` in a loop that writes what it reads: the first item of a pair is the second one of the pair before."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import Growing, ListOf, Rows, Static, Value, Zipped
from adcompiler.ir.build import make_func
from adcompiler.ir.memory import Memory
from adcompiler.ir.wengert import Const, Var


def writes_what_pairs_read(low: Lowering, value: Value, place: int) -> bool:
    """Whether the lines of a loop from a place on write numbers that its `pairwise` reads: rows are views of them."""
    arrays = [array for pairs in _pairs(value) for array in _numbers(low, pairs)]
    if not arrays:
        return False
    lines = [stmt for block in (low.entry, *low.b.stack) for stmt in block]
    captured = (var for _, var in low.captures.captured.values())
    fn = make_func("open", (*low.params, *captured), tuple(lines), (), low.b.types, low.b.shapes)
    return Memory(fn).changed(arrays, low.b.stack[-1][place:])


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
