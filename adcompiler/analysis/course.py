"""What the course of a loop's iterations depends on: which way tests go, which elements are touched, what raises."""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.analysis.activity import handed_on, reachable
from adcompiler.analysis.alias import Aliases
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import index_atoms, operands, walk
from adcompiler.ir.wengert import Assign, Atom, Branch, Load, Loop, Stmt, Store, Var, While


def decisive(loop: Loop, memory: Aliases) -> frozenset[Var]:
    """The names on whose value or contents the course of an iteration depends, arrays by their representatives."""
    flow: list[tuple[Var, Var]] = []
    seeds = set[Var]()
    for stmt in walk(loop.body):
        pairs = [(a, stmt.target) for a in stmt.args] if isinstance(stmt, Assign) else handed_on(stmt)
        flow += [(memory.root(v), memory.root(a)) for a, v in pairs if isinstance(a, Var)]
        seeds |= {memory.root(a) for a in _asked(stmt) if isinstance(a, Var)}
    return frozenset(reachable(seeds, flow))


def _asked(stmt: Stmt) -> Iterator[Atom]:
    """What a statement takes a decision from."""
    match stmt:
        case Load(index=index) | Store(index=index):
            yield from index_atoms(index)
        case Assign(op=op, args=args):
            # a factorisation raises where a matrix has none; an array has extents
            yield from args if kind(op) in ("opaque", "alloc") else ()
        case Loop(until=until, start=start, stop=stop, step=step):
            yield from (a for a in (start, stop, step, until) if a is not None)
        case Branch(test=test) | While(test=test):
            yield test
        case _:
            yield from operands(stmt)


__all__ = ["decisive"]
