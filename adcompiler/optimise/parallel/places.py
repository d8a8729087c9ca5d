"""The places of elements are computed above the branches that use them, so that both sweeps have them by one name."""

from __future__ import annotations

from adcompiler.ir.build import with_body
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_defs, map_blocks
from adcompiler.ir.wengert import Assign, Block, Branch, Func, Stmt

_QUICK = frozenset("add sub mul neg minimum maximum".split())


def places_above(fn: Func) -> Func:
    """Move arithmetic of integers that needs nothing of a branch to the line above it.

    Before:  if s > 0: k = 2 * i + 1; y[k] = s
    After:   k = 2 * i + 1; if s > 0: y[k] = s

    A name that an arm defines reaches the reverse sweep as a value that may be another one, of which nothing is proven.
    """

    def visit(block: Block) -> Block:
        found: list[Stmt] = []
        for stmt in (map_blocks(s, visit) for s in block):
            if isinstance(stmt, Branch):
                above = _above(fn, stmt)
                found += above
                stmt = map_blocks(stmt, lambda arm, above=above: tuple(s for s in arm if s not in above))  # type: ignore[misc]
            found.append(stmt)
        return tuple(found)

    return with_body(fn, visit(fn.body))


def _above(fn: Func, branch: Branch) -> list[Stmt]:
    """The lines of a branch's arms that can stand above it."""
    found: list[Stmt] = []
    inside = all_defs([branch])
    for stmt in (*branch.then, *branch.other):
        if isinstance(stmt, Assign) and _is_quick(fn, stmt) and inside.isdisjoint(stmt.args):
            found.append(stmt)
            inside = inside - {stmt.target}
    return found


def _is_quick(fn: Func, line: Assign) -> bool:
    """Whether a line is arithmetic of integers that takes a step."""
    type = fn.types[line.target.name]
    return line.op in _QUICK and not type.rank and type.dtype == INDEX.dtype


__all__ = ["places_above"]
