"""Lists of copies, where Python's are of references: nothing may be written that would tell the two apart."""

from __future__ import annotations

from collections.abc import Set

from adcompiler.frontend.arrays.aliasing import Memory, survey
from adcompiler.frontend.refused.table import refusal
from adcompiler.ir.wengert import Branch, Func, Loop, Var, While


def check_grown_lists(fn: Func, grown: Set[Var]) -> None:
    """Refuse writes to arrays that a list holds, and to items of it that have another name too.

    What an item is handed on to counts as the item: `Memory` counts handing on what is then written as a write.
    """
    if not grown:
        return
    memory = survey(fn)
    appended = [(stmt, place) for stmt, place in memory.stores if stmt.array in grown]
    numbers = {place.at for _, place in appended}
    for stmt, place in appended:
        if not isinstance(stmt.value, Var) or not fn.types[stmt.value.name].rank:
            continue
        written = any(write.at not in numbers for write in memory.writes[stmt.array])
        for name in _held_as(memory, stmt.value):
            if memory.later(memory.writes, name, place):
                raise refusal("appended-array", stmt.span)
            if written and memory.later(memory.uses, name, place):
                raise refusal("list-item-write", stmt.span)


def _held_as(memory: Memory, value: Var) -> set[Var]:
    """The names under which earlier lines hold the memory of a value.

    What the iteration before has made is not among them: nothing has its name any more.
    """
    found, queue = set[Var](), [memory.of(value)]
    while queue:
        var = queue.pop()
        if var in found:
            continue
        found.add(var)
        stmt, _ = memory.made.get(var, (None, ()))
        if isinstance(stmt, Branch):
            queue += [memory.of(a) for o in stmt.outs if o.var == var for a in (o.then, o.other)]
        elif isinstance(stmt, (Loop, While)):
            carry = next(c for c in stmt.carried if var in (c.var, c.out))
            after = memory.of(carry.next)
            fresh = memory.is_fresh(after, memory.made[carry.var][1][-1])
            queue += [memory.of(carry.init), *([] if fresh else [after])]
    return found
