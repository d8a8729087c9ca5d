"""Barriers of an adjoint: stores at places that nobody knows, which the reverse sweep must know for what they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import map_blocks, walk
from adcompiler.ir.wengert import Block, Branch, Func, Load, Store, Var


def with_own_places(fn: Func, barriers: Collection[Var]) -> Func:
    """Let the stores of a barrier load their place where they stand, not take one that a branch has handed on.

    Before:  if a: at = barrier[0]; s[at] = at … -> place=at; else: -> place=0; if a: s_bar[place] = 0
    After:   if a: at = barrier[0]; s[at] = at …; if a: place = barrier[0]; s_bar[place] = 0
    """
    loads = {s.target: s for s in walk(fn.body) if isinstance(s, Load) and s.array in barriers}
    handed = _handed_on(fn, loads)
    if not handed:
        return fn
    b = Builder.of(fn)

    def visit(block: Block) -> Block:
        with b.block() as lines:
            for stmt in block:
                load = next((handed[a] for a in stmt.index if a in handed), None) if isinstance(stmt, Store) else None
                if load is None or not isinstance(stmt, Store):
                    b.add(map_blocks(stmt, visit))
                    continue
                place = b.load(load.array, load.index, hint="at")
                b.add(replace(stmt, index=tuple(place if a in handed else a for a in stmt.index)))
        return tuple(lines)

    return with_body(fn, visit(fn.body), b)


def _handed_on(fn: Func, loads: Mapping[Var, Load]) -> dict[object, Load]:
    """The names under which branches hand on what is loaded, with the loads."""
    found: dict[object, Load] = {}
    branches = [s for s in walk(fn.body) if isinstance(s, Branch)]
    # inner branches hand on to outer ones
    for stmt in reversed(branches):
        for out in stmt.outs:
            arms = (a for a in (out.then, out.other) if isinstance(a, Var))
            made = next((known[a] for a in arms for known in (loads, found) if a in known), None)
            if made is not None:
                found[out.var] = made
    return found


__all__ = ["with_own_places"]
