"""What the printed form of a statement reads, which is less than the statement knows.

A slice prints its bounds as the user wrote them, not the first index and the size they mean; a shape is not printed.
"""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.ir.memory import Memory
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import operands
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Branch,
    Func,
    Grow,
    Index,
    Load,
    Loop,
    NewAxis,
    Share,
    Slice,
    Stmt,
    Store,
    Var,
    While,
)


def shown_items(index: Index) -> Iterator[Atom]:
    """The atoms of an index that are printed."""
    for item in index:
        match item:
            case Slice(start, stop, step):
                yield from (a for a in (start, stop, step) if a is not None)
            case NewAxis():
                pass
            case _:
                yield item


def shown(stmt: Stmt) -> Iterator[Atom]:
    """The atoms that a statement itself prints, in the order of `ir.walk.operands`."""
    match stmt:
        case Load(array=array, index=index):
            yield array
            yield from shown_items(index)
        case Store(array=array, index=index, value=value):
            yield array
            yield from shown_items(index)
            yield value
        case _:
            yield from operands(stmt)


def fixed(stmt: Stmt) -> Iterator[Atom]:
    """Atoms that must stay names where the statement prints them: printed twice, or changed by the statement."""
    match stmt:
        case Load(array=array) | Store(array=array):
            yield array
        case Grow(array=array, row=row):
            yield from (array, row)
        case Assign(op="cut" | "short", args=args):
            yield args[0]
        case Loop(share=Share(work=work)):
            yield work
        case _:
            pass


def is_pure(stmt: Stmt) -> bool:
    """Whether a statement does nothing but define its target."""
    return isinstance(stmt, (Assign, Load))


def contents(stmt: Stmt, fn: Func, memory: Memory) -> Iterator[Var]:
    """The arrays whose elements, or changing extents, a pure statement reads when it runs; a view reads none."""
    match stmt:
        case Assign(op="dim", args=(Var() as array,)):
            if memory.grows(array):
                yield array
        case Load(target=target, array=array):
            if fn.types[target.name].rank == 0:
                yield array
        case Assign(op=op, args=args) if kind(op) not in ("view", "shape", "alloc"):
            yield from (a for a in args if isinstance(a, Var) and fn.types[a.name].rank)
        case _:
            pass


def tails(stmt: Stmt) -> tuple[tuple[Atom, ...], ...]:
    """For each block of a region, the atoms read at its end."""
    match stmt:
        case Loop(carried=carried, until=until):
            return ((*(c.next for c in carried), *(() if until is None else (until,))),)
        case While(carried=carried, test=test):
            return ((test,), tuple(c.next for c in carried))
        case Branch(outs=outs):
            return (tuple(o.then for o in outs), tuple(o.other for o in outs))
        case _:
            return ()
