"""The table of derivative rules, and which Python callables mean which operation."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

# importing a module of declarations enters them
from adcompiler.errors import MissingRule
from adcompiler.ir.build import Builder
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.wengert import Assign, Atom
from adcompiler.rules import (
    arrays,
    bessel,
    constant,
    custom,
    decompositions,
    factors,
    fourier,
    inverses,
    linalg,
    parts,
    power,
    reductions,
    scalar,
    special,
)
from adcompiler.rules import rule as declared
from adcompiler.rules.rule import Domain, Pin, Rule

DECLARATIONS = (
    scalar,
    parts,
    power,
    special,
    bessel,
    constant,
    arrays,
    reductions,
    linalg,
    inverses,
    factors,
    decompositions,
    fourier,
    custom,
)
TABLE: Mapping[str, Rule] = MappingProxyType(declared.RULES)
MEANING: Mapping[object, str] = MappingProxyType(declared.MEANING)
ZERO: frozenset[str] = frozenset(declared.ZERO)

# members of scipy.special by name: scipy is imported by the user's program, never by this package
SCIPY: Mapping[str, str] = MappingProxyType(
    {
        "erf": "erf",
        "erfc": "erfc",
        "gamma": "gamma",
        "gammaln": "lgamma",
        "cbrt": "cbrt",
        "exp2": "exp2",
        "expm1": "expm1",
        "log1p": "log1p",
        **{name: name for name in SPECIAL},
        "yn": "yv",
        "kn": "kv",
    }
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a Python callable means.

    Parameters
    ----------
    op : str
        The operation.
    weak : bool
        Whether it gives Python scalars, as the functions of `math` do.
    floats : bool
        Whether it turns integer arguments into floats first.
    """

    op: str
    weak: bool = False
    floats: bool = False


def meaning(meant: object) -> Meaning | None:
    """The elementwise operation that a callable or an operator class of `ast` means; None where there is none.

    >>> meaning(math.sin), meaning(np.sin)
    (Meaning(op='sin', weak=True, floats=True), Meaning(op='sin', weak=False, floats=False))
    """
    try:
        op = MEANING.get(meant)
    except TypeError:
        return None
    if op is not None:
        weak = getattr(math, getattr(meant, "__name__", ""), None) is meant
        return Meaning(op, weak, weak or meant is np.fabs)
    name = getattr(meant, "__name__", None)
    if isinstance(name, str) and name in SCIPY and getattr(sys.modules.get("scipy.special"), name, None) is meant:
        return Meaning(SCIPY[name], floats=True)
    return None


def is_zero(op: str) -> bool:
    """Whether the derivative of an operation is zero wherever it exists.

    >>> is_zero("floor"), is_zero("sin")
    (True, False)
    """
    return op in ZERO


def lookup(op: str, b: Builder | None = None) -> Rule:
    """The rule of an operation; a `MissingRule` at the builder's place where there is none.

    >>> lookup("exp").formulas["x"]
    'y'
    """
    if op in TABLE:
        return TABLE[op]
    raise MissingRule(
        f"{op!r} has no derivative rule",
        b.span if b else None,
        "write it with the functions listed in docs/rules.md",
    )


def pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    """Emit the adjoint of a line: cotangent contributions of the wanted arguments that have any.

    `y_bar` is the cotangent of `stmt.target`. A contribution has its argument's element type, and its shape: the
    broadcast one for an elementwise operation, where reducing it is left to the caller. `y_bar` itself, and a view
    of it, may be a contribution that broadcasts to the argument's shape, as for a sum.
    With `guard`, for a line whose cotangent is zero where its value is not chosen, every product is a `cut`.
    """
    return {} if is_zero(stmt.op) else lookup(stmt.op, b).pull(b, stmt, y_bar, wanted, guard)


def push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    """Emit the tangent of a line's target from those of its arguments; None is a tangent of zero.

    An array that results shares memory with no other tangent, unless the operation is a view.
    """
    return None if is_zero(stmt.op) else lookup(stmt.op, b).push(b, stmt, dots)


__all__ = [
    "MEANING",
    "TABLE",
    "ZERO",
    "Domain",
    "Meaning",
    "Pin",
    "Rule",
    "is_zero",
    "lookup",
    "meaning",
    "pull",
    "push",
]
