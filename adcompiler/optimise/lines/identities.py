"""Scalar lines that are a literal, another name, or a simpler line."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from adcompiler.ir.build import Builder
from adcompiler.ir.infer import infer
from adcompiler.ir.ops import OPS
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Assign, Atom, Const, Var
from adcompiler.optimise.lines.derivatives import Derivatives


@dataclass(frozen=True, slots=True)
class Replaced:
    """The value is that of an atom."""

    atom: Atom


@dataclass(frozen=True, slots=True)
class Line:
    """The value is that of another operation."""

    op: str
    args: tuple[Atom, ...]


Lines: TypeAlias = "Mapping[Var, Assign]"

_EXACT = frozenset(
    "add sub mul div floordiv mod pow neg pos abs lt le gt ge eq ne maximum minimum "
    "logical_and logical_or logical_xor logical_not isnan isinf isfinite".split()
)
# the answer of a comparison of an integer with itself
_REFLEXIVE = {"le": True, "ge": True, "eq": True, "lt": False, "gt": False, "ne": False}


def simpler(stmt: Assign, b: Builder, lines: Lines, bars: Derivatives) -> Replaced | Line | None:
    """A simpler form of a scalar line, if there is one; in `bars` the sign of a zero means nothing."""
    found = _computed(stmt, b) or _identity(stmt, b, lines, bars)
    if isinstance(found, Line):
        given = infer(found.op, [b.type(a) for a in found.args], {})
        return found if given.dtype == b.types[stmt.target.name].dtype else None
    return found


def _computed(stmt: Assign, b: Builder) -> Replaced | None:
    """A literal, where all arguments are."""
    values = [a.value for a in stmt.args if isinstance(a, Const)]
    if len(values) < len(stmt.args) or stmt.op not in _EXACT:
        return None
    type, ufunc = b.types[stmt.target.name], OPS[stmt.op].ufunc
    assert ufunc is not None
    with np.errstate(all="ignore"):
        if stmt.op in ("div", "floordiv", "mod") and values[1] == 0:
            return None
        if stmt.op == "pow" and not type.is_float and values[1] < 0:  # type: ignore[operator]
            return None
        result = ufunc(*values)
    if isinstance(values[0], int) and type.dtype == "int64" and _leaves_64_bits(stmt.op, values):
        return None
    return Replaced(_literal(result, type))


def _leaves_64_bits(op: str, values: list[object]) -> bool:
    """Whether exact integers would give what 64 bits cannot hold."""
    exact = [int(v) for v in values if isinstance(v, (int, np.integer))]
    results = {"add": sum(exact), "mul": math.prod(exact), "sub": exact[0] - exact[-1], "neg": -exact[0]}
    return not -(2**63) <= results.get(op, 0) < 2**63


def _literal(value: object, type: Type) -> Const:
    strong = np.dtype(type.dtype).type(value)
    return Const(strong.item() if type.weak else strong)


def _identity(stmt: Assign, b: Builder, lines: Lines, bars: Derivatives) -> Replaced | Line | None:
    args = stmt.args
    match stmt.op:
        case "mul":
            return _factor(stmt)
        case "div" | "floordiv" if _is(args[1], 1) and (stmt.op == "div" or _whole(args[0], b)):
            return Replaced(args[0])
        case "add" | "sub":
            return _term(stmt, b, lines, bars)
        case "neg" | "logical_not" if (twice := _of(args[0], stmt.op, lines)) is not None:
            return Replaced(twice.args[0])
        case "pos":
            return Replaced(args[0])
        case "cast" if b.type(args[0]) == b.types[stmt.target.name]:
            return Replaced(args[0])
        case "where":
            return _choice(stmt)
        case "cut":
            return _guarded(stmt)
        case "logical_and" | "logical_or":
            return _connective(stmt, b)
        case "maximum" | "minimum":
            return _bound(stmt, b, lines)
        case op if op in _REFLEXIVE and args[0] == args[1] and _whole(args[0], b):
            return Replaced(Const(_REFLEXIVE[op]))
        case _:
            return None


def _factor(stmt: Assign) -> Replaced | Line | None:
    """`1 * x` is `x`, `-1 * x` is `-x`."""
    for one, other in (stmt.args, stmt.args[::-1]):
        if _is(one, 1):
            return Replaced(other)
        if _is(one, -1):
            return Line("neg", (other,))
    return None


def _term(stmt: Assign, b: Builder, lines: Lines, bars: Derivatives) -> Replaced | Line | None:
    """`x - 0` is `x`; `0 + x` is so for integers and adjoints; `x + (-y)` is `x - y`."""
    x, y = stmt.args
    if _is(y, 0) and (stmt.op == "sub" or _zero_is_nothing(stmt, b, bars)):
        return Replaced(x)
    if stmt.op == "add" and _is(x, 0) and _zero_is_nothing(stmt, b, bars):
        return Replaced(y)
    if stmt.op == "sub" and _is(x, 0) and _zero_is_nothing(stmt, b, bars):
        return Line("neg", (y,))
    if stmt.op == "sub" and x == y and _whole(x, b):
        return Replaced(_literal(0, b.types[stmt.target.name]))
    if (positive := _negated(y, stmt, b, lines)) is not None:
        return Line("sub" if stmt.op == "add" else "add", (x, positive))
    if stmt.op == "add" and (positive := _negated(x, stmt, b, lines)) is not None:
        return Line("sub", (y, positive))
    return None


def _negated(term: Atom, stmt: Assign, b: Builder, lines: Lines) -> Atom | None:
    """What a term is the negative of, where taking it away is the same: NumPy's integers wrap in their own type."""
    line, type = _of(term, "neg", lines), b.type(term)
    if line is None or b.type(line.args[0]) != type:
        return None
    wraps = not (type.is_float or type.is_complex or type.weak)
    return None if wraps and type.dtype != b.types[stmt.target.name].dtype else line.args[0]


