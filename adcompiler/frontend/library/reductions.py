"""Reductions over axes: sums, products, extremes, truth, and the moments built of them."""

from __future__ import annotations

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply, as_array, as_atom, cast
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.state.coerce import as_axes, as_bool, as_dtype, is_none
from adcompiler.frontend.state.facts import lower_bound
from adcompiler.frontend.state.values import Static, Value
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.wengert import Atom, Const, Var

NONE, NO_VALUE = Static(None), Static(np._NoValue)
TRUE, FALSE = Const(True), Const(False)


def reduce(b: Builder, op: str, x: Var, axes: tuple[int, ...], keepdims: bool = False, hint: str = "t") -> Atom:
    """One line of a reduction; over no axes at all it is the values themselves."""
    if not axes:
        return x
    return b.emit(op, x, axes=axes, keepdims=keepdims, hint=hint)


def _plain(
    b: Builder,
    op: str,
    a: Value,
    axis: Value,
    keepdims: Value,
    where: Value,
    dtype: Value = NONE,
    initial: Value = NONE,
) -> Value:
    x = as_array(b, a)
    if not is_none(dtype):
        x = as_array(b, cast(b, x, as_dtype(b, dtype, "float64")))
    own = b.type(x).dtype
    x = chosen(b, x, where, Const(_NEUTRAL[op]))
    result = reduce(b, op, x, as_axes(b, axis, b.type(x).rank), as_bool(b, keepdims, "keepdims"), op)
    result = started(b, _JOINS.get(op, ""), result, initial)
    # 64 bits hold what narrower integers wrap around
    return _finish(b, a, result if is_none(dtype) else cast(b, result, own))


_NEUTRAL: dict[str, object] = {"sum": 0, "prod": 1, "any": False, "all": True}
_JOINS = {"sum": "add", "prod": "mul", "max": "maximum", "min": "minimum"}


def chosen(b: Builder, x: Var, where: Value, neutral: Atom) -> Var:
    """The array with what a mask leaves out replaced."""
    if _is_everything(where):
        return x
    mask = truth(b, as_atom(b, where))
    if not b.type(mask).is_array:
        mask = as_array(b, mask)
    if b.type(mask).rank > b.type(x).rank:
        raise TypeProblem("where= has more axes than the array", b.span, "pass an array of the mask's shape")
    found = as_array(b, apply(b, "where", mask, x, neutral, hint="chosen"))
    for extent, own in zip(b.shape(found), b.shape(x), strict=True):
        b.same(extent, own, "where= does not broadcast to the shape of the array")
    return found


def _is_everything(where: Value) -> bool:
    return isinstance(where, (Const, Static)) and where.value is True


def started(b: Builder, join: str, result: Atom, initial: Value) -> Atom:
    """The result joined with what a reduction begins with."""
    if is_none(initial) or initial == NO_VALUE:
        return result
    first = as_atom(b, initial, "initial")
    return apply(b, join, cast(b, first, b.ask(result, lambda of: of.dtype)), result)


def _finish(b: Builder, given: Value, result: Atom) -> Value:
    """Scalars were reduced as arrays of one element; with keepdims their result is a scalar still."""
    if isinstance(given, (Var, Const)) and not b.type(given).rank and b.type(result).rank:
        assert isinstance(result, Var)
        return b.load(result, (ZERO,) * b.type(result).rank)
    return result


@implements(np.sum, method="sum")
def sum_(
    b: Builder,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    *,
    keepdims: Value = FALSE,
    initial: Value = NONE,
    where: Value = TRUE,
) -> Value:
    """Integers and bools are summed as int64."""
    return _plain(b, "sum", a, axis, keepdims, where, dtype, initial)


@implements(np.prod, method="prod")
def prod(
    b: Builder,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    *,
    keepdims: Value = FALSE,
    initial: Value = NONE,
    where: Value = TRUE,
) -> Value:
    """The product over axes."""
    return _plain(b, "prod", a, axis, keepdims, where, dtype, initial)


@implements(np.any, method="any")
def any_(b: Builder, a: Value, axis: Value = NONE, *, keepdims: Value = FALSE, where: Value = TRUE) -> Value:
    """Whether any element is not zero."""
    return _plain(b, "any", truth(b, as_array(b, a)), axis, keepdims, where)


@implements(np.all, method="all")
def all_(b: Builder, a: Value, axis: Value = NONE, *, keepdims: Value = FALSE, where: Value = TRUE) -> Value:
    """Whether no element is zero."""
    return _plain(b, "all", truth(b, as_array(b, a)), axis, keepdims, where)


