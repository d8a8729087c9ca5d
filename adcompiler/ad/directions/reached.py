"""What depends on some parameters, and what the course of a statement depends on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from adcompiler.analysis.activity import handed_on, reachable
from adcompiler.analysis.alias import aliases
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import index_atoms, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Branch, Func, Load, Loop, Stmt, Store, Var, While


def steering(stmt: Stmt) -> Iterator[Atom]:
    """The values on which the course of a statement depends."""
    match stmt:
        case Loop(start=start, stop=stop, step=step, until=until):
            yield from (start, stop, step, *(() if until is None else (until,)))
        case While(test=test) | Branch(test=test):
            yield test
        case Load(index=index) | Store(index=index):
            yield from index_atoms(index)


def uses(fn: Func) -> Counter[Var]:
    """How often each name is read."""
    read = [a for stmt in walk(fn.body) for a in (*operands(stmt), *yields(stmt))]
    return Counter(a for a in (*read, *fn.results) if isinstance(a, Var))


def only_loaded(fn: Func, params: Sequence[Var]) -> set[Var]:
    """Those of some parameters that nothing reads but loads of elements or views, and nothing changes."""
    memory = aliases(fn)
    otherwise = {memory.root(r) for r in fn.results if isinstance(r, Var)}
    for stmt in walk(fn.body):
        read = [*operands(stmt), *yields(stmt)]
        if isinstance(stmt, Load):
            read.remove(stmt.array)
        otherwise |= {memory.root(a) for a in read if isinstance(a, Var)}
    return {v for v in params if memory.root(v) not in otherwise}


def reached(fn: Func, params: Sequence[Var]) -> frozenset[Var]:
    """The names whose value or contents depend on these parameters."""
    memory = aliases(fn)
    flow: list[tuple[Var, Var]] = []
    for stmt in walk(fn.body):
        if isinstance(stmt, Assign):
            # an extent is the same in every lane
            pairs = [(a, stmt.target) for a in stmt.args if kind(stmt.op) != "shape"]
        else:
            pairs = list(handed_on(stmt))
        flow += [(memory.root(a), memory.root(v)) for a, v in pairs if isinstance(a, Var)]
    found = reachable({memory.root(v) for v in params}, flow)
    return frozenset(v for name in fn.types if memory.root(v := Var(name)) in found)
