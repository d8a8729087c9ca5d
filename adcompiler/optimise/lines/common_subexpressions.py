"""Equal lines are one line."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TypeAlias

from adcompiler.ir.build import Builder
from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import as_var, updated
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Const,
    Func,
    Load,
    Loop,
    Stmt,
    Store,
    Var,
    While,
    is_element,
)
from adcompiler.optimise.lines.substitution import Substitution

COMMUTES = frozenset("add mul eq ne logical_and logical_or maximum minimum hypot".split())
Key: TypeAlias = Hashable


@dataclass(slots=True)
class Known:
    """Values that have a name, and the arrays whose contents each depends on."""

    names: dict[Key, Atom] = field(default_factory=dict)
    reads: dict[Key, tuple[Var, ...]] = field(default_factory=dict)

    def copy(self) -> Known:
        """What a nested block starts with."""
        return Known(dict(self.names), dict(self.reads))


def share_lines(fn: Func, apart: bool = False) -> Func:
    """Replace a line by an earlier equal one, and a load by what was stored there.

    Before:  a = sin(x); b = sin(x); c = y[i]; d = y[i]; z[i] = a; e = z[i] * c
    After:   a = sin(x); c = y[i]; z[i] = a; e = a * c

    A load is shared only where no statement in between may have changed the array, an array only where nobody can
    tell one from two: neither is stored into, carried or returned. `apart` says that parameters do not overlap.
    """
    pass_ = _Sharing(fn, apart)
    body = pass_.block(fn.body, Known())
    return pass_.now.rebuilt(fn, body, fn.types, fn.shapes)


class _Sharing:
    def __init__(self, fn: Func, apart: bool) -> None:
        self.b = Builder.of(fn)
        self.memory = memory_of(fn, apart)
        self.now = Substitution()
        self.distinct = self.memory.handed_on | self.memory.stored

    def block(self, block: Block, known: Known) -> Block:
        """A block without lines that are known already."""
        with self.b.block() as built:
            for stmt in block:
                self.statement(self.now.entry(stmt), known)
        return tuple(built)

    def statement(self, stmt: Stmt, known: Known) -> None:
        """Append a statement unless it is known."""
        match stmt:
            case Assign() | Load():
                self.line(stmt, known)
                return
            case Loop(body=body, carried=carried, until=until):
                self.forget(stmt, known)
                inner = self.block(body, known.copy())
                until = None if until is None else self.now(until)
                self.b.add(updated(stmt, body=inner, carried=self.now.carried(carried), until=until))
            case While(condition=condition, body=body, carried=carried):
                self.forget(stmt, known)
                within = known.copy()
                condition, test = self.block(condition, within), self.now(stmt.test)
                body = self.block(body, within)
                carried = self.now.carried(carried)
                self.b.add(updated(stmt, condition=condition, test=test, body=body, carried=carried))
            case Branch(then=then, other=other, outs=outs):
                then, other = self.block(then, known.copy()), self.block(other, known.copy())
                self.b.add(updated(stmt, then=then, other=other, outs=self.now.outs(outs)))
                self.forget(stmt, known)
            case Store():
                self.b.add(stmt)
                self.forget(stmt, known)
                self.stored(stmt, known)
            case _:
                self.b.add(stmt)
                self.forget(stmt, known)

    def forget(self, stmt: Stmt, known: Known) -> None:
        """Drop what a statement may change."""
        if writes := self.memory.writes(stmt):
            for key, arrays in list(known.reads.items()):
                if any(self.memory.overlap(w, a) for w in writes for a in arrays):
                    del known.names[key], known.reads[key]

    def stored(self, stmt: Store, known: Known) -> None:
        """What an element is after a store; nothing where the store converts it."""
        element = self.b.types[stmt.array.name].element
        if stmt.add or not is_element(stmt.index):
            return
        value = stmt.value
        if isinstance(value, Const):
            value = Const(element.numpy.type(value.value))
        if self.b.type(value) == element:
            key = ("load", stmt.array, stmt.index)
            known.names[key], known.reads[key] = value, (stmt.array,)

    def line(self, stmt: Assign | Load, known: Known) -> None:
        """Append a line, or let an earlier name stand for its target."""
        key = self.key(stmt)
        if key is not None:
            atom = known.names.get(key)
            if atom is not None and self.b.type(atom) == self.b.types[stmt.target.name]:
                self.now.known[stmt.target] = atom
                return
            known.names[key] = stmt.target
            if reads := self.contents(stmt):
                known.reads[key] = reads
        self.b.add(stmt)

    def key(self, stmt: Assign | Load) -> Key | None:
        """What makes two lines equal; None where a line must stay its own."""
        if isinstance(stmt, Load):
            return ("load", stmt.array, stmt.index)
        if self.b.types[stmt.target.name].rank and kind(stmt.op) != "view":
            if kind(stmt.op) == "alloc" or self.memory.root(stmt.target) in self.distinct:
                return None
        args = tuple(sorted(stmt.args, key=repr)) if stmt.op in COMMUTES else stmt.args
        return (stmt.op, args, stmt.params)

    def contents(self, stmt: Assign | Load) -> tuple[Var, ...]:
        """The arrays whose elements a line reads."""
        if isinstance(stmt, Load):
            whole = not is_element(stmt.index)
            return () if whole else (stmt.array,)
        if kind(stmt.op) == "view" or (stmt.op == "dim" and not self.memory.grows(as_var(stmt.args[0]))):
            return ()
        return tuple(a for a in stmt.args if isinstance(a, Var) and self.b.types[a.name].rank)