def truth(b: Builder, x: Atom) -> Atom:
    """Which elements are not zero."""
    return x if b.type(x).dtype == "bool" else apply(b, "ne", x, Const(0))


def not_empty(b: Builder, x: Var, axes: tuple[int, ...], message: str) -> None:
    """Raise a ValueError where a reduction without a neutral element has nothing to reduce."""
    for axis in axes:
        extent = b.shape(x)[axis]
        if (lower_bound(b, extent) or 0) < 1:
            b.check(b.emit("eq", extent, ZERO, hint="empty"), "ValueError", message)


def extreme(
    b: Builder, op: str, a: Value, axis: Value, keepdims: Value, initial: Value = NONE, where: Value = TRUE
) -> Value:
    """max or min; with `where`, elements that are left out count as `initial`."""
    x = as_array(b, a)
    if not _is_everything(where):
        if is_none(initial):
            raise TypeProblem(f"np.{op} with where= needs initial=", b.span, "say what counts where nothing is left")
        x = chosen(b, x, where, as_atom(b, initial, "initial"))
    axes = as_axes(b, axis, b.type(x).rank)
    not_empty(b, x, axes, f"zero-size array to reduction operation {op}imum which has no identity")
    result = reduce(b, op, x, axes, as_bool(b, keepdims, "keepdims"), op)
    return _finish(b, a, started(b, _JOINS[op], result, initial))


@implements(np.max, np.amax, method="max")
def max_(
    b: Builder,
    a: Value,
    axis: Value = NONE,
    *,
    keepdims: Value = FALSE,
    initial: Value = NONE,
    where: Value = TRUE,
) -> Value:
    """The largest element."""
    return extreme(b, "max", a, axis, keepdims, initial, where)


@implements(np.min, np.amin, method="min")
def min_(
    b: Builder,
    a: Value,
    axis: Value = NONE,
    *,
    keepdims: Value = FALSE,
    initial: Value = NONE,
    where: Value = TRUE,
) -> Value:
    """The smallest element."""
    return extreme(b, "min", a, axis, keepdims, initial, where)


@implements(np.ptp, method="ptp")
def ptp(b: Builder, a: Value, axis: Value = NONE, *, keepdims: Value = FALSE) -> Value:
    """The largest element less the smallest."""
    high, low = (as_atom(b, extreme(b, op, a, axis, keepdims)) for op in ("max", "min"))
    return apply(b, "sub", high, low)


def _place(b: Builder, op: str, a: Value, axis: Value, keepdims: Value) -> Value:
    x = as_array(b, a)
    axes = as_axes(b, axis, b.type(x).rank)
    not_empty(b, x, axes, f"attempt to get {op} of an empty sequence")
    return _finish(b, a, reduce(b, op, x, axes, as_bool(b, keepdims, "keepdims"), "place"))


@implements(np.argmax, method="argmax")
def argmax(b: Builder, a: Value, axis: Value = NONE, *, keepdims: Value = FALSE) -> Value:
    """Where the largest element is; over all axes, its position in C order."""
    return _place(b, "argmax", a, axis, keepdims)


@implements(np.argmin, method="argmin")
def argmin(b: Builder, a: Value, axis: Value = NONE, *, keepdims: Value = FALSE) -> Value:
    """Where the smallest element is; over all axes, its position in C order."""
    return _place(b, "argmin", a, axis, keepdims)


@implements(np.count_nonzero)
def count_nonzero(b: Builder, a: Value, axis: Value = NONE, *, keepdims: Value = FALSE) -> Value:
    """How many elements are not zero."""
    x = as_array(b, a)
    axes = as_axes(b, axis, b.type(x).rank)
    return _finish(b, a, reduce(b, "sum", as_array(b, truth(b, x)), axes, as_bool(b, keepdims, "keepdims"), "count"))


def count(b: Builder, x: Var, axes: tuple[int, ...]) -> Atom:
    """How many elements are reduced to one."""
    total: Atom = ONE
    for axis in axes:
        total = b.int("mul", total, b.shape(x)[axis], hint="count")
    return total


def floating(b: Builder, a: Value, dtype: Value = NONE) -> Var:
    """The array in the element type of its mean: floats stay, the others become float64."""
    x = as_array(b, a)
    kept = b.type(x).dtype if b.type(x).is_float else "float64"
    return as_array(b, cast(b, x, as_dtype(b, dtype, kept)))


