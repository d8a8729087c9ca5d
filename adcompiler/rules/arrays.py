"""Rules of allocations, copies and views."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Assign, Atom, Const
from adcompiler.rules.rule import Rule, fresh, register
from adcompiler.rules.shapes import fit


def axes_of(stmt: Assign) -> tuple[int, ...]:
    """The constant axes of a line."""
    axes = dict(stmt.params)["axes"]
    assert isinstance(axes, tuple)
    return axes


def _copy_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    return {0: y_bar} if 0 in wanted else {}


def _copy_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    return None if dots[0] is None else fresh(b, dots[0], stmt.target, dots)


def _full_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    total = b.emit("sum", y_bar, axes=tuple(range(b.type(y_bar).rank)), keepdims=False)
    return {0: fit(b, total, b.type(stmt.args[0]).dtype)}


def _full_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    return None if dots[0] is None else fresh(b, dots[0], stmt.target, dots)


def _steps(b: Builder, stmt: Assign) -> Atom:
    """0, 1, 2, …: the slopes of `start + step * i`."""
    return b.emit("arange", Const(0), Const(1), stmt.args[2], dtype=b.type(stmt.target).dtype)


def _arange_pull(
    b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False
) -> dict[int, Atom]:
    found: dict[int, Atom] = {}
    if 0 in wanted:
        found[0] = fit(b, b.emit("sum", y_bar, axes=(0,), keepdims=False), b.type(stmt.args[0]).dtype)
    if 1 in wanted:
        found[1] = fit(b, b.emit("dot", y_bar, _steps(b, stmt)), b.type(stmt.args[1]).dtype)
    return found


def _arange_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    start, step = dots[0], dots[1]
    if step is None:
        return None if start is None else fresh(b, start, stmt.target, dots)
    moved = b.emit("mul", step, _steps(b, stmt))
    return fresh(b, moved if start is None else b.emit("add", start, moved), stmt.target, dots)


def _transpose_pull(
    b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False
) -> dict[int, Atom]:
    axes = axes_of(stmt)
    back = tuple(axes.index(axis) for axis in range(len(axes)))
    return {0: b.emit("transpose", y_bar, axes=back)} if 0 in wanted else {}


def _reshape_pull(
    b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False
) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    flat = y_bar if b.type(y_bar).layout == "C" else b.emit("copy", y_bar)
    return {0: b.emit("reshape", flat, *b.shape(stmt.args[0]))}


def _view_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    hint = f"{stmt.target}_dot"
    if stmt.op == "transpose":
        return b.emit("transpose", dots[0], axes=axes_of(stmt), hint=hint)
    return b.emit("reshape", dots[0], *stmt.args[1:], hint=hint)


register(Rule("copy", "copy(x)", ("x",), _copy_pull, _copy_push))
register(Rule("full", "full(x, *extents)", ("x",), _full_pull, _full_push))
register(Rule("arange", "arange(start, step, extent)", ("start", "step"), _arange_pull, _arange_push))
register(Rule("transpose", "transpose(x)", ("x",), _transpose_pull, _view_push, view=True))
register(Rule("reshape", "reshape(x, *extents)", ("x",), _reshape_pull, _view_push, view=True))
