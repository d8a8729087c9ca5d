"""Operations on numbers as operators of Python, or as the functions that stand for them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from adcompiler.emit.syntax import call, compare
from adcompiler.ir.types import Type

BINARY: dict[str, type[ast.operator]] = {
    "add": ast.Add,
    "sub": ast.Sub,
    "mul": ast.Mult,
    "div": ast.Div,
    "floordiv": ast.FloorDiv,
    "mod": ast.Mod,
    "pow": ast.Pow,
    "bitand": ast.BitAnd,
    "bitor": ast.BitOr,
    "bitxor": ast.BitXor,
    "lshift": ast.LShift,
    "rshift": ast.RShift,
}
COMPARE: dict[str, type[ast.cmpop]] = {
    "lt": ast.Lt,
    "le": ast.LtE,
    "gt": ast.Gt,
    "ge": ast.GtE,
    "eq": ast.Eq,
    "ne": ast.NotEq,
}
UNARY: dict[str, type[ast.unaryop]] = {"neg": ast.USub, "pos": ast.UAdd, "invert": ast.Invert}
# `math` compiles faster in Numba than the ufunc of the same name, and gives the same number
MATH: dict[str, str] = {
    **{op: op for op in "sin cos tan sinh cosh tanh exp expm1 log log2 log10 log1p sqrt hypot copysign".split()},
    **{op: op for op in "isnan isinf isfinite erf erfc gamma lgamma".split()},
    **{f"arc{op}": f"a{op}" for op in "sin cos tan tan2 sinh cosh tanh".split()},
}
# operations on truth values that NumPy defines and that Python or Numba would turn into integers
TRUTH: dict[str, str] = {
    **{op: "and" for op in ("logical_and", "bitand", "mul", "minimum")},
    **{op: "or" for op in ("logical_or", "bitor", "add", "maximum")},
    **{op: "!=" for op in ("logical_xor", "bitxor", "ne")},
    **{op: "not" for op in ("logical_not", "invert")},
}

#: The addition of a proven reduction in the text for Numba, and what takes the larger or smaller number in one.
SUM = "_sum"
LARGEST, SMALLEST = "_largest", "_smallest"
#: A number of which the machine compiler is to know nothing.
SAME = "_same"
#: A power with a whole exponent that is not known before.
POWER = "_power"
#: One of two numbers, both of which are computed.
CHOSEN = "_chosen"


def operator(op: str, args: list[ast.expr]) -> ast.expr | None:
    """An operation as an operator of Python, or None."""
    if op in BINARY:
        return ast.BinOp(args[0], BINARY[op](), args[1])
    if op in COMPARE:
        return compare(args[0], COMPARE[op](), args[1])
    if op in UNARY:
        return ast.UnaryOp(UNARY[op](), args[0])
    return None


def whole_power(types: Sequence[Type]) -> bool:
    """Whether Numba has its own power for these operands, which raises an error for zero and a negative exponent."""
    return [t.dtype for t in types] == ["float64", "int64"]


def power(base: ast.expr, exponent: ast.expr) -> ast.expr:
    """A power that is infinite where Numba's raises an error; a literal exponent needs no call."""
    match exponent:
        case ast.UnaryOp(ast.USub(), ast.Constant(1)):
            size = base
        case ast.UnaryOp(ast.USub(), ast.Constant() as whole):
            size = ast.BinOp(base, ast.Pow(), whole)
        case ast.Constant():
            return ast.BinOp(base, ast.Pow(), exponent)
        case _:
            return call(POWER, base, exponent)
    return ast.BinOp(ast.Constant(1.0), ast.Div(), size)


def reassociated(op: str, args: list[ast.expr]) -> ast.expr:
    """A step of a reduction that may be added up, or compared, in any order."""
    if op == "sub":
        return call(SUM, args[0], ast.UnaryOp(ast.USub(), args[1]))
    return call({"add": SUM, "maximum": LARGEST, "minimum": SMALLEST}[op], *args)


def truth(symbol: str, args: list[ast.expr]) -> ast.expr:
    """An operation on truth values."""
    if symbol == "not":
        return ast.UnaryOp(ast.Not(), args[0])
    if symbol == "!=":
        return compare(args[0], ast.NotEq(), args[1])
    return ast.BoolOp(ast.And() if symbol == "and" else ast.Or(), args)


def nonzero(arg: ast.expr) -> ast.expr:
    """The truth value of a number."""
    return compare(arg, ast.NotEq(), ast.Constant(0))
