"""Real and imaginary parts, conjugates, angles, and the functions of `cmath`."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply, as_atom, cast
from adcompiler.frontend.library.elementwise import copied, numbers
from adcompiler.frontend.library.primitives import computes
from adcompiler.frontend.library.reductions import FALSE
from adcompiler.frontend.library.registry import attribute, implements
from adcompiler.frontend.state.coerce import as_bool
from adcompiler.frontend.state.values import Seq, Value
from adcompiler.ir.build import ZERO, Builder
from adcompiler.ir.wengert import Atom, Const


def part(b: Builder, op: str, x: Atom) -> Atom:
    """A part of complex numbers; of an array it stands for a view, which may not be written beside the array."""
    if isinstance(x, Const):
        return Const(getattr(x.value, op))
    found = b.emit(op, x, hint=f"{x}_{op}")
    if b.type(x).rank:
        b.snapshots.append((found, x, b.span))
    return found


@attribute("real")
def real_of(b: Builder, x: Atom) -> Value:
    """`z.real`."""
    return part(b, "real", x) if b.type(x).is_complex else x


@attribute("imag")
def imag_of(b: Builder, x: Atom) -> Value:
    """`z.imag`: zero for real numbers."""
    type = b.type(x)
    if type.is_complex:
        return part(b, "imag", x)
    if type.rank:
        return b.emit("zeros", *b.shape(x), dtype=type.dtype, hint="imag")
    zero = type.numpy.type(0)
    return Const(zero.item() if type.weak else zero)


@implements(np.real)
def real(b: Builder, val: Value) -> Value:
    """The real part."""
    return real_of(b, as_atom(b, val))


@implements(np.imag)
def imag(b: Builder, val: Value) -> Value:
    """The imaginary part."""
    return imag_of(b, as_atom(b, val))


def _conjugate(b: Builder, x: Value) -> Value:
    atom = as_atom(b, x)
    if not b.type(atom).is_complex:
        return copied(b, numbers(b, atom))
    return apply(b, "conj", atom, hint="conj")


@implements(np.conj, np.conjugate, method="conj")
def conj(b: Builder, x: Value) -> Value:
    """The conjugate; real numbers are their own: a copy."""
    return _conjugate(b, x)


@implements(method="conjugate")
def conjugate(b: Builder, x: Value) -> Value:
    """`z.conjugate()`: of a number of Python's, one of Python's."""
    atom = as_atom(b, x)
    if b.type(atom).rank or not b.type(atom).weak:
        return _conjugate(b, x)
    if isinstance(atom, Const):
        return Const(atom.value.conjugate())  # type: ignore[attr-defined]
    return apply(b, "conj", atom, weak=True, hint="conj") if b.type(atom).is_complex else atom


def phase(b: Builder, x: Atom, weak: bool | None) -> Atom:
    """The angle with the positive real axis."""
    return apply(b, "arctan2", *(as_atom(b, of(b, x)) for of in (imag_of, real_of)), weak=weak, hint="angle")


@implements(np.angle)
def angle(b: Builder, z: Value, deg: Value = FALSE) -> Value:
    """The angle of complex numbers, in radians or in degrees."""
    x = as_atom(b, z)
    if not b.type(x).is_complex:
        x = cast(b, x, computes(b, np.arctan2, [ZERO, x])[1])
    found = phase(b, x, False)
    return apply(b, "mul", found, Const(180.0 / math.pi), hint="angle") if as_bool(b, deg, "deg") else found


# -- cmath -------------------------------------------------------------------------------------------------------------


def _number(b: Builder, value: Value, name: str) -> Atom:
    """A Python complex number."""
    atom = as_atom(b, value, f"the argument of cmath.{name}")
    if b.type(atom).rank:
        raise TypeProblem(f"cmath.{name} takes a number, not an array", b.span, f"use np.{name}")
    if isinstance(atom, Const):
        return Const(complex(atom.value))  # type: ignore[call-overload]
    if b.type(atom).dtype == "complex128" and b.type(atom).weak:
        return atom
    return b.emit("cast", atom, dtype="complex128", weak=True)


def _function(name: str, op: str) -> Callable[[Builder, Value], Value]:
    def call(b: Builder, z: Value) -> Value:
        x = _number(b, z, name)
        if op in ("log", "log10"):
            b.check(b.emit("eq", x, Const(0.0), hint="zero", weak=True), "ValueError", "math domain error")
        found = b.emit(op, x, hint=name, weak=True)
        if op in ("exp", "sinh", "cosh", "sin", "cos"):
            failed = b.emit("isinf", found, hint="infinite", weak=True)
            finite = b.emit("isfinite", x, hint="finite", weak=True)
            failed = b.emit("logical_and", failed, finite, hint="failed", weak=True)
            b.check(failed, "OverflowError", "math range error")
        return found

    return call


for _name in ("exp", "log", "log10", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "isnan", "isinf", "isfinite"):
    implements(getattr(cmath, _name))(_function(_name, _name))
for _name in ("asin", "acos", "atan", "atanh"):
    implements(getattr(cmath, _name))(_function(_name, f"arc{_name[1:]}"))


@implements(cmath.phase)
def cmath_phase(b: Builder, z: Value) -> Value:
    """The angle of a number."""
    return phase(b, _number(b, z, "phase"), True)


@implements(cmath.polar)
def polar(b: Builder, z: Value) -> Value:
    """Modulus and angle."""
    x = _number(b, z, "polar")
    return Seq((apply(b, "abs", x, weak=True, hint="r"), phase(b, x, True)))


@implements(cmath.rect)
def rect(b: Builder, r: Value, phi: Value) -> Value:
    """The number with a modulus and an angle."""
    modulus, turn = (_real(b, v) for v in (r, phi))
    parts = (b.emit("mul", modulus, b.emit(op, turn, weak=True), weak=True) for op in ("cos", "sin"))
    return b.emit("complex", *parts, hint="z", weak=True)


def _real(b: Builder, value: Value) -> Atom:
    atom = as_atom(b, value)
    if isinstance(atom, Const):
        return Const(float(atom.number))
    return b.emit("cast", atom, dtype="float64", weak=True) if b.type(atom).dtype != "float64" else atom


def complex_number(b: Builder, x: Atom, y: Atom | None) -> Atom:
    """`complex(x, y)` of two real numbers, or of one number."""
    if y is None:
        if isinstance(x, Const):
            return Const(complex(x.value))  # type: ignore[call-overload]
        kept = b.type(x).dtype == "complex128" and b.type(x).weak
        return x if kept else b.emit("cast", x, dtype="complex128", weak=True, hint="z")
    if b.type(x).is_complex or b.type(y).is_complex:
        raise TypeProblem("complex() of a complex number and another", b.span, "write x + 1j * y")
    if isinstance(x, Const) and isinstance(y, Const):
        return Const(complex(x.value, y.value))  # type: ignore[call-overload]
    return b.emit("complex", _real(b, x), _real(b, y), hint="z", weak=True)


__all__ = ["complex_number", "part", "phase"]
