"""The place of an extreme element as the least of the places where it stands, which threads can find together."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.build import ONE, ZERO, Builder, respelled
from adcompiler.ir.wengert import Assign, Func


def spell_positions(fn: Func) -> Func:
    """Say where a row has its largest or smallest element by two extremes; NaN stands for either, as for NumPy.

    Before:  k = argmax(x)
    After:   m = max(x); k = min(where(x == m or x != x, arange(n), n))
    """
    return respelled(fn, lambda stmt: stmt.op in ("argmax", "argmin") and fn.type(stmt.args[0]).rank == 1, _spell)


def _spell(b: Builder, stmt: Assign) -> None:
    row = stmt.args[0]
    extent = b.shape(row)[0]
    extreme = b.emit(stmt.op.removeprefix("arg"), row, axes=(0,), keepdims=False)
    found = b.emit("eq", row, extreme)
    if b.type(row).is_float:
        found = b.emit("logical_or", found, b.emit("ne", row, row))
    places = b.emit("arange", ZERO, ONE, extent, dtype="int64")
    place = b.emit("where", found, places, extent)
    with b.block() as lines:
        b.emit("min", place, axes=(0,), keepdims=False)
    (least,) = lines
    assert isinstance(least, Assign)
    b.add(replace(least, target=stmt.target))


__all__ = ["spell_positions"]
