"""The error function and the gamma function, with the digamma function built from elementary operations."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from adcompiler.ir.build import Builder
from adcompiler.ir.parse import formula
from adcompiler.ir.wengert import Assign, Atom, Const
from adcompiler.rules.rule import Domain, Pin, Rule, fresh, register, rule
from adcompiler.rules.shapes import fit

rule("erf(x)", math.erf, x="1.1283791670955126 * exp(-(x * x))")
rule("erfc(x)", math.erfc, x="-(1.1283791670955126 * exp(-(x * x)))")

# psi(x) = psi(x + 10) - sum of 1 / (x + k), and for z >= 10 the asymptotic series is exact to rounding;
# left of 1/2 psi is reflected: psi(x) = psi(1 - x) - pi / tan(pi x)
_SHIFT = 10
_BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
_RIGHT = formula("where(x < 0.5, 1 - x, x)", ["x"])
_SERIES = formula(
    f"log(u + {_SHIFT}) - 0.5 / (u + {_SHIFT}) - ("
    + " + ".join(f"1 / (u + {k})" if k else "1 / u" for k in range(_SHIFT))
    + ")",
    ["u"],
)
_INVERSE_SQUARE = formula(f"1 / ((u + {_SHIFT}) * (u + {_SHIFT}))", ["u"])
_HORNER = formula("(h + c) * w", ["h", "c", "w"])
_REFLECT = formula("where(x < 0.5, d - pi / tan(pi * x), d)", ["x", "d"])


def digamma(b: Builder, x: Atom, hint: str = "t") -> Atom:
    """Emit the logarithmic derivative of the gamma function, of scalars and arrays."""
    u = _RIGHT.build(b, {"x": x})
    w = _INVERSE_SQUARE.build(b, {"u": u})
    tail: Atom = b.emit("mul", Const(_BERNOULLI[-1]), w)
    for coefficient in reversed(_BERNOULLI[:-1]):
        tail = _HORNER.build(b, {"h": tail, "c": Const(coefficient), "w": w})
    d = b.emit("sub", _SERIES.build(b, {"u": u}), tail)
    return _REFLECT.build(b, {"x": x, "d": d}, hint=hint)


def _slope(b: Builder, stmt: Assign) -> Atom:
    psi = digamma(b, stmt.args[0])
    return psi if stmt.op == "lgamma" else b.emit("mul", stmt.target, psi)


def _pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    return {0: fit(b, b.emit("cut", y_bar, _slope(b, stmt)), b.type(stmt.args[0]).dtype)}


def _push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    return fresh(b, b.emit("cut", dots[0], _slope(b, stmt), hint=f"{stmt.target}_dot"), stmt.target, dots)


# the slopes at negative arguments come from the reflection
register(
    Rule(
        "lgamma",
        "lgamma(x)",
        ("x",),
        _pull,
        _push,
        {"x": "cut(g, digamma(x))"},
        {"x": Domain(0.3, 4.0)},
        (Pin({"x": -0.5}, {"x": 0.03648997397857652}), Pin({"x": 1.0}, {"x": -0.5772156649015329})),
    ),
    math.lgamma,
)
register(
    Rule(
        "gamma",
        "gamma(x)",
        ("x",),
        _pull,
        _push,
        {"x": "cut(g, y * digamma(x))"},
        {"x": Domain(0.3, 4.0)},
        (Pin({"x": 1.0}, {"x": -0.5772156649015329}),),
    ),
    math.gamma,
)
