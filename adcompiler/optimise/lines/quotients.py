"""Quotients and products of integers that meet single precision, without double precision in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adcompiler.emit.casts import loop
from adcompiler.ir.build import Builder, respelled, scalar
from adcompiler.ir.ops import kind
from adcompiler.ir.types import FLOAT, Type
from adcompiler.ir.walk import operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Const, Func, Stmt, Store

SINGLE = Type("float32")
# a constant of which no product or quotient with an integer leaves the range of single precision
_SMALLEST, _LARGEST = 1e-18, 1e18


def divide_in_single(fn: Func) -> Func:
    """Convert integers before they are divided or multiplied where single precision is all that reads the result.

    Before:  t = 1 / n; y = x * float32(t)
    After:   t = float32(1) / float32(n); y = x * t

    A quotient of integers below 2**24 is the same to the last bit, any other result is off by another rounding.
    """
    found = {s.target for s in walk(fn.body) if isinstance(s, Assign) and _fits(fn, s)}
    found.difference_update(fn.results, *(_read_wide(fn, s) for s in walk(fn.body)))
    if not found:
        return fn
    return respelled(fn, lambda stmt: stmt.target in found, _spell)


def _spell(b: Builder, stmt: Assign) -> None:
    b.types[stmt.target.name] = SINGLE
    b.add(replace(stmt, args=tuple(_in_single(b, a) for a in stmt.args)))


def _fits(fn: Func, stmt: Assign) -> bool:
    """Whether a line multiplies or divides, as Python does, integers and constants."""
    if stmt.op not in ("mul", "div") or fn.type(stmt.target) != FLOAT:
        return False
    return all(_is_ordinary(a) if isinstance(a, Const) else fn.type(a).dtype == "int64" for a in stmt.args)


def _is_ordinary(atom: Const) -> bool:
    return isinstance(atom.value, (int, float)) and (atom.value == 0 or _SMALLEST < abs(atom.value) < _LARGEST)


def _read_wide(fn: Func, stmt: Stmt) -> Iterator[Atom]:
    """What a statement does not read as a number of single precision."""
    yield from yields(stmt)
    match stmt:
        case Assign(op=op, args=args) if kind(op) == "elementwise":
            if op != "cast" or fn.type(stmt.target) != SINGLE:
                used = loop(op, [fn.type(a) for a in args], dict(stmt.params))
                yield from (a for a, dtype in zip(args, used, strict=True) if dtype != SINGLE.dtype)
        case Store(array=array) if fn.types[array.name].dtype == SINGLE.dtype:
            return
        case _:
            yield from operands(stmt)


def _in_single(b: Builder, atom: Atom) -> Atom:
    """An integer or a constant in single precision."""
    if isinstance(atom, Const):
        assert isinstance(atom.value, (int, float))
        return scalar(float(atom.value), SINGLE.dtype)
    return b.emit("cast", atom, dtype=SINGLE.dtype)


__all__ = ["divide_in_single"]