def _zero_is_nothing(stmt: Assign, b: Builder, bars: Derivatives) -> bool:
    """Whether the sign of a zero may change: of integers it has none, of derivatives it means nothing."""
    names = [stmt.target, *(a for a in stmt.args if isinstance(a, Var))]
    return any(map(bars.has, names)) or not b.types[stmt.target.name].is_float


def _choice(stmt: Assign) -> Replaced | None:
    test, first, second = stmt.args
    if isinstance(test, Const):
        return Replaced(first if test.value else second)
    return Replaced(first) if first == second else None


def _guarded(stmt: Assign) -> Replaced | Line | None:
    """Nothing to guard where a factor is a literal: the first not zero, or the second finite."""
    g, p = stmt.args
    if _is(g, 0):
        return Replaced(g)
    if isinstance(g, Const):
        return Line("mul", (g, p))
    if isinstance(p, Const) and isinstance(p.value, (int, float, complex, np.generic)) and cmath.isfinite(p.value):
        return Line("mul", (g, p))
    return None


def _connective(stmt: Assign, b: Builder) -> Replaced | None:
    decisive = stmt.op == "logical_or"
    for one, other in (stmt.args, stmt.args[::-1]):
        if isinstance(one, Const) and b.type(other).dtype == "bool":
            return Replaced(Const(decisive)) if bool(one.value) == decisive else Replaced(other)
    return Replaced(stmt.args[0]) if stmt.args[0] == stmt.args[1] and b.type(stmt.args[0]).dtype == "bool" else None


def _bound(stmt: Assign, b: Builder, lines: Lines) -> Replaced | None:
    """`max(n, 0)` of an extent is the extent."""
    x, y = stmt.args
    if x == y:
        return Replaced(x)
    for one, other in ((x, y), (y, x)):
        if stmt.op == "maximum" and _is(one, 0) and _of(other, "dim", lines) is not None and _whole(one, b):
            return Replaced(other)
    return None


def _is(atom: Atom, value: int) -> bool:
    return isinstance(atom, Const) and atom.type.dtype != "bool" and atom.value == value


def _whole(atom: Atom, b: Builder) -> bool:
    return np.dtype(b.type(atom).dtype).kind in "iu"


def _of(atom: Atom, op: str, lines: Lines) -> Assign | None:
    """The line of a name, if it is of this operation."""
    line = lines.get(atom) if isinstance(atom, Var) else None
    return line if line is not None and line.op == op else None