@implements(np.mean, method="mean")
def mean(
    b: Builder,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    *,
    keepdims: Value = FALSE,
    where: Value = TRUE,
) -> Value:
    """The sum divided by the count."""
    x = floating(b, a, dtype)
    if not b.type(x).is_float:
        raise TypeProblem(f"a mean in {b.type(x).dtype}", b.span, "leave dtype out, and round the mean")
    axes, kept = as_axes(b, axis, b.type(x).rank), as_bool(b, keepdims, "keepdims")
    total = reduce(b, "sum", chosen(b, x, where, Const(0)), axes, kept, "total")
    return _finish(b, a, apply(b, "div", total, _number(b, x, axes, kept, where), hint="mean"))


def _number(b: Builder, x: Var, axes: tuple[int, ...], kept: bool, where: Value) -> Atom:
    """How many elements a reduction is of, an array in the type of `x` where a mask chooses them."""
    if _is_everything(where):
        return count(b, x, axes)
    ones = b.emit("full", Const(True), *b.shape(x), dtype="bool", hint="counted")
    number = reduce(b, "sum", chosen(b, ones, where, Const(False)), axes, kept, "count")
    return as_atom(b, cast(b, number, b.type(x).numpy.type(0).real.dtype.name))


def variance(
    b: Builder, a: Value, axis: Value, dtype: Value, ddof: Value, keepdims: Value, where: Value, mean: Value
) -> Atom:
    """The mean square of the deviations from the mean, which may be given, in two passes as NumPy takes them."""
    x = chosen(b, floating(b, a, dtype), where, Const(0))
    axes, kept = as_axes(b, axis, b.type(x).rank), as_bool(b, keepdims, "keepdims")
    # a scalar mean broadcasts as it is; over some of the axes the lengths have to stay
    some = len(axes) < b.type(x).rank
    if mean != NO_VALUE:
        centre = _same_rank(b, x, as_atom(b, mean, "mean"))
    else:
        total = reduce(b, "sum", x, axes, some, "total")
        centre = apply(b, "div", total, _number(b, x, axes, some, where), hint="mean")
    deviation = apply(b, "sub", x, centre, hint="deviation")
    if b.type(deviation).is_complex:
        deviation = apply(b, "abs", deviation, hint="distance")
    square = chosen(b, as_array(b, apply(b, "mul", deviation, deviation, hint="square")), where, Const(0))
    freedom = _freedom(b, _number(b, x, axes, kept, where), as_atom(b, ddof, "ddof"))
    return apply(b, "div", reduce(b, "sum", square, axes, kept, "total"), freedom, hint="var")


def _same_rank(b: Builder, x: Var, mean: Atom) -> Atom:
    if b.type(mean).rank not in (0, b.type(x).rank):
        raise TypeProblem("a mean of other axes than the array has", b.span, "take it with keepdims=True")
    return mean


def _freedom(b: Builder, number: Atom, ddof: Atom) -> Atom:
    """`max(number - ddof, 0)`, an integer where both are."""
    if ddof == ZERO:
        return number
    if b.type(number).is_float:
        return apply(b, "maximum", apply(b, "sub", number, ddof), Const(0.0))
    if b.type(ddof).numpy.kind in "iu":
        return b.int("maximum", b.int("sub", number, ddof), ZERO)
    return apply(b, "maximum", apply(b, "sub", number, ddof, weak=None), Const(0.0), weak=None)


def _freed(b: Builder, ddof: Value, correction: Value) -> Value:
    """What the count is lessened by, under either of its names."""
    if correction == NO_VALUE:
        return ddof
    if ddof != ZERO:
        raise TypeProblem("ddof and correction can't be provided simultaneously.", b.span, "give one of them")
    return correction


@implements(np.var, method="var")
def var(
    b: Builder,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    *,
    ddof: Value = ZERO,
    keepdims: Value = FALSE,
    where: Value = TRUE,
    mean: Value = NO_VALUE,
    correction: Value = NO_VALUE,
) -> Value:
    """The variance."""
    return _finish(b, a, variance(b, a, axis, dtype, _freed(b, ddof, correction), keepdims, where, mean))


@implements(np.std, method="std")
def std(
    b: Builder,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    *,
    ddof: Value = ZERO,
    keepdims: Value = FALSE,
    where: Value = TRUE,
    mean: Value = NO_VALUE,
    correction: Value = NO_VALUE,
) -> Value:
    """The square root of the variance."""
    found = variance(b, a, axis, dtype, _freed(b, ddof, correction), keepdims, where, mean)
    return _finish(b, a, apply(b, "sqrt", found, hint="std"))


__all__ = ["count", "extreme", "floating", "not_empty", "reduce", "truth"]
