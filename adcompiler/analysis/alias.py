"""Which array names may share memory."""

from __future__ import annotations

from dataclasses import dataclass

from adcompiler.ir.once import once
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Branch, Func, Load, Loop, Store, Var, While


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
        match stmt:
            case Load(target=target, array=array):
                join(target, array)
            case Assign(target=target, op=op, args=args) if kind(op) == "view":
                join(target, args[0])
            case Loop(carried=carried) | While(carried=carried):
                for c in carried:
                    join(c.var, c.init)
                    join(c.var, c.next)
                    join(c.out, c.var)
            case Branch(outs=outs):
                for o in outs:
                    join(o.var, o.then)
                    join(o.var, o.other)
            case _:
                pass
    stored = frozenset(find(s.array) for s in walk(fn.body) if isinstance(s, Store))
    return Aliases({Var(n): find(Var(n)) for n, t in fn.types.items() if t.rank}, stored)
