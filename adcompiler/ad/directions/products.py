"""Matrix products of which one operand has an axis of lanes, its last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adcompiler.ir.build import ONE, ZERO, Builder, Shape
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
    """`dot` of two operands with lanes."""
    result = (*b.shape(first)[:-2], *b.shape(second)[1:-1]), b.types[first.name].dtype
    return lane_by_lane(b, "dot", {}, [(first, True), (second, True)], result, hint)


def lane_by_lane(
    b: Builder,
    op: str,
    params: Mapping[str, Any],
    args: Sequence[tuple[Atom, bool]],
    result: tuple[Shape, str],
    hint: str,
) -> Var:
    """An operation that knows no lanes, on the values of each; `result` are extents and element type of one value."""
    count = next(b.shape(a)[-1] for a, wide in args if wide)
    made = b.emit("empty", *result[0], count, dtype=result[1], hint=hint)
    lane = b.var("lane", INDEX)
    with b.block() as body:
        values = [one_lane(b, a, lane) if wide else a for a, wide in args]
        b.store(made, (*b.everything(made)[:-1], lane), b.emit(op, *values, **params))
    b.add(Loop(lane, ZERO, count, ONE, (), tuple(body), None, False, b.span))
    return made


def one_lane(b: Builder, array: Atom, lane: Var) -> Var:
    """The value of one lane, in memory of its own."""
    assert isinstance(array, Var)
    value = b.load(array, (*b.everything(array)[:-1], lane))
    return b.emit("copy", value) if b.types[value.name].rank else value


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
