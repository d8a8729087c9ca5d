"""Work arrays of a loop are allocated once."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from adcompiler.ir.build import with_body
from adcompiler.ir.memory import memory_of
from adcompiler.ir.walk import all_defs, blocks, map_blocks
from adcompiler.ir.wengert import Assign, Block, Func, Loop, Stmt, Var, While


def hoist_work(fn: Func, work: Collection[Var]) -> Func:
    """Allocate before a loop the arrays that each iteration fills anew before it reads them.

    Before:  for k in range(steps): t = empty(n); for i in range(n): t[i] = ...
    After:   t = empty(n); for k in range(steps): for i in range(n): t[i] = ...

    Only arrays of `work`, and of these only such as no iteration hands on.
    """
    memory = memory_of(fn)
    free = {a for a in work if memory.root(a) not in memory.handed_on}
    return with_body(fn, _block(fn.body, free))


def _block(block: Block, free: Collection[Var]) -> Block:
    built: list[Stmt] = []
    for stmt in block:
        stmt = map_blocks(stmt, lambda b: _block(b, free))
        ready = list(_ready(stmt, free)) if isinstance(stmt, (Loop, While)) else []
        built.extend(ready)
        built.append(_without(stmt, ready) if ready else stmt)
    return tuple(built)


def _ready(loop: Loop | While, free: Collection[Var]) -> Iterator[Assign]:
    """The allocations directly in a loop whose extents are known before it."""
    if isinstance(loop, Loop) and loop.parallel:
        return
    changing = all_defs((loop,))
    for block in blocks(loop):
        for stmt in block:
            if isinstance(stmt, Assign) and stmt.op == "empty" and stmt.target in free:
                if changing.isdisjoint(a for a in stmt.args if isinstance(a, Var)):
                    yield stmt


def _without(loop: Stmt, moved: list[Assign]) -> Stmt:
    targets = {s.target for s in moved}
    return map_blocks(loop, lambda b: tuple(s for s in b if not (isinstance(s, Assign) and s.target in targets)))
