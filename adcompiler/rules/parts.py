"""Real and imaginary parts and conjugates: linear over the real numbers, and not over the complex ones.

A complex cotangent `z_bar` stands for the change `Re(z_bar * z_dot)` of the loss, so that holomorphic functions have
one formula for both modes and its adjoint is holomorphic too. What the user gets and gives is the conjugate of it, the
direction of ascent; `ad.gradient` converts at both ends.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.wengert import Assign, Atom
from adcompiler.rules.rule import Domain, Rule, fresh, register, rule
from adcompiler.rules.shapes import fit

rule("conj(x)", x="conj(g)")
rule("real(x)", x="g")


def _imag_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    (x,) = stmt.args
    turned = b.emit("complex", scalar(0.0, b.type(y_bar).dtype), b.emit("neg", y_bar))
    return {0: fit(b, turned, b.type(x).dtype)}


def _imag_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    return fresh(b, b.emit("imag", dots[0], hint=f"{stmt.target}_dot"), stmt.target, dots)


register(Rule("imag", "imag(x)", ("x",), _imag_pull, _imag_push, {"x": "complex(0, -y_bar)"}))


def _complex_pull(
    b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False
) -> dict[int, Atom]:
    found: dict[int, Atom] = {}
    if 0 in wanted:
        found[0] = fit(b, b.emit("real", y_bar), b.type(stmt.args[0]).dtype)
    if 1 in wanted:
        found[1] = fit(b, b.emit("neg", b.emit("imag", y_bar)), b.type(stmt.args[1]).dtype)
    return found


def _complex_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if all(dot is None for dot in dots):
        return None
    zero = scalar(0.0, b.type(stmt.target).part)
    real, imaginary = (zero if dot is None else dot for dot in dots)
    return fresh(b, b.emit("complex", real, imaginary, hint=f"{stmt.target}_dot"), stmt.target, dots)


register(
    Rule(
        "complex",
        "complex(a, b)",
        ("a", "b"),
        _complex_pull,
        _complex_push,
        {"a": "real(y_bar)", "b": "-imag(y_bar)"},
        {"a": Domain(), "b": Domain()},
    )
)
