"""Factors of a matrix that stand for it: what solves with them differentiates with respect to the matrix.

The factors of `lu` are opaque: nothing but the operations of this file reads them. Their tangents and cotangents are
those of the matrix, above a row of zeros where the factors keep the exchanges; so the adjoint of a system solves with
the factors of the primal, and the matrix itself need not be kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adcompiler.ir.build import ONE, ZERO, Builder, scalar
from adcompiler.ir.wengert import Assign, Atom, Const, Slice, Var
from adcompiler.rules.linalg import outer
from adcompiler.rules.matrices import compared, dot, flipped, rows, stacked
from adcompiler.rules.rule import Rule, register


def _above(b: Builder, like: Atom, matrix: Atom) -> Var:
    """A matrix as a tangent or a cotangent of its factors."""
    assert isinstance(like, Var)
    count = b.shape(matrix)[0]
    zero = b.emit("full", scalar(0.0, b.type(like).dtype), ONE, count, dtype=b.type(like).dtype, hint="none")
    return stacked(b, like, [(ZERO, count, matrix), (count, ONE, zero)])


def _matrix(b: Builder, moved: Atom) -> Var:
    """The matrix in a tangent or a cotangent of its factors."""
    return rows(b, moved, ZERO, b.shape(moved)[1])


def _lu_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    return {0: _matrix(b, y_bar)} if 0 in wanted else {}


def _lu_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    return None if dots[0] is None else _above(b, stmt.target, dots[0])


register(Rule("lu", "lu(a)", ("a",), _lu_pull, _lu_push, {"a": "y_bar, the factors standing for the matrix"}))


def _lengthened(b: Builder, x: Atom, count: Atom) -> Var:
    """A matrix with rows of zeros after its own."""
    assert isinstance(x, Var)
    own, *columns = b.shape(x)
    out = b.emit("zeros", count, *columns, dtype=b.type(x).dtype)
    b.store(out, (Slice(None, own, None, ZERO, own), *b.everything(out)[1:]), x)
    return out


# -- systems ---------------------------------------------------------------------------------------------------------


def _solve_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    (f, _), y = stmt.args, stmt.target
    turned = bool(dict(stmt.params)["back"])
    back = b.emit("lu_solve", f, y_bar, back=not turned)
    found: dict[int, Atom] = {1: back} if 1 in wanted else {}
    if 0 in wanted:
        left, right = (y, back) if turned else (back, y)
        opposite, product = b.emit("neg", left), "cut" if guard else "mul"
        matrix = outer(b, opposite, right, product) if b.type(y).rank == 1 else dot(b, opposite, flipped(b, right))
        found[0] = _lengthened(b, matrix, b.shape(f)[0])
    return found


def _solve_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    (f_dot, right), turned = dots, bool(dict(stmt.params)["back"])
    if f_dot is not None:
        a_dot = _matrix(b, f_dot)
        moved = b.emit("dot", flipped(b, a_dot) if turned else a_dot, stmt.target)
        right = b.emit("neg", moved) if right is None else b.emit("sub", right, moved)
    return None if right is None else b.emit("lu_solve", stmt.args[0], right, back=turned, hint=f"{stmt.target}_dot")


register(
    Rule(
        "lu_solve",
        "lu_solve(f, b)",
        ("f", "b"),
        _solve_pull,
        _solve_push,
        {"f": "-outer(b_bar, y)", "b": "lu_solve(f, y_bar), transposed"},
    )
)


# -- logarithms of determinants ----------------------------------------------------------------------------------------


def _inverse(b: Builder, stmt: Assign) -> Atom:
    """The transposed inverse; infinite where there is none."""
    (f,), dtype = stmt.args, b.type(stmt.target).dtype
    one, zero, count = scalar(1.0, dtype), scalar(0.0, dtype), b.shape(stmt.args[0])[1]
    singular = b.emit("eq", b.load(stmt.target, (ZERO,)), zero, hint="singular")
    regular = b.emit("where", singular, b.emit("where", compared(b, f, "eq"), one, zero), f)
    whole = b.emit("empty", count, count, dtype=dtype, hint="identity")
    identity = b.emit("where", compared(b, whole, "eq"), one, zero)
    found = b.emit("lu_solve", regular, identity, back=True)
    return b.emit("where", singular, scalar(float("inf"), dtype), found)


def _slogdet_pull(
    b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False
) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    assert isinstance(y_bar, Var)
    return {0: _above(b, stmt.args[0], b.emit("cut", b.load(y_bar, (ONE,)), _inverse(b, stmt)))}


def _slogdet_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    y_dot = b.emit("zeros", Const(2), dtype=b.type(stmt.target).dtype, hint=f"{stmt.target}_dot")
    moved = b.emit("cut", _matrix(b, dots[0]), _inverse(b, stmt))
    b.store(y_dot, (ONE,), b.emit("sum", moved, axes=(0, 1), keepdims=False))
    return y_dot


register(
    Rule(
        "slogdet",
        "slogdet(f)",
        ("f",),
        _slogdet_pull,
        _slogdet_push,
        {"f": "cut(y_bar[1], transpose(inv(a)))"},
    )
)
