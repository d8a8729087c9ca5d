"""Functions that only definitions call: what the language of users has no word for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply, as_array, as_atom, cast, floats, full
from adcompiler.frontend.arrays.regions import nest
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.state.fitting import common
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.infer import loop_dtypes
from adcompiler.ir.wengert import Atom, Var
from adcompiler.rules.special import digamma as psi


def constant(x: Any) -> Any:
    """The value as a constant: nothing flows through it."""
    return x


@implements(constant)
def _constant(b: Builder, x: Value) -> Value:
    atom = as_atom(b, x)
    return b.emit("stop", atom, hint="constant") if isinstance(atom, Var) and b.type(atom).is_float else atom


def number_list(x: Any) -> Any:
    """The list of Python's numbers that a vector holds; a number as one of Python's."""
    return x.tolist()


def common_shape(*arrays: Any) -> Any:
    """The extents to which the arrays broadcast."""
    return np.broadcast_shapes(*(np.shape(a) for a in arrays))


@implements(common_shape)
def _common_shape(b: Builder, *arrays: Value) -> Value:
    shapes = [b.shape(as_atom(b, a)) for a in arrays]
    return Seq(common(b, shapes, "ValueError", "shape mismatch: the arrays cannot be broadcast together"))


def view_of(copied: Any, source: Any) -> Any:
    """A copy of what NumPy gives as a view: a program that writes where one would see it is refused."""
    return copied


@implements(view_of)
def _view_of(b: Builder, copied: Value, source: Value) -> Value:
    if isinstance(copied, Var) and isinstance(source, Var) and b.type(source).rank:
        b.snapshots.append((copied, source, b.span))
    return copied


def sorting(x: Any) -> Any:
    """The indices that sort an array along its last axis, equal elements in their order."""
    return np.argsort(x, kind="stable")


@implements(sorting)
def _sorting(b: Builder, x: Value) -> Value:
    array = as_array(b, x)
    *lead, last = b.shape(array)
    if not lead:
        return b.emit("argsort", array, hint="order")
    out = b.emit("empty", *lead, last, dtype="int64", hint="order")
    with nest(b, lead) as at:
        row = b.emit("argsort", b.load(array, (*at, *full((last,)))), hint="order")
        b.store(out, (*at, *full((last,))), row)
    return out


def digamma(x: Any) -> Any:
    """The logarithmic derivative of the gamma function."""
    return _special("digamma", x)


def erf(x: Any) -> Any:
    """The error function."""
    return _special("erf", x)


def erfc(x: Any) -> Any:
    """One less the error function."""
    return _special("erfc", x)


def i0(x: Any) -> Any:
    """The modified Bessel function of order zero."""
    return _special("i0", x)


def gammaln(x: Any) -> Any:
    """The logarithm of the gamma function's size."""
    return _special("gammaln", x)


def gamma(x: Any) -> Any:
    """The gamma function."""
    return _special("gamma", x)


def _special(name: str, x: Any) -> Any:
    return _scipys(name)(x)


def _scipys(name: str) -> Any:
    # a program imports SciPy, this package does not
    return getattr(importlib.import_module("scipy.special"), name)


def computed(name: str, *args: Any) -> Any:
    """Arguments in the types in which the function of this name of NumPy, or of `scipy.special`, computes."""
    return args


@implements(computed)
def _computed(b: Builder, name: Value, *args: Value) -> Value:
    assert isinstance(name, Static)
    atoms = [as_atom(b, a) for a in args]
    ufunc = getattr(np, str(name.value), None) or _scipys(str(name.value))
    return Seq(tuple(cast(b, a, t) for a, t in zip(atoms, computes(b, ufunc, atoms), strict=False)))


def computes(b: Builder, ufunc: np.ufunc, atoms: Sequence[Atom]) -> tuple[str, ...]:
    """The element types in which a function computes: one for each argument, then the result's."""
    types = [b.type(a) for a in atoms]
    if any(t.is_complex for t in types):
        what = f"{ufunc.__name__} of complex numbers"
        raise TypeProblem(what, b.span, "take the real and the imaginary part apart")
    kinds = " and ".join(map(str, types))
    try:
        found = loop_dtypes(ufunc, types)
    except TypeError as error:
        raise TypeProblem(f"{ufunc.__name__} of {kinds}: {error}", b.span, "convert it with astype") from error
    if "float16" in found:
        raise TypeProblem(f"NumPy gives float16 for {kinds}", b.span, "convert it to float64 or float32")
    return found


@implements(digamma)
def _digamma(b: Builder, x: Value) -> Value:
    return psi(b, floats(b, as_atom(b, x)), hint="digamma")


def _elementwise(function: Callable[[Any], Any], op: str) -> None:
    @implements(function)
    def apply_op(b: Builder, x: Value) -> Value:
        return apply(b, op, floats(b, as_atom(b, x)), hint=op)


for _function, _op in ((erf, "erf"), (erfc, "erfc"), (gammaln, "lgamma"), (gamma, "gamma"), (i0, "i0")):
    _elementwise(_function, _op)

__all__ = [
    "common_shape",
    "computed",
    "computes",
    "constant",
    "digamma",
    "erf",
    "erfc",
    "gamma",
    "gammaln",
    "i0",
    "number_list",
    "sorting",
    "view_of",
]
