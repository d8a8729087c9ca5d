"""What generated code prints, and what its exceptions say."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from adcompiler.emit.syntax import call, method, name
from adcompiler.errors import with_numbers
from adcompiler.ir.wengert import STDERR, Print


def formatted(stmt: Print, pieces: Sequence[ast.expr]) -> ast.expr:
    """`print(text.format(...), end=end)`, without what says nothing; or a warning."""
    assert stmt.text is not None
    text: ast.expr = ast.Constant(stmt.text)
    text = method(text, "format", *pieces) if pieces else ast.Constant(stmt.text.format())
    if stmt.to and stmt.to != STDERR:
        return call("warnings.warn", text, name(stmt.to))
    options = {} if stmt.end == "\n" else {"end": ast.Constant(stmt.end)}
    return call("print", text, **options, **({"file": name(stmt.to)} if stmt.to else {}))


def with_values(message: str, values: Sequence[ast.expr]) -> ast.expr:
    """The message with its numbers, as an f-string where these are not literals."""
    literals = [ast.unparse(v) if isinstance(v, (ast.Constant, ast.UnaryOp)) else None for v in values]
    places = [f"\0{k}\0" if text is None else text for k, text in enumerate(literals)]
    pieces = with_numbers(message, places).split("\0")
    parts: list[ast.expr] = [
        ast.FormattedValue(values[int(p)], -1, None) if k % 2 else ast.Constant(p) for k, p in enumerate(pieces)
    ]
    return ast.JoinedStr(parts) if len(parts) > 1 else parts[0]
