"""Scalars, and factors of matrices, that are the same in every iteration are computed once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adcompiler.ir.build import with_body
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.walk import all_defs, map_blocks
from adcompiler.ir.wengert import Assign, Block, Const, Func, Loop, Stmt, Var

# these never raise, so that a loop without a trip stays without effect; Python's own division and powers do
_INTEGER = frozenset({"add", "sub", "mul", "neg", "minimum", "maximum", "dim"})
_FLOAT = frozenset(
    "add sub mul neg pos abs sqrt exp expm1 log log1p sin cos tan arctan sinh cosh tanh maximum minimum where cut "
    "cast".split()
)


def hoist_invariants(fn: Func) -> Func:
    """Move scalar lines, and factors of matrices, out of the loops in which they do not change.

    Before:  for i in range(n): k = 2 * m; x[i] += y[k]
    After:   k = 2 * m; for i in range(n): x[i] += y[k]
    """
    memory = memory_of(fn)
    body = _block(fn.body, fn, memory)
    return with_body(fn, body)


def _block(block: Block, fn: Func, memory: Memory) -> Block:
    built: list[Stmt] = []
    for stmt in block:
        stmt = map_blocks(stmt, lambda b: _block(b, fn, memory))
        # what a checkpointed iteration computes is not to be kept
        if isinstance(stmt, Loop) and stmt.budget is None:
            moved, stmt = _split(stmt, fn, memory)
            built.extend(moved)
        built.append(stmt)
    return tuple(built)


def _split(loop: Loop, fn: Func, memory: Memory) -> tuple[list[Stmt], Loop]:
    """The lines of a loop body that can run before the loop, and the loop without them."""
    changing: set[Var] = {loop.index, *(c.var for c in loop.carried), *all_defs(loop.body)}
    moved: list[Stmt] = []
    kept: list[Stmt] = []
    for stmt in loop.body:
        if isinstance(stmt, Assign) and _moves(stmt, loop, fn, memory) and changing.isdisjoint(_names(stmt)):
            changing.discard(stmt.target)
            moved.append(stmt)
        else:
            kept.append(stmt)
    return moved, replace(loop, body=tuple(kept)) if moved else loop


def _moves(stmt: Assign, loop: Loop, fn: Func, memory: Memory) -> bool:
    """Whether a line may run before the loop if its arguments do not change in it."""
    if stmt.op == "lu":
        # factors exist, without an error, for every matrix
        return not memory.changed([*_names(stmt), stmt.target], loop.body)
    return _is_safe(stmt, fn, memory)


def _is_safe(stmt: Assign, fn: Func, memory: Memory) -> bool:
    type = fn.types[stmt.target.name]
    if type.rank or any(memory.grows(a) for a in _names(stmt) if fn.types[a.name].rank):
        return False
    if np.dtype(type.dtype).kind in "iu":
        return stmt.op in _INTEGER
    if stmt.op == "pow":
        return isinstance(stmt.args[1], Const) and stmt.args[1].value in (2, 3)
    if stmt.op == "div":
        return not type.weak or (isinstance(stmt.args[1], Const) and stmt.args[1].value != 0)
    return stmt.op in _FLOAT


def _names(stmt: Assign) -> set[Var]:
    return {a for a in stmt.args if isinstance(a, Var)}
