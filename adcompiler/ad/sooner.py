"""Numbers computed behind a loop that need nothing of it are computed before it.

The adjoint of what follows the loop may then run before the loop, and both sweeps of the loop at once:
`exp(-rate * years) * total` has the cotangent of `total` before there is a total.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adcompiler.ir.ops import kind
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.walk import all_defs, operands, walk
from adcompiler.ir.wengert import Assign, Block, Func, Loop, Stmt, Var, While

# what plain Python raises an error for, and a check behind the loop has not yet refused
_RAISING = frozenset(("div", "floordiv", "mod", "fmod", "pow", "short", "split", *SPECIAL))


def computed_sooner(fn: Func) -> Func:
    """A function whose lines of numbers stand before top-level loops of which they need nothing.

    Before:  for i in range(n): total += x[i]; d = exp(-r); y = d * total
    After:   d = exp(-r); for i in range(n): total += x[i]; y = d * total
    """
    body = fn.body
    for position in range(len(body) - 1, -1, -1):
        if has_loop(body[position]):
            body = (*body[:position], *rearranged(fn, body[position:]))
    return fn if body == fn.body else replace(fn, body=body)


def rearranged(fn: Func, block: Block) -> Iterator[Stmt]:
    """A loop and what follows it, after those of the lines of numbers that need nothing of it or of what follows it."""
    made, rest = set(all_defs(block[:1])), [block[0]]
    for stmt in block[1:]:
        if is_number(fn, stmt) and made.isdisjoint(operands(stmt)):
            yield stmt
        else:
            rest.append(stmt)
            made |= all_defs([stmt])
    yield from rest


def has_loop(stmt: Stmt) -> bool:
    """Whether a statement is a loop, or holds one."""
    return any(isinstance(s, (Loop, While)) for s in walk((stmt,)))


def is_number(fn: Func, stmt: Stmt) -> bool:
    """Whether a line computes a number from numbers, without an error."""
    if not isinstance(stmt, Assign) or kind(stmt.op) != "elementwise" or stmt.op in _RAISING:
        return False
    return not fn.types[stmt.target.name].rank and not any(
        isinstance(a, Var) and fn.types[a.name].rank for a in stmt.args
    )
