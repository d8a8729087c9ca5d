"""Weighted means and reductions that skip NaN."""

from __future__ import annotations

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply, as_array, as_atom, cast, joined
from adcompiler.frontend.library.reductions import FALSE, NONE, TRUE, mean, reduce, sum_
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.library.shape import with_axes
from adcompiler.frontend.state.coerce import as_axes, as_bool, is_none
from adcompiler.frontend.state.values import Seq, Value
from adcompiler.ir.build import ONE, Builder
from adcompiler.ir.types import FLOAT
from adcompiler.ir.wengert import Atom, Const, Var


@implements(np.average)
def average(
    b: Builder,
    a: Value,
    axis: Value = NONE,
    weights: Value = NONE,
    returned: Value = FALSE,
    *,
    keepdims: Value = FALSE,
) -> Value:
    """The mean, or the weighted mean with weights of the shape of the array; with the sum of the weights if asked."""
    found, total = _average(b, a, axis, weights, keepdims)
    return Seq((found, total)) if as_bool(b, returned, "returned") else found


def _average(b: Builder, a: Value, axis: Value, weights: Value, keepdims: Value) -> tuple[Atom, Atom]:
    if is_none(weights):
        found = as_atom(b, mean(b, a, axis, keepdims=keepdims))
        return found, _counted(b, as_array(b, a), axis, found)
    x, w = _in_one_type(b, as_array(b, a), as_array(b, weights))
    axes = as_axes(b, axis, b.type(x).rank)
    if b.type(w).rank == 1 and len(axes) == 1 and b.type(x).rank > 1:
        whole = b.emit("empty", *b.shape(x), dtype=b.type(w).dtype, hint="weights")
        b.same(b.shape(x)[axes[0]], b.shape(w)[0], "np.average: the weights must have the length of the axis")
        b.store(whole, b.everything(whole), with_axes(b, w, [k for k in range(b.type(x).rank) if k != axes[0]]))
        w = whole
    if b.type(w).rank != b.type(x).rank:
        raise TypeProblem("weights of another rank than the array", b.span, "broadcast the weights to its shape")
    for one, other in zip(b.shape(x), b.shape(w), strict=True):
        b.same(one, other, "np.average: the weights must have the shape of the array")
    kept = as_bool(b, keepdims, "keepdims")
    total = reduce(b, "sum", w, axes, kept, "total")
    none = apply(b, "eq", total, Const(0), hint="none")
    if b.type(none).rank:
        none = b.emit("any", none, axes=tuple(range(b.type(none).rank)), keepdims=False)
    b.check(none, "ZeroDivisionError", "Weights sum to zero, can't be normalized")
    found = apply(b, "div", reduce(b, "sum", apply(b, "mul", x, w), axes, kept, "total"), total, hint="average")
    return found, total


def _counted(b: Builder, x: Var, axis: Value, mean: Atom) -> Atom:
    """How many elements each mean is of, in its type."""
    count: Atom = ONE
    for k in as_axes(b, axis, b.type(x).rank):
        count = b.int("mul", count, b.shape(x)[k])
    each = cast(b, count, b.type(mean).dtype)
    return b.emit("full", each, *b.shape(mean), dtype=b.type(mean).dtype, hint="counts") if b.type(mean).rank else each


def _in_one_type(b: Builder, x: Var, w: Var) -> tuple[Var, Var]:
    """An array and its weights in the type in which NumPy computes: products of integers would wrap in their own."""
    exact = [] if b.type(x).is_float else [FLOAT]
    dtype = joined([b.type(x), b.type(w), *exact])
    return as_array(b, cast(b, x, dtype)), as_array(b, cast(b, w, dtype))


@implements(np.nansum)
def nansum(
    b: Builder,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    *,
    keepdims: Value = FALSE,
    initial: Value = NONE,
    where: Value = TRUE,
) -> Value:
    """The sum of what is not NaN."""
    x = as_array(b, a)
    if b.type(x).is_float:
        zero = Const(b.type(x).numpy.type(0))
        x = apply(b, "where", apply(b, "isnan", x), zero, x)
    return sum_(b, x, axis, dtype, keepdims=keepdims, initial=initial, where=where)


@implements(np.nanmean)
def nanmean(b: Builder, a: Value, axis: Value = NONE, *, keepdims: Value = FALSE) -> Value:
    """The mean of what is not NaN."""
    x = as_array(b, a)
    if not b.type(x).is_float:
        return mean(b, x, axis, keepdims=keepdims)
    axes, kept = as_axes(b, axis, b.type(x).rank), as_bool(b, keepdims, "keepdims")
    number = apply(b, "logical_not", apply(b, "isnan", x))
    total = nansum(b, x, axis, keepdims=keepdims)
    assert isinstance(total, (Var, Const))
    count = cast(b, reduce(b, "sum", number, axes, kept, "count"), b.type(x).dtype)
    return apply(b, "div", total, count, hint="mean")


__all__ = ["average", "nansum"]
