"""What may share memory and what a statement writes: the question behind every reordering."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from adcompiler.ir.once import once
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Branch, Func, Grow, Load, Loop, Stmt, Store, Var, While


class Memory:
    """Classes of array names that may refer to the same memory.

    Arrays that the function allocates overlap only with their own views; two parameters may overlap, because a
    caller may pass one array twice, unless `apart` says that a call has made sure they do not.
    """

    def __init__(self, fn: Func, apart: bool = False) -> None:
        self.apart = apart
        self._fn = fn
        self._roots = _classes(pair for s in walk(fn.body) for pair in shared_names(s) if fn.types[pair[0].name].rank)
        self.grown = frozenset(self.root(s.array) for s in walk(fn.body) if isinstance(s, Grow))
        self.given = frozenset(self.root(p) for p in fn.params if fn.types[p.name].rank)
        self._writes: dict[int, tuple[Stmt, frozenset[Var]]] = {}

    def root(self, var: Var) -> Var:
        """The representative of the class of `var`."""
        return self._roots.get(var, var)

    def overlap(self, a: Var, b: Var) -> bool:
        """Whether writing through `a` may change what `b` shows."""
        a, b = self.root(a), self.root(b)
        return a == b or (not self.apart and a in self.given and b in self.given)

    def grows(self, var: Var) -> bool:
        """Whether a statement changes the extents of an array."""
        return self.root(var) in self.grown

    def own(self, var: Var) -> bool:
        """Whether the function allocated the memory of `var`."""
        return self.root(var) not in self.given

    @cached_property
    def stored(self) -> frozenset[Var]:
        """The classes into which the function stores."""
        return frozenset(map(self.root, _stored(self._fn.body)))

    @cached_property
    def handed_on(self) -> frozenset[Var]:
        """The classes of arrays that are carried, yielded or returned: which array one is matters."""
        found: list[Atom] = list(self._fn.results)
        for stmt in walk(self._fn.body):
            match stmt:
                case Loop(carried=carried) | While(carried=carried):
                    found.extend(a for c in carried for a in (c.var, c.init, c.next, c.out))
                case Branch(outs=outs):
                    found.extend(a for o in outs for a in (o.var, o.then, o.other))
                case _:
                    pass
        return frozenset(self.root(a) for a in found if isinstance(a, Var) and self._fn.types[a.name].rank)

    def writes(self, stmt: Stmt) -> frozenset[Var]:
        """The classes into which a statement stores, its blocks included."""
        # keyed by identity, which the reference kept here makes safe: hashing a region hashes all of its blocks
        if id(stmt) not in self._writes:
            self._writes[id(stmt)] = (stmt, frozenset(map(self.root, _stored((stmt,)))))
        return self._writes[id(stmt)][1]

    def changed(self, arrays: Iterable[Var], stmts: Iterable[Stmt]) -> bool:
        """Whether one of the statements may change what one of the arrays shows."""
        arrays = tuple(arrays)
        return bool(arrays) and any(self.overlap(w, a) for s in stmts for w in self.writes(s) for a in arrays)


@once
def memory_of(fn: Func, apart: bool = False) -> Memory:
    """The classes of arrays of a function."""
    return Memory(fn, apart)


def shared_names(stmt: Stmt) -> Iterator[tuple[Var, Atom]]:
    """Pairs of an array and what it may be another name, or a view, of after a statement."""
    match stmt:
        case Load(target=target, array=array):
            yield target, array
        case Assign(target=target, op=op, args=args) if kind(op) == "view":
            yield target, args[0]
        case Loop(carried=carried) | While(carried=carried):
            for c in carried:
                yield from ((c.var, c.init), (c.var, c.next), (c.out, c.var))
        case Branch(outs=outs):
            for o in outs:
                yield from ((o.var, o.then), (o.var, o.other))
        case _:
            pass


def _classes(pairs: Iterable[tuple[Var, Atom]]) -> dict[Var, Var]:
    """A representative for each name that is in one class with others."""
    above = dict[Var, Var]()

    def root(var: Var) -> Var:
        while var in above:
            above[var] = above.get(above[var], above[var])
            var = above[var]
        return var

    for a, b in pairs:
        if isinstance(b, Var) and (first := root(a)) != (last := root(b)):
            above[first] = last
    return {var: root(var) for var in above}


def _stored(stmts: Iterable[Stmt]) -> Iterator[Var]:
    for stmt in walk(stmts):
        if isinstance(stmt, (Store, Grow)):
            yield stmt.array
