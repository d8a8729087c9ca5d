"""Loops whose reversed iterations may run in any order.

The order of the reversed iterations does not matter where (1) the adjoint of every carried value leaves an iteration
as it entered, so that the loop only accumulates, and (2) no element of an active array is written in one iteration
and touched in another, additions to it excepted: the adjoint of a load adds to the shadow, that of a store reads and
clears it. Work arrays that every iteration writes before it reads them are excepted too: their shadow is zero between
iterations.
"""

from __future__ import annotations

from collections.abc import Iterable

from adcompiler.analysis.coverage import inside, is_add, is_work
from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Path
from adcompiler.ir.wengert import Var


def memory_is_free(over: Dependence, active: Iterable[Var], restored: frozenset[Var], loop: Path) -> bool:
    """Condition (2) for the loop at `loop`; undoing a store writes, so there even additions must not meet."""
    roots = {over.memory.root(v) for v in active if over.fn.types[v.name].rank} | restored
    for root in sorted(roots, key=str):
        writes = [w for w in over.writes.get(root, ()) if inside(w, loop)]
        reads = [r for r in over.reads.get(root, ()) if inside(r, loop)]
        for k, write in enumerate(writes):
            adds = root not in restored and is_add(over.fn, write)
            others = [w for w in writes[k:] if not (adds and is_add(over.fn, w))] + reads
            if any(over.across(write, other, loop) for other in others):
                if root in restored or not is_work(over, root, reads, loop):
                    return False
                break
    return True
