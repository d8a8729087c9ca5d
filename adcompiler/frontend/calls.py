"""Calls: which of the user's functions, NumPy's, Python's builtins or methods is meant."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.builtins import calls
from adcompiler.frontend.builtins.iterators import EAGER, LAZY
from adcompiler.frontend.builtins.methods import call_method
from adcompiler.frontend.flow.iterators import asked_by_loop, used_at_once, used_once
from adcompiler.frontend.language import records
from adcompiler.frontend.language.binding import unpacked
from adcompiler.frontend.language.comprehensions import range_array
from adcompiler.frontend.language.generators import REDUCED, reduced
from adcompiler.frontend.language.inline import call_closure, call_definition, call_function
from adcompiler.frontend.language.reading import opened, resolved
from adcompiler.frontend.language.starred import starred
from adcompiler.frontend.language.threads import Member, unknown
from adcompiler.frontend.library import catalogue
from adcompiler.frontend.library.defined.applied import vectorized
from adcompiler.frontend.library.definitions import METHODS, UFUNC_METHODS, definition_of, full_name
from adcompiler.frontend.library.draws import GENERATOR_METHODS
from adcompiler.frontend.library.registry import title
from adcompiler.frontend.lists.rows import columns, rows_array
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering, expression
from adcompiler.frontend.state.values import (
    Closure,
    DictValue,
    Growing,
    ListOf,
    Method,
    Object,
    Partial,
    Path,
    RangeValue,
    Rows,
    Seq,
    Static,
    Value,
    Zipped,
)
from adcompiler.handlers import DECLARED
from adcompiler.ir.ops import kind
from adcompiler.ir.wengert import Assign, Const, Load, Var


@expression(ast.Call)
def call_expression(low: Lowering, node: ast.Call, hint: str) -> Value:
    """`function(*args, **kwargs)`."""
    special = _before_arguments(low, node)
    if special is not None:
        return special
    function = resolved(low, low.eval(node.func))
    args, kwargs = _arguments(low, function, node)
    return call(low, function, args, kwargs, node, hint)


def _arguments(low: Lowering, function: Value, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
    args: list[Value] = []
    kwargs: dict[str, Value] = {}
    with heap.pending(low) as read:
        read.append(function)
        for arg in node.args:
            if isinstance(arg, ast.Starred):
                items = _starred(low, function, resolved(low, low.eval(arg.value)), node, len(args))
            else:
                items = [low.eval(arg)]
            args.extend(items)
            read.extend(items)
        for keyword in node.keywords:
            value = low.eval(keyword.value)
            value = opened(low, value) if keyword.arg is None else value
            read.append(value)
            if keyword.arg is not None:
                found = {keyword.arg: value}
            elif isinstance(value, DictValue):
                found = {str(key): item for key, item in value.items}
            else:
                raise low.refuse("unpack-unknown", keyword.value)
            for key in found.keys() & kwargs:
                what = f"multiple values for keyword argument {key!r}"
                raise TypeProblem(what, low.b.span, "give it once; the last of several counts in {**first, **second}")
            kwargs.update(found)
    return args, kwargs


def _starred(low: Lowering, function: Value, value: Value, node: ast.Call, given: int) -> list[Value]:
    """The values of `*items` in a call, behind `given` arguments."""
    last = isinstance(node.args[-1], ast.Starred) and all(keyword.arg for keyword in node.keywords)
    if not last or sum(isinstance(arg, ast.Starred) for arg in node.args) > 1:
        return list(unpacked(low, value, None))
    return starred(low, function, value, given, {keyword.arg for keyword in node.keywords if keyword.arg})


def _before_arguments(low: Lowering, node: ast.Call) -> Value | None:
    """`sum(x for …)` and its like, whose items are never a list; `zip(*items)` of a list of unknown length."""
    if len(node.args) == 1 and isinstance(node.args[0], ast.Starred) and isinstance(node.args[0].value, ast.Name):
        items = resolved(low, low.eval(node.args[0].value))
        if isinstance(items, Rows) and low.eval(node.func) == Static(zip):
            return columns(low, items)
    if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp) and isinstance(node.func, ast.Name):
        function = low.eval(node.func)
        if isinstance(function, Static) and function.value in REDUCED and not node.keywords:
            return reduced(low, function.value, node.args[0])
    return None


def call(
    low: Lowering,
    function: Value,
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
    node: ast.AST,
    hint: str = "t",
) -> Value:
    """The value of a call."""
    match function:
        case Closure():
            return call_closure(low, function, args, kwargs, node)
        case Partial(inner, first, named):
            return call(low, inner, [*first, *args], {**dict(named), **kwargs}, node, hint)
        case Method(Var() as owner, name) if low.b.type(owner).is_generator:
            if name not in GENERATOR_METHODS or "out" in kwargs:
                raise catalogue.missing_draw(low.b, f"{name}(out=…)" if "out" in kwargs else name)
            plain = [_plain(low, resolved(low, a)) for a in args]
            called = f"Generator.{name}"
            return call_definition(low, GENERATOR_METHODS[name], [owner, *plain], _resolved(low, kwargs), node, called)
        case Method(Var() | Const() as owner, name) if name in METHODS:
            plain = [_plain(low, resolved(low, a)) for a in args]
            return call_definition(low, METHODS[name], [owner, *plain], _resolved(low, kwargs), node, f".{name}")
        case Method(owner, name):
            return call_method(low, owner, name, [resolved(low, a) for a in args], _resolved(low, kwargs))
        case Object(held, path):
            return _call_object(low, held, path, args, kwargs, node)
        case Static(value=held):
            return _call_static(low, held, args, kwargs, node, hint)
        case Seq(record=type()) if (method := records.attribute(low, function, "__call__", node)) is not None:
            return call(low, method, args, kwargs, node, hint)
    raise low.refuse("not-callable")


def _resolved(low: Lowering, kwargs: Mapping[str, Value]) -> dict[str, Value]:
    return {key: resolved(low, value) for key, value in kwargs.items()}


_LIMITS: dict[object, Callable[[Any], object]] = {np.finfo: np.finfo, np.iinfo: np.iinfo, np.dtype: np.dtype}


def _same(function: object) -> object:
    """What `functools.wraps(…)` does to the meaning of a function."""
    return function


def _call_static(
    low: Lowering, held: object, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST, hint: str
) -> Value:
    composed = _composed(low, held, args, kwargs, node)
    if composed is not None:
        return composed
    handler = calls.lookup(held)
    if handler is not None:
        if (held in EAGER and not used_at_once(low.frame, node)) or (held in LAZY and not used_once(low.frame, node)):
            raise low.refuse("named-iterator")
        low.call = lambda function, given: call(low, function, given, {}, node)
        if held is map and len(args) > 1 and not kwargs and asked_by_loop(low.frame, node):
            return Zipped("map", (args[0], *(resolved(low, arg) for arg in args[1:])))
        return handler(low, list(args), dict(kwargs), hint)
    function = _library_function(low, held, node)
    if function is None and getattr(math, getattr(held, "__name__", ""), None) is not held:
        return _call_python(low, held, args, kwargs, node)
    plain = [_plain(low, resolved(low, arg)) for arg in args]
    named = {key: _plain(low, value) for key, value in _resolved(low, kwargs).items()}
    known = _folded(low, held, plain, named)
    if known is not None:
        return known
    if function is None:
        raise catalogue.missing(low.b, held)
    pairs = zip(args, plain, strict=True)
    lists = {v.name for given, v in pairs if isinstance(given, (ListOf, Rows, Growing)) and isinstance(v, Var)}
    return _apart(low, function(plain, named), lists)


def _library_function(
    low: Lowering, held: object, node: ast.AST
) -> Callable[[Sequence[Value], Mapping[str, Value]], Value] | None:
    """What a function of NumPy or SciPy becomes, or a method of a ufunc; None for what the library does not know."""
    found = catalogue.lookup(held)
    if found is not None:
        return lambda args, kwargs: found(low.b, args, kwargs)
    ufunc, name = getattr(held, "__self__", None), title(held)
    if isinstance(ufunc, np.ufunc):
        short = name.rpartition(".")[2]
        if short not in UFUNC_METHODS:
            raise catalogue.missing_method(low.b, short, f"np.{ufunc.__name__}", UFUNC_METHODS)
        first, method = Static(ufunc), UFUNC_METHODS[short]
        return lambda args, kwargs: call_definition(low, method, [first, *args], kwargs, node, name)
    defined = definition_of(held)
    if defined is not None:
        return lambda args, kwargs: call_definition(low, defined, args, kwargs, node, name)
    return None


def _call_python(
    low: Lowering, held: object, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST
) -> Value:
    """A call of a user's function or class; anything else is refused."""
    if isinstance(held, FunctionType) and held in DECLARED:
        declared: Value = DECLARED[held].__lower_call__(low, list(args), dict(kwargs), node)
        return declared
    if isinstance(held, FunctionType) and not str(held.__module__).startswith(("numpy", "scipy")):
        return call_function(low, held, args, kwargs, node)
    compiled = getattr(held, "py_func", None)
    if isinstance(compiled, FunctionType) and type(held).__module__.startswith("numba"):
        return call_function(low, compiled, args, kwargs, node)
    if isinstance(held, type):
        low.call = lambda function, given: call(low, function, given, {}, node)
        record = records.make(low, held, args, kwargs, node)
        if record is None:
            raise records.not_made(low, held)
        return record
    if isinstance(held, Member):
        raise unknown(low, held)
    if not callable(held):
        raise low.refuse("not-callable")
    name = getattr(held, "__name__", repr(held))
    if getattr(builtins, name, None) is held or catalogue.is_nameless(held):
        raise low.refuse("builtin-call", name=name)
    raise catalogue.missing(low.b, held)


