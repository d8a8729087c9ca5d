"""Arrays whose overwritten contents are saved as such, so that loads of the reverse sweep find what the primal's found.

Recording what a store overwrites costs one record a store; recording what loads have read costs one a load. For a
stencil that reads an element several times and writes it once the first is cheaper, and cheaper still a copy of the
array, where each iteration overwrites all of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.ad.prepare import Saved
from adcompiler.ad.records.plan import Plan
from adcompiler.ad.records.snapshots import complete, snapshots
from adcompiler.analysis.dependence import Dependence
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Grow, Loop, Store, Var, While


def candidates(over: Dependence, decided: Plan) -> Iterator[list[Saved]]:
    """The ways to save each class of arrays that is overwritten while values read from it, or made of these, are taped.

    A copy comes first: undoing stores costs the reverse sweep more where as much is recorded.
    """
    if not any(decided.defs[v].loops for v in decided.recorded):
        return
    # the iterations of a checkpointed loop write copies of their own when they run again
    seen = {over.memory.root(array) for array in checkpointed(over)}
    for stmt in walk(over.fn.body):
        if isinstance(stmt, Store) and (root := over.memory.root(stmt.array)) not in seen:
            seen.add(root)
            copies, array = snapshots(over, stmt.array), frozenset({stmt.array})
            ways = [Saved(copied=array)] if copies else []
            if not (copies and complete(over, stmt.array, copies)):
                if all(lasts(over, name) for name in written(over, root)):
                    ways.append(Saved(restored=array))
            yield ways


def checkpointed(over: Dependence) -> Iterator[Var]:
    """The names through which checkpointed loops write."""
    for loop in walk(over.fn.body):
        if isinstance(loop, Loop) and loop.budget is not None:
            yield from (s.array for s in walk([loop]) if isinstance(s, Store))


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
