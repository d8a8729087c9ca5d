"""Branches that follow each other and take the same way are one branch."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.build import with_body
from adcompiler.ir.walk import all_reads, map_blocks, rename
from adcompiler.ir.wengert import Atom, Block, Branch, Func, Stmt, Var


def join_branches(fn: Func) -> Func:
    """Join a branch with one before it that asks the same.

    Before:  if outside: a = y[n]        if outside: b = a * z[n]
             else: a = 0.0               else: b = 0.0
    After:   if outside: a = y[n]; b = a * z[n]
             else: a = 0.0; b = 0.0
    """
    extents = {a for shape in fn.shapes.values() for a in shape}
    return with_body(fn, _block(fn, fn.body, extents))


def _block(fn: Func, block: Block, extents: set[Atom]) -> Block:
    built = list[Stmt]()
    for found in block:
        stmt = map_blocks(found, lambda inner: _block(fn, inner, extents))
        last = built[-1] if built else None
        if isinstance(stmt, Branch) and isinstance(last, Branch) and _joins(fn, last, stmt, extents):
            built[-1] = _joined(last, stmt)
        else:
            built.append(stmt)
    return tuple(built)


def _joins(fn: Func, first: Branch, second: Branch, extents: set[Atom]) -> bool:
    """Whether two branches ask the same, and the second reads no more than numbers of what the first hands on."""
    read = [o.var for o in first.outs if o.var in all_reads([second])]
    return first.test == second.test and not any(v in extents or fn.type(v).rank for v in read)


def _joined(first: Branch, second: Branch) -> Branch:
    """Both as one; within an arm, what the first hands on is what it is at the end of that arm."""
    then, other = ({o.var: getattr(o, arm) for o in first.outs} for arm in ("then", "other"))
    outs = [replace(o, then=_now(o.then, then), other=_now(o.other, other)) for o in second.outs]
    return replace(
        first,
        then=(*first.then, *rename(second.then, then)),
        other=(*first.other, *rename(second.other, other)),
        outs=(*first.outs, *outs),
    )


def _now(atom: Atom, names: dict[Var, Atom]) -> Atom:
    return names.get(atom, atom) if isinstance(atom, Var) else atom


__all__ = ["join_branches"]
