"""What generated code prints, and what its exceptions say."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from adcompiler.emit.syntax import call, method
from adcompiler.errors import with_numbers
from adcompiler.ir.wengert import Print


def formatted(stmt: Print, pieces: Sequence[ast.expr]) -> ast.expr:
    """`print(text.format(...), end=end)`, without what says nothing."""
    assert stmt.text is not None
    text: ast.expr = ast.Constant(stmt.text)
    text = method(text, "format", *pieces) if pieces else ast.Constant(stmt.text.format())
    return call("print", text) if stmt.end == "\n" else call("print", text, end=ast.Constant(stmt.end))


def with_values(message: str, values: Sequence[ast.expr]) -> ast.expr:
    """The message with its numbers, as an f-string where these are not literals."""
    literals = [ast.unparse(v) if isinstance(v, (ast.Constant, ast.UnaryOp)) else None for v in values]
    places = [f"\0{k}\0" if text is None else text for k, text in enumerate(literals)]
    pieces = with_numbers(message, places).split("\0")
    parts: list[ast.expr] = [
        ast.FormattedValue(values[int(p)], -1, None) if k % 2 else ast.Constant(p) for k, p in enumerate(pieces)
    ]
    return ast.JoinedStr(parts) if len(parts) > 1 else parts[0]
