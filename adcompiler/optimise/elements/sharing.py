"""Equal loads are one load, and what was just stored is not loaded again."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from adcompiler.analysis.access import Access
from adcompiler.analysis.alias import aliases
from adcompiler.analysis.dependence import Dependence, dependence, shared
from adcompiler.analysis.scope import Frame, Path, sites
from adcompiler.ir.build import make_func
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.types import Type
from adcompiler.ir.walk import blocks, map_blocks, map_operands, operands, rename, rename_extents, walk
from adcompiler.ir.wengert import (
    Atom,
    Block,
    Branch,
    Const,
    Func,
    Index,
    Load,
    Loop,
    Stmt,
    Store,
    Var,
    While,
    is_element,
)


@dataclass(frozen=True, slots=True)
class Held:
    """A name or literal that equals an element of memory."""

    atom: Atom
    array: Var
    access: Access


Table: TypeAlias = "dict[Hashable, Held]"


@dataclass(slots=True)
class Elements:
    """The element accesses of a function: which are equal, which may meet."""

    fn: Func
    over: Dependence
    memory: Memory
    stores: list[tuple[Path, Var, Access]] = field(default_factory=list)

    @classmethod
    def of(cls, fn: Func, apart: bool = False) -> Elements:
        """With all stores of the function, of which no two parameters share memory where `apart` is true."""
        found = cls(fn, dependence(fn), memory_of(fn, apart))
        for stmt, path, frames in sites(fn.body):
            if isinstance(stmt, Store):
                access = found.over.accesses.access(stmt.array, stmt.index, path, frames)
                found.stores.append((path, stmt.array, access))
        return found

    def key(self, array: Var, index: Index, access: Access) -> Hashable:
        """Equal for accesses of one and the same element, from places that see the same names."""
        if None not in access.axes:
            return access.base, access.axes
        return array, tuple(self.over.affine.form(item) for item in index if isinstance(item, (Var, Const)))

    def meet(self, array: Var, access: Access, other_array: Var, other: Access) -> bool:
        """Whether two accesses may touch one element, in the same iteration of the loops they have in common."""
        if not self.memory.overlap(array, other_array):
            return False
        loops = [f for f in shared(access.frames, other.frames) if f.is_loop]
        return self.over.meet(access, other, loops, None)

    def held_as(self, array: Var, value: Atom) -> Atom | None:
        """What a load gives after `value` was stored; None where the store converts it."""
        element = Type(self.fn.types[array.name].dtype)
        if isinstance(value, Const):
            return Const(np.dtype(element.dtype).type(value.value))
        return value if self.fn.types[value.name] == element else None


def by_elements(fn: Func) -> set[Var]:
    """The arrays that have one name, and of which only elements are read and written."""
    memory, names = aliases(fn), dict[Var, int]()
    for name, type in fn.types.items():
        if type.rank:
            names[memory.root(Var(name))] = names.get(memory.root(Var(name)), 0) + 1
    found = {root for root, count in names.items() if count == 1}
    found -= {r for r in fn.results if isinstance(r, Var)}
    for s in walk(fn.body):
        plain = s.array if isinstance(s, (Load, Store)) and is_element(s.index) else None
        found -= {a for a in operands(s) if isinstance(a, Var) and a != plain}
    return found


@dataclass(slots=True)
class Sharing:
    """The walk that drops loads; `names` says what stands for the targets of dropped ones."""

    elements: Elements
    frames: tuple[Frame, ...] = ()
    names: dict[Var, Atom] = field(default_factory=dict)

    def block(self, block: Block, path: Path, table: Table) -> Block:
        """A block without the loads that `table` makes unnecessary; brings `table` up to date."""
        kept: list[Stmt] = []
        for position, stmt in enumerate(block):
            here = (*path, position)
            match map_operands(stmt, self.name):
                case Load() as load if is_element(load.index):
                    if not self.load(load, here, table):
                        kept.append(load)
                case Store() as store:
                    self.store(store, here, table)
                    kept.append(store)
                case Loop() | While() | Branch() as region:
                    kept.append(self.region(region, here, table))
                case other:
                    kept.append(other)
        return tuple(kept)

    def name(self, atom: Atom) -> Atom:
        """What stands for an atom."""
        return self.names.get(atom, atom) if isinstance(atom, Var) else atom

    def load(self, stmt: Load, path: Path, table: Table) -> bool:
        """Whether the value of a load is there already; otherwise it is from now on."""
        access = self.elements.over.accesses.access(stmt.array, stmt.index, path, self.frames)
        key = self.elements.key(stmt.array, stmt.index, access)
        if key in table:
            self.names[stmt.target] = table[key].atom
            return True
        table[key] = Held(stmt.target, stmt.array, access)
        return False

    def store(self, stmt: Store, path: Path, table: Table) -> None:
        """Forget what a store may change; know what it stores."""
        access = self.elements.over.accesses.access(stmt.array, stmt.index, path, self.frames)
        self.forget(table, [(path, stmt.array, access)])
        value = self.elements.held_as(stmt.array, stmt.value) if is_element(stmt.index) and not stmt.add else None
        if value is not None:
            table[self.elements.key(stmt.array, stmt.index, access)] = Held(value, stmt.array, access)

    def region(self, stmt: Loop | While | Branch, path: Path, table: Table) -> Stmt:
        """A region: its blocks start with what holds whenever they are entered."""
        inside = [s for s in self.elements.stores if s[0][: len(path)] == path]
        before = dict(table)
        self.forget(table, inside)
        start = before if isinstance(stmt, Branch) else table
        done: list[Block] = []
        outer = self.frames
        known = dict(start)
        for arm, nested in enumerate(blocks(stmt)):
            self.frames = (*outer, Frame(path, stmt, arm))
            # the body of a while loop follows its condition
            known = known if isinstance(stmt, While) else dict(start)
            done.append(self.block(nested, (*path, arm), known))
        self.frames = outer
        arms = iter(done)
        return map_blocks(stmt, lambda _: next(arms))

    def forget(self, table: Table, stores: list[tuple[Path, Var, Access]]) -> None:
        """Forget the elements that one of the stores may change."""
        for key, held in list(table.items()):
            if any(self.elements.meet(held.array, held.access, array, access) for _, array, access in stores):
                del table[key]


def share_loads(fn: Func, apart: bool = False) -> Func:
    """Load an element once where nothing can have changed it, and take what was stored from the name that was stored.

    No two parameters share memory where `apart` is true.

    Before:  t = x[i]; a[i] = t; u = a[i]; v = x[i]
    After:   t = x[i]; a[i] = t      (t stands for u and v)
    """
    sharing = Sharing(Elements.of(fn, apart))
    body = sharing.block(fn.body, (), {})
    if not sharing.names:
        return fn
    results = [sharing.name(r) for r in fn.results]
    shapes = rename_extents(fn.shapes, sharing.names)
    return make_func(fn.name, fn.params, rename(body, sharing.names), results, fn.types, shapes, fn.doc)


__all__ = ["Elements", "by_elements", "share_loads"]
