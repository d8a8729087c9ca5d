"""Names that turned out to be other names or literals, replaced while a function is rebuilt."""

from __future__ import annotations

from collections.abc import Mapping

from adcompiler.ir.build import Shape, make_func
from adcompiler.ir.types import Type
from adcompiler.ir.walk import map_operands, same, updated
from adcompiler.ir.wengert import Atom, Block, Branch, Carry, Func, Loop, Out, Stmt, Var, While


class Substitution:
    """What stands for what; a chain of replacements is followed to its end."""

    def __init__(self) -> None:
        self.known: dict[Var, Atom] = {}

    def __call__(self, atom: Atom) -> Atom:
        """The atom that stands for `atom`."""
        while isinstance(atom, Var) and atom in self.known:
            atom = self.known[atom]
        return atom

    def entry(self, stmt: Stmt) -> Stmt:
        """A statement with its operands replaced; of a region only what is read before its blocks run."""
        match stmt:
            case Loop(carried=carried, until=until):
                before = map_operands(stmt, self)
                assert isinstance(before, Loop)
                return updated(before, carried=_carries(before.carried, carried), until=until)
            case While(carried=carried, test=test):
                before = map_operands(stmt, self)
                assert isinstance(before, While)
                return updated(before, carried=_carries(before.carried, carried), test=test)
            case Branch(test=test):
                return updated(stmt, test=self(test))
            case _:
                return map_operands(stmt, self)

    def carried(self, carried: tuple[Carry, ...]) -> tuple[Carry, ...]:
        """Carries whose next values are replaced, after the body."""
        return tuple(updated(c, next=self(c.next)) for c in carried)

    def outs(self, outs: tuple[Out, ...]) -> tuple[Out, ...]:
        """Results of a branch, after its arms."""
        return tuple(updated(o, then=self(o.then), other=self(o.other)) for o in outs)

    def rebuilt(self, fn: Func, body: Block, types: Mapping[str, Type], shapes: Mapping[str, Shape]) -> Func:
        """The function with a new body, and results and extents that follow; itself where nothing has changed."""
        if not self.known and same(body, fn.body) and shapes == fn.shapes:
            return fn
        extents = {n: tuple(map(self, s)) for n, s in shapes.items()}
        return make_func(fn.name, fn.params, body, tuple(map(self, fn.results)), types, extents, fn.doc)


def _carries(before: tuple[Carry, ...], after: tuple[Carry, ...]) -> tuple[Carry, ...]:
    """Initial values of the one, next values of the other."""
    return tuple(updated(c, init=b.init) for b, c in zip(before, after, strict=True))
