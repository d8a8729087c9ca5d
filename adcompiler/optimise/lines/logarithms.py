"""The logarithm of a sum of exponentials by functions that every compiler knows."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import map_blocks, walk
from adcompiler.ir.wengert import Assign, Block, Func


def spell_logaddexp(fn: Func) -> Func:
    """Say what `logaddexp` of two numbers is; of two infinities, whose difference is none, it is their sum.

    Before:  y = logaddexp(a, b)
    After:   d = a - b; y = max(a, b) + log1p(exp(-abs(d))) if d == d else a + b
    """
    if not any(isinstance(s, Assign) and s.op == "logaddexp" for s in walk(fn.body)):
        return fn
    b = Builder.of(fn)

    def visit(block: Block) -> Block:
        with b.block() as lines:
            for stmt in block:
                if isinstance(stmt, Assign) and stmt.op == "logaddexp":
                    with b.at(stmt.span):
                        _spell(b, stmt)
                else:
                    b.add(map_blocks(stmt, visit))
        return tuple(lines)

    return with_body(fn, visit(fn.body), b)


def _spell(b: Builder, stmt: Assign) -> None:
    one, other = stmt.args
    gap = b.emit("sub", one, other)
    less = b.emit("log1p", b.emit("exp", b.emit("neg", b.emit("abs", gap))))
    found = b.emit("add", b.emit("maximum", one, other), less)
    same = b.emit("eq", gap, gap)
    b.add(replace(stmt, op="where", args=(same, found, b.emit("add", one, other))))


__all__ = ["spell_logaddexp"]
