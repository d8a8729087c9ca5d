"""Choices that send an index around a ring become remainders, of which later passes know more."""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.analysis.rings import rings
from adcompiler.ir.build import with_body
from adcompiler.ir.walk import map_blocks
from adcompiler.ir.wengert import Assign, Block, Branch, Func, Stmt


def take_remainders(fn: Func) -> Func:
    """Write a remainder where a branch chooses one.

    Before:  for i in range(n): k = i + 1; if not k < n: k = 0
    After:   for i in range(n): k = (i + 1) % n
    """
    found = rings(fn)
    if not found:
        return fn

    def block(stmts: Block) -> Block:
        return tuple(line for s in stmts for line in lines(s))

    def lines(stmt: Stmt) -> Iterator[Stmt]:
        ring = found.get(stmt.outs[0].var) if isinstance(stmt, Branch) and stmt.outs else None
        if ring is None or not isinstance(stmt, Branch):
            yield map_blocks(stmt, block)
        else:
            yield from ring.lines
            yield Assign(stmt.outs[0].var, "mod", (ring.number, ring.divisor), (), stmt.span)

    return with_body(fn, block(fn.body))


__all__ = ["take_remainders"]
