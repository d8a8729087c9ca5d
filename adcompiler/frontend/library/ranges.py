"""Arrays of evenly spaced numbers."""

from __future__ import annotations

import math

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply, as_array, as_atom, cast, full, joined, stored
from adcompiler.frontend.arrays.regions import nest, when
from adcompiler.frontend.arrays.slicing import offset
from adcompiler.frontend.library.reductions import FALSE, NONE, TRUE
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.library.shape import moveaxis
from adcompiler.frontend.state.coerce import as_bool, as_dtype, as_extent, as_extents, is_none
from adcompiler.frontend.state.facts import lower_bound
from adcompiler.frontend.state.values import Seq, Value
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.infer import promote
from adcompiler.ir.wengert import Atom, Const, Var

FIFTY = Const(50)


@implements(np.arange)
def arange(b: Builder, start: Value, stop: Value = NONE, step: Value = NONE, dtype: Value = NONE) -> Value:
    """`start, start + step, …` below the stop."""
    if is_none(stop):
        start, stop = ZERO, start
    given = [_number(b, v) for v in (start, stop, ONE if is_none(step) else step)]
    computed = joined([b.type(a) for a in given])
    target = as_dtype(b, dtype, computed)
    whole = not any(b.type(a).is_float for a in given)
    if whole and target.startswith(("int", "uint")):
        first, last, stride = (as_extent(b, a, "a bound of np.arange") for a in given)
        return b.emit("arange", first, stride, _whole_length(b, first, last, stride), dtype=target, hint="range")
    if not target.startswith("float"):
        raise TypeProblem(f"np.arange of floats as {target}", b.span, "make the range of floats and convert it")
    return _float_range(b, given, target)


def _number(b: Builder, value: Value) -> Atom:
    atom = as_atom(b, value, "a bound of np.arange")
    if b.type(atom).rank or b.type(atom).dtype == "bool":
        raise TypeProblem("np.arange takes numbers", b.span, "pass integers or floats")
    return atom


def _whole_length(b: Builder, start: Atom, stop: Atom, step: Atom) -> Atom:
    """`ceil((stop - start) / step)` in integers, and never below zero."""
    if step == ZERO:
        raise TypeProblem("the step of np.arange is zero", b.span, "use another step")
    if not isinstance(step, Const):
        b.check(b.emit("eq", step, ZERO, hint="failed"), "ZeroDivisionError", "division by zero")
    if step == ONE:
        count = offset(b, stop, -start.value) if isinstance(start, Const) else b.int("sub", stop, start)  # type: ignore[operator]
    else:
        count = b.int("sub", ZERO, b.int("floordiv", b.int("sub", start, stop), step))
    bound = lower_bound(b, count)
    return count if bound is not None and bound >= 0 else b.int("maximum", count, ZERO)


def _float_range(b: Builder, given: list[Atom], dtype: str) -> Var:
    """NumPy fills with the difference of the first two elements, which rounding makes another step."""
    first, last, stride = (_python_float(b, a) for a in given)
    literals = [a.value for a in (first, last, stride) if isinstance(a, Const)]
    if len(literals) == 3:
        return _literal_range(b, *literals, dtype=dtype)  # type: ignore[arg-type]
    b.check(b.emit("eq", stride, Const(0.0), hint="failed"), "ZeroDivisionError", "float division by zero")
    count = b.emit("ceil", b.emit("div", b.emit("sub", last, first), stride), hint="count")
    finite = b.emit("isfinite", count, hint="finite")
    b.check(b.emit("logical_not", finite), "ValueError", "arange: cannot compute length")
    length = b.int("maximum", b.emit("cast", count, dtype="int64", weak=True, hint="length"), ZERO)
    delta = stride if first == Const(0.0) else b.emit("sub", b.emit("add", first, stride), first, hint="step")
    return b.emit("arange", first, delta, length, dtype=dtype, hint="range")


def _literal_range(b: Builder, start: float, stop: float, step: float, *, dtype: str) -> Var:
    if step == 0:
        raise TypeProblem("the step of np.arange is zero", b.span, "use another step")
    length = Const(len(np.arange(start, stop, step)))
    return b.emit("arange", Const(start), Const((start + step) - start), length, dtype=dtype, hint="range")


def _python_float(b: Builder, atom: Atom) -> Atom:
    if isinstance(atom, Const):
        return Const(float(atom.number))
    type = b.type(atom)
    return atom if type.weak and type.is_float else b.emit("cast", atom, dtype="float64", weak=True)


@implements(np.linspace)
def linspace(
    b: Builder,
    start: Value,
    stop: Value,
    num: Value = FIFTY,
    endpoint: Value = TRUE,
    retstep: Value = FALSE,
    dtype: Value = NONE,
    axis: Value = ZERO,
) -> Value:
    """`num` numbers from start to stop; the last one is the stop itself where it belongs to them."""
    first, last = _ends(b, start, stop)
    (number,) = as_extents(b, num)
    closed = as_bool(b, endpoint, "endpoint")
    gaps = b.int("maximum", offset(b, number, -1), ONE) if closed else b.int("maximum", number, ONE)
    step = apply(b, "div", apply(b, "sub", last, first), gaps, hint="step")
    kept = b.type(step).dtype
    if b.type(step).rank:
        out = _between_arrays(b, first, step, number)
    else:
        out = b.emit("arange", first, step, number, dtype=kept, hint="points")
    if closed:
        _set_last(b, out, number, stored(b, last, kept))
    target = as_dtype(b, dtype, kept)
    if np.dtype(target).kind in "iu":
        out = as_array(b, apply(b, "floor", out, hint="points"))
    points = out if target == kept else cast(b, out, target)
    if axis != ZERO and b.type(points).rank > 1:
        points = as_array(b, moveaxis(b, points, ZERO, axis))
    if not as_bool(b, retstep, "retstep"):
        return points
    some = apply(b, "gt", number, Const(1 if closed else 0))
    return Seq((points, apply(b, "where", some, step, Const(b.type(step).numpy.type(math.nan)), hint="step")))


def _ends(b: Builder, *ends: Value) -> tuple[Atom, ...]:
    """Both ends, where one of them is of floats or complex numbers integers as such."""
    atoms = [as_atom(b, end, "an end of np.linspace") for end in ends]
    types = [b.type(a) for a in atoms]
    dtype = promote(types) if any(t.is_float for t in types) else "float64"
    return tuple(a if t.is_float else cast(b, a, dtype) for a, t in zip(atoms, types, strict=True))


def _between_arrays(b: Builder, first: Atom, step: Var, number: Atom) -> Var:
    shape = b.shape(step)
    out = b.emit("empty", number, *shape, dtype=b.type(step).dtype, hint="points")
    with nest(b, (number,)) as (k,):
        b.store(out, (k, *full(shape)), apply(b, "add", apply(b, "mul", step, k), first))
    return out


def _set_last(b: Builder, out: Var, number: Atom, value: Atom) -> None:
    rest = full(b.shape(out)[1:])
    if isinstance(number, Const):
        if number.number > 1:
            b.store(out, (Const(number.number - 1), *rest), value)
        return
    with when(b, b.emit("gt", number, ONE, hint="several")):
        b.store(out, (offset(b, number, -1), *rest), value)


__all__ = ["arange", "linspace"]
