"""Arrays that hold one value everywhere are that value where an operation broadcasts it anyway."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.infer import infer
from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import map_blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Func, Grow, Stmt, Store, Var


def use_scalars(fn: Func) -> Func:
    """Use the scalar that fills an array instead of the array.

    Before:  w = full(2.0, n); y = w * x
    After:   y = 2.0 * x

    Only where another operand has the shape of the result and the element type stays the same.
    """
    memory = memory_of(fn)
    stored = {memory.root(s.array) for s in walk(fn.body) if isinstance(s, (Store, Grow))}
    filled = {
        s.target: s.args[0]
        for s in walk(fn.body)
        if isinstance(s, Assign) and s.op == "full" and memory.root(s.target) not in stored
    }
    body = _Uniform(Builder.of(fn), filled).block(fn.body) if filled else fn.body
    return with_body(fn, body)


class _Uniform:
    def __init__(self, b: Builder, filled: dict[Var, Atom]) -> None:
        self.b, self.filled = b, filled

    def block(self, block: Block) -> Block:
        """A block in which scalars stand for the arrays they fill."""
        return tuple(self.line(map_blocks(s, self.block)) for s in block)

    def line(self, stmt: Stmt) -> Stmt:
        """A line with as many of its operands replaced as the others allow."""
        if isinstance(stmt, Assign) and kind(stmt.op) == "elementwise":
            for position, arg in enumerate(stmt.args):
                if isinstance(arg, Var) and arg in self.filled and self.may_replace(stmt, position):
                    args = (*stmt.args[:position], self.filled[arg], *stmt.args[position + 1 :])
                    stmt = replace(stmt, args=args)
        return stmt

    def may_replace(self, stmt: Assign, position: int) -> bool:
        """Whether a line gives the same array with a scalar in this position."""
        arg = stmt.args[position]
        assert isinstance(arg, Var)
        others = [a for k, a in enumerate(stmt.args) if k != position]
        shape = self.b.shape(stmt.target)
        if self.b.type(self.filled[arg]).dtype != self.b.types[arg.name].dtype:
            return False
        if not any(self.b.shape(a) == shape for a in others):
            return False
        types = [self.b.type(self.filled[arg]) if k == position else self.b.type(a) for k, a in enumerate(stmt.args)]
        return infer(stmt.op, types, dict(stmt.params)).dtype == self.b.types[stmt.target.name].dtype