def _composed(
    low: Lowering, held: object, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST
) -> Value | None:
    """What makes a function of functions, or a record of a record; None for any other call."""
    if held is dataclasses.replace and args and isinstance(owner := resolved(low, args[0]), Seq) and owner.record:
        return records.replaced(low, owner, kwargs, node)
    if held is np.vectorize and len(args) == 1 and not kwargs:
        return Partial(Static(vectorized), (args[0],), ())
    if isinstance(held, np.vectorize) and held.otypes is None and held.signature is None and not held.excluded:
        assert isinstance(vectorized, FunctionType)
        function = low.captures.value(held.pyfunc, Static(held).path.attribute("pyfunc"))
        return call_definition(low, vectorized, [function, *args], kwargs, node, "np.vectorize")
    if held is functools.partial:
        return Partial(args[0], tuple(args[1:]), tuple(kwargs.items()))
    if held is functools.wraps or held is _same:
        return Static(_same) if held is functools.wraps else args[0]
    if isinstance(held, type) and held in _LIMITS and len(args) == 1 and isinstance(args[0], Static):
        return Static(_LIMITS[held](args[0].value))
    return None


def _apart(low: Lowering, value: Value, lists: set[str]) -> Value:
    """What NumPy makes of a list is an array of its own, where it would be a view of an array."""
    if isinstance(value, Seq):
        return replace(value, items=tuple(_apart(low, item, lists) for item in value.items)) if lists else value
    base: Value = value
    while isinstance(base, Var) and base.name not in lists:
        line = low.b.made.get(base.name)
        if isinstance(line, Load):
            base = line.array
        elif isinstance(line, Assign) and kind(line.op) == "view":
            base = line.args[0]
        else:
            return value
    if isinstance(value, Var) and isinstance(base, Var) and low.b.type(value).rank:
        return low.b.emit("copy", value, hint=value.name)
    return value


