"""Checks of extents are made as early as their values are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.memory import memory_of
from adcompiler.ir.walk import all_defs, defines, map_blocks, operands, walk
from adcompiler.ir.wengert import Assign, Block, Check, Const, Draw, Func, Grow, Loop, Print, Stmt, Var

# these never raise, so that a loop without an iteration stays without effect
_TESTS = frozenset("eq ne lt le gt ge logical_and logical_or logical_not dim add sub mul minimum maximum".split())


def check_early(fn: Func) -> Func:
    """Move checks before lines that neither fail nor do anything that a caller could see after an error.

    Before:  t = sin(x); differ = n_x != n_y; if differ: raise ValueError; z = t + y
    After:   differ = n_x != n_y; if differ: raise ValueError; t = sin(x); z = t + y

    What a passed check says of extents then holds for all lines that use them. Checks keep their order.
    """
    early = _Early(fn)
    return with_body(fn, early.block(fn.body), early.b)


def check_before_loops(fn: Func) -> Func:
    """Move checks, with which every iteration begins and which are the same in all of them, before the loops.

    Before:  for i in range(n): differ = n_x != n_y; if differ: raise ValueError; s += x[i] * y[i]
    After:   differ = n_x != n_y; if n > 0 and differ: raise ValueError; for i in range(n): s += x[i] * y[i]

    A loop without checks can be cut, shared and run in another order. In it their extents are not known to agree.
    """
    early = _BeforeLoops(fn)
    return with_body(fn, early.block(fn.body), early.b)


class _Early:
    def __init__(self, fn: Func) -> None:
        self.b, self.memory = Builder.of(fn), memory_of(fn)

    def block(self, block: Block) -> Block:
        """A block with its checks moved up."""
        built: list[Stmt] = []
        for stmt in block:
            stmt = map_blocks(stmt, self.block)
            for line in self.parts(stmt):
                if isinstance(line, Check):
                    self.place(line, built)
                else:
                    built.append(line)
        return tuple(built)

    def parts(self, stmt: Stmt) -> Iterable[Stmt]:
        """What stands for a statement: itself."""
        return (stmt,)

    def place(self, check: Check, built: list[Stmt]) -> None:
        """Insert a check, and the scalar lines it needs, as early as possible."""
        needed = {a for a in operands(check) if isinstance(a, Var)}
        moved: list[Stmt] = [check]
        position = len(built)
        while position > 0:
            stmt = built[position - 1]
            if isinstance(stmt, Assign) and stmt.target in needed and not self.b.type(stmt.target).rank:
                if stmt.op != "dim" and any(self.b.type(a).rank for a in stmt.args):
                    break
                moved.insert(0, stmt)
                needed |= {a for a in stmt.args if isinstance(a, Var)}
                del built[position - 1]
            elif not needed.isdisjoint(defines(stmt)) or not self.passable(stmt):
                break
            position -= 1
        built[position:position] = moved

    def passable(self, stmt: Stmt) -> bool:
        """Whether nobody can tell after an error that a statement has not run."""
        if any(isinstance(s, (Check, Print, Draw, Grow)) for s in walk((stmt,))):
            return False
        return all(self.memory.own(array) for array in self.memory.writes(stmt))


class _BeforeLoops(_Early):
    def parts(self, stmt: Stmt) -> Iterable[Stmt]:
        """A loop, and before it the checks with which each of its iterations begins."""
        lines = self.beginning(stmt) if isinstance(stmt, Loop) else ()
        if not lines or not isinstance(stmt, Loop):
            return (stmt,)
        with self.b.block() as built:
            for line in lines:
                with self.b.at(line.span if isinstance(line, Check) else None):
                    self.b.add(self.where_it_runs(stmt, line) if isinstance(line, Check) else line)
            self.b.add(replace(stmt, body=stmt.body[len(lines) :]))
        return built

    def beginning(self, loop: Loop) -> Block:
        """The first lines of an iteration, up to a check, that are the same in all of them."""
        own = {loop.index, *(c.var for c in loop.carried), *all_defs(loop.body)}
        count = 0
        for position, stmt in enumerate(loop.body if isinstance(loop.step, Const) else ()):
            if not own.isdisjoint(operands(stmt)) or not (isinstance(stmt, Check) or self.is_test(stmt)):
                break
            own.difference_update(defines(stmt))
            count = position + 1 if isinstance(stmt, Check) else count
        return loop.body[:count]

    def is_test(self, stmt: Stmt) -> bool:
        """Whether a line computes what a check may ask, of numbers and of extents."""
        return isinstance(stmt, Assign) and stmt.op in _TESTS and self.b.type(stmt.target).rank == 0

    def where_it_runs(self, loop: Loop, check: Check) -> Check:
        """A check of a loop that fails only where the loop has an iteration."""
        assert isinstance(loop.step, Const) and isinstance(loop.step.value, int)
        ends = (loop.stop, loop.start) if loop.step.value > 0 else (loop.start, loop.stop)
        runs = self.b.emit("gt", *ends, hint="runs")
        return replace(check, failed=self.b.emit("logical_and", runs, check.failed, hint="failed"))
