"""Values stored into a part of an array of zeros, read as they are where that part is read or added."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TypeAlias

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.memory import memory_of
from adcompiler.ir.walk import blocks, map_blocks, rename, walk
from adcompiler.ir.wengert import Assign, Block, Func, Index, Load, Stmt, Store, Var
from adcompiler.optimise.lines.derivatives import derivatives

Parts: TypeAlias = "dict[Var, tuple[Index, Var]]"


def read_padded(fn: Func) -> Func:
    """Read what was stored instead of the part of the zeros where it stands, and add nothing but this part.

    Before:  z = zeros(n + 1); z[:n] = x; t = z[:n] * 2.0; y += z
    After:   t = x * 2.0; y[:n] += x

    Nothing else writes to the zeros or to the value, and nobody can tell one array from the other.
    """
    zeros = {s.target for s in walk(fn.body) if isinstance(s, Assign) and s.op == "zeros"}
    if not any(isinstance(s, Store) and s.array in zeros for s in walk(fn.body)):
        return fn
    padded = _Padded(fn, zeros)
    body = padded.block(fn.body, {})
    return with_body(fn, rename(body, padded.names)) if padded.found else fn


class _Padded:
    def __init__(self, fn: Func, zeros: set[Var]) -> None:
        self.b, self.memory, self.bars = Builder.of(fn), memory_of(fn), derivatives(fn)
        writers = Counter(a for s in walk(fn.body) if not blocks(s) for a in self.memory.writes(s))
        lasting = {z for z in zeros if writers[self.memory.root(z)] == 1}
        self.zeros = {z for z in lasting if self.memory.root(z) not in self.memory.handed_on}
        self.names: dict[Var, Var] = {}
        self.found = False

    def block(self, block: Block, known: Parts) -> Block:
        """A block that begins with these parts known."""
        known, lines = dict(known), list[Stmt]()
        # what an earlier iteration stored elsewhere is there too
        new = {s.target for s in block if isinstance(s, Assign) and s.target in self.zeros}
        for stmt in block:
            if isinstance(stmt, Load) and self.is_known(stmt, known):
                value = known[stmt.array][1]
                self.names[stmt.target] = self.names.get(value, value)
                self.found = True
            else:
                lines.append(self.store(stmt, known, new) if isinstance(stmt, Store) else stmt)
                lines[-1] = map_blocks(lines[-1], lambda inner: self.block(inner, known))
        return tuple(lines)

    def is_known(self, load: Load, known: Parts) -> bool:
        """Whether a value shows what a view of zeros does."""
        index, value = known.get(load.array, ((), None))
        if value is None or index != load.index or not self.stays(value):
            return False
        alike = self.b.type(value) == self.b.type(load.target)
        return alike and self.b.shape(value) == self.b.shape(load.target)

    def stays(self, value: Var) -> bool:
        """Whether nothing writes to an array, which is no other one."""
        root = self.memory.root(value)
        return root not in self.memory.stored and root not in self.memory.handed_on and self.memory.own(value)

    def store(self, stmt: Store, known: Parts, new: set[Var]) -> Store:
        """A store of a part of `new` zeros, which is known from here on, or one that adds zeros around a part.

        The sign of a zero, which a sum with another zero changes, means nothing in derivatives.
        """
        derivative = self.bars.has(stmt.array)
        if stmt.add and derivative and isinstance(stmt.value, Var) and stmt.value in known:
            index, value = known[stmt.value]
            same = self.b.shape(stmt.array) == self.b.shape(stmt.value)
            if same and stmt.index == self.b.everything(stmt.array) and self.stays(value):
                self.found = True
                stmt = replace(stmt, index=index, value=value)
        if stmt.array in new and isinstance(stmt.value, Var) and (derivative or not stmt.add):
            known[stmt.array] = stmt.index, stmt.value
        return stmt


__all__ = ["read_padded"]
