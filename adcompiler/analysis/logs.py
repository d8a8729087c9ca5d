"""Arrays in which each iteration of a loop records the trips of a `while` in it, row by row, before it reads them."""

from __future__ import annotations

from collections.abc import Sequence

from adcompiler.analysis.access import Access, loop_limits
from adcompiler.analysis.constraints import Form, feasible, symbol
from adcompiler.analysis.coverage import is_add
from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Path, block_at
from adcompiler.ir.wengert import Carry, Const, Load, Store, Var, While


def is_log(over: Dependence, writes: Sequence[Access], reads: Sequence[Access], loop: Path) -> bool:
    """Whether every element of `reads` was written earlier in the same iteration of the loop at `loop`.

    The array may grow, so that nothing is concluded from its extents.

    Before:  trip = 0
             while test: a[trip, 0] = x; trip += 1
             for k in range(trip - 1, -1, -1): y = a[k, 0]
    """
    found = {_row(over, write, loop) for write in writes}
    if len(found) != 1 or None in found:
        return False
    ((path, carry),) = (row for row in found if row is not None)
    columns = {_item(over, write)[1:] for write in writes}
    return all(
        read.path > path
        and read.path[: len(path)] != path
        and _item(over, read)[1:] in columns
        and _within(over, read, carry)
        for read in reads
    )


def _item(over: Dependence, access: Access) -> tuple[object, ...]:
    """The index of an element as it is written; nothing in place of what is no literal beside the row."""
    stmt = block_at(over.fn, access.path)[access.path[-1]]
    if not isinstance(stmt, (Load, Store)) or stmt.array != access.base:
        return ()
    row, *rest = stmt.index
    return (row, *rest) if all(isinstance(item, Const) for item in rest) else ()


def _row(over: Dependence, write: Access, loop: Path) -> tuple[Path, Carry] | None:
    """The `while` right in a loop of which each trip writes the row of its number: its path, and its counter."""
    item, path = _item(over, write), write.path[:-2]
    d = over.defs.get(item[0]) if item and isinstance(item[0], Var) else None
    if d is None or d.role != "carry" or not isinstance(d.stmt, While) or is_add(over.fn, write):
        return None
    if d.path != path or path[:-1] != (*loop, 0):
        return None
    carry = next(c for c in d.stmt.carried if c.var == item[0])
    counts = carry.init == Const(0) and over.affine.form(carry.next) == symbol(carry.var).shift(1)
    return (path, carry) if counts else None


def _within(over: Dependence, read: Access, carry: Carry) -> bool:
    """Whether the row of an element is one of the trips."""
    row = _item(over, read)[0]
    if not isinstance(row, (Var, Const)):
        return False
    at, known = over.affine.form(row), [*loop_limits(over.affine, read.frames)]
    beyond: list[Form] = [at - symbol(carry.out), at.times(-1).shift(-1)]
    return not any(feasible([*known, case]) for case in beyond)


__all__ = ["is_log"]
