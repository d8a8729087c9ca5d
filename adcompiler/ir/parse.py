"""Three-address lines from the text of an expression: the formulas of the derivative rules."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from adcompiler.ir.build import Builder
from adcompiler.ir.ops import OPS
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.wengert import Atom, Const, Var

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
}
UNARY: dict[type[ast.unaryop], str] = {ast.USub: "neg", ast.UAdd: "pos"}
COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
CONSTANTS: Mapping[str, Const] = {"pi": Const(math.pi)}
_ZEROS = (Const(0), Const(0.0))
_ARITY = {"where": 3, "cut": 2, **SPECIAL}

Memo = dict[tuple[str, tuple[Atom, ...]], Var]


@dataclass(frozen=True, slots=True)
class Line:
    """`target = op(*args)` of a formula; the names are the formula's own."""

    target: Var
    op: str
    args: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression as lines.

    Parameters
    ----------
    text : str
        As declared.
    lines : tuple of Line
        In order of evaluation; equal subexpressions are one line.
    result : Var or Const
        The value of the whole.
    negative : bool
        Whether the value is to be negated: an outermost minus is kept apart, so that it can join a sum.
    """

    text: str
    lines: tuple[Line, ...]
    result: Atom
    negative: bool = False

    def reads(self, name: str) -> bool:
        """Whether the formula mentions a name."""
        return any(Var(name) in line.args for line in self.lines) or self.result == Var(name)

    def build(self, b: Builder, names: Mapping[str, Atom], memo: Memo | None = None, hint: str = "t") -> Atom:
        """Emit the lines with atoms for the names; a line that `memo` holds already is not repeated.

        The sign of `negative` is left to the caller; `hint` names the last line.
        """
        values: dict[Atom, Atom] = {Var(name): atom for name, atom in names.items()}
        memo = {} if memo is None else memo
        for line in self.lines:
            args = tuple(values.get(a, a) for a in line.args)
            if line.op == "div" and isinstance(args[0], Const) and args[1] in _ZEROS:
                # a number of Python's raises there; a slope is infinite
                with np.errstate(all="ignore"):
                    values[line.target] = Const(float(np.divide(float(str(args[0].value)), 0.0)))
                continue
            key = (line.op, args)
            if key not in memo:
                memo[key] = b.emit(line.op, *args, hint=hint if line is self.lines[-1] else "t")
            values[line.target] = memo[key]
        return values.get(self.result, self.result)


def formula(text: str, names: Collection[str]) -> Formula:
    """Parse an expression over `names`; a mistake in it is a ValueError here, where it is declared.

    >>> for line in formula("1 / (1 + x * x)", ["x"]).lines:
    ...     print(line.target, "=", line.op, *line.args)
    %0 = mul x x
    %1 = add 1 %0
    %2 = div 1 %1
    """
    tree = ast.parse(text, mode="eval").body
    negative = isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub)
    reader = _Reader(text, names)
    result = reader.atom(tree.operand if isinstance(tree, ast.UnaryOp) and negative else tree)
    return Formula(text, tuple(reader.lines), result, negative)


def call(tree: ast.expr) -> tuple[str, list[ast.expr]] | None:
    """The operation that an expression means at its top, and its operands; None where it is an atom.

    >>> call(ast.parse("a * b", mode="eval").body)[0]
    'mul'
    """
    match tree:
        case ast.BinOp(left, op, right) if type(op) in BINARY:
            return BINARY[type(op)], [left, right]
        case ast.UnaryOp(op, operand) if type(op) in UNARY:
            return UNARY[type(op)], [operand]
        case ast.Compare(left, [op], [right]) if type(op) in COMPARE:
            return COMPARE[type(op)], [left, right]
        case ast.IfExp(test, body, orelse):
            return "where", [test, body, orelse]
        case ast.Call(ast.Name(name), args, []):
            return name, args
        case _:
            return None


class _Reader:
    """Reads one expression into lines."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text, self.names = text, names
        self.lines: list[Line] = []

    def atom(self, tree: ast.expr) -> Atom:
        match tree:
            case ast.Constant(int() | float() as value):
                return Const(value)
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)):
                return Const(-value)
            case ast.Name(name) if name in self.names:
                return Var(name)
            case ast.Name(name) if name in CONSTANTS:
                return CONSTANTS[name]
        found = call(tree)
        if found is None:
            raise ValueError(f"{ast.unparse(tree)!r} has no meaning in the formula {self.text!r}")
        return self.line(*found)

    def line(self, op: str, operands: list[ast.expr]) -> Atom:
        if op not in OPS or OPS[op].kind != "elementwise":
            raise ValueError(f"no elementwise operation {op!r}, in the formula {self.text!r}")
        ufunc = OPS[op].ufunc
        arity = ufunc.nin if ufunc else _ARITY.get(op, 1)
        if len(operands) != arity:
            raise ValueError(f"{op!r} takes {arity} operands, in the formula {self.text!r}")
        args = tuple(self.atom(tree) for tree in operands)
        for line in self.lines:
            if (line.op, line.args) == (op, args):
                return line.target
        self.lines.append(Line(Var(f"%{len(self.lines)}"), op, args))
        return self.lines[-1].target
