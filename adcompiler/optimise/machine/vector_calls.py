"""Calls of mathematical functions in loops whose iterations may run several at once are marked.

A vector variant of such a function rounds differently, by at most a few units in the last place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from adcompiler.analysis.deciding import deciding
from adcompiler.emit.vector_functions import LANES
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import map_blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Check, Func, Load, Loop, Stmt, Store, Var, While
from adcompiler.optimise.lines.logarithms import logaddexp
from adcompiler.optimise.machine.reductions import FLOATS, chain

#: The parameter of a line that may be computed for several iterations at once.
MARK = ("lanes", True)


def mark_lanes(fn: Func) -> Func:
    """Mark calls in innermost loops that carry nothing but reductions from one iteration to the next, and delays.

    A delay is what an iteration computes from nothing of the ones before, or from delays: the next few read it.

    Before:  for i in range(n): y[i] = exp(x[i])
    After:   for i in range(n): y[i] = exp(x[i]; lanes=True)

    What the C library has no variant of, and what Numba computes by branches, is written out by such functions. Where
    one of them is marked, and a decision may depend on its results, all calls of it are, in other places too: equal
    numbers have equal results.
    """
    marking = _Marking(fn)
    body = marking.block(fn.body)
    if marking.marked:
        exact = deciding(fn)
        calls = (s for s in walk(fn.body) if isinstance(s, Assign) and s.target in exact)
        marking.marked &= {marking.call(s) for s in calls}
        body = marking.everywhere(body)
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


def _one_at_a_time(loop: Loop) -> bool:
    """Whether iterations cannot run several at once: one may raise, or stores where a number of memory says."""
    loaded = set[Atom]()
    for stmt in loop.body:
        match stmt:
            case Load(target=target):
                loaded.add(target)
            case Assign(target=target, args=args) if not loaded.isdisjoint(args):
                loaded.add(target)
            case Store(index=index) if not loaded.isdisjoint(index):
                return True
            case Check():
                return True
            case _:
                pass
    return False


class _Marking:
    def __init__(self, fn: Func) -> None:
        self.fn, self.b = fn, Builder.of(fn)
        # functions with the types of their arguments
        self.marked = set[tuple[str, str] | None]()

    def block(self, block: Block) -> Block:
        """A block with the calls in its innermost loops marked."""
        return tuple(self.loop(map_blocks(stmt, self.block)) for stmt in block)

    def loop(self, stmt: Stmt) -> Stmt:
        """A loop with its calls marked."""
        if not isinstance(stmt, Loop) or any(isinstance(s, (Loop, While, Branch)) for s in stmt.body):
            return stmt
        if stmt.until is not None or not hands_on_sums(stmt) or _one_at_a_time(stmt):
            return stmt
        calls = {call for s in stmt.body if (call := self.call(s))}
        self.marked |= calls
        return replace(stmt, body=tuple(line for s in stmt.body for line in self.lines(s)))

    def everywhere(self, block: Block) -> Block:
        """A block with all calls marked of what is marked in some loop."""
        return tuple(
            line
            for s in block
            for line in (self.lines(s) if self.call(s) in self.marked else (map_blocks(s, self.everywhere),))
        )

    def call(self, stmt: Stmt) -> tuple[str, str] | None:
        """The function of a line that may be marked, and the type of the floating-point numbers that it takes."""
        if not isinstance(stmt, Assign) or stmt.op not in (*LANES, "logaddexp") or MARK in stmt.params:
            return None
        found, given = self.b.type(stmt.target).dtype, {self.b.type(a).dtype for a in stmt.args}
        # arguments of other types are converted where the call is printed, but for whole exponents
        converts = stmt.op not in ("pow", "logaddexp") and not any(dtype.startswith("complex") for dtype in given)
        return (stmt.op, found) if found in FLOATS and (converts or given == {found}) else None

    def lines(self, stmt: Stmt) -> Block:
        """A call marked or written out; another statement as it is."""
        if self.call(stmt) is None:
            return (stmt,)
        assert isinstance(stmt, Assign)
        if stmt.op in LANES:
            return (replace(stmt, params=(*stmt.params, MARK)),)
        with self.b.block() as built, self.b.at(stmt.span):
            logaddexp(self.b, stmt)
        self.marked |= {call for s in built if (call := self.call(s))}
        return tuple(line for s in built for line in self.lines(s))
