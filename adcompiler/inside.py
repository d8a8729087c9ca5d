"""This package's own functions in a program that is compiled."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.api import grad, jvp, made_callable, value_and_grad, vjp
from adcompiler.custom import stop_gradient
from adcompiler.errors import UnsupportedSyntax
from adcompiler.frontend.registry import implements
from adcompiler.frontend.values import DictValue, Object, Path, Seq, Static, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Const, Var
from adcompiler.matrices import hessian, jacobian
from adcompiler.options import Options
from adcompiler.products import hvp
from adcompiler.transformed import Transformed

_FIRST, _NO = Const(0), Const(False)


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
