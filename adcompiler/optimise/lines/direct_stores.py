"""Stores to the whole of a view, written as stores to the part of the array that it shows."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import map_statements, walk
from adcompiler.ir.wengert import Func, Load, NewAxis, Stmt, Store


def store_directly(fn: Func) -> Func:
    """Store to an array instead of to the whole of a view of it.

    Before:  v = y[1:n]; v[:] += x
    After:   y[1:n] += x
    """
    views = {s.target: s for s in walk(fn.body) if isinstance(s, Load) and _is_plain(s, fn)}
    if not any(isinstance(s, Store) and s.array in views for s in walk(fn.body)):
        return fn
    b = Builder.of(fn)

    def placed(stmt: Stmt) -> Stmt:
        view = views.get(stmt.array) if isinstance(stmt, Store) else None
        if view is None or not isinstance(stmt, Store) or stmt.index != b.everything(stmt.array):
            return stmt
        return replace(stmt, array=view.array, index=view.index)

    return with_body(fn, map_statements(fn.body, placed))


def _is_plain(load: Load, fn: Func) -> bool:
    """Whether a view has no axes that its array has not."""
    return fn.types[load.target.name].rank > 0 and not any(isinstance(item, NewAxis) for item in load.index)


__all__ = ["store_directly"]