def _plain(low: Lowering, value: Value) -> Value:
    """An argument of a library function: a list of unknown length is an array, a range a list."""
    match value:
        case ListOf(array):
            return array
        case Rows():
            return rows_array(low, value)
        case RangeValue():
            return range_array(low, value)
    return value


def _folded(low: Lowering, held: object, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """The value of a function of `math` of literals."""
    if getattr(math, getattr(held, "__name__", ""), None) is not held or kwargs or not callable(held):
        return None
    literals = [arg.value for arg in args if isinstance(arg, Const)]
    if len(literals) != len(args):
        return None
    try:
        value = held(*literals)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise low.fail(type(error).__name__, str(error)) from None
    return Const(value) if isinstance(value, (bool, int, float, complex)) else None


def _call_object(
    low: Lowering, held: object, path: Path, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST
) -> Value:
    """A bound method, a partial function, or an object with `__call__`."""
    captured = low.captures.value
    if isinstance(held, functools.partial):
        inner = captured(held.func, path.attribute("func"))
        first = [captured(arg, path.attribute("args").item(k)) for k, arg in enumerate(held.args)]
        named = {key: captured(arg, path.attribute("keywords").item(key)) for key, arg in held.keywords.items()}
        return call(low, inner, [*first, *args], {**named, **kwargs}, node)
    if isinstance(held, MethodType):
        defined = definition_of(held)
        if defined is not None:
            plain_args = [_plain(low, resolved(low, arg)) for arg in args]
            return call_definition(low, defined, plain_args, _resolved(low, kwargs), node, str(full_name(held)))
        owner = captured(held.__self__, path.attribute("__self__"))
        plain = isinstance(held.__func__, FunctionType)
        if not plain and isinstance(held.__self__, (np.random.Generator, np.random.RandomState)):
            raise catalogue.missing(low.b, held)
        function = Static(held.__func__) if plain else captured(held.__func__, path.attribute("__func__"))
        return call(low, function, [owner, *args], kwargs, node)
    special = getattr(held, "__lower_call__", None)
    if special is not None:
        # a program that calls what runs on a GPU runs there
        low.device |= getattr(getattr(held, "options", None), "target", "cpu") == "cuda"
        return special(low, list(args), dict(kwargs), node)  # type: ignore[no-any-return]
    compiled = getattr(held, "py_func", None)
    if isinstance(compiled, FunctionType) and type(held).__module__.startswith("numba"):
        return call_function(low, compiled, args, kwargs, node)
    method = inspect.getattr_static(type(held), "__call__", None)
    if isinstance(method, FunctionType):
        return call_function(low, method, [Object(held, path), *args], kwargs, node)
    if hasattr(held, "__wrapped__"):
        raise low.refuse("unknown-decorator", name=type(held).__name__)
    raise low.refuse("not-callable")
