"""Factors of one before arrays that no other line reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from adcompiler.ir.build import with_body
from adcompiler.ir.ops import STORED, kind
from adcompiler.ir.walk import blocks, map_blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Const, Func, Stmt, Var


def drop_unit_factors(fn: Func) -> Func:
    """Let an array have the name of its product with one.

    Before:  t = 2 * x; y = 1.0 * t
    After:   y = 2 * x

    The line before must make the array, and nothing else may read it: a product is an array of its own in memory.
    """
    if not any(_other(s) is not None for s in walk(fn.body)):
        return fn
    reads = Counter[Atom](fn.results)
    for stmt in walk(fn.body):
        reads.update((*operands(stmt), *yields(stmt)))
    return with_body(fn, _Factors(fn, reads).block(fn.body))


def _other(stmt: Stmt) -> Var | None:
    """What a line multiplies by one."""
    if isinstance(stmt, Assign) and stmt.op == "mul":
        for one, other in (stmt.args, stmt.args[::-1]):
            if isinstance(other, Var) and isinstance(one, Const) and one.type.dtype != "bool" and one.value == 1:
                return other
    return None


class _Factors:
    def __init__(self, fn: Func, reads: Counter[Atom]) -> None:
        self.fn, self.reads = fn, reads

    def block(self, block: Block) -> Block:
        """A block without these products."""
        lines: list[Stmt] = []
        for stmt in block:
            made = lines[-1] if lines else None
            if isinstance(stmt, Assign) and isinstance(made, Assign) and self._is_made_for(made, stmt):
                lines[-1] = replace(made, target=stmt.target)
            else:
                lines.append(map_blocks(stmt, self.block) if blocks(stmt) else stmt)
        return tuple(lines)

    def _is_made_for(self, made: Assign, product: Assign) -> bool:
        """Whether a line computes an array that the next line multiplies by one."""
        types = self.fn.types
        name = made.target
        return (
            _other(product) == name
            and self.reads[name] == 1
            and kind(made.op) == "elementwise"
            and not product.params
            and STORED not in made.params
            and types[name.name].rank > 0
            and types[name.name] == types[product.target.name]
            and self.fn.shapes.get(name.name) == self.fn.shapes.get(product.target.name)
        )
