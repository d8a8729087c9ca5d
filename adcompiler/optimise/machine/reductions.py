"""Reductions whose order nobody can observe are marked, so that the compiler may take several partial ones at once.

A strict sum waits for each addition before the next and keeps its loop from being vectorised. Only lines of a
proven reduction are marked: an accumulator that its loop adds to, or takes the larger of, and uses for nothing else.
All other arithmetic stays strict, so that NaN, infinities and compensated sums keep their meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adcompiler.ir.walk import blocks, map_statements, operands, walk, yields
from adcompiler.ir.wengert import Assign, Branch, Carry, Func, Loop, Stmt, Var, While

#: The parameter of a line that may be reassociated.
MARK = ("reassociate", True)
#: What an accumulator may do in a loop: one of these, all along.
KINDS = {"add": "sum", "sub": "sum", "maximum": "maximum", "minimum": "minimum"}
FLOATS = ("float32", "float64")


def mark_reductions(fn: Func) -> Func:
    """Mark the lines of proven reductions in innermost loops.

    Before:  for i in range(n) carrying s: s_1 = add(s, x)
    After:   for i in range(n) carrying s: s_1 = add(s, x; reassociate=True)
    """
    return replace(fn, body=map_statements(fn.body, lambda stmt: marked(fn, stmt)))


def marked(fn: Func, stmt: Stmt) -> Stmt:
    """A loop with the lines of its reductions marked."""
    if not isinstance(stmt, Loop) or any(isinstance(s, (Loop, While, Branch)) for s in stmt.body):
        return stmt
    chains = {line for c in stmt.carried if fn.types[c.var.name].dtype in FLOATS for line in chain(stmt, c)}
    if not chains:
        return stmt
    body = tuple(
        replace(s, params=(*s.params, MARK)) if isinstance(s, Assign) and s.target in chains else s for s in stmt.body
    )
    return replace(stmt, body=body)


def chain(loop: Loop, carry: Carry) -> Iterator[Var]:
    """The lines that lead from a carried value to its next one, if the loop uses none of them otherwise."""
    readers: dict[Var, list[Stmt]] = {}
    for s in walk(loop.body):
        assert not blocks(s)
        for a in operands(s):
            if isinstance(a, Var):
                readers.setdefault(a, []).append(s)
    ends = [a for a in yields(loop) if isinstance(a, Var)]
    found: list[Var] = []
    value, kind = carry.var, ""
    while value != carry.next:
        users = readers.get(value, [])
        if len(users) != 1 or value in ends:
            return
        line = users[0]
        if not isinstance(line, Assign) or line.op not in KINDS or (line.op == "sub" and line.args[0] != value):
            return
        if kind not in ("", KINDS[line.op]):
            return
        kind = KINDS[line.op]
        value = line.target
        found.append(value)
    if not readers.get(value) and ends.count(value) == 1:
        yield from found
