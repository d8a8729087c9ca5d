"""Triangular systems, inverses and determinants."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.wengert import Assign, Atom, Var
from adcompiler.rules.linalg import outer
from adcompiler.rules.matrices import dot, flipped, only
from adcompiler.rules.rule import Rule, register

# -- triangular systems ----------------------------------------------------------------------------------------------


def _solved(b: Builder, stmt: Assign, b_new: Atom, back: bool, hint: str = "t") -> Var:
    """The system solved for another right side; `back` solves the transposed one."""
    a = flipped(b, stmt.args[0]) if back else stmt.args[0]
    return b.emit("solve_triangular", a, b_new, lower=bool(dict(stmt.params)["lower"]) != back, hint=hint)


def _read(b: Builder, stmt: Assign, share: Atom) -> Atom:
    """The part of a matrix that the system reads."""
    return only(b, share, "le" if dict(stmt.params)["lower"] else "ge")


def _solve_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    found: dict[int, Atom] = {}
    back = _solved(b, stmt, y_bar, True)
    if 1 in wanted:
        found[1] = back
    if 0 in wanted:
        y, product = stmt.target, "cut" if guard else "mul"
        share = outer(b, back, y, product) if b.type(y).rank == 1 else dot(b, back, flipped(b, y))
        found[0] = b.emit("neg", _read(b, stmt, share))
    return found


def _solve_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    a_dot, b_dot = dots
    moved = None if a_dot is None else b.emit("dot", _read(b, stmt, a_dot), stmt.target)
    right = b_dot if moved is None else b.emit("neg", moved) if b_dot is None else b.emit("sub", b_dot, moved)
    return None if right is None else _solved(b, stmt, right, False, f"{stmt.target}_dot")


register(
    Rule(
        "solve_triangular",
        "solve_triangular(a, b)",
        ("a", "b"),
        _solve_pull,
        _solve_push,
        {"a": "-triangle(outer(b_bar, y))", "b": "solve_triangular(transpose(a), y_bar)"},
    )
)


# -- inverses --------------------------------------------------------------------------------------------------------


def _inv_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    y_t = flipped(b, stmt.target)
    return {0: b.emit("neg", dot(b, y_t, y_bar, y_t))} if 0 in wanted else {}


def _inv_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    return b.emit("neg", dot(b, stmt.target, dots[0], stmt.target), hint=f"{stmt.target}_dot")


register(Rule("inv", "inv(a)", ("a",), _inv_pull, _inv_push, {"a": "-transpose(y) @ y_bar @ transpose(y)"}))


def _pinv_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    """The rank does not change: what lies outside the column and row spaces moves them."""
    if 0 not in wanted:
        return {}
    a, p, p_t, back = stmt.args[0], stmt.target, flipped(b, stmt.target), flipped(b, y_bar)
    inside = dot(b, p_t, y_bar, p_t)
    columns = dot(b, b.emit("sub", back, dot(b, a, dot(b, p, back))), p, p_t)
    rows = b.emit("sub", back, dot(b, dot(b, back, p), a))
    return {0: b.emit("add", b.emit("sub", columns, inside), dot(b, p_t, dot(b, p, rows)))}


def _pinv_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    a, p, p_t, a_dot = stmt.args[0], stmt.target, flipped(b, stmt.target), dots[0]
    across = flipped(b, a_dot)
    inside = dot(b, p, a_dot, p)
    columns = dot(b, dot(b, p, p_t), b.emit("sub", across, dot(b, dot(b, across, a), p)))
    rows = dot(b, b.emit("sub", across, dot(b, p, dot(b, a, across))), dot(b, p_t, p))
    return b.emit("add", b.emit("sub", columns, inside), rows, hint=f"{p}_dot")


register(
    Rule(
        "pinv",
        "pinv(a, rcond)",
        ("a",),
        _pinv_pull,
        _pinv_push,
        {"a": "pseudo-inverse of constant rank (Golub and Pereyra)"},
    )
)


# -- determinants ----------------------------------------------------------------------------------------------------


def _total(b: Builder, x: Atom) -> Var:
    return b.emit("sum", x, axes=(0, 1), keepdims=False)


def _det_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    cofactors = b.emit("cofactor", stmt.args[0], hint="cofactors")
    return {0: b.emit("cut" if guard else "mul", y_bar, cofactors)}


def _det_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    cofactors = b.emit("cofactor", stmt.args[0], hint="cofactors")
    return b.emit("sum", b.emit("mul", cofactors, dots[0]), axes=(0, 1), keepdims=False, hint=f"{stmt.target}_dot")


register(Rule("det", "det(a)", ("a",), _det_pull, _det_push, {"a": "y_bar * cofactor(a)"}))


def _cofactor_pull(
    b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False
) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    y = stmt.target
    along = b.emit("mul", _total(b, b.emit("mul", y_bar, y)), y)
    share = b.emit("sub", along, dot(b, y, flipped(b, y_bar), y))
    return {0: b.emit("cut", share, b.emit("div", scalar(1.0, b.type(y).dtype), b.emit("det", stmt.args[0])))}


def _cofactor_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    # the derivative is symmetric in the tangent and the cotangent
    return None if dots[0] is None else _cofactor_pull(b, stmt, dots[0], (0,))[0]


register(
    Rule(
        "cofactor",
        "cofactor(a)",
        ("a",),
        _cofactor_pull,
        _cofactor_push,
        {"a": "(sum(y_bar * y) * y - y @ transpose(y_bar) @ y) / det(a)"},
    )
)
