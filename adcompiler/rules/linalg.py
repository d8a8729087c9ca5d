"""The product of matrices and vectors, linear in each factor."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Assign, Atom, NewAxis, Var
from adcompiler.rules.rule import Rule, fresh, register
from adcompiler.rules.shapes import fit


def transposed(b: Builder, x: Atom) -> Var:
    """The transpose of a matrix, a view."""
    return b.emit("transpose", x, axes=(1, 0))


def outer(b: Builder, column: Atom, row: Atom, product: str) -> Var:
    """All products of two vectors' elements."""
    assert isinstance(column, Var) and isinstance(row, Var)
    down = b.load(column, (*b.everything(column), NewAxis()))
    across = b.load(row, (NewAxis(), *b.everything(row)))
    return b.emit(product, down, across)


def _left(b: Builder, a: Atom, c: Atom, y_bar: Atom, product: str) -> Atom:
    """The cotangent of `a` in `dot(a, c)`."""
    match b.type(a).rank, b.type(c).rank:
        case 1, 1:
            return b.emit(product, y_bar, c)
        case 2, 1:
            return outer(b, y_bar, c, product)
        case 1, 2:
            return b.emit("dot", c, y_bar)
        case _:
            return b.emit("dot", y_bar, transposed(b, c))


def _right(b: Builder, a: Atom, c: Atom, y_bar: Atom, product: str) -> Atom:
    """The cotangent of `c` in `dot(a, c)`."""
    match b.type(a).rank, b.type(c).rank:
        case 1, 1:
            return b.emit(product, y_bar, a)
        case 1, 2 if product == "mul":
            return outer(b, a, y_bar, product)
        case 1, 2:
            return transposed(b, outer(b, y_bar, a, product))
        case _:
            return b.emit("dot", transposed(b, a), y_bar)


def _pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    a, c = stmt.args
    # a sum of products, as a matrix product is, cannot be guarded
    product = "cut" if guard else "mul"
    found: dict[int, Atom] = {}
    if 0 in wanted:
        found[0] = fit(b, _left(b, a, c, y_bar, product), b.type(a).dtype)
    if 1 in wanted:
        found[1] = fit(b, _right(b, a, c, y_bar, product), b.type(c).dtype)
    return found


def _push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    a, c = stmt.args
    a_dot, c_dot = dots
    hint = f"{stmt.target}_dot"
    terms = [] if a_dot is None else [(a_dot, c)]
    terms += [] if c_dot is None else [(a, c_dot)]
    if not terms:
        return None
    total: Atom = b.emit("dot", *terms[0], hint=hint if len(terms) == 1 else "t")
    for left, right in terms[1:]:
        total = b.emit("add", total, b.emit("dot", left, right), hint=hint)
    return fresh(b, total, stmt.target, dots)


register(
    Rule(
        "dot",
        "dot(a, b)",
        ("a", "b"),
        _pull,
        _push,
        {"a": "dot(y_bar, transpose(b))", "b": "dot(transpose(a), y_bar)"},
    )
)
