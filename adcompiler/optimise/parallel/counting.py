"""Loops of a thread that count by hand become counted ones, of which proofs and records know the length.

Before:  i = grid_x; while i < n: body; i = i + grid_size_x
After:   for i in range(grid_x, n, grid_size_x): body
"""

from __future__ import annotations

from collections.abc import Container

from adcompiler.ir.build import make_func
from adcompiler.ir.threads import AXES, thread_name
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_defs, all_reads, map_blocks
from adcompiler.ir.wengert import Assign, Atom, Block, Carry, Const, Func, Loop, Note, Stmt, Var, While

# numbers of a launch that are one at least
_POSITIVE = {Var(thread_name(what, k)) for what in ("grid_size", "block_dim", "grid_dim") for k in range(len(AXES))}


def counted_loops(fn: Func) -> Func:
    """A `while` that compares one name, to which each iteration adds the same number, is a loop over a range."""
    read = all_reads(fn.body) | {r for r in fn.results if isinstance(r, Var)}
    counters = set[Var]()

    def visit(block: Block) -> Block:
        return tuple(map(statement, block))

    def statement(stmt: Stmt) -> Stmt:
        inside = map_blocks(stmt, visit)
        loop = _counted(inside, fn, read) if isinstance(inside, While) else None
        if loop is None:
            return inside
        counters.add(loop.index)
        return loop

    body = visit(fn.body)
    types = {**fn.types, **dict.fromkeys(map(str, counters), INDEX)}
    return make_func(fn.name, fn.params, body, fn.results, types, fn.shapes, fn.doc)


def _counted(loop: While, fn: Func, read: Container[Var]) -> Loop | None:
    """The counted loop that a `while` is: nothing else than its test reads the test, and nothing its last number."""
    test = next((s for s in loop.condition if not isinstance(s, Note)), None)
    if sum(not isinstance(s, Note) for s in loop.condition) != 1 or not isinstance(test, Assign):
        return None
    counter = next((c for c in loop.carried if c.var in test.args[:1]), None)
    if counter is None or loop.test != test.target or counter.out in read or test.target in all_reads(loop.body):
        return None
    stop, step = test.args[-1], _step(loop, counter)
    if step is None or test.op != ("lt" if _sign(step) > 0 else "gt") or fn.type(counter.var).dtype != "int64":
        return None
    if not _is_outside(stop, loop) or fn.type(stop).dtype != "int64" or not _is_outside(step, loop):
        return None
    others = tuple(c for c in loop.carried if c is not counter)
    return Loop(counter.var, counter.init, stop, step, others, loop.body, None, False, loop.span)


def _step(loop: While, counter: Carry) -> Atom | None:
    """What every iteration adds to the counter, where its sign is known."""
    for stmt in loop.body:
        if isinstance(stmt, Assign) and stmt.target == counter.next and stmt.op in ("add", "sub"):
            one, other = stmt.args
            if stmt.op == "add" and other == counter.var:
                one, other = other, one
            if one != counter.var:
                return None
            if isinstance(other, Const) and isinstance(other.value, int) and other.value:
                return Const(-other.value if stmt.op == "sub" else other.value)
            return other if stmt.op == "add" and other in _POSITIVE else None
    return None


def _sign(step: Atom) -> int:
    return -1 if isinstance(step, Const) and step.number < 0 else 1


def _is_outside(atom: Atom, loop: While) -> bool:
    """Whether a number is the same in all iterations."""
    return isinstance(atom, Const) or atom not in all_defs([loop])


__all__ = ["counted_loops"]
