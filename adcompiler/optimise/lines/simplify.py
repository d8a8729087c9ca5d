"""The readable form: constants folded, equal lines shared, dead ones dropped."""

from __future__ import annotations

from adcompiler.ir.dead import drop_dead
from adcompiler.ir.wengert import Func
from adcompiler.optimise.lines.common_subexpressions import share_lines
from adcompiler.optimise.lines.constants import fold_constants
from adcompiler.optimise.lines.direct_stores import store_directly
from adcompiler.optimise.lines.early_checks import check_early
from adcompiler.optimise.lines.invariant import hoist_invariants
from adcompiler.optimise.lines.padded import read_padded
from adcompiler.optimise.lines.sums import begin_sums
from adcompiler.optimise.lines.uniform import use_scalars
from adcompiler.optimise.lines.unit_factors import drop_unit_factors

_STEPS = (
    check_early,
    fold_constants,
    share_lines,
    store_directly,
    read_padded,
    hoist_invariants,
    begin_sums,
    use_scalars,
    drop_unit_factors,
    drop_dead,
)


def simplify(fn: Func) -> Func:
    """A shorter function with the same results and effects.

    Before:  t = 1.0 * y; u = t * cos(x); v = cos(x); w = v * 2.0; return u, w
    After:   t = cos(x); u = y * t; w = t * 2.0; return u, w

    Stores that the caller can see, checks and their order stay; checks come as early as nobody can tell.
    """
    unchanged = 0
    while True:
        for step in _STEPS:
            before, fn = fn, step(fn)
            unchanged = unchanged + 1 if fn.body == before.body and fn.results == before.results else 0
            if unchanged == len(_STEPS):
                return fn
