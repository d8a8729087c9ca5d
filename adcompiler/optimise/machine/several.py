"""Calls of mathematical functions in loops whose iterations may run several at once are marked.

A vector variant of such a function rounds differently, by at most a few units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from adcompiler.emit.several import LANES
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import map_blocks
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Func, Loop, Stmt, Var, While
from adcompiler.optimise.lowering.folds import typed
from adcompiler.optimise.machine.reductions import FLOATS, chain

#: The parameter of a line that may be computed for several iterations at once.
MARK = ("lanes", True)


def mark_lanes(fn: Func) -> Func:
    """Mark calls in innermost loops that carry nothing but reductions from one iteration to the next, and delays.

    A delay is what an iteration computes from nothing of the ones before, or from delays: the next few read it.

    Before:  for i in range(n): y[i] = exp(x[i])
    After:   for i in range(n): y[i] = exp(x[i]; lanes=True)

    What the C library has no variant of, and what Numba computes by branches, is written out by such functions.
    """
    marking = _Marking(fn)
    body = marking.block(fn.body)
    return with_body(fn, body, marking.b)


def hands_on_sums(loop: Loop) -> bool:
    """Whether no carried value is computed from itself, in any number of iterations, but for reductions."""
    carried = [c for c in loop.carried if not any(chain(loop, c))]
    lines = {s.target: s.args for s in loop.body if isinstance(s, Assign)}
    left = {c.var: c for c in carried}
    while left:
        ready = {var for var, c in left.items() if not any(a in left for a in _sources(c.next, lines))}
        if not ready:
            return False
        left = {var: c for var, c in left.items() if var not in ready}
    return True


def _sources(atom: Atom, lines: Mapping[Var, tuple[Atom, ...]]) -> set[Atom]:
    """All from which lines of a loop compute a value, and the value."""
    found, agenda = set[Atom](), [atom]
    while agenda:
        one = agenda.pop()
        if one not in found:
            found.add(one)
            agenda.extend(lines.get(one, ()) if isinstance(one, Var) else ())
    return found


class _Marking:
    def __init__(self, fn: Func) -> None:
        self.fn, self.b = fn, Builder.of(fn)

    def block(self, block: Block) -> Block:
        """A block with the calls in its innermost loops marked."""
        return tuple(self.marked(map_blocks(stmt, self.block)) for stmt in block)

    def marked(self, stmt: Stmt) -> Stmt:
        """A loop with its calls marked."""
        if not isinstance(stmt, Loop) or any(isinstance(s, (Loop, While, Branch)) for s in stmt.body):
            return stmt
        if stmt.until is not None or not hands_on_sums(stmt):
            return stmt
        return replace(stmt, body=tuple(line for s in stmt.body for line in self.lines(s)))

    def lines(self, stmt: Stmt) -> Block:
        """A call of floating-point numbers of one type, marked or written out."""
        if not isinstance(stmt, Assign) or stmt.op not in (*LANES, "logaddexp"):
            return (stmt,)
        dtypes = {self.b.type(a).dtype for a in (*stmt.args, stmt.target)}
        if len(dtypes) > 1 or not dtypes <= set(FLOATS):
            return (stmt,)
        if stmt.op in LANES:
            return (replace(stmt, params=(*stmt.params, MARK)),)
        with self.b.block() as built, self.b.at(stmt.span):
            self.logaddexp(stmt)
        return tuple(line for s in built for line in self.lines(s))

    def logaddexp(self, stmt: Assign) -> None:
        """`log(exp(x) + exp(y))`, by NumPy's formula without its branches; equal infinities have no difference."""
        x, y = stmt.args
        larger = self.b.emit("where", self.b.emit("gt", x, y), x, y)
        apart = self.b.emit("neg", self.b.emit("abs", self.b.emit("sub", x, y)))
        beyond = self.b.emit("log1p", self.b.emit("exp", apart))
        doubled = self.b.emit("add", x, typed(math.log(2.0), self.fn.types[stmt.target.name]))
        total = self.b.emit("add", larger, beyond)
        self.b.add(replace(stmt, op="where", args=(self.b.emit("eq", x, y), doubled, total), params=()))
