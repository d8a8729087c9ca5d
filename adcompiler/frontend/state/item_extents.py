"""Extents that a loop's body computes from numbers known before the loop: they are computed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adcompiler.ir.build import Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Assign, Atom, Const, Stmt

# these give a number for any numbers
_TOTAL = ("add", "sub", "mul", "maximum", "minimum")


@dataclass(frozen=True, slots=True)
class Integers:
    """The integers that a block computes.

    Parameters
    ----------
    lines : dict
        The line of each, by name.
    outer : frozenset of str
        The names that exist before the block.
    """

    lines: dict[str, tuple[str, tuple[Atom, ...]]]
    outer: frozenset[str]

    @classmethod
    def of(cls, b: Builder, lines: Sequence[Stmt], outer: frozenset[str]) -> Integers:
        """The integers of these lines."""
        found = (stmt for stmt in lines if isinstance(stmt, Assign) and _total(b, stmt))
        return cls({stmt.target.name: (stmt.op, stmt.args) for stmt in found}, outer)

    def outside(self, b: Builder, atom: Atom) -> Atom | None:
        """The same integer in front of the block; None where it depends on what only the block knows."""
        if isinstance(atom, Const) or atom.name in self.outer:
            return atom
        if atom.name not in self.lines:
            return None
        op, given = self.lines[atom.name]
        args = [self.outside(b, arg) for arg in given]
        if any(arg is None for arg in args):
            return None
        left, right = (arg for arg in args if arg is not None)
        return b.int(op, left, right, hint=atom.name)


def _total(b: Builder, stmt: Assign) -> bool:
    """Whether a line is arithmetic of two integers that cannot fail."""
    if b.type(stmt.target) != INDEX or any(b.type(arg) != INDEX for arg in stmt.args):
        return False
    divisor = stmt.args[1] if stmt.op == "floordiv" else None
    return stmt.op in _TOTAL or (isinstance(divisor, Const) and divisor.value != 0)
