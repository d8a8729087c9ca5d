"""The precision in which sums are added up, for a target on which double precision is slow."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.walk import map_blocks
from adcompiler.ir.wengert import Assign, Block, Func
from adcompiler.optimise.lowering.folds import RUNNING


def add_in_own_precision(fn: Func) -> Func:
    """Say of each sum that it is added up in the type of its result, also where that is of single precision."""

    def visit(block: Block) -> Block:
        return tuple(
            replace(s, params=tuple(sorted((*s.params, (RUNNING, fn.types[s.target.name].dtype)))))
            if isinstance(s, Assign) and s.op == "sum"
            else map_blocks(s, visit)
            for s in block
        )

    return replace(fn, body=visit(fn.body))


__all__ = ["add_in_own_precision"]
