"""Inverses and determinants of a matrix whose factors are there, or serve several of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import map_blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Func

_FROM_FACTORS = ("det", "inv")


def share_factors(fn: Func) -> Func:
    """Factorise a matrix once for all that is computed from its factors.

    Before:  f = lu(s); x = lu_solve(f, b); d = det(s); p = inv(s)
    After:   f = lu(s); x = lu_solve(f, b); g = lu(s); d = det(s, g); h = lu(s); p = inv(s, h)

    The lines of the factors are equal: they are one line after `simplify`, where the matrix has not changed in between.
    """
    factorised = (s.args[0] for s in walk(fn.body) if isinstance(s, Assign) and s.op in ("lu", *_FROM_FACTORS))
    several = {matrix for matrix, count in Counter(factorised).items() if count > 1}
    if not several:
        return fn
    b = Builder.of(fn)
    return with_body(fn, _block(b, fn.body, several), b)


def _block(b: Builder, block: Block, several: set[Atom]) -> Block:
    with b.block() as built:
        for stmt in block:
            if isinstance(stmt, Assign) and stmt.op in _FROM_FACTORS and stmt.args[0] in several:
                with b.at(stmt.span):
                    factors = b.emit("lu", stmt.args[0], hint="lu")
                b.add(replace(stmt, args=(stmt.args[0], factors)))
            else:
                b.add(map_blocks(stmt, lambda inner: _block(b, inner, several)))
    return tuple(built)


__all__ = ["share_factors"]
