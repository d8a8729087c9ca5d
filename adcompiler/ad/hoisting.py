"""Numbers computed behind a loop that need nothing of it are computed before it.

The adjoint of what follows the loop may then run before the loop, and both sweeps of the loop at once:
`exp(-rate * years) * total` has the cotangent of `total` before there is a total.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from adcompiler.ir.ops import kind
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.walk import all_defs, operands, walk
from adcompiler.ir.wengert import Assign, Atom, Func, Loop, Stmt, Var, While

# what plain Python raises an error for, and a check behind the loop has not yet refused
_RAISING = frozenset(("div", "floordiv", "mod", "fmod", "pow", "short", "split", *SPECIAL))


def hoisted(fn: Func) -> Func:
    """A function whose lines of numbers stand before top-level loops of which they need nothing.

    Before:  for i in range(n): total += x[i]; d = exp(-r); y = d * total
    After:   d = exp(-r); for i in range(n): total += x[i]; y = d * total
    """
    loops = [k for k, stmt in enumerate(fn.body) if has_loop(stmt)]
    made, places = dict[Atom, float](), list[float]()
    for k, stmt in enumerate(fn.body):
        place: float = k
        if is_number(fn, stmt):
            needed = max((made.get(a, -1) for a in operands(stmt)), default=-1)
            first = bisect_right(loops, needed)
            if first < len(loops) and loops[first] < k:
                place = loops[first] - 0.5
        places.append(place)
        made.update(dict.fromkeys(all_defs([stmt]), place))
    order = sorted(range(len(places)), key=places.__getitem__)
    return fn if order == list(range(len(places))) else replace(fn, body=tuple(fn.body[k] for k in order))


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
