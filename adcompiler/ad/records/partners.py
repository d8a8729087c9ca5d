"""Sines and cosines of one number: the second costs little while the first is computed, and a whole call later on.

Where the sine of a number is recorded and the reverse sweep computes its cosine again, the primal computes both and
records both. The machine compiler makes one call of the two.
"""

from __future__ import annotations

from collections.abc import Iterable

from adcompiler.ad.records.plan import Plan
from adcompiler.ir.build import Builder, respelled
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func, Stmt, Var

_PARTNERS = {"sin": "cos", "cos": "sin"}


def lonely(decided: Plan, reverse: Iterable[Stmt]) -> frozenset[Var]:
    """The recorded sines and cosines of loops whose partner the statements of `reverse` compute."""
    computed = {(s.op, s.args) for s in walk(reverse) if isinstance(s, Assign)}
    found = set[Var]()
    for v in decided.recorded:
        line = decided.defs[v].stmt
        if decided.defs[v].loops and isinstance(line, Assign) and line.target == v and line.op in _PARTNERS:
            if (_PARTNERS[line.op], line.args) in computed:
                found.add(v)
    return frozenset(found)


def with_partners(fn: Func, lines: frozenset[Var]) -> Func:
    """Compute the partners of some sines and cosines.

    Before:  s = sin(x)
    After:   s = sin(x); c = cos(x)
    """

    def both(b: Builder, stmt: Assign) -> None:
        b.add(stmt)
        b.emit(_PARTNERS[stmt.op], *stmt.args, hint=_PARTNERS[stmt.op], weak=None, **dict(stmt.params))

    return respelled(fn, lambda stmt: stmt.target in lines, both)


__all__ = ["lonely", "with_partners"]
