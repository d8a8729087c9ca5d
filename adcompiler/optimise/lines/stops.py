"""Marks that end derivatives have served their purpose once the derivative is there."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.build import make_func
from adcompiler.ir.walk import map_blocks, rename, rename_extents
from adcompiler.ir.wengert import Assign, Atom, Block, Func, Stmt, Var


def drop_stops(fn: Func) -> Func:
    """Replace what has no derivative by its value.

    Before:  c = stop(x); y = x * c; a = stop(v); z = custom(z_value, …)
    After:   y = x * x; a = copy(v); z is z_value
    """
    names: dict[Var, Atom] = {}
    body = _without(fn.body, fn, names)
    if body == fn.body:
        return fn
    results = [names.get(r, r) if isinstance(r, Var) else r for r in fn.results]
    shapes = rename_extents(fn.shapes, names)
    return make_func(fn.name, fn.params, rename(body, names), results, fn.types, shapes, fn.doc)


def _without(block: Block, fn: Func, names: dict[Var, Atom]) -> Block:
    kept = list[Stmt]()
    for stmt in block:
        if not isinstance(stmt, Assign) or stmt.op not in ("stop", "custom"):
            kept.append(map_blocks(stmt, lambda inner: _without(inner, fn, names)))
        elif fn.types[stmt.target.name].rank:
            kept.append(replace(stmt, op="copy", args=stmt.args[:1], params=()))
        else:
            value = stmt.args[0]
            names[stmt.target] = names.get(value, value) if isinstance(value, Var) else value
    return tuple(kept)
