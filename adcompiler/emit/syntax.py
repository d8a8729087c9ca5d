"""Short ways to build the syntax tree of Python expressions."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence

import numpy as np

LOAD, STORE = ast.Load(), ast.Store()


def name(dotted: str) -> ast.expr:
    """`a`, or `a.b.c`."""
    first, *rest = dotted.split(".")
    tree: ast.expr = ast.Name(first, LOAD)
    for part in rest:
        tree = ast.Attribute(tree, part, LOAD)
    return tree


def call(function: str | ast.expr, *args: ast.expr, **keywords: ast.expr) -> ast.expr:
    """`function(*args, **keywords)`."""
    target = name(function) if isinstance(function, str) else function
    return ast.Call(target, list(args), [ast.keyword(k, v) for k, v in keywords.items()])


def method(value: ast.expr, attribute: str, *args: ast.expr, **keywords: ast.expr) -> ast.expr:
    """`value.attribute(*args, **keywords)`."""
    return call(ast.Attribute(value, attribute, LOAD), *args, **keywords)


def compare(left: ast.expr, op: ast.cmpop, right: ast.expr) -> ast.expr:
    """`left op right`."""
    return ast.Compare(left, [op], [right])


def tuple_of(items: Sequence[ast.expr], ctx: ast.expr_context = LOAD) -> ast.expr:
    """One item as itself, several as a tuple."""
    return items[0] if len(items) == 1 else ast.Tuple(list(items), ctx)


def number(value: int | float) -> ast.expr:
    """A literal of Python's own types, negative, infinite and NaN included.

    >>> [ast.unparse(number(v)) for v in (3, -2.5, float("-inf"), float("nan"))]
    ['3', '-2.5', '-np.inf', 'np.nan']
    """
    if isinstance(value, float) and math.isnan(value):
        return name("np.nan")
    if isinstance(value, float) and math.isinf(value):
        return name("np.inf") if value > 0 else ast.UnaryOp(ast.USub(), name("np.inf"))
    if not isinstance(value, bool) and (value < 0 or math.copysign(1.0, value) < 0):
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def dtype_name(dtype: str) -> str:
    """The NumPy scalar type of an element type: `np.float32`."""
    return "np.bool_" if dtype == "bool" else f"np.{dtype}"


def _complex(value: complex) -> ast.expr:
    """A complex literal: `2j` where that is all of it."""
    if (value.real, math.copysign(1.0, value.real)) == (0.0, 1.0) and 0 <= value.imag < math.inf:
        return ast.Constant(value)
    return call("complex", number(value.real), number(value.imag))


def literal(value: object) -> ast.expr:
    """A literal of the language: Python's own types plainly, NumPy scalars with their type.

    >>> [ast.unparse(literal(v)) for v in (True, 0.5, np.float32(0.1), np.int64(3))]
    ['True', '0.5', 'np.float32(0.1)', 'np.int64(3)']
    """
    if isinstance(value, np.generic):
        # the shortest text that gives this float32, not the float64 nearest to it
        plain = float(str(value)) if value.dtype == np.float32 else value.item()
        return call(dtype_name(value.dtype.name), _complex(plain) if isinstance(plain, complex) else number(plain))
    if isinstance(value, complex):
        return _complex(value)
    assert isinstance(value, (bool, int, float))
    return number(value)
