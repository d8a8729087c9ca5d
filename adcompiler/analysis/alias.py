"""Which array names may share memory."""

from __future__ import annotations

from dataclasses import dataclass

from adcompiler.ir.memory import shared_names
from adcompiler.ir.once import once
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Atom, Func, Store, Var


@dataclass(frozen=True, slots=True)
class Aliases:
    """Classes of array names that may refer to the same memory.

    `root` maps each array to the representative of its class; `stored` are the representatives of classes
    into which some statement stores.
    """

    roots: dict[Var, Var]
    stored: frozenset[Var]

    def root(self, var: Var) -> Var:
        """The representative of the class of `var`."""
        return self.roots.get(var, var)


@once
def aliases(fn: Func) -> Aliases:
    """Union-find over views, carried arrays and arrays that a branch yields."""
    parent: dict[Var, Var] = {}

    def find(v: Var) -> Var:
        while parent.setdefault(v, v) != v:
            parent[v] = parent[parent[v]]
            v = parent[v]
        return v

    def join(a: Var, b: Atom) -> None:
        if isinstance(b, Var) and fn.types[a.name].rank:
            parent[find(a)] = find(b)

    for stmt in walk(fn.body):
        for a, b in shared_names(stmt):
            join(a, b)
    stored = frozenset(find(s.array) for s in walk(fn.body) if isinstance(s, Store))
    return Aliases({Var(n): find(Var(n)) for n, t in fn.types.items() if t.rank}, stored)


def written(fn: Func) -> frozenset[Var]:
    """The parameters into whose memory a statement may store.

    An array that a loop carries may be a parameter at first, and one of the loop's own later: a store into the latter
    is in the class of the parameter, and not in its memory.
    """
    sources: dict[Var, list[Var]] = {}
    for stmt in walk(fn.body):
        for a, b in shared_names(stmt):
            if isinstance(b, Var) and fn.types[a.name].rank:
                sources.setdefault(a, []).append(b)
    waiting = [s.array for s in walk(fn.body) if isinstance(s, Store)]
    reached = set(waiting)
    while waiting:
        new = set(sources.get(waiting.pop(), ())) - reached
        reached |= new
        waiting += new
    return frozenset(reached.intersection(fn.params))
