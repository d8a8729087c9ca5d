"""This package's own functions in a program that is compiled."""

from __future__ import annotations

import math
from dataclasses import replace

from adcompiler.api import grad, jvp, made_callable, value_and_grad, vjp
from adcompiler.batching import batched, maps
from adcompiler.custom import checkpoint, checkpointed_range, run_again, stop_gradient
from adcompiler.errors import TypeProblem, UnsupportedSyntax
from adcompiler.frontend.batched_value import BatchedValue
from adcompiler.frontend.registry import implements
from adcompiler.frontend.values import DictValue, Object, Partial, Path, RangeValue, Seq, Static, Value
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Budget, Const, Var
from adcompiler.matrices import hessian, jacobian
from adcompiler.options import Options
from adcompiler.products import hvp
from adcompiler.transformed import Transformed

_FIRST, _NO, _NONE = Const(0), Const(False), Static(None)


@implements(grad)
def _grad_inside(b: Builder, f: Value, argnums: Value = _FIRST, *, has_aux: Value = _NO) -> Value:
    return _inside(b, "grad", f, argnums, has_aux)


@implements(value_and_grad)
def _value_and_grad_inside(b: Builder, f: Value, argnums: Value = _FIRST, *, has_aux: Value = _NO) -> Value:
    return _inside(b, "value_and_grad", f, argnums, has_aux)


def _inside(b: Builder, kind: str, f: Value, argnums: Value, has_aux: Value) -> Value:
    """A transformed function as a value of the program."""
    numbers, flag = _known(argnums), _known(has_aux)
    if not isinstance(f, (Static, Object)) or numbers is None or not isinstance(flag, bool):
        raise UnsupportedSyntax(
            f"{kind} of a function that is made inside the program",
            b.span,
            "define the function outside, and transform it there",
        )
    made = Transformed(kind, made_callable(kind, f.value), numbers, flag, Options.of(kind, {}))
    return Object(made, Path(("made", kind, id(f.value), made.key), kind, lambda: made))


def _known(value: Value) -> object:
    match value:
        case Const(value=known) | Static(value=known):
            return known
        case Seq(items):
            return tuple(_known(item) for item in items)
    return None


@implements(vjp, jvp)
def _directional_inside(b: Builder, *args: Value, **kwargs: Value) -> Value:
    raise UnsupportedSyntax(
        "vjp or jvp inside a program that is compiled", b.span, "call grad there, or vjp and jvp outside"
    )


@implements(jacobian, hessian)
def _matrix_inside(b: Builder, *args: Value, **kwargs: Value) -> Value:
    raise UnsupportedSyntax(
        "jacobian or hessian inside a program that is compiled",
        b.span,
        "call grad there, or jacobian and hessian outside",
    )


@implements(hvp)
def _product_inside(b: Builder, *args: Value, **kwargs: Value) -> Value:
    raise UnsupportedSyntax("hvp inside a program that is compiled", b.span, "call grad there, or hvp outside")


@implements(batched)
def _batched_inside(b: Builder, f: Value, in_axes: Value = _FIRST) -> Value:
    """A batched function as a value of the program."""
    axes = _axes(in_axes)
    if not maps(axes):
        raise TypeProblem(f"in_axes={axes!r} maps no axis", b.span, "give an axis to map over")
    made: object = BatchedValue(f, axes)
    if isinstance(f, (Static, Object)):
        made = batched(made_callable("batched", f.value), axes)
    return Object(made, Path(("made", "batched", id(made)), "batched", lambda: made))


def _axes(value: Value) -> object:
    """A structure of axes that is known at compile time."""
    match value:
        case DictValue(items):
            return {key: _axes(item) for key, item in items}
        case Seq(items):
            return tuple(map(_axes, items))
        case Const(value=known) | Static(value=known):
            return known
    return value


@implements(stop_gradient)
def _stop(b: Builder, x: Value) -> Value:
    match x:
        case Seq(items):
            return replace(x, items=tuple(_stop(b, item) for item in items))
        case DictValue(items):
            return DictValue(tuple((key, _stop(b, item)) for key, item in items))
        case Var() if b.type(x).is_float:
            stopped = b.emit("stop", x, hint=x.name)
            if b.type(x).rank:
                # the line copies: a program that writes where Python would see it is refused
                b.snapshots.append((stopped, x, b.span))
            return stopped
    return x


@implements(checkpoint)
def _checkpoint(b: Builder, f: Value) -> Value:
    return Partial(Static(run_again), (f,), ())


@implements(checkpointed_range)
def _checkpointed(b: Builder, n: Value, snapshots: Value = _NONE, memory: Value = _NONE) -> Value:
    stop = _integer(b, n, "the number of iterations")
    if snapshots != _NONE and memory != _NONE:
        raise TypeProblem("checkpointed_range() takes snapshots or memory, not both", b.span, "leave one out")
    if memory != _NONE:
        budget = Budget(_integer(b, memory, "memory"), "bytes")
    elif snapshots != _NONE:
        budget = Budget(_integer(b, snapshots, "snapshots"), "snapshots")
    else:
        budget = Budget(_twice(b, stop), "snapshots")
    return RangeValue(ZERO, stop, ONE, budget)


def _integer(b: Builder, value: Value, what: str) -> Atom:
    """An integer as a Python number."""
    if isinstance(value, (Var, Const)) and not b.type(value).rank and b.type(value).numpy.kind in "iu":
        if isinstance(value, Const):
            return Const(int(str(value.value)))
        return value if b.type(value) == INDEX else b.emit("cast", value, dtype="int64", weak=True, hint=value.name)
    raise TypeProblem(f"{what} of checkpointed_range() must be an integer", b.span, "pass an integer")


def _twice(b: Builder, n: Atom) -> Atom:
    """The fewest snapshots with which no iteration runs more than twice again: (s + 1) (s + 2) / 2 > n."""
    if isinstance(n, Const):
        return Const(math.ceil((math.sqrt(8 * max(int(str(n.value)), 0) + 9) - 3) / 2))
    size = b.emit("add", b.emit("mul", Const(8.0), b.emit("maximum", n, ZERO, weak=True)), Const(9.0), weak=True)
    root = b.emit("mul", b.emit("sub", b.emit("sqrt", size), Const(3.0)), Const(0.5))
    return b.emit("cast", b.emit("ceil", root), dtype="int64", weak=True, hint="snapshots")
