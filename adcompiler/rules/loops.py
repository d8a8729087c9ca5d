"""Loops that rules build: over some axes of an array, handing scalars from one element to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from adcompiler.ir.build import ONE, ZERO, Builder, Shape
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Carry, Const, Index, Loop, Var

Position = Mapping[int, Atom]
Visit = Callable[[Position, Sequence[Atom]], Sequence[Atom]]


def sweep(
    b: Builder,
    shape: Shape,
    axes: Sequence[int],
    visit: Visit,
    carried: Sequence[Atom] = (),
    at: Position | None = None,
    backward: bool = False,
) -> Sequence[Atom]:
    """Emit nested loops over `axes` of `shape`, which call `visit` at each position with the carried scalars.

    `visit` returns the carried scalars of the next position; those after the last one are returned.
    The first axis is the outermost loop; `backward` runs every loop downwards.
    """
    at = at or {}
    if not axes:
        return visit(at, carried)
    index = b.var("i", INDEX)
    inner = [b.var("p", b.type(init)) for init in carried]
    with b.block() as body:
        nexts = sweep(b, shape, axes[1:], visit, inner, {**at, axes[0]: index}, backward)
    outs = [b.var("p", b.type(init)) for init in carried]
    carries = tuple(Carry(*four) for four in zip(inner, carried, nexts, outs, strict=True))
    extent = shape[axes[0]]
    start, stop, step = (b.int("sub", extent, ONE), Const(-1), Const(-1)) if backward else (ZERO, extent, ONE)
    b.add(Loop(index, start, stop, step, carries, tuple(body), None, False, b.span))
    return outs


def element(at: Position, rank: int) -> Index:
    """The index of a position; 0 along axes it does not name."""
    return tuple(at.get(axis, ZERO) for axis in range(rank))


def reduced_index(b: Builder, reduced: Var, at: Position, axes: Sequence[int], keepdims: bool) -> Index:
    """The index of a position of the kept axes in a reduced array."""
    if keepdims:
        return element(at, b.type(reduced).rank)
    rank = b.type(reduced).rank + len(axes)
    return tuple(at[axis] for axis in range(rank) if axis not in axes)
