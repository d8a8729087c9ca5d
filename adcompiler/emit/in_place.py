"""Operations in place: `x += rest` for the value `x + rest`, and what is subtracted instead of added."""

from __future__ import annotations

import ast

_IN_PLACE = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_COMMUTE = (ast.Add, ast.Mult)


def in_place(place: ast.Name | ast.Subscript, value: ast.expr) -> ast.stmt | None:
    """`place += rest` for the value `place + rest`, and so for the other operators; None for other values."""
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, _IN_PLACE):
        return None
    for own, rest in ((value.left, value.right), (value.right, value.left)):
        if isinstance(own, type(place)) and ast.unparse(own) == ast.unparse(place):
            return ast.AugAssign(place, value.op, rest)
        if not isinstance(value.op, _COMMUTE):
            break
    return None


def opposite(value: ast.expr) -> ast.expr | None:
    """`a * b` for `-a * b`: a sign moves through products without rounding. None for what has no sign in front."""
    match value:
        case ast.UnaryOp(ast.USub(), operand):
            return operand
        case ast.BinOp(left, (ast.Mult() | ast.Div()) as op, right):
            first = opposite(left)
            return None if first is None else ast.BinOp(first, op, right)
    return None
