"""The lines of a recursive function, cut where it calls itself: stretches without a call, and what follows each.

A loop or a branch around a call is taken apart into stretches of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from adcompiler.errors import Span
from adcompiler.ir.build import ZERO, Builder
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Atom, Block, Branch, Call, Const, Loop, Stmt, Var, While


@dataclass(frozen=True, slots=True)
class Go:
    """On to another stretch."""

    to: int


@dataclass(frozen=True, slots=True)
class Fork:
    """On to one of two stretches."""

    test: Atom
    then: int
    other: int


@dataclass(frozen=True, slots=True)
class Enter:
    """Another activation of the function, with these arguments; on to a stretch when it has returned."""

    args: tuple[Atom, ...]
    after: int
    span: Span | None


@dataclass(frozen=True, slots=True)
class Leave:
    """Back to the caller with these results."""

    results: tuple[Atom, ...]


End: TypeAlias = Go | Fork | Enter | Leave


@dataclass(slots=True)
class Segment:
    """A stretch of lines without a call.

    Parameters
    ----------
    lines : list of Stmt
        What runs.
    received : tuple of Var
        Names of the results of the call that has just returned.
    moves : list of pairs
        Names that have these values after the lines, all at once.
    end : End
        What follows.
    """

    lines: list[Stmt] = field(default_factory=list)
    received: tuple[Var, ...] = ()
    moves: list[tuple[Var, Atom]] = field(default_factory=list)
    end: End = field(default_factory=lambda: Go(-1))


def calls(stmt: Stmt) -> bool:
    """Whether a statement is a call, or has one inside."""
    return any(isinstance(s, Call) for s in walk((stmt,)))


def cut(b: Builder, lines: Block, results: Sequence[Atom]) -> list[Segment]:
    """The stretches of a function with these lines and results; the first is where it begins."""
    cutting = Cutting(b)
    last = cutting.all[cutting.block(lines, cutting.begin())]
    last.end = Leave(tuple(results))
    return cutting.all


@dataclass(slots=True)
class Cutting:
    """The stretches found so far; each method takes the one in which it starts and gives that in which it ends."""

    b: Builder
    all: list[Segment] = field(default_factory=list)

    def begin(self) -> int:
        """A new stretch."""
        self.all.append(Segment())
        return len(self.all) - 1

    def block(self, lines: Block, at: int) -> int:
        """Statements one after the other."""
        for stmt in lines:
            if not calls(stmt):
                self.all[at].lines.append(stmt)
                continue
            match stmt:
                case Call(targets=targets, args=args, span=span):
                    after = self.begin()
                    self.all[at].end = Enter(args, after, span)
                    self.all[after].received = targets
                    at = after
                case Branch():
                    at = self.branch(stmt, at)
                case Loop():
                    at = self.loop(stmt, at)
                case While():
                    at = self.repeated(stmt, at)
        return at

    def branch(self, stmt: Branch, at: int) -> int:
        """Two ways that meet again."""
        then, other, after = self.begin(), self.begin(), self.begin()
        self.all[at].end = Fork(stmt.test, then, other)
        for start, lines, values in (
            (then, stmt.then, [o.then for o in stmt.outs]),
            (other, stmt.other, [o.other for o in stmt.outs]),
        ):
            end = self.all[self.block(lines, start)]
            end.moves += zip((o.var for o in stmt.outs), values, strict=True)
            end.end = Go(after)
        return after

    def loop(self, stmt: Loop, at: int) -> int:
        """The test of a loop, its body, and what follows."""
        head, body, after = self.begin(), self.begin(), self.begin()
        self.all[at].moves += [(stmt.index, stmt.start), *((c.var, c.init) for c in stmt.carried)]
        self.all[at].end = Go(head)
        with self.b.block() as lines:
            goes_on = self.goes_on(stmt)
        self.all[head].lines += lines
        self.all[head].end = Fork(goes_on, body, after)
        end = self.all[self.block(stmt.body, body)]
        with self.b.block() as lines:
            following = self.b.emit("add", stmt.index, stmt.step, hint=stmt.index.name, weak=True)
        end.lines += lines
        end.moves += [(stmt.index, following), *((c.var, c.next) for c in stmt.carried)]
        end.end = Go(head) if stmt.until is None else Fork(stmt.until, after, head)
        self.all[after].moves += [(c.out, c.var) for c in stmt.carried]
        return self.on(after)

    def goes_on(self, stmt: Loop) -> Atom:
        """Whether another iteration follows."""
        tests = [self.b.emit(op, stmt.index, stmt.stop, hint="goes_on", weak=True) for op in ("lt", "gt")]
        if isinstance(stmt.step, Const):
            return tests[0] if stmt.step.number > 0 else tests[1]
        up = self.b.emit("gt", stmt.step, ZERO, hint="up", weak=True)
        return self.b.emit("where", up, *tests, hint="goes_on", weak=True)

    def repeated(self, stmt: While, at: int) -> int:
        """The condition of a `while`, its body, and what follows."""
        head, body, after = self.begin(), self.begin(), self.begin()
        self.all[at].moves += [(c.var, c.init) for c in stmt.carried]
        self.all[at].end = Go(head)
        tested = self.block(stmt.condition, head)
        self.all[tested].end = Fork(stmt.test, body, after)
        end = self.all[self.block(stmt.body, body)]
        end.moves += [(c.var, c.next) for c in stmt.carried]
        end.end = Go(head)
        self.all[after].moves += [(c.out, c.var) for c in stmt.carried]
        return self.on(after)

    def on(self, at: int) -> int:
        """A stretch after the moves with which another one ends."""
        after = self.begin()
        self.all[at].end = Go(after)
        return after


__all__ = ["Enter", "Fork", "Go", "Leave", "Segment", "calls", "cut"]
