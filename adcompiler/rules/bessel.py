"""Bessel functions, incomplete gamma and beta functions, and others that SciPy computes.

They are differentiated by their argument; a derivative by an order or a parameter is refused where one is needed.
"""

from __future__ import annotations

import math

from adcompiler.rules.rule import Domain, Pin, rule

_POSITIVE = Domain(0.3, 4.0)
_X = {"x": _POSITIVE}
_ORDER = {"n": Domain(0.3, 3.0), "x": _POSITIVE}
_SHAPE = {"a": Domain(0.5, 3.0), "x": _POSITIVE}
_INSIDE = Domain(0.1, 0.9)
_ORDERS, _PARAMETER, _PARAMETERS = ("n",), ("a",), ("a", "b")

# -- Bessel functions: the neighbours in order, which are finite where x is zero ---------------------------------------

rule("j0(x)", x="-(j1(x))", domain=_X)
rule("j1(x)", x="0.5 * (j0(x) - jv(2.0, x))", domain=_X, pins=(Pin({"x": 0.0}, {"x": 0.5}),))
rule("jv(n, x)", x="0.5 * (jv(n - 1.0, x) - jv(n + 1.0, x))", domain=_ORDER, fixed=_ORDERS)
rule("y0(x)", x="-(y1(x))", domain=_X)
rule("y1(x)", x="0.5 * (y0(x) - yv(2.0, x))", domain=_X)
rule("yv(n, x)", x="0.5 * (yv(n - 1.0, x) - yv(n + 1.0, x))", domain=_ORDER, fixed=_ORDERS)
rule("i0(x)", x="i1(x)", domain=_X)
rule("i1(x)", x="0.5 * (i0(x) + iv(2.0, x))", domain=_X, pins=(Pin({"x": 0.0}, {"x": 0.5}),))
rule("iv(n, x)", x="0.5 * (iv(n - 1.0, x) + iv(n + 1.0, x))", domain=_ORDER, fixed=_ORDERS)
rule("k0(x)", x="-(k1(x))", domain=_X)
rule("k1(x)", x="-(0.5 * (k0(x) + kv(2.0, x)))", domain=_X)
rule("kv(n, x)", x="-(0.5 * (kv(n - 1.0, x) + kv(n + 1.0, x)))", domain=_ORDER, fixed=_ORDERS)

# -- the same times exp(-abs(x)), and times exp(x) ---------------------------------------------------------------------

rule("i0e(x)", x="i1e(x) - sign(x) * y", domain=_X)
rule("i1e(x)", x="0.5 * (i0e(x) + ive(2.0, x)) - sign(x) * y", domain=_X, pins=(Pin({"x": 0.0}, {"x": 0.5}),))
rule("ive(n, x)", x="0.5 * (ive(n - 1.0, x) + ive(n + 1.0, x)) - sign(x) * y", domain=_ORDER, fixed=_ORDERS)
rule("k0e(x)", x="y - k1e(x)", domain=_X)
rule("k1e(x)", x="y - 0.5 * (k0e(x) + kve(2.0, x))", domain=_X)
rule("kve(n, x)", x="y - 0.5 * (kve(n - 1.0, x) + kve(n + 1.0, x))", domain=_ORDER, fixed=_ORDERS)

# -- integrals of exponentials -----------------------------------------------------------------------------------------

rule("erfcx(x)", x="2.0 * (x * y) - 1.1283791670955126")
rule("dawsn(x)", x="1.0 - 2.0 * (x * y)")
rule("expi(x)", x="exp(x) / x", domain=_X)
rule("exp1(x)", x="-(exp(-x) / x)", domain=_X)

# -- complete elliptic integrals and the dilogarithm: series where a quotient loses its digits -------------------------


def _near_zero(x: str, quotient: str, *coefficients: float) -> str:
    """A quotient by `x`, given for the name `u` of a number that is not near zero, and as a series for one that is."""
    small = f"abs({x}) < 0.001"
    series = f"{coefficients[-1]!r}"
    for coefficient in reversed(coefficients[:-1]):
        series = f"{coefficient!r} + {x} * ({series})"
    return f"where({small}, {series}, ({quotient}) / where({small}, 1.0, {x}))"


# (K - E) / m, of the integrals of the first and of the second kind, as a series in m
_ELLIPTIC = tuple(math.pi / 4 * c for c in (1.0, 3 / 8, 15 / 64, 175 / 1024, 2205 / 16384))


def _less(m: str) -> str:
    return _near_zero(m, f"ellipk({m}) - ellipe({m})", *_ELLIPTIC)


rule(
    "ellipk(m)",
    m=f"0.5 * (y - {_less('m')}) / (1.0 - m)",
    domain={"m": _INSIDE},
    pins=(Pin({"m": 0.0}, {"m": math.pi / 8}),),
)
rule("ellipe(m)", m=f"-(0.5 * ({_less('m')}))", domain={"m": _INSIDE}, pins=(Pin({"m": 0.0}, {"m": -math.pi / 8}),))
rule("ellipkm1(p)", p=f"-(0.5 * (y - {_less('(1.0 - p)')}) / p)", domain={"p": _INSIDE})
_LOG = _near_zero("(x - 1.0)", "log(x)", 1.0, -1 / 2, 1 / 3, -1 / 4, 1 / 5)
rule("spence(x)", x=f"-({_LOG})", domain=_X, pins=(Pin({"x": 1.0}, {"x": -1.0}),))

# -- incomplete gamma and beta functions -------------------------------------------------------------------------------

# where a power is zero, so is its logarithm times it, also of zero
_GAMMA = "exp(where(a == 1.0, 0.0 * x, (a - 1.0) * log(x)) - x - lgamma(a))"
rule("gammainc(a, x)", x=_GAMMA, domain=_SHAPE, fixed=_PARAMETER, pins=(Pin({"a": 1.0, "x": 0.0}, {"x": 1.0}),))
rule("gammaincc(a, x)", x=f"-({_GAMMA})", domain=_SHAPE, fixed=_PARAMETER)
rule(
    "gammaincinv(a, x)",
    x="exp(y + lgamma(a) - where(a == 1.0, 0.0 * y, (a - 1.0) * log(y)))",
    domain={"a": Domain(0.5, 3.0), "x": _INSIDE},
    fixed=_PARAMETER,
)


def _beta(x: str) -> str:
    left = f"where(a == 1.0, 0.0 * {x}, (a - 1.0) * log({x}))"
    right = f"where(b == 1.0, 0.0 * {x}, (b - 1.0) * log1p(-{x}))"
    return f"{left} + {right} + lgamma(a + b) - lgamma(a) - lgamma(b)"


_BETA = {"a": Domain(0.5, 3.0), "b": Domain(0.5, 3.0), "x": _INSIDE}
rule("betainc(a, b, x)", x=f"exp({_beta('x')})", domain=_BETA, fixed=_PARAMETERS)
rule("betaincinv(a, b, x)", x=f"exp(-({_beta('y')}))", domain=_BETA, fixed=_PARAMETERS)
