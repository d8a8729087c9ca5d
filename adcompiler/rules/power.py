"""x ** p: the derivative depends on whether the exponent is a literal, and has conventions at zero."""

from __future__ import annotations

import ast
import cmath
import math
import operator
from collections.abc import Mapping

import numpy as np

from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.parse import formula
from adcompiler.ir.wengert import Assign, Atom, Const
from adcompiler.rules.rule import Domain, Pin, Rule, Terms, arguments, elementwise, register

NAMES = ("x", "p")
_KNOWN = {*NAMES, "y", "g", "q", "r"}
LINEAR, SQUARE = formula("g", _KNOWN), formula("p * x", _KNOWN)
SMOOTH, UNBOUNDED = formula("p * x ** q", _KNOWN), formula("cut(g, p * x ** q)", _KNOWN)
BASE = "cut(g, where(p == 0, 0, p * x ** (p - 1)))"
EXPONENT = "cut(g, where(x == 0, 0, y * log(x)))"
BASE_TERM, EXPONENT_TERM, LITERAL_BASE = formula(BASE, _KNOWN), formula(EXPONENT, _KNOWN), formula("y * r", _KNOWN)


def choose(b: Builder, stmt: Assign) -> tuple[Terms, Mapping[str, Atom]]:
    """The terms of `x ** p`; a literal exponent gives the form one writes by hand.

    A positive base that is a literal has its logarithm as one too.
    """
    x, p = stmt.args
    names = arguments(NAMES, stmt)
    if isinstance(p, Const):
        assert isinstance(p.value, (int, float, complex, np.number))
        names["q"] = Const(p.value - 1)
        if b.type(p).is_complex:
            return {0: UNBOUNDED}, names
        assert isinstance(p.value, (int, float, np.integer, np.floating))
        power = float(p.value)
        if power == 0:
            return {}, names
        if power in (1, 2):
            return {0: LINEAR if power == 1 else SQUARE}, names
        return {0: SMOOTH if power > 1 else UNBOUNDED}, names
    if isinstance(x, Const):
        if b.type(stmt.target).is_complex:
            return _of_literal(b, stmt, x)
        assert isinstance(x.value, (int, float, np.generic))
        base = float(x.value)
        if base > 0:
            names["r"] = Const(math.log(base))
            return {1: LITERAL_BASE}, names
        if base == 0:
            return {}, names
    return {0: BASE_TERM, 1: EXPONENT_TERM}, names


def _of_literal(b: Builder, stmt: Assign, x: Const) -> tuple[Terms, Mapping[str, Atom]]:
    """The exponent's term of a complex power of a literal."""
    names, base = arguments(NAMES, stmt), complex(str(x.value))
    names["r"] = scalar(cmath.log(base) if base else 0.0, b.type(stmt.target).dtype)
    return {1: LITERAL_BASE}, names


register(
    Rule(
        "pow",
        "x ** p",
        NAMES,
        *elementwise(choose),
        {"x": BASE, "p": EXPONENT},
        {"x": Domain(0.3, 2.0)},
        (
            Pin({"x": 0.0, "p": 0.0}, {"x": 0.0, "p": 0.0}),
            Pin({"x": 0.0, "p": 1.0}, {"x": 1.0, "p": 0.0}),
            Pin({"x": 0.0, "p": 2.0}, {"x": 0.0, "p": 0.0}),
            Pin({"x": 0.0, "p": 0.5}, {"x": math.inf, "p": 0.0}),
            Pin({"x": -2.0, "p": 2.0}, {"x": -4.0, "p": math.nan}),
        ),
    ),
    ast.Pow,
    np.power,
    math.pow,
    operator.pow,
)
