"""Variables and folded expressions: what shares a name, and what may move into another line."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.emit.text import emit
from adcompiler.errors import Span
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import FLOAT, INDEX
from adcompiler.ir.wengert import Branch, Carry, Const, Out, Slice, While
from tests.support.golden import expect, loop, text_of
from tests.support.printed import agrees, compiled
from tests.support.small_programs import scalar, vector

# -- variables -------------------------------------------------------------------------------------------------------


def test_a_swap_is_one_assignment() -> None:
    b = Builder()
    x, y, n = scalar(b, "x"), scalar(b, "y"), scalar(b, "n", INDEX)
    p, q, p_out, q_out, i = (b.var(h, FLOAT if h != "i" else INDEX) for h in ("p", "q", "p", "q", "i"))
    with b.block() as body:
        pass
    loop(b, i, n, body, Carry(p, x, q, p_out), Carry(q, y, p, q_out))
    fn = b.finish("f", [x, y, n], [p_out, q_out])
    expect(
        fn,
        """
        for i in range(n):
            x, y = y, x
        return x, y
    """,
    )
    for trips in range(3):
        agrees(fn, 1.0, 2.0, trips, numba_too=trips == 1)


def test_a_rotation_of_three_and_one_that_depends_on_them() -> None:
    b = Builder()
    n = scalar(b, "n", INDEX)
    p, q, r, s = (b.var(h, FLOAT) for h in "pqrs")
    outs = [b.var(f"{h}_out", FLOAT) for h in "pqrs"]
    i = b.var("i", INDEX)
    with b.block() as body:
        total = b.emit("add", b.emit("mul", p, q), s)
    carries = [
        Carry(p, Const(1.0), q, outs[0]),
        Carry(q, Const(2.0), r, outs[1]),
        Carry(r, Const(3.0), p, outs[2]),
        Carry(s, Const(0.5), total, outs[3]),
    ]
    loop(b, i, n, body, *carries)
    fn = b.finish("f", [n], outs)
    for trips in (0, 1, 2, 5):
        agrees(fn, trips, numba_too=trips == 2)


def test_the_old_value_outlives_the_update() -> None:
    """x_1 = x * 2; y_1 = y + x: the new x may not take the place of the old one before it is read."""
    b = Builder()
    n = scalar(b, "n", INDEX)
    x, y, x_out, y_out = (b.var(h, FLOAT) for h in ("x", "y", "x", "y"))
    i = b.var("i", INDEX)
    with b.block() as body:
        new_x = b.emit("mul", x, Const(2.0), hint="x")
        new_y = b.emit("add", y, x, hint="y")
    loop(b, i, n, body, Carry(x, Const(1.0), new_x, x_out), Carry(y, Const(0.0), new_y, y_out))
    fn = b.finish("f", [n], [x_out, y_out])
    expect(
        fn,
        """
        x = 1.0
        y = 0.0
        for i in range(n):
            x_1 = x * 2.0
            y += x
            x = x_1
        return x, y
    """,
    )
    agrees(fn, 5)


def test_values_after_until_are_those_of_the_last_iteration() -> None:
    b = Builder()
    limit = scalar(b, "limit")
    s, out, i = b.var("s", FLOAT), b.var("s", FLOAT), b.var("i", INDEX)
    with b.block() as body:
        before = b.emit("gt", s, limit, hint="before")
        new = b.emit("add", s, Const(1.0), hint="s")
    loop(b, i, Const(10), body, Carry(s, Const(0.0), new, out), until=before)
    fn = b.finish("f", [limit], [out])
    expect(
        fn,
        """
        s = 0.0
        for i in range(10):
            before = s > limit
            s += 1.0
            if before:
                break
        return s
    """,
    )
    agrees(fn, 3.5)


def test_a_branch_assigns_the_variable_in_place() -> None:
    b = Builder()
    x = scalar(b, "x")
    test = b.emit("lt", x, Const(0.0))
    with b.block() as then:
        minus = b.emit("neg", x, hint="x")
    out = b.var("x", FLOAT)
    b.add(Branch(test, tuple(then), (), (Out(out, minus, x),), None))
    fn = b.finish("f", [x], [out])
    expect(
        fn,
        """
        if x < 0.0:
            x = -x
        return x
    """,
    )
    agrees(fn, -2.0)
    agrees(fn, 3.0, numba_too=False)


def test_an_empty_first_arm_is_negated_and_branches_chain() -> None:
    b = Builder()
    x = scalar(b, "x")
    first, second = b.emit("lt", x, Const(0.0)), b.emit("lt", x, Const(1.0))
    inner, out = b.var("y", FLOAT), b.var("y", FLOAT)
    with b.block() as other:
        with b.block() as low:
            y = b.emit("mul", x, x, hint="y")
        b.add(Branch(second, tuple(low), (), (Out(inner, y, Const(2.0)),), None))
    b.add(Branch(first, (), tuple(other), (Out(out, Const(1.0), inner),), None))
    last = b.var("r", FLOAT)
    with b.block() as change:
        more = b.emit("add", out, x, hint="r")
    b.add(Branch(first, (), tuple(change), (Out(last, out, more),), None))
    fn = b.finish("f", [x], [last])
    expect(
        fn,
        """
        t = x < 0.0
        t_1 = x < 1.0
        if t:
            y = 1.0
        elif t_1:
            y = x * x
        else:
            y = 2.0
        if not t:
            y += x
        return y
    """,
    )
    for value in (-1.0, 0.5, 3.0):
        agrees(fn, value, numba_too=False)


def test_arrays_are_rebound_not_updated() -> None:
    """v = v + 1 must not become v += 1, which would change the argument."""
    b = Builder()
    x = vector(b, "x")
    i = b.var("i", INDEX)
    v, out = b.like(x, "v"), b.like(x, "v")
    with b.block() as body:
        new = b.emit("add", v, Const(1.0), hint="v")
    loop(b, i, Const(3), body, Carry(v, x, new, out))
    fn = b.finish("f", [x], [out])
    expect(
        fn,
        """
        for i in range(3):
            x = x + 1.0
        return x
    """,
    )
    agrees(fn, np.arange(3.0))


def test_namesakes_share_a_variable_where_they_can() -> None:
    b = Builder()
    x = scalar(b, "x")
    y = b.emit("sin", x, hint="y")
    again = b.emit("mul", y, y, hint="y")
    kept = b.emit("add", again, y, hint="y")
    fn = b.finish("f", [x], [again, kept])
    expect(
        fn,
        """
        y = np.sin(x)
        y_1 = y * y
        y += y_1
        return y_1, y
    """,
    )
    agrees(fn, 0.4)


def test_numbers_of_the_user_s_own_names_stay(tmp_path: Path) -> None:
    file = tmp_path / "numbered.py"
    file.write_text("y_7 = math.sin(x_1)\n")
    b = Builder()
    x = scalar(b, "x_1")
    with b.at(Span(str(file), 1, 0, 1, 19)):
        fn = b.finish("f", [x], [b.emit("sin", x, hint="y_7"), b.emit("cos", x, hint="t_9")])
    assert "y_7 = np.sin(x_1)" in emit(fn) and "t_9" not in emit(fn)


def test_a_value_carries_the_user_s_name() -> None:
    def relax(u0, w, steps):
        u, weights = u0.copy(), np.sqrt(w[0] * steps)
        for _ in range(steps):
            h = np.tanh(w @ u)
            u = u + weights * h
        gram = np.outer(u, u)
        return np.sum(gram.T)

    text = ad.grad(relax, argnums=(0, 1)).adjoint_source(np.ones(3), np.eye(3), 2)
    for line in ("u = u0.copy()", "weights = np.sqrt(", "h = np.tanh(np.dot(w, u))", "np.sum(gram.T)", "u_bar = "):
        assert line in text


# -- folding ---------------------------------------------------------------------------------------------------------


def test_temporaries_are_not_taken_for_variables_that_a_line_only_reads() -> None:
    def recurrent(w, x):
        h = 0.0
        for t in range(len(x)):
            h = np.tanh(w[0] * h + w[1] * x[t])
        return h * h

    text = ad.grad(recurrent).adjoint_source(np.ones(2), np.ones(3))
    assert "h = np.tanh(w[0] * h + w[1] * x[t])\n" in text
    assert "for t in range(n_x):" in text
    assert "for t in range(n_x - 1, -1, -1):" in text


@pytest.mark.parametrize("line", ["t = 2.0 * x[0]", "t, s = 2.0 * x[0], 1.0", "t: float = 2.0 * x[0]", "t *= x[0]"])
def test_a_variable_called_as_temporaries_are_keeps_its_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "called.py"
    path.write_text(f"def called(x, t):\n    {line}\n    return t + x[1]\n")
    scope: dict[str, Callable[..., object]] = {}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    text = ad.grad(scope["called"]).adjoint_source(np.ones(3), 2.0)
    assert re.search(r"\n    t(_1)? \*?= ", text)


def test_adjoints_of_arrays_carry_their_names() -> None:
    def distance(w, b, x, y):
        z = x @ w
        return np.sum((z + b - y) ** 2) + np.sum(w**2)

    w, b, x, y = np.ones(2), np.ones(3), np.ones((3, 2)), np.zeros(3)
    text = ad.grad(distance, argnums=(0, 1)).adjoint_source(w, b, x, y)
    lines = [line.strip() for line in text.splitlines()]
    assert "w_bar = 2 * w" in lines
    assert "w_bar += np.dot(x.T, t_bar)" in lines
    assert lines[-1].endswith(", w_bar, b_bar")


def test_a_transpose_of_a_transpose_carries_the_name_twice() -> None:
    def f(x):
        held = np.sin(x)
        out = np.zeros_like(x)
        out[:] = held.T.T * held
        return np.sum(out)

    x = np.arange(6.0).reshape(2, 3)
    text = ad.grad(f).adjoint_source(x)
    assert "held" in text
    assert np.allclose(ad.grad(f)(x), 2 * np.sin(x) * np.cos(x))


def test_a_load_does_not_move_past_a_store() -> None:
    b = Builder()
    x, k = vector(b, "x"), scalar(b, "k", INDEX)
    before = b.load(x, (k,))
    b.store(x, (ZERO,), Const(7.0))
    after = b.load(x, (k,))
    r = b.emit("mul", before, after, hint="r")
    fn = b.finish("f", [x, k], [r])
    expect(
        fn,
        """
        t = x[k]
        x[0] = 7.0
        r = t * x[k]
        return r
    """,
    )
    agrees(fn, np.array([2.0, 3.0]), 0)


def test_a_folded_line_moves_with_the_one_that_uses_it() -> None:
    """The load is used by a line that is itself printed after the store."""
    b = Builder()
    x = vector(b, "x")
    double = b.emit("mul", b.load(x, (ZERO,)), Const(2.0))
    b.store(x, (ZERO,), Const(7.0))
    fn = b.finish("f", [x], [b.emit("sin", double)])
    expect(
        fn,
        """
        t = x[0]
        x[0] = 7.0
        return np.sin(t * 2.0)
    """,
    )
    agrees(fn, np.array([2.0, 3.0]))


def test_loads_of_two_parameters_may_be_the_same_memory() -> None:
    b = Builder()
    x, y = vector(b, "x"), vector(b, "y")
    before = b.load(x, (ZERO,))
    b.store(y, (ZERO,), Const(7.0))
    fn = b.finish("f", [x, y], [b.emit("sin", before)])
    assert "t = x[0]\n" in text_of(fn)


def test_a_load_moves_past_a_store_into_other_memory() -> None:
    b = Builder()
    x = vector(b, "x")
    y = b.emit("zeros", *b.shape(x), dtype="float64", hint="y")
    before = b.load(x, (ZERO,))
    b.store(y, (ZERO,), Const(7.0))
    b.store(y, (ONE,), before)
    fn = b.finish("f", [x], [y])
    assert "y[1] = x[0]\n" in text_of(fn)
    agrees(fn, np.array([2.0, 3.0]), numba_too=False)


def test_long_lines_are_not_made() -> None:
    b = Builder()
    x = [scalar(b, f"quite_a_long_name_{k}") for k in range(8)]
    total = x[0]
    for v in x[1:]:
        total = b.emit("sin", b.emit("mul", total, v))
    fn = b.finish("f", x, [total])
    assert all(len(line) < 100 for line in text_of(fn).splitlines())
    agrees(fn, *np.linspace(0.1, 0.9, 8).tolist(), numba_too=False)


def test_what_nothing_prints_is_not_printed() -> None:
    """The first index and the size of a slice are lines of the list, not of the text."""
    b = Builder()
    x, k = vector(b, "x"), scalar(b, "k", INDEX)
    n = b.shape(x)[0]
    size = b.int("sub", n, k, hint="size")
    view = b.load(x, (Slice(k, None, None, k, size),), hint="view")
    fn = b.finish("f", [x, k], [b.emit("sum", view, axes=(0,), keepdims=False)])
    expect(
        fn,
        """
        view = x[k:]
        return np.sum(view)
    """,
    )
    agrees(fn, np.arange(5.0), 2)


def test_a_guarded_factor_is_a_conditional_expression() -> None:
    b = Builder()
    g, x = scalar(b, "g"), scalar(b, "x")
    fn = b.finish("f", [g, x], [b.emit("cut", b.emit("mul", g, Const(2.0)), b.emit("div", Const(1.0), x))])
    expect(
        fn,
        """
        t = g * 2.0
        return 0.0 if t == 0.0 else t * (1.0 / x)
    """,
    )
    agrees(fn, 0.0, 0.5)
    agrees(fn, 2.0, 0.5, numba_too=False)
    assert compiled(fn)(0.0, 0.0) == 0.0


@pytest.mark.parametrize("count", [30, 31])
def test_conditional_expressions_among_many_results(count: int) -> None:
    b = Builder()
    g, x = scalar(b, "g"), scalar(b, "x")
    fn = b.finish("f", [g, x], [b.emit("cut", g, b.emit("div", Const(float(k)), x)) for k in range(count)])
    assert (" if " in text_of(fn, "numba").splitlines()[-1]) == (count == 30)
    agrees(fn, 2.0, 0.5)


def test_while_prints_its_test_when_it_is_an_expression() -> None:
    b = Builder()
    x = scalar(b, "x")
    z, out = b.var("z", FLOAT), b.var("z", FLOAT)
    with b.block() as condition:
        test = b.emit("gt", z, Const(1.0))
    with b.block() as body:
        half = b.emit("mul", z, Const(0.5), hint="z")
    b.add(While((Carry(z, x, half, out),), tuple(condition), test, tuple(body), None))
    fn = b.finish("f", [x], [out, x])
    expect(
        fn,
        """
        z = x
        while z > 1.0:
            z *= 0.5
        return z, x
    """,
    )
    agrees(fn, 9.0)
