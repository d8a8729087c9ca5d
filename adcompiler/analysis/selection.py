"""Selection: the values among which a program chooses, so that their cotangents are zero where they are not chosen.

The partial derivatives along the way may be infinite or NaN exactly there (`where(x > 0, x * log(x), 0)` at 0), and
zero times infinity must stay zero: the adjoint of a line that computes such a value is guarded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adcompiler.analysis.activity import edges, reachable
from adcompiler.analysis.alias import aliases
from adcompiler.ir.walk import all_defs, walk
from adcompiler.ir.wengert import Assign, Atom, Branch, Func, Load, Stmt, Var


def selected(fn: Func) -> frozenset[Var]:
    """Names whose cotangent may be zero because another value was chosen.

    Those are what `where` chooses from, arrays of which a branch reads elements, and all that these are computed from.
    """
    memory = aliases(fn)
    seeds = {memory.root(a) for a in _choices(fn.body) if isinstance(a, Var)}
    found = reachable(seeds, [(b, a) for a, b in edges(fn, memory)])
    return frozenset(v for name in fn.types if memory.root(v := Var(name)) in found and fn.types[name].is_float)


def _choices(block: Iterable[Stmt]) -> Iterator[Atom]:
    for stmt in walk(block):
        match stmt:
            case Assign(op="where", args=(_, a, b)):
                yield from (a, b)
            case Branch(then=then, other=other):
                for arm in (then, other):
                    own = all_defs(arm)
                    yield from (s.array for s in walk(arm) if isinstance(s, Load) and s.array not in own)
            case _:
                pass
