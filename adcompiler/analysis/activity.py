"""Activity: the names that depend on the inputs of interest and on which the outputs depend.

Scalars are judged name by name, arrays by alias class: an array is varied when a varied value is stored anywhere in it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from adcompiler.analysis.alias import Aliases, aliases
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Branch, Func, Load, Loop, Stmt, Store, Var, While
from adcompiler.rules.custom import declared
from adcompiler.rules.table import is_zero


def active(fn: Func, wrt: Iterable[Var], outputs: Container[int] | None = None) -> frozenset[Var]:
    """Names that are varied by `wrt` and useful to a float result, of those at `outputs` where given."""
    memory = aliases(fn)
    flow = list(edges(fn, memory))
    varied = reachable({memory.root(v) for v in wrt}, flow)
    counting = [r for k, r in enumerate(fn.results) if outputs is None or k in outputs]
    results = {memory.root(r) for r in counting if isinstance(r, Var) and fn.types[r.name].is_float}
    useful = reachable(results, [(b, a) for a, b in flow])
    both = varied & useful
    return frozenset(v for name in fn.types if memory.root(v := Var(name)) in both and fn.types[name].is_float)


def reachable(seeds: set[Var], edges: list[tuple[Var, Var]]) -> set[Var]:
    """Everything reachable from `seeds`."""
    following: dict[Var, list[Var]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    found, agenda = set(seeds), list(seeds)
    while agenda:
        for v in following.get(agenda.pop(), ()):
            if v not in found:
                found.add(v)
                agenda.append(v)
    return found


def edges(fn: Func, memory: Aliases) -> Iterator[tuple[Var, Var]]:
    """Pairs (a, b): a derivative flows from a to b. Only floats carry one."""
    for stmt in walk(fn.body):
        for a, b in _flows(stmt):
            if isinstance(a, Var) and fn.types[a.name].is_float and fn.types[b.name].is_float:
                yield memory.root(a), memory.root(b)


def _flows(stmt: Stmt) -> Iterator[tuple[Atom, Var]]:
    """What a derivative may flow from and to."""
    match stmt:
        case Assign(target=target, op="custom", args=args):
            yield from ((a, target) for a in args[declared(stmt).first :])
        case Assign(target=target, op=op, args=args):
            if not is_zero(op):
                yield from ((a, target) for a in args)
        case _:
            yield from handed_on(stmt)


def handed_on(stmt: Stmt) -> Iterator[tuple[Atom, Var]]:
    """What a statement that computes nothing hands on, and to which name or memory."""
    match stmt:
        case Load(target=target, array=array):
            yield array, target
        case Store(array=array, value=value):
            yield value, array
        case Loop(carried=carried) | While(carried=carried):
            for c in carried:
                yield from ((c.init, c.var), (c.next, c.var), (c.var, c.out), (c.init, c.out))
        case Branch(outs=outs):
            for o in outs:
                yield from ((o.then, o.var), (o.other, o.var))
        case _:
            pass
