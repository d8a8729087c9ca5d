"""What a user may mark in a function."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from adcompiler.frontend.registry import implements
from adcompiler.frontend.values import DictValue, Seq, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Var

T = TypeVar("T")


def stop_gradient(x: T) -> T:
    """The value of `x` as a constant: Python's identity, and nothing flows through it backwards or forwards.

    Parameters
    ----------
    x : float, array, tuple, list or dict
        Any value.

    Returns
    -------
    same as `x`
        `x` itself.

    Examples
    --------
    >>> import adcompiler as ad
    >>> def f(x):
    ...     return x * ad.stop_gradient(x)
    >>> ad.grad(f)(3.0)
    3.0
    """
    return x


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
