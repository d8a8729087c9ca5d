"""Cholesky, QR, eigenvalue and singular value decompositions.

A matrix that is taken to be symmetric is read in one triangle, the lower one of `cholesky`, and only that triangle
receives a cotangent. Of a complex, Hermitian matrix the rules are those of the direction of ascent, with conjugated
transposes: a cotangent is conjugated on its way in and out, as `rules.parts` says. Differences of equal eigenvalues or
singular values divide only what is not zero.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adcompiler.ir.build import ONE, ZERO, Builder, scalar
from adcompiler.ir.wengert import Assign, Atom, Var
from adcompiler.rules.matrices import (
    adjoint,
    column,
    compared,
    conjugate,
    diagonal_of,
    dot,
    flipped,
    gaps,
    lower_half,
    off_diagonal,
    only,
    row,
    rows,
    stacked,
    symmetric,
    symmetric_share,
)
from adcompiler.rules.rule import Rule, register


def _triangular(b: Builder, a: Atom, right: Atom, lower: bool) -> Var:
    return b.emit("solve_triangular", a, right, lower=lower)


# -- Cholesky --------------------------------------------------------------------------------------------------------


def _cholesky_pull(
    b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False
) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    back = adjoint(b, stmt.target)
    half = lower_half(b, dot(b, back, conjugate(b, y_bar)))
    left = _triangular(b, back, half, False)
    return {0: conjugate(b, symmetric_share(b, _triangular(b, back, adjoint(b, left), False)))}


def _cholesky_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    left = _triangular(b, stmt.target, symmetric(b, dots[0]), True)
    both = _triangular(b, stmt.target, adjoint(b, left), True)
    return dot(b, stmt.target, lower_half(b, both), hint=f"{stmt.target}_dot")


register(
    Rule(
        "cholesky",
        "cholesky(a)",
        ("a",),
        _cholesky_pull,
        _cholesky_push,
        {"a": "lower triangle of s + transpose(s), s = y^-T @ half(transpose(y) @ y_bar) @ y^-1"},
    )
)


# -- QR --------------------------------------------------------------------------------------------------------------


def _q_and_r(b: Builder, stmt: Assign, packed: Atom) -> tuple[Var, Var]:
    m, n = b.shape(stmt.args[0])
    return rows(b, packed, ZERO, m), rows(b, packed, m, n)


def _qr_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    (q, r), (q_bar, r_bar) = (_q_and_r(b, stmt, packed) for packed in (stmt.target, y_bar))
    inner = b.emit("sub", dot(b, r, flipped(b, only(b, r_bar, "ge"))), dot(b, flipped(b, q_bar), q))
    right = b.emit("add", q_bar, dot(b, q, symmetric(b, inner)))
    return {0: flipped(b, _triangular(b, r, flipped(b, right), False))}


def _qr_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    (m, n), (q, r) = b.shape(stmt.args[0]), _q_and_r(b, stmt, stmt.target)
    moved = flipped(b, _triangular(b, flipped(b, r), flipped(b, dots[0]), True))
    inner = dot(b, flipped(b, q), moved)
    below = only(b, inner, "lt")
    turn = b.emit("sub", below, flipped(b, below))
    q_dot = b.emit("add", dot(b, q, b.emit("sub", turn, inner)), moved)
    r_dot = dot(b, b.emit("sub", inner, turn), r)
    return stacked(b, stmt.target, [(ZERO, m, q_dot), (m, n, r_dot)])


register(
    Rule(
        "qr",
        "qr(a)",
        ("a",),
        _qr_pull,
        _qr_push,
        {"a": "(q_bar + q @ symmetric(r @ transpose(r_bar) - transpose(q_bar) @ q)) @ r^-T"},
    )
)


# -- eigenvalues of symmetric matrices -------------------------------------------------------------------------------


def _values_and_vectors(b: Builder, stmt: Assign, packed: Atom) -> tuple[Var, Var]:
    assert isinstance(packed, Var)
    n = b.shape(stmt.args[0])[0]
    return b.load(packed, (ZERO, *b.everything(packed)[1:])), rows(b, packed, ONE, n)


def _is_lower(stmt: Assign) -> bool:
    return bool(dict(stmt.params)["lower"])


def _eigh_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    (w, v), (w_bar, v_bar) = (_values_and_vectors(b, stmt, packed) for packed in (stmt.target, conjugate(b, y_bar)))
    turned = dot(b, adjoint(b, v), v_bar)
    inner = b.emit("where", compared(b, turned, "eq"), row(b, w_bar), b.emit("cut", turned, gaps(b, w, turned)))
    return {0: conjugate(b, symmetric_share(b, dot(b, v, inner, adjoint(b, v)), _is_lower(stmt)))}


def _eigh_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    w, v = _values_and_vectors(b, stmt, stmt.target)
    turned = dot(b, dot(b, adjoint(b, v), symmetric(b, dots[0], _is_lower(stmt))), v)
    v_dot = dot(b, v, off_diagonal(b, turned, gaps(b, w, turned)))
    n = b.shape(stmt.args[0])[0]
    return stacked(b, stmt.target, [(ZERO, ONE, row(b, diagonal_of(b, turned))), (ONE, n, v_dot)])


register(
    Rule(
        "eigh",
        "eigh(a)",
        ("a",),
        _eigh_pull,
        _eigh_push,
        {"a": "the triangle read of v @ (diag(w_bar) + cut(transpose(v) @ v_bar, 1 / (w[j] - w[i]))) @ transpose(v)"},
    )
)


# -- singular values -------------------------------------------------------------------------------------------------


def _factors(b: Builder, stmt: Assign, packed: Atom) -> tuple[Var, Var, Var]:
    """U, the singular values and V."""
    assert isinstance(packed, Var)
    m, n = b.shape(stmt.args[0])
    values = b.load(packed, (m, *b.everything(packed)[1:]))
    return rows(b, packed, ZERO, m), values, rows(b, packed, b.int("add", m, ONE), n)


def _outside(b: Builder, vectors: Var, x: Atom, values: Var) -> Var:
    """What of `x` the vectors do not span, each column divided by its singular value."""
    rest = b.emit("sub", x, dot(b, vectors, dot(b, flipped(b, vectors), x)))
    one = scalar(1.0, b.type(values).dtype)
    return b.emit("cut", rest, row(b, b.emit("div", one, values)))


def _svd_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    (u, s, v), (u_bar, s_bar, v_bar) = (_factors(b, stmt, packed) for packed in (stmt.target, y_bar))
    squares = b.emit("mul", s, s)
    parts: list[Atom] = []
    for vectors, share in ((u, u_bar), (v, v_bar)):
        # each element apart: where singular values are equal, terms that cancel leave the derivative open
        turned = dot(b, flipped(b, vectors), share)
        turned = off_diagonal(b, turned, gaps(b, squares, turned))
        parts.append(b.emit("add", turned, flipped(b, turned)))
    inner = b.emit("add", b.emit("mul", parts[0], row(b, s)), b.emit("mul", column(b, s), parts[1]))
    inner = b.emit("where", compared(b, inner, "eq"), row(b, s_bar), inner)
    left = b.emit("add", dot(b, u, inner), _outside(b, u, u_bar, s))
    return {0: b.emit("add", dot(b, left, flipped(b, v)), dot(b, u, flipped(b, _outside(b, v, v_bar, s))))}


def _svd_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    (m, n), (u, s, v), a_dot = b.shape(stmt.args[0]), _factors(b, stmt, stmt.target), dots[0]
    right, left = dot(b, a_dot, v), dot(b, flipped(b, a_dot), u)
    turned = dot(b, flipped(b, u), right)
    scaled, other = b.emit("mul", turned, row(b, s)), b.emit("mul", column(b, s), turned)
    apart = gaps(b, b.emit("mul", s, s), turned)
    u_turn, v_turn = off_diagonal(b, scaled, apart), off_diagonal(b, other, apart)
    u_turn, v_turn = (b.emit("sub", turn, flipped(b, turn)) for turn in (u_turn, v_turn))
    u_dot = b.emit("add", dot(b, u, u_turn), _outside(b, u, right, s))
    v_dot = b.emit("add", dot(b, v, v_turn), _outside(b, v, left, s))
    parts = [(ZERO, m, u_dot), (m, ONE, row(b, diagonal_of(b, turned))), (b.int("add", m, ONE), n, v_dot)]
    return stacked(b, stmt.target, parts)  # type: ignore[arg-type]


register(
    Rule(
        "svd",
        "svd(a)",
        ("a",),
        _svd_pull,
        _svd_push,
        {"a": "u @ (diag(s_bar) + cut(.., 1 / (s[j]**2 - s[i]**2)) terms) @ transpose(v) + terms outside the spans"},
    )
)
