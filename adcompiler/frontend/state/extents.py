"""Extents as sums of names, to see that two of them are the same number."""

from __future__ import annotations

from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Assign, Atom, Const, Var

_DEPTH = 16
Sum = dict[Atom, int]
_UNIT = Const(1)


def same_extent(b: Builder, a: Atom, c: Atom) -> bool:
    """Whether two extents are certainly equal.

    >>> from adcompiler.ir.types import INDEX
    >>> b = Builder()
    >>> n = b.var("n", INDEX)
    >>> same_extent(b, n, b.int("add", b.int("sub", n, Const(1)), Const(1)))
    True
    """
    return a == c or _sum(b, a, _DEPTH) == _sum(b, c, _DEPTH)


def _sum(b: Builder, atom: Atom, depth: int) -> Sum:
    """The extent as a sum of names times integers; the literal part counts units."""
    if isinstance(atom, Const):
        return {_UNIT: atom.value} if isinstance(atom.value, int) and atom.value else {}
    stmt = b.made.get(atom.name)
    if isinstance(stmt, Assign) and depth:
        if stmt.op in ("add", "sub"):
            left, right = (_sum(b, a, depth - 1) for a in stmt.args)
            return _added(left, right, 1 if stmt.op == "add" else -1)
        if stmt.op == "mul" and any(isinstance(a, Const) for a in stmt.args):
            factor, other = sorted(stmt.args, key=lambda a: isinstance(a, Var))
            assert isinstance(factor, Const) and isinstance(factor.value, int)
            return _added({}, _sum(b, other, depth - 1), factor.value)
    return {atom: 1}


def _added(left: Sum, right: Sum, factor: int) -> Sum:
    total = dict(left)
    for name, count in right.items():
        total[name] = total.get(name, 0) + factor * count
    return {name: count for name, count in total.items() if count}
