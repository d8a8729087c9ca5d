"""Lines of the host that touch elements of a device's arrays: a kernel of one item runs them.

Before:  v[0] = 0.0; t = v[n]; v[m] = t + t; s = s + t
After:   t = kernel_3(n, m, v); s = s + t

Only numbers that the host itself needs travel. A loop in which no other kernel runs would launch one for each element,
and is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from adcompiler.emit.device import unavailable
from adcompiler.ir.build import ZERO, Builder
from adcompiler.ir.ops import kind
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import defines, map_blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Call, Check, Func, Load, Loop, Stmt, Store, Var, While

#: Makes a kernel of some lines, and appends its call, which gives the values of some names.
Launch: TypeAlias = Callable[[Sequence[Stmt], Sequence[Var]], None]


def is_element(fn: Func, stmt: Stmt) -> bool:
    """Whether a statement stores or reads an element."""
    return isinstance(stmt, Store) or (isinstance(stmt, Load) and not fn.types[stmt.target.name].rank)


def refuse_elements(fn: Func, region: Loop | While, kept: frozenset[Var]) -> None:
    """Refuse a loop of the host that touches elements of arrays not its own, and runs no kernel beside."""
    if any(isinstance(s, Call) for s in walk([region])):
        return
    for stmt in walk([region]):
        if is_element(fn, stmt) and isinstance(stmt, (Load, Store)) and stmt.array not in kept:
            what = "reads" if isinstance(stmt, Load) else "stores"
            raise unavailable(f"a loop of the host that {what} an element of an array", stmt.span)


@dataclass(slots=True)
class Singles:
    """Walks over what a host runs, and takes the lines out that are of the device.

    Parameters
    ----------
    fn : Func
        The function of the host.
    b : Builder
        Knows its names.
    kept : frozenset of Var
        The arrays that the host has in its own memory.
    unread : frozenset of Var
        Numbers that kernels find themselves where they need them.
    launch : callable
        Makes a kernel of some lines.
    """

    fn: Func
    b: Builder
    kept: frozenset[Var]
    unread: frozenset[Var]
    launch: Launch
    reads: Counter[Atom] = field(init=False)

    def __post_init__(self) -> None:
        self.reads = Counter(a for s in walk(self.fn.body) for a in _reads(s))
        self.reads.update(self.fn.results)

    def block(self, block: Block) -> Block:
        """A block without lines that touch elements."""
        with self.b.block() as lines:
            waiting = list[Stmt]()
            for stmt in block:
                if self.joins(stmt, waiting):
                    waiting.append(stmt)
                    continue
                made = {v for s in waiting for v in defines(s)}
                if (
                    isinstance(stmt, (Loop, While, Branch, Call))
                    or self.touches(stmt)
                    or not made.isdisjoint(_reads(stmt))
                ):
                    self.run(waiting)
                    waiting = []
                self.b.add(map_blocks(stmt, self.block))
            self.run(waiting)
        return tuple(lines)

    def joins(self, stmt: Stmt, waiting: Sequence[Stmt]) -> bool:
        """Whether a statement is one of the device's: it touches an element, or needs nothing but what they give."""
        if isinstance(stmt, (Load, Store)) and is_element(self.fn, stmt):
            return stmt.array not in self.kept
        made = {v for s in waiting for v in defines(s)}
        return (isinstance(stmt, Check) or self.computes(stmt)) and not made.isdisjoint(operands(stmt))

    def computes(self, stmt: Stmt) -> bool:
        """Whether a line computes a number, in double precision only from one that has it."""
        if not isinstance(stmt, Assign) or kind(stmt.op) != "elementwise" or self.fn.types[stmt.target.name].rank:
            return False
        types = [self.fn.type(a).dtype for a in stmt.args if isinstance(a, Var)]
        return self.fn.types[stmt.target.name].dtype != "float64" or "float64" in types

    def touches(self, stmt: Stmt) -> bool:
        """Whether a line that the host runs works on the elements of whole arrays."""
        return isinstance(stmt, Assign) and kind(stmt.op) == "contract"

    def run(self, lines: Sequence[Stmt]) -> None:
        """Append the call of a kernel of some lines, which gives what others read of them."""
        mine = Counter(a for s in lines for a in _reads(s))
        wanted = [v for s in lines for v in defines(s) if self.reads[v] > mine[v] and v not in self.unread]
        if not wanted and not any(isinstance(s, (Store, Check)) for s in lines):
            return
        truths = {v: self.b.var(f"{v}_part", INDEX) for v in wanted if self.fn.types[v.name].dtype == "bool"}
        casts = [Assign(part, "cast", (v,), (("dtype", "int64"),), None) for v, part in truths.items()]
        self.launch([*lines, *casts], [truths.get(v, v) for v in wanted])
        for v, part in truths.items():
            self.b.add(Assign(v, "ne", (part, ZERO), (), None))


def _reads(stmt: Stmt) -> Iterator[Atom]:
    yield from operands(stmt)
    yield from yields(stmt)


__all__ = ["Singles", "is_element", "refuse_elements"]
