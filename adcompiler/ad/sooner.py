"""Numbers computed behind the last loop that need nothing of it are computed before it.

The adjoint of what follows the loop may then run before the loop, and both sweeps of the loop at once:
`exp(-rate * years) * total` has the cotangent of `total` before there is a total.
"""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.ops import kind
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.walk import all_defs, operands, walk
from adcompiler.ir.wengert import Assign, Func, Loop, Stmt, Var, While

# what plain Python raises an error for, and a check behind the loop has not yet refused
_RAISING = frozenset(("div", "floordiv", "mod", "fmod", "pow", "short", "split", *SPECIAL))


def computed_sooner(fn: Func) -> Func:
    """A function whose lines of numbers stand before the last loop if they need nothing of it or behind it.

    Before:  for i in range(n): total += x[i]; d = exp(-r); y = d * total
    After:   d = exp(-r); for i in range(n): total += x[i]; y = d * total
    """
    last = next((k for k in range(len(fn.body) - 1, -1, -1) if has_loop(fn.body[k])), None)
    if last is None:
        return fn
    made = set(all_defs([fn.body[last]]))
    sooner, rest = list[Stmt](), list[Stmt]()
    for stmt in fn.body[last + 1 :]:
        if is_number(fn, stmt) and made.isdisjoint(operands(stmt)):
            sooner.append(stmt)
        else:
            rest.append(stmt)
            made |= all_defs([stmt])
    return replace(fn, body=(*fn.body[:last], *sooner, fn.body[last], *rest)) if sooner else fn


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
