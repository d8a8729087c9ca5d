"""Calls of mathematical functions in loops whose iterations may run several at once are marked.

A vector variant of such a function rounds differently, by at most a few units in the last place.
"""

from __future__ import annotations

from dataclasses import replace

from adcompiler.emit.several import LANES
from adcompiler.ir.walk import map_blocks
from adcompiler.ir.wengert import Assign, Block, Branch, Func, Loop, Stmt, While
from adcompiler.optimise.reductions import FLOATS, chain

#: The parameter of a line that may be computed for several iterations at once.
MARK = ("lanes", True)


def mark_lanes(fn: Func) -> Func:
    """Mark calls in innermost loops that carry nothing but reductions from one iteration to the next.

    Before:  for i in range(n): y[i] = exp(x[i])
    After:   for i in range(n): y[i] = exp(x[i]; lanes=True)
    """

    def visit(block: Block) -> Block:
        return tuple(marked(fn, map_blocks(stmt, visit)) for stmt in block)

    return replace(fn, body=visit(fn.body))


def marked(fn: Func, stmt: Stmt) -> Stmt:
    """A loop with its calls marked."""
    if not isinstance(stmt, Loop) or any(isinstance(s, (Loop, While, Branch)) for s in stmt.body):
        return stmt
    if stmt.until is not None or not all(any(chain(stmt, c)) for c in stmt.carried):
        return stmt
    return replace(stmt, body=tuple(with_lanes(fn, s) for s in stmt.body))


def with_lanes(fn: Func, stmt: Stmt) -> Stmt:
    """A call of floating-point numbers of one type, marked."""
    if not isinstance(stmt, Assign) or stmt.op not in LANES:
        return stmt
    dtypes = {fn.type(a).dtype for a in (*stmt.args, stmt.target)}
    if len(dtypes) > 1 or not dtypes <= set(FLOATS):
        return stmt
    return replace(stmt, params=(*stmt.params, MARK))
