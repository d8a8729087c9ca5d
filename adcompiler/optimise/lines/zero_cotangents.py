"""What has no effect where a cotangent is zero."""

from __future__ import annotations

import math

from adcompiler.ir.build import Builder
from adcompiler.ir.ops import kind
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Load, Loop, Note, Stmt, Store, Var


class Nothing:
    """Follows what is zero where a cotangent is, through lines that have no effect then.

    Parameters
    ----------
    b : Builder
        The function's.
    given : Var
        The cotangent.
    line : Load, optional
        The line that reads it: a store of zero to that place has no effect either.
    """

    def __init__(self, b: Builder, given: Var, line: Load | None = None) -> None:
        self.b, self.line = b, line
        self.zeros: set[Var] = {given}
        # names that are then what another one is: a sum with zero
        self.same: dict[Var, Var] = {}

    def block(self, block: Block) -> bool:
        """Whether no statement of a block has an effect."""
        return all(map(self.statement, block))

    def statement(self, stmt: Stmt) -> bool:
        """Whether a statement has no effect; notes what it makes that is zero."""
        match stmt:
            case Assign(target=target):
                self.note(stmt)
                return kind(stmt.op) == "elementwise" and not self.b.type(target).rank
            case Load(target=target):
                return not self.b.type(target).rank
            case Store(value=value, add=add):
                return self.is_zero(value) and (add or self.is_home(stmt))
            case Branch(then=then, other=other, outs=outs):
                idle = self.block(then) and self.block(other)
                self.zeros |= {o.var for o in outs if self.is_zero(o.then) and self.is_zero(o.other)}
                return idle
            case Loop(until=None):
                return self.loop(stmt)
            case _:
                return isinstance(stmt, Note)

    def passes(self, stmt: Stmt) -> bool:
        """Whether a statement has no effect; what it makes is not noted."""
        zeros, same = set(self.zeros), dict(self.same)
        idle = self.statement(stmt)
        self.zeros, self.same = zeros, same
        return idle

    def loop(self, loop: Loop) -> bool:
        """Whether a loop has no effect: what it carries stays zero, or what it was."""
        zeros = {c.var for c in loop.carried if self.is_zero(c.init)}
        before = set(self.zeros)
        while True:
            self.zeros = before | zeros
            idle = self.block(loop.body)
            lost = {c.var for c in loop.carried if c.var in zeros and not self.is_zero(c.next)}
            if not lost:
                break
            zeros -= lost
        self.zeros |= {c.out for c in loop.carried if c.var in zeros}
        self.same |= {c.out: c.init for c in loop.carried if c.var not in zeros and isinstance(c.init, Var)}
        return idle and all(c.var in zeros or self.origin(c.next) == c.var for c in loop.carried)

    def origin(self, atom: Atom) -> Atom:
        """The name that a name is then equal to."""
        while isinstance(atom, Var) and atom in self.same:
            atom = self.same[atom]
        return atom

    def note(self, line: Assign) -> None:
        """Note what is zero, and what a sum with zero is equal to."""
        if self.is_product(line):
            self.zeros.add(line.target)
        elif line.op in ("add", "sub"):
            first, second = line.args
            kept = first if self.is_zero(second) else second if line.op == "add" and self.is_zero(first) else None
            if isinstance(kept, Var):
                self.same[line.target] = kept

    def is_zero(self, atom: Atom) -> bool:
        """Whether a number is zero where the cotangent is."""
        return atom in self.zeros or (isinstance(atom, Const) and atom.value == 0)

    def is_home(self, stmt: Store) -> bool:
        """Whether a store puts zero where the cotangent was found."""
        line = self.line
        return line is not None and (stmt.array, stmt.index) == (line.array, line.index)

    def is_product(self, line: Assign) -> bool:
        """Whether a line makes zero of what is zero."""
        match line.op, line.args:
            case (("neg" | "pos" | "add" | "sub"), args):
                return all(map(self.is_zero, args))
            case "cut", (first, _):
                return self.is_zero(first)
            case "where", (_, *values):
                return all(map(self.is_zero, values))
            case "mul", (first, second):
                return (self.is_zero(first) and _is_finite(second)) or (self.is_zero(second) and _is_finite(first))
            case _:
                return False


def _is_finite(atom: Atom) -> bool:
    return isinstance(atom, Const) and isinstance(atom.value, (int, float)) and math.isfinite(atom.value)


__all__ = ["Nothing"]
