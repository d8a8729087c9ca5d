"""`f(*values)`: of values whose number is known only at run time there are as many as `f` takes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from types import MethodType
from typing import Any

import numpy as np

from adcompiler.frontend.flow.iteration import item, items_of, iterable
from adcompiler.frontend.language.binding import unpacked
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import Closure, Object, Partial, Static, Value
from adcompiler.ir.wengert import Const, Var


def starred(low: Lowering, function: Value, value: Value, given: int, named: Collection[str]) -> list[Value]:
    """The last positional arguments, behind `given` others and beside `named` ones."""
    is_array = isinstance(value, Var) and low.b.type(value).rank > 0
    count = _taken(function, named) if is_array and items_of(low, value) is None else None
    if count is None or count < given:
        return unpacked(low, value, None)
    walked, wanted = iterable(low, value), Const(count - given)
    differs = low.b.emit("ne", walked.length, wanted, hint="differ", weak=True)
    message = f"the number of values after * is not {wanted.value}"
    low.b.check(differs, "TypeError", message, walked.length, wanted)
    return [item(low, value, Const(k)) for k in range(count - given)]


def _taken(function: Value, named: Collection[str]) -> int | None:
    """How many positional arguments a function takes beside those named; None where calls differ in it."""
    match function:
        case Closure(node):
            spec = node.args
            names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
            optional = names[len(names) - len(spec.defaults) :]
            return None if spec.vararg else _fixed(names, optional, named)
        case Partial(inner, first, more):
            taken = _taken(inner, {*named, *(name for name, _ in more)})
            return None if taken is None else taken - len(first)
        case Static(value=held) | Object(value=held) if callable(held):
            return held.nin if isinstance(held, np.ufunc) else _of_signature(held, named)
    return None


def _of_signature(held: Callable[..., Any], named: Collection[str]) -> int | None:
    written = hasattr(held, "__code__") or hasattr(held, "py_func") or getattr(held, "__text_signature__", None)
    if written or isinstance(held, (functools.partial, MethodType, type)):
        parameters = inspect.signature(getattr(held, "py_func", held)).parameters.values()
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names = [p.name for p in parameters if p.kind in kinds]
        optional = [p.name for p in parameters if p.kind in kinds and p.default is not p.empty]
        several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        return None if several else _fixed(names, optional, named)
    return None


def _fixed(names: list[str], optional: Collection[str], named: Collection[str]) -> int | None:
    """The number of names that are not given, if none of them may be left out."""
    free = [name for name in names if name not in named]
    return None if set(free) & set(optional) else len(free)
