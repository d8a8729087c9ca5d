"""What is around the work of a thread: guards, and the loop over its items, are the same for its adjoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from adcompiler.analysis.threads import strided
from adcompiler.ir.build import Builder, make_func
from adcompiler.ir.names import Names
from adcompiler.ir.ops import kind
from adcompiler.ir.threads import thread_name
from adcompiler.ir.walk import all_defs, all_reads, blocks, free, rename, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Func, Load, Loop, Stmt, Var

_DIVIDES = frozenset(("floordiv", "mod", "truediv", "pow", "fmod"))


@dataclass(frozen=True, slots=True)
class Layer:
    """Lines that carry no derivative, then a region with one block, which holds the rest."""

    lines: Block
    region: Branch | Loop

    @property
    def arm(self) -> int:
        """Which of the region's blocks holds the rest."""
        return int(isinstance(self.region, Branch) and not self.region.then)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A thread's program in layers.

    Parameters
    ----------
    fn : Func
        The whole program.
    layers : tuple of Layer
        What is around the work, outermost first.
    work : Func
        The work, of the program's parameters and then of what it reads of the layers.
    """

    fn: Func
    layers: tuple[Layer, ...]
    work: Func

    @classmethod
    def of(cls, fn: Func) -> Guarded:
        """Take the layers off."""
        layers, body, items = list[Layer](), fn.body, strided(fn)
        while (layer := _layer(fn, body, items)) is not None:
            layers.append(layer)
            region = layer.region
            body = blocks(region)[layer.arm]
        known = set(fn.params)
        outside = sorted((v for v in free(body) if v not in known), key=str)
        work = make_func(fn.name, (*fn.params, *outside), body, (), fn.types, fn.shapes, fn.doc)
        return cls(fn, tuple(layers), work)

    def around(self, work: Func) -> Func:
        """A program with these layers around other work, of which the parameters may be more."""
        inner = set(self.work.params)
        params = [*self.fn.params, *(p for p in work.params if p not in inner)]
        types, shapes = {**self.fn.types, **work.types}, {**self.fn.shapes, **work.shapes}
        b = Builder(Names(types), types, shapes)
        # the work does not know the names of the layers that it does not read
        taken = {v for v in (*all_defs(work.body), *work.params) if v not in inner}
        names: dict[Var, Atom] = {}
        for v in sorted(all_defs(self.block(())) & taken, key=str):
            names[v] = b.var(v.name, self.fn.types[v.name], self.fn.shape(v))
        body = self.block(work.body, names)
        return make_func(work.name, params, body, (), b.types, b.shapes, work.doc)

    def block(self, body: Block, names: Mapping[Var, Atom] = MappingProxyType({})) -> Block:
        """The layers, of which some names are others, around a block."""
        for layer in reversed(self.layers):
            *lines, region = rename((*layer.lines, _filled(layer.region, (), layer.arm)), names)
            body = (*lines, _filled(region, body, layer.arm))
        return body


def _filled(region: Stmt, body: Block, arm: int) -> Stmt:
    """A region with another block in place of the one that holds the rest."""
    if isinstance(region, Loop):
        return replace(region, body=body)
    assert isinstance(region, Branch)
    return replace(region, other=body) if arm else replace(region, then=body)


def _layer(fn: Func, body: Block, items: Loop | None) -> Layer | None:
    """The outermost layer of a block; None where it is not all of the block."""
    if not body or not all(_is_passive(fn, s) for s in body[:-1]):
        return None
    last = body[-1]
    if isinstance(last, Branch) and not last.outs and bool(last.then) != bool(last.other):
        return Layer(body[:-1], last)
    if last is items and isinstance(last, Loop) and not last.carried:
        first = Var(thread_name("grid", 0))
        if first not in all_reads(last.body) and all(first not in all_reads([s]) for s in body[:-1]):
            return Layer(body[:-1], last)
    return None


def _is_passive(fn: Func, stmt: Stmt) -> bool:
    """Whether a statement computes a number that carries no derivative."""
    if not isinstance(stmt, (Assign, Load)) or fn.types[stmt.target.name].rank or fn.types[stmt.target.name].is_float:
        return False
    return isinstance(stmt, Load) or kind(stmt.op) in ("elementwise", "shape")


def uniform_lines(fn: Func, own: Sequence[Var]) -> list[Assign]:
    """The lines that compute the same for all threads, wherever they stand, and never raise on the host."""
    known = set(fn.params) - set(own)
    found = list[Assign]()
    for stmt in walk(fn.body):
        if (
            isinstance(stmt, Assign)
            and kind(stmt.op) in ("elementwise", "shape")
            and not fn.types[stmt.target.name].rank
        ):
            divides = stmt.op in _DIVIDES and not (isinstance(stmt.args[1], Const) and stmt.args[1].value != 0)
            if not divides and all(isinstance(a, Const) or a in known for a in stmt.args):
                found.append(stmt)
                known.add(stmt.target)
    return found


__all__ = ["Guarded", "uniform_lines"]
