"""Arrays whose stores the reverse sweep undoes, so that its loads find what the primal's loads found.

Recording what a store overwrites costs one record a store; recording what loads have read costs one a load. For a
stencil that reads an element several times and writes it once the first is cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.ad.record import Plan
from adcompiler.analysis.dependence import Dependence
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Grow, Loop, Store, Var, While


def candidates(over: Dependence, decided: Plan) -> Iterator[Var]:
    """One array of each class that is overwritten while values read from it, or made of these, are recorded."""
    if not any(decided.defs[v].loops for v in decided.recorded):
        return
    seen: set[Var] = set()
    for stmt in walk(over.fn.body):
        if isinstance(stmt, Store) and (root := over.memory.root(stmt.array)) not in seen:
            seen.add(root)
            if all(lasts(over, array) for array in written(over, root)):
                yield stmt.array


def written(over: Dependence, root: Var) -> Iterator[Var]:
    """The names through which a class of arrays is written."""
    for stmt in walk(over.fn.body):
        if isinstance(stmt, (Store, Grow)) and over.memory.root(stmt.array) == root:
            yield stmt.array


def lasts(over: Dependence, array: Var) -> bool:
    """Whether the reverse sweep can refer to an array: a top-level one, or a buffer that a top-level loop exchanges."""
    base = over.base(array)
    d = over.defs[base]
    if not d.frames:
        return not isinstance(d.stmt, (Loop, While)) or over.exchanges(d.stmt)
    return d.role == "carry" and len(d.frames) == 1 and isinstance(d.stmt, (Loop, While)) and over.exchanges(d.stmt)
