"""Operators and elementary functions: each line is a derivative. `y` is the result, `g` the cotangent or tangent."""

from __future__ import annotations

import ast
import builtins
import math
import operator
import sys

import numpy as np

from adcompiler.rules.rule import Domain, Pin, mean, rule

AWAY, POSITIVE = Domain(0.5, 2.0), Domain(0.1, 5.0)
INF, NAN = math.inf, math.nan

# -- arithmetic ------------------------------------------------------------------------------------------------------

rule("a + b", ast.Add, np.add, operator.add, a="g", b="g")
rule("a - b", ast.Sub, np.subtract, operator.sub, a="g", b="-g")
rule("a * b", ast.Mult, np.multiply, operator.mul, a="b", b="a")
rule(
    "a / b",
    ast.Div,
    np.true_divide,
    operator.truediv,
    a="cut(g, 1 / b)",
    b="-cut(cut(g, 1 / b), y)",
    domain={"b": AWAY},
    pins=[Pin({"a": 1.0, "b": 0.0}, {"a": INF, "b": -INF})],
)
rule(
    "a % b",
    ast.Mod,
    np.remainder,
    operator.mod,
    a="g",
    b="-(a // b)",
    domain={"a": Domain(2.2, 2.8), "b": Domain(1.01, 1.09)},
)
rule(
    "fmod(a, b)",
    np.fmod,
    math.fmod,
    a="g",
    b="-trunc(a / b)",
    domain={"a": Domain(-2.8, -2.2), "b": Domain(1.01, 1.09)},
)
rule("-x", ast.USub, np.negative, operator.neg, x="-g")
rule("+x", ast.UAdd, np.positive, operator.pos, x="g")
rule(
    "abs(x)",
    builtins.abs,
    np.absolute,
    np.fabs,
    math.fabs,
    operator.abs,
    x="sign(x)",
    domain={"x": Domain(0.1, 2.0)},
    pins=[Pin({"x": 0.0}, {"x": 0.0}), Pin({"x": -2.0}, {"x": -1.0})],
)

# -- powers and logarithms -------------------------------------------------------------------------------------------

rule("exp(x)", math.exp, np.exp, x="y")
rule("exp2(x)", np.exp2, x="0.6931471805599453 * y")
rule("expm1(x)", math.expm1, np.expm1, x="exp(x)")
rule("log(x)", math.log, np.log, x="cut(g, 1 / x)", domain={"x": POSITIVE}, pins=[Pin({"x": 0.0}, {"x": INF})])
rule("log2(x)", math.log2, np.log2, x="cut(g, 1.4426950408889634 / x)", domain={"x": POSITIVE})
rule("log10(x)", math.log10, np.log10, x="cut(g, 0.4342944819032518 / x)", domain={"x": POSITIVE})
rule("log1p(x)", math.log1p, np.log1p, x="cut(g, 1 / (1 + x))", domain={"x": Domain(-0.9, 5.0)})
rule("sqrt(x)", math.sqrt, np.sqrt, x="cut(g, 0.5 / y)", domain={"x": POSITIVE}, pins=[Pin({"x": 0.0}, {"x": INF})])
rule("cbrt(x)", np.cbrt, x="cut(g, 1 / (3 * (y * y)))", domain={"x": POSITIVE}, pins=[Pin({"x": 0.0}, {"x": INF})])
rule(
    "logaddexp(a, b)",
    np.logaddexp,
    # of two logarithms of zero the difference is none
    a="exp(a - where(y == -1e999, 0, y))",
    b="exp(b - where(y == -1e999, 0, y))",
    pins=[
        Pin({"a": -INF, "b": -INF}, {"a": 0.0, "b": 0.0}),
        Pin({"a": -INF, "b": 1.0}, {"a": 0.0, "b": 1.0}),
        Pin({"a": 1000.0, "b": 1000.0}, {"a": 0.5, "b": 0.5}),
        Pin({"a": -1000.0, "b": 1000.0}, {"a": 0.0, "b": 1.0}),
    ],
)

# -- trigonometric and hyperbolic functions --------------------------------------------------------------------------

