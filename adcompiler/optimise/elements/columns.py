"""Tapes that grow together are the columns of one array.

A loop of unknown length has room for its records as long as each of its tapes has. Of one array there is one length to
test against, one array to make longer, and the values of an iteration lie side by side: Kepler's equation, three
numbers a step, takes four fifths of the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import blocks, map_blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Const, Func, Grow, Load, Stmt, Store, Var, While


def join_tapes(fn: Func) -> Func:
    """Put the tapes that a `while` makes longer in the same step into one array.

    Before:  a = empty(32); b = empty(32); while ...: a grows to k; b grows to k; a[k] = x; b[k] = y
    After:   t = empty(32, 2); while ...: t grows to k; t[k, 0] = x; t[k, 1] = y

    Each is a vector that only its elements are read and written of, of one element type and one length to begin with.
    """
    if not any(isinstance(stmt, While) for stmt in walk(fn.body)):
        return fn
    b = Builder.of(fn)
    columns = dict[Var, Column]()
    for arrays in _together(fn):
        extents = (*fn.shape(arrays[0]), Const(len(arrays)))
        joined = b.var("tape", fn.types[arrays[0].name].array(2), extents)
        columns |= {array: Column(joined, Const(k)) for k, array in enumerate(arrays)}
    body = _joined(fn.body, columns) if columns else fn.body
    return with_body(fn, body, b)


@dataclass(frozen=True, slots=True)
class Column:
    """Where a tape lies: in which array, and at which index of the last axis."""

    array: Var
    place: Const


def _together(fn: Func) -> Iterator[list[Var]]:
    """Groups of tapes that one array can hold, each in the order in which they are allocated."""
    made = dict(_made(fn.body))
    order = {array: k for k, array in enumerate(made)}
    grown = Counter(stmt.array for stmt in walk(fn.body) if isinstance(stmt, Grow))
    whole = set(_whole(fn))
    for stmt in walk(fn.body):
        if not isinstance(stmt, While):
            continue
        groups = dict[object, list[Var]]()
        for s in stmt.condition:
            if isinstance(s, Grow) and grown[s.array] == 1 and s.array in made and s.array not in whole:
                groups.setdefault((s.row, made[s.array], fn.types[s.array.name]), []).append(s.array)
        yield from (sorted(arrays, key=lambda a: order[a]) for arrays in groups.values() if len(arrays) > 1)


def _made(block: Block) -> Iterator[tuple[Var, object]]:
    """The vectors that are allocated, each with the block that its line stands in and its length."""
    for stmt in block:
        if isinstance(stmt, Assign) and stmt.op == "empty" and len(stmt.args) == 1:
            yield stmt.target, (id(block), stmt.args[0])
        for nested in blocks(stmt):
            yield from _made(nested)


def _whole(fn: Func) -> Iterator[Atom]:
    """What is used other than by reading, writing or adding one element, or growing."""
    yield from fn.results
    for stmt in walk(fn.body):
        yield from yields(stmt)
        match stmt:
            case Store(index=index, value=value):
                yield from (value, *(stmt.array for item in index if not isinstance(item, (Var, Const))))
            case Load(index=index):
                yield from (stmt.array for item in index if not isinstance(item, (Var, Const)))
            case Grow():
                pass
            case _:
                yield from operands(stmt)


def _joined(block: Block, columns: Mapping[Var, Column]) -> Block:
    """A block in which tapes are columns; the first one's lines allocate and grow the array."""
    kept = list[Stmt]()
    for stmt in block:
        stmt = map_blocks(stmt, lambda nested: _joined(nested, columns))
        array = _array(stmt)
        column = None if array is None else columns.get(array)
        match stmt:
            case _ if column is None:
                kept.append(stmt)
            case Load() | Store():
                kept.append(replace(stmt, array=column.array, index=(*stmt.index, column.place)))
            case Assign() if column.place.value == 0:
                width = sum(c.array == column.array for c in columns.values())
                kept.append(replace(stmt, target=column.array, args=(*stmt.args, Const(width))))
            case Grow() if column.place.value == 0:
                kept.append(replace(stmt, array=column.array))
    return tuple(kept)


def _array(stmt: Stmt) -> Var | None:
    """The array that a statement allocates, reads, writes or grows."""
    match stmt:
        case Assign(target=array) | Load(array=array) | Store(array=array) | Grow(array=array):
            return array
        case _:
            return None


__all__ = ["join_tapes"]
