"""Draws of a random generator, as definitions make them: numbers, or arrays of them, that depend on nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from adcompiler.errors import TypeProblem, UnsupportedSyntax
from adcompiler.frontend.arrays.atoms import apply, as_atom, cast
from adcompiler.frontend.arrays.regions import nest
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.state.coerce import as_dtype, as_extents
from adcompiler.frontend.state.fitting import common, fit
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import Builder, Shape
from adcompiler.ir.types import FLOAT, INDEX, Type
from adcompiler.ir.wengert import Atom, Const, Draw, Var

NONE = Static(None)
#: Methods of a random generator by their name, as `defined.draws` writes them: they take the generator first.
GENERATOR_METHODS: dict[str, FunctionType] = {}
#: What the methods that draw integers give.
_INTEGERS = frozenset("poisson binomial geometric negative_binomial zipf logseries integers".split())
#: Parameters that are integers.
_COUNTS = {"integers": (0, 1), "binomial": (0,)}


def generator_method(function: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a definition for the method of its name."""
    assert isinstance(function, FunctionType)
    GENERATOR_METHODS[function.__name__] = function
    return function


def drawn(generator: Any, method: str, size: Any, *parameters: Any, fixed: Any = None) -> Any:
    """The numbers that a method of the generator draws for parameters that are broadcast to the size."""
    return getattr(generator, method)(*parameters, size=size)


@implements(drawn)
def _drawn(b: Builder, generator: Value, method: Value, size: Value, *parameters: Value, fixed: Value = NONE) -> Value:
    assert isinstance(generator, Var) and isinstance(method, Static)
    name, extents = str(method.value), as_extents(b, size)
    types = ["int64" if k in _COUNTS.get(name, ()) else "float64" for k in range(len(parameters))]
    given = [cast(b, as_atom(b, p), type) for p, type in zip(parameters, types, strict=True)]
    steered = () if fixed == NONE else (as_atom(b, fixed),)
    if not any(b.type(a).rank for a in given):
        return draw(b, generator, name, given, extents, steered)
    given = [fit(b, a, extents) if b.type(a).rank else a for a in given]
    out = b.emit("empty", *extents, dtype=_dtype(name), hint=name)
    with nest(b, extents, hint="k") as at:
        here = [b.load(a, _place(b, a, at)) if isinstance(a, Var) and b.type(a).rank else a for a in given]
        b.store(out, at, draw(b, generator, name, here, (), steered))
    return out


def _place(b: Builder, array: Var, at: tuple[Atom, ...]) -> tuple[Atom, ...]:
    """The element of an array that stands for a place of what it is broadcast to."""
    shape = b.shape(array)
    own = at[len(at) - len(shape) :]
    return tuple(Const(0) if extent == Const(1) else k for extent, k in zip(shape, own, strict=True))


def draw(b: Builder, generator: Var, name: str, args: list[Atom], size: Shape, fixed: tuple[Atom, ...]) -> Var:
    """Append a draw: Python's own number where no size is given, as NumPy gives it."""
    weak = INDEX if name in _INTEGERS else FLOAT
    element = Type("int64") if name == "integers" else weak
    target = b.var(_HINTS.get(name, "z"), Type(_dtype(name), len(size)) if size else element, size)
    b.add(Draw(target, generator, name, tuple(args), size, fixed, b.span))
    return target


_HINTS = {"random": "u", "integers": "k"}


def _dtype(name: str) -> str:
    return "int64" if name in _INTEGERS else "float64"


def double(x: Any) -> Any:
    """A parameter in double precision, in which a generator works."""
    return np.float64(x)


@implements(double)
def _double(b: Builder, x: Value) -> Value:
    atom = as_atom(b, x)
    return atom if b.type(atom).dtype == "float64" else cast(b, atom, "float64")


def number(x: Any) -> Any:
    """What is returned: a number is Python's own, as NumPy's generators give it."""
    return float(x) if np.ndim(x) == 0 else x


@implements(number)
def _number(b: Builder, x: Value) -> Value:
    atom = as_atom(b, x)
    type = b.type(atom)
    if type.rank or type.weak:
        return atom
    return b.emit("cast", atom, dtype="float64", weak=True, hint=str(atom))


def moved(loc: Any, scale: Any, x: Any) -> Any:
    """Numbers moved to a place and a scale."""
    return number(loc + scale * x)


@implements(moved)
def _moved(b: Builder, loc: Value, scale: Value, x: Value) -> Value:
    found = as_atom(b, x)
    if scale != Const(1.0):
        found = apply(b, "mul", as_atom(b, scale), found, weak=None)
    if loc != Const(0.0):
        found = apply(b, "add", as_atom(b, loc), found, weak=None)
    return _number(b, found)


def sized(size: Any, *parameters: Any) -> Any:
    """The extents of what is drawn: those given, to which the parameters must fit, or those of the parameters."""
    return np.broadcast_shapes(*map(np.shape, parameters)) if size is None else size


@implements(sized)
def _sized(b: Builder, size: Value, *parameters: Value) -> Value:
    shapes = [b.shape(as_atom(b, p)) for p in parameters]
    message = "the parameters of a draw do not broadcast to its size"
    if size == NONE:
        return Seq(common(b, shapes, "ValueError", message) if shapes else ())
    extents = as_extents(b, size)
    for shape in shapes:
        if len(shape) > len(extents):
            raise TypeProblem(message, b.span, "give a size to which the parameters broadcast")
        for have, want in zip(reversed(shape), reversed(extents), strict=False):
            if have != Const(1):
                b.same(have, want, message)
    return Seq(extents)


def plain(method: str, what: str, dtype: Any) -> Any:
    """Nothing; refuses an element type other than the plain one."""


@implements(plain)
def _plain(b: Builder, method: Value, what: Value, dtype: Value) -> Value:
    assert isinstance(method, Static) and isinstance(what, Static)
    if as_dtype(b, dtype, str(what.value)) != what.value:
        fix = f"leave dtype=np.{what.value}, and convert what is drawn: .astype(…)"
        raise UnsupportedSyntax(f"Generator.{method.value}(dtype=…) is outside the language", b.span, fix)
    return NONE


__all__ = ["GENERATOR_METHODS", "double", "draw", "drawn", "generator_method", "moved", "number", "plain", "sized"]
