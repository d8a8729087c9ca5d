"""The first index and the number of elements of a slice, as NumPy clips them, in as few lines as the bounds allow."""

from __future__ import annotations

from dataclasses import dataclass

from adcompiler.errors import TypeProblem
from adcompiler.frontend.state.coerce import as_extent, is_none
from adcompiler.frontend.state.facts import lower_bound, nonnegative
from adcompiler.frontend.state.values import SliceValue, Value
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.wengert import Assign, Atom, Const, Slice, Var

_MINUS_ONE = Const(-1)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The written bounds of one slice over an axis of length `extent`."""

    start: Atom | None
    stop: Atom | None
    extent: Atom


def make_slice(b: Builder, value: SliceValue, extent: Atom) -> Slice:
    """One sliced axis of length `extent`.

    A slice written with length one (`i:i + 1`, `-1:`) gets the literal extent one, so that it broadcasts;
    a check then makes sure that it is not empty.
    """
    start, stop, step = (_bound(b, v) for v in (value.start, value.stop, value.step))
    if start == ZERO and (step is None or _positive(b, step)):
        start = None
    if stop == extent and (step is None or _positive(b, step)):
        stop = None
    bounds = _Bounds(start, stop, extent)
    if step is None or step == ONE:
        first, size = _forward(b, bounds, ONE)
        return Slice(start, stop, None, first, _single(b, bounds, size))
    first, size = _stepped(b, bounds, step)
    return Slice(start, stop, step, first, size)


def _bound(b: Builder, value: Value | None) -> Atom | None:
    return None if value is None or is_none(value) else as_extent(b, value, "a slice bound")


def _positive(b: Builder, step: Atom) -> bool:
    return (lower_bound(b, step) or 0) >= 1


def _stepped(b: Builder, bounds: _Bounds, step: Atom) -> tuple[Atom, Atom]:
    if step == ZERO:
        raise TypeProblem("the step of a slice cannot be zero", b.span, "use a step of one or more, or a negative one")
    if _positive(b, step):
        return _forward(b, bounds, step)
    if isinstance(step, Const):
        assert isinstance(step.value, int)
        return _backward(b, bounds, Const(-step.value))
    b.check(b.emit("eq", step, ZERO, hint="failed"), "ValueError", "slice step cannot be zero")
    length = b.emit("abs", step, hint="stride")
    ahead = b.emit("gt", step, ZERO, hint="ahead")
    first, size = _forward(b, bounds, length)
    first_back, size_back = _backward(b, bounds, length)
    return (
        b.emit("where", ahead, first, first_back, hint="first", weak=True),
        b.emit("where", ahead, size, size_back, hint="size", weak=True),
    )


def _forward(b: Builder, bounds: _Bounds, step: Atom) -> tuple[Atom, Atom]:
    """Elements `first, first + step, …` below the stop.

    Only the inner sides are clipped: a start beyond the end, or a stop before the beginning, gives a count
    below zero, which the last line makes zero.
    """
    n = bounds.extent
    first = ZERO if bounds.start is None else _at_least(b, bounds.start, n, ZERO)
    last = _min_with(b, bounds.stop, n)
    if bounds.stop is None and _negative_literal(bounds.start) is not None:
        assert bounds.start is not None
        back = Const(-_literal(bounds.start))
        count = b.int("minimum", n, back)
    elif isinstance(first, Const) and bounds.stop is not None and _negative_literal(bounds.stop) is not None:
        count = shorter(b, n, _literal(first) - _literal(bounds.stop))
    elif bounds.stop is None and isinstance(first, Const):
        count = shorter(b, n, _literal(first))
    else:
        count = b.int("sub", last, first)
        if first != ZERO or not nonnegative(b, last):
            count = b.int("maximum", count, ZERO)
    return first, _divided(b, count, step)


def _backward(b: Builder, bounds: _Bounds, stride: Atom) -> tuple[Atom, Atom]:
    """Elements `first, first - stride, …` above the stop."""
    n = bounds.extent
    end = b.int("sub", n, ONE)
    first = end if bounds.start is None else _min_with(b, bounds.start, n, end)
    if bounds.stop is None and bounds.start is None:
        return first, _divided(b, n, stride)
    last = _MINUS_ONE if bounds.stop is None else _at_least(b, bounds.stop, n, _MINUS_ONE)
    if last == _MINUS_ONE and isinstance(bounds.start, Const) and _literal(bounds.start) < 0:
        count = shorter(b, n, -1 - _literal(bounds.start))
    else:
        count = b.int("maximum", b.int("sub", first, last), ZERO)
    return first, _divided(b, count, stride)


def _divided(b: Builder, count: Atom, step: Atom) -> Atom:
    """How many strides of `step` cover `count` elements."""
    if step == ONE:
        return count
    return b.int("floordiv", b.int("add", count, b.int("sub", step, ONE)), step)


def offset(b: Builder, atom: Atom, by: int) -> Atom:
    """`atom + by`, with the literals added before taken along: `(n + 2) - 2` is `n`."""
    made = b.made.get(atom.name) if isinstance(atom, Var) else None
    if isinstance(made, Assign) and made.op in ("add", "sub"):
        base, other = made.args
        if isinstance(base, Const) and made.op == "add":
            base, other = other, base
        if isinstance(other, Const):
            return offset(b, base, by + _literal(other) if made.op == "add" else by - _literal(other))
    return b.int("add" if by >= 0 else "sub", atom, Const(abs(by)))


def shorter(b: Builder, n: Atom, by: int) -> Atom:
    """`max(n - by, 0)` for an extent `n`: the same name for `x[1:][1:]` and `x[2:]`."""
    made = b.made.get(n.name) if isinstance(n, Var) else None
    if isinstance(made, Assign) and made.op == "maximum" and made.args[1] == ZERO:
        return shorter(b, made.args[0], by)
    difference = offset(b, n, -by)
    return difference if nonnegative(b, difference) else b.int("maximum", difference, ZERO)


def _at_least(b: Builder, bound: Atom, n: Atom, low: Atom) -> Atom:
    """A bound counted from the end where it is negative, and not below `low`; what exceeds the end is left."""
    if nonnegative(b, bound):
        return bound
    if isinstance(bound, Const):
        return b.int("maximum", offset(b, n, _literal(bound)), low)
    wrapped = b.int("maximum", b.int("add", bound, n), low)
    return b.emit("where", b.emit("lt", bound, ZERO, hint="negative"), wrapped, bound, hint="first", weak=True)


def _min_with(b: Builder, bound: Atom | None, n: Atom, top: Atom | None = None) -> Atom:
    """A bound counted from the end where it is negative, and not above `top`; what is before the start is left."""
    top = n if top is None else top
    if bound is None:
        return top
    if isinstance(bound, Const) and _literal(bound) < 0:
        return offset(b, n, _literal(bound))
    if nonnegative(b, bound):
        return b.int("minimum", bound, top)
    wrapped, clipped = b.int("add", bound, n), b.int("minimum", bound, top)
    return b.emit("where", b.emit("lt", bound, ZERO, hint="negative"), wrapped, clipped, hint="last", weak=True)


def _literal(atom: Atom) -> int:
    assert isinstance(atom, Const) and isinstance(atom.value, int)
    return atom.value


def _negative_literal(atom: Atom | None) -> int | None:
    return _literal(atom) if isinstance(atom, Const) and _literal(atom) < 0 else None


def _single(b: Builder, bounds: _Bounds, size: Atom) -> Atom:
    """Extent one for a slice that is written with one element, checked where that is not certain."""
    if isinstance(size, Const) or not _written_single(b, bounds):
        return size
    empty = b.emit("ne", size, ONE, hint="empty")
    b.check(empty, "ValueError", "a slice written with one element has none here, and its length was taken to be one")
    return ONE


def _written_single(b: Builder, bounds: _Bounds) -> bool:
    start, stop = bounds.start or ZERO, bounds.stop
    if stop is None:
        return start == _MINUS_ONE
    if isinstance(start, Const) and isinstance(stop, Const):
        return _literal(stop) == _literal(start) + 1 and _literal(stop) != 0
    made = b.made.get(stop.name) if isinstance(stop, Var) else None
    if isinstance(made, Assign) and made.op == "add" and set(made.args) == {start, ONE}:
        return True
    made = b.made.get(start.name) if isinstance(start, Var) else None
    return isinstance(made, Assign) and made.op == "sub" and made.args == (stop, ONE)


__all__ = ["make_slice", "offset", "shorter"]
