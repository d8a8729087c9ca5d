"""The function of one item, with arrays as the memory that a thread has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from adcompiler.ir.build import ONE, ZERO, Builder, Shape, neutral, respelled
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Assign, Atom, Func, Loop, Var


def fill_arrays(fn: Func) -> Func:
    """Arrays are made empty, and loops fill them: a thread has no other way.

    Before:  a = zeros(n)
    After:   a = empty(n); for i in range(n): a[i] = 0.0
    """

    def fill(b: Builder, stmt: Assign) -> None:
        b.add(replace(stmt, op="empty", args=fn.shape(stmt.target)))
        _fill(b, stmt, fn)

    return respelled(fn, lambda stmt: stmt.op in ("zeros", "full", "arange"), fill)


def _fill(b: Builder, stmt: Assign, fn: Func) -> None:
    dtype = fn.types[stmt.target.name].dtype

    def element(index: tuple[Var, ...]) -> None:
        value: Atom = neutral("add", dtype)
        if stmt.op == "full":
            value = stmt.args[0]
        elif stmt.op == "arange":
            value = b.emit("add", stmt.args[0], b.emit("mul", index[0], stmt.args[1]))
        b.store(stmt.target, index, value)

    over_elements(b, fn.shape(stmt.target), element)


def over_elements(
    b: Builder, shape: Shape, line: Callable[[tuple[Var, ...]], None], index: tuple[Var, ...] = ()
) -> None:
    """Append a loop over each axis, with lines for one element inside."""
    if len(index) == len(shape):
        line(index)
        return
    here = b.var("i", INDEX)
    with b.block() as body:
        over_elements(b, shape, line, (*index, here))
    b.add(Loop(here, ZERO, shape[len(index)], ONE, (), tuple(body), None, False, b.span))
