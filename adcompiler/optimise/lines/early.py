"""Checks of extents are made as early as their values are known."""

from __future__ import annotations

from adcompiler.ir.build import with_body
from adcompiler.ir.memory import memory_of
from adcompiler.ir.walk import defines, map_blocks, operands, walk
from adcompiler.ir.wengert import Assign, Block, Check, Draw, Func, Grow, Print, Stmt, Var


def check_early(fn: Func) -> Func:
    """Move checks before lines that neither fail nor do anything that a caller could see after an error.

    Before:  t = sin(x); differ = n_x != n_y; if differ: raise ValueError; z = t + y
    After:   differ = n_x != n_y; if differ: raise ValueError; t = sin(x); z = t + y

    What a passed check says of extents then holds for all lines that use them. Checks keep their order.
    """
    body = _Early(fn).block(fn.body)
    return with_body(fn, body)


class _Early:
    def __init__(self, fn: Func) -> None:
        self.fn, self.memory = fn, memory_of(fn)

    def block(self, block: Block) -> Block:
        """A block with its checks moved up."""
        built: list[Stmt] = []
        for stmt in block:
            stmt = map_blocks(stmt, self.block)
            if isinstance(stmt, Check):
                self.place(stmt, built)
            else:
                built.append(stmt)
        return tuple(built)

    def place(self, check: Check, built: list[Stmt]) -> None:
        """Insert a check, and the scalar lines it needs, as early as possible."""
        needed = {a for a in operands(check) if isinstance(a, Var)}
        moved: list[Stmt] = [check]
        position = len(built)
        while position > 0:
            stmt = built[position - 1]
            if isinstance(stmt, Assign) and stmt.target in needed and not self.fn.types[stmt.target.name].rank:
                if stmt.op != "dim" and any(self.fn.type(a).rank for a in stmt.args):
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
