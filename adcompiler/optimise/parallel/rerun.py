"""Loops over items whose iterations run again in the reverse sweep, in place of records of all of them at a time."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.build import ONE, ZERO, Builder, neutral, with_body
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_defs, all_reads, rename
from adcompiler.ir.wengert import Atom, Block, Budget, Carry, Func, Loop, Stmt, Store, Var


def rerun_items(fn: Func) -> Func:
    """Checkpoint what each iteration of a loop without carried values computes, but for the numbers that it stores.

    Before:  for i in range(n): v = x[i]; while v < 9: v = v * v ... items[i] = v
    After:   for i in range(n): for once in range(1): v = x[i]; while v < 9: v = v * v ... items[i] = v
    """
    b = Builder.of(fn)
    body = tuple(_checkpointed(b, s) if _is_plain(s) else s for s in fn.body)
    return with_body(fn, body, b)


def _is_plain(stmt: Stmt) -> bool:
    return isinstance(stmt, Loop) and not stmt.carried and stmt.until is None and stmt.budget is None


def _checkpointed(b: Builder, loop: Stmt) -> Stmt:
    assert isinstance(loop, Loop)
    head, tail = _parted(b, loop.body)
    made = sorted(all_reads(tail) & all_defs(head), key=str)
    if not head or any(b.type(v).rank for v in made):
        return loop
    carried = tuple(Carry(b.like(v), neutral("add", b.type(v).dtype), v, b.like(v)) for v in made)
    names: dict[Var, Atom] = {v: c.out for v, c in zip(made, carried, strict=True)}
    once = b.var("once", INDEX)
    again = Loop(once, ZERO, ONE, ONE, carried, head, None, False, loop.span, Budget(ZERO, "default"))
    return replace(loop, body=(again, *rename(tail, names)))


def _parted(b: Builder, body: Block) -> tuple[Block, Block]:
    """A body, and the stores of numbers at its end."""
    at = len(body)
    while at and isinstance(stmt := body[at - 1], Store) and not b.type(stmt.value).rank:
        at -= 1
    return body[:at], body[at:]