rule("sin(x)", math.sin, np.sin, x="cos(x)")
rule("cos(x)", math.cos, np.cos, x="-sin(x)")
rule("tan(x)", math.tan, np.tan, x="1 + y * y", domain={"x": Domain(-1.2, 1.2)})
rule(
    "arcsin(x)",
    math.asin,
    np.arcsin,
    x="cut(g, 1 / sqrt((1 - x) * (1 + x)))",
    domain={"x": Domain(-0.95, 0.95)},
    pins=[Pin({"x": 1.0}, {"x": INF})],
)
rule(
    "arccos(x)",
    math.acos,
    np.arccos,
    x="-cut(g, 1 / sqrt((1 - x) * (1 + x)))",
    domain={"x": Domain(-0.95, 0.95)},
    pins=[Pin({"x": 1.0}, {"x": -INF})],
)
rule("arctan(x)", math.atan, np.arctan, x="1 / (1 + x * x)")
rule("sinh(x)", math.sinh, np.sinh, x="cosh(x)")
rule("cosh(x)", math.cosh, np.cosh, x="sinh(x)")
rule("tanh(x)", math.tanh, np.tanh, x="1 - y * y")
rule("arcsinh(x)", math.asinh, np.arcsinh, x="1 / hypot(1, x)")
rule(
    "arccosh(x)",
    math.acosh,
    np.arccosh,
    x="cut(g, 1 / sqrt((x - 1) * (x + 1)))",
    domain={"x": Domain(1.2, 5.0)},
    pins=[Pin({"x": 1.0}, {"x": INF})],
)
rule(
    "arctanh(x)",
    math.atanh,
    np.arctanh,
    x="cut(g, 1 / ((1 - x) * (1 + x)))",
    domain={"x": Domain(-0.9, 0.9)},
    pins=[Pin({"x": 1.0}, {"x": INF})],
)
rule(
    "arctan2(a, b)",
    math.atan2,
    np.arctan2,
    a="cut(g, b / (a * a + b * b))",
    b="-cut(g, a / (a * a + b * b))",
    domain={"a": AWAY, "b": AWAY},
)
# the slope a / y is 0 / 0 at the origin: there the divisor is 1, and the slope the finite 0
rule(
    "hypot(a, b)",
    math.hypot,
    np.hypot,
    a="a / where(y == 0, 1, y)",
    b="b / where(y == 0, 1, y)",
    domain={"a": AWAY, "b": AWAY},
    pins=[Pin({"a": 0.0, "b": 0.0}, {"a": 0.0, "b": 0.0}), Pin({"a": -3.0, "b": 0.0}, {"a": -1.0, "b": 0.0})],
)

# -- choices ---------------------------------------------------------------------------------------------------------

TIE = Pin({"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 0.5})
rule(
    "maximum(a, b)",
    np.maximum,
    a="where(a > b, g, where(a == b, 0.5 * g, 0.0))",
    b="where(b > a, g, where(a == b, 0.5 * g, 0.0))",
    pins=[TIE],
)
rule(
    "minimum(a, b)",
    np.minimum,
    a="where(a < b, g, where(a == b, 0.5 * g, 0.0))",
    b="where(b < a, g, where(a == b, 0.5 * g, 0.0))",
    pins=[TIE],
)
rule("where(c, a, b)", a="where(c, g, 0.0)", b="where(c, 0.0, g)")
rule(
    "copysign(a, b)",
    math.copysign,
    np.copysign,
    a="sign(a) * copysign(1, b)",
    domain={"a": AWAY, "b": AWAY},
    pins=[Pin({"a": -2.0, "b": 3.0}, {"a": -1.0, "b": 0.0})],
)

# what the adjoint itself is made of: `a` is a cotangent that contributes zero where it is zero
rule(
    "cut(a, b)",
    a="cut(g, b)",
    b="cut(a, g)",
    domain={"a": AWAY, "b": AWAY},
    pins=[Pin({"a": 0.0, "b": 3.0}, {"a": 3.0, "b": 0.0})],
)
rule("cast(x)", x="g")

# Python has these from 3.11 on
if sys.version_info >= (3, 11):
    mean("exp2", math.exp2)
    mean("cbrt", math.cbrt)
