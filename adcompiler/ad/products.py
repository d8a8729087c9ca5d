"""Matrix products of which one operand has an axis of lanes, its last."""

from __future__ import annotations

from collections.abc import Sequence

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Loop, Slice, Var


def product(b: Builder, args: Sequence[Atom], lanes: Sequence[int], hint: str) -> Var:
    """`dot` of the operands; `lanes` says which have lanes. The product has them too."""
    first, second = args
    assert isinstance(first, Var) and isinstance(second, Var)
    if len(lanes) == 2:
        return both(b, first, second, hint)
    return right(b, first, second, hint) if lanes[0] else left(b, first, second, hint)


def both(b: Builder, first: Var, second: Var, hint: str) -> Var:
    """`dot` of two operands with lanes, lane by lane."""
    count = b.shape(first)[-1]
    shape = (*b.shape(first)[:-2], *b.shape(second)[1:-1], count)
    made = b.emit("empty", *shape, dtype=b.types[first.name].dtype, hint=hint)
    lane = b.var("lane", INDEX)
    with b.block() as body:
        result = b.emit("dot", *(b.load(v, (*b.everything(v)[:-1], lane)) for v in (first, second)))
        b.store(made, (*b.everything(made)[:-1], lane), result)
    b.add(Loop(lane, ZERO, count, ONE, (), tuple(body), None, False, b.span))
    return made


def right(b: Builder, plain: Var, lanes: Var, hint: str) -> Var:
    """`dot(plain, lanes)`: the lanes are further columns."""
    if b.types[lanes.name].rank == 2:
        return b.emit("dot", plain, lanes, hint=hint)
    inner, columns, count = b.shape(lanes)
    whole = lanes if b.types[lanes.name].layout == "C" else b.emit("copy", lanes)
    flat = b.emit("reshape", whole, inner, b.int("mul", columns, count))
    return b.emit("reshape", b.emit("dot", plain, flat), *b.shape(plain)[:-1], columns, count, hint=hint)


def left(b: Builder, lanes: Var, plain: Var, hint: str) -> Var:
    """`dot(lanes, plain)`: transposed, row by row, so that the lanes stay last."""
    turned = b.emit("transpose", plain, axes=(1, 0)) if b.types[plain.name].rank == 2 else plain
    if b.types[lanes.name].rank == 2:
        return b.emit("dot", turned, lanes, hint=hint)
    rows, _, count = b.shape(lanes)
    made = b.emit("empty", rows, *b.shape(plain)[1:], count, dtype=b.types[lanes.name].dtype, hint=hint)
    row = b.var("row", INDEX)
    with b.block() as body:
        result = b.emit("dot", turned, b.load(lanes, (row, *rest(b, lanes))))
        b.store(made, (row, *rest(b, made)), result)
    b.add(Loop(row, ZERO, rows, ONE, (), tuple(body), None, False, b.span))
    return made


def rest(b: Builder, array: Var) -> tuple[Slice, ...]:
    """All of an array's axes but the first."""
    return tuple(Slice(None, None, None, ZERO, extent) for extent in b.shape(array)[1:])
