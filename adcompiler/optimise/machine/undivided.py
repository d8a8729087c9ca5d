"""Remainders of numbers that are proven to stay near the divisor are found without a division.

Periodic neighbours, `(i - 1) % n`, would else be a division of 64 bits for each element, and nothing that has one in
it is vectorised: a sum of `u[i] * u[(i - 1) % n]` takes twenty times as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adcompiler.analysis.turns import Turn, turns
from adcompiler.ir.build import ZERO, Builder, with_body
from adcompiler.ir.walk import map_blocks
from adcompiler.ir.wengert import Assign, Block, Func, Stmt
from adcompiler.optimise.elements.halves import plus


def drop_divisions(fn: Func) -> Func:
    """Add or subtract a divisor where that gives the remainder.

    Before:  for i in range(n): k = (i - 1) % n
    After:   for i in range(n): t = i - 1; k = t + n if t < 0 else t
    """
    # LLVM finds that of the next number of a loop by itself, and best
    found = {v: turn for v, turn in turns(fn).items() if not turn.plain}
    if not found:
        return fn
    b = Builder.of(fn)

    def block(stmts: Block) -> Block:
        return tuple(line for s in stmts for line in rewritten(s))

    def rewritten(stmt: Stmt) -> Iterator[Stmt]:
        if isinstance(stmt, Assign) and stmt.target in found:
            yield from _undivided(b, stmt, found[stmt.target])
        else:
            yield map_blocks(stmt, block)

    return with_body(fn, block(fn.body), b)


def _undivided(b: Builder, stmt: Assign, turn: Turn) -> Block:
    """The lines of a remainder; the last one has its name."""
    rest, divisor = stmt.args
    with b.block() as lines, b.at(stmt.span):
        rest = plus(b, rest, divisor, turn.shift)
        for op in ["add"] * turn.below + ["sub"] * turn.above:
            beyond = b.emit("lt", rest, ZERO) if op == "add" else b.emit("ge", rest, divisor)
            rest = b.emit("where", beyond, b.int(op, rest, divisor), rest, weak=b.type(stmt.target).weak)
        if not turn.below and not turn.above:
            b.emit("pos", rest)
    last = lines[-1]
    assert isinstance(last, Assign)
    return (*lines[:-1], replace(last, target=stmt.target))


__all__ = ["drop_divisions"]
