"""Shared lines, invariants, sums and copies: the text before, the text after, and the same results."""

import numpy as np

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import BOOL, FLOAT, INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Branch, Carry, Const, NewAxis, Out, Var, While
from adcompiler.optimise.lines.simplify import simplify
from tests.support.golden import loop, text_of
from tests.support.interpret import run
from tests.support.printed import agrees
from tests.support.simplified import becomes
from tests.support.small_programs import PROGRAMS, scalar, vector

# -- equal lines -----------------------------------------------------------------------------------------------------


def test_equal_lines_are_one() -> None:
    b = Builder()
    x, y = scalar(b, "x"), scalar(b, "y")
    first = b.emit("sin", b.emit("mul", x, y))
    second = b.emit("sin", b.emit("mul", y, x))
    difference = b.emit("sub", x, y)
    other_way = b.emit("sub", y, x)
    fn = b.finish("f", [x, y], [b.emit("mul", first, second), b.emit("mul", difference, other_way)])
    becomes(fn, "t = np.sin(x * y)\nreturn t * t, (x - y) * (y - x)\n", 2.0, 3.0)


def test_loads_are_shared_until_the_array_may_have_changed() -> None:
    b = Builder()
    x, y, k = vector(b, "x"), vector(b, "y"), scalar(b, "k", INDEX)
    own = b.emit("zeros", *b.shape(x), dtype="float64", hint="own")
    a, c = b.load(x, (k,), hint="a"), b.load(x, (k,), hint="c")
    b.store(own, (ZERO,), Const(1.0))
    d = b.load(x, (k,), hint="d")
    b.store(y, (ZERO,), Const(1.0))
    e = b.load(x, (k,), hint="e")
    text = """
        n_x = x.shape[0]
        own = np.zeros(n_x)
        a = x[k]
        own[0] = 1.0
        y[0] = 1.0
        e = x[k]
        return a, a, a, e, own
    """
    becomes(b.finish("f", [x, y, k], [a, c, d, e, own]), text, np.ones(3), np.ones(2), 1)


def test_a_load_before_a_loop_is_not_the_one_after_a_store_in_it() -> None:
    b = Builder()
    x, n = vector(b, "x"), scalar(b, "n", INDEX)
    before = b.load(x, (ZERO,), hint="before")
    i, s, out = b.var("i", INDEX), b.var("s", Type("float64")), b.var("s", Type("float64"))
    with b.block() as body:
        element = b.load(x, (ZERO,), hint="element")
        new = b.emit("add", s, element, hint="s")
        b.store(x, (ZERO,), new)
    loop(b, i, n, body, Carry(s, before, new, out))
    fn = b.finish("f", [x, n], [out])
    assert "element = x[0]" in text_of(simplify(fn))
    agrees(simplify(fn), np.ones(2), 3)


def test_what_an_arm_computes_is_not_known_after_it() -> None:
    b = Builder()
    x, test = scalar(b, "x"), scalar(b, "test", BOOL)
    with b.block() as then:
        inner = b.emit("sin", x)
    y = b.var("y", Type("float64"))
    b.add(Branch(test, tuple(then), (), (Out(y, inner, Const(np.float64(0.0))),), None))
    outer = b.emit("sin", x)
    agrees(verify(simplify(b.finish("f", [x, test], [y, outer]))), 0.3, False)


def test_arrays_are_shared_where_nobody_can_tell() -> None:
    b = Builder()
    x = vector(b, "x")
    total = [b.emit("sum", b.emit("exp", x), axes=(0,), keepdims=False) for _ in range(2)]
    mine, yours = b.emit("sin", x, hint="mine"), b.emit("sin", x, hint="yours")
    text = """
        t = np.sum(np.exp(x))
        mine = np.sin(x)
        yours = np.sin(x)
        return t, t, mine, yours
    """
    becomes(b.finish("f", [x], [*total, mine, yours]), text, np.ones(2))


# -- loops and sums --------------------------------------------------------------------------------------------------


def test_integers_that_do_not_change_leave_the_loop() -> None:
    b = Builder()
    x, m = vector(b, "x"), scalar(b, "m", INDEX)
    i = b.var("i", INDEX)
    with b.block() as body:
        twice = b.emit("mul", m, Const(2), hint="twice")
        place = b.emit("add", twice, i, hint="spot")
        guarded = b.emit("floordiv", i, m, hint="guarded")
        b.store(x, (place,), b.emit("cast", guarded, dtype="float64"))
    loop(b, i, m, body)
    text = """
        twice = m * 2
        for i in range(m):
            spot = twice + i
            guarded = i // m
            x[spot] = np.float64(guarded)
    """
    becomes(b.finish("f", [x, m], []), text, np.ones(9), 3)


def test_sums_begin_with_their_first_term() -> None:
    b = Builder()
    y_bar, s_bar = vector(b, "y_bar"), scalar(b, "s_bar")
    n = b.shape(y_bar)[0]
    w = b.var("w", Type("float64", 1), (n,))
    t_bar = b.emit("zeros", n, dtype="float64", hint="t_bar")
    b.store(t_bar, b.everything(t_bar), y_bar, add=True)
    u_bar = b.emit("zeros", n, dtype="float64", hint="u_bar")
    b.store(u_bar, b.everything(u_bar), y_bar, add=True)
    b.store(u_bar, b.everything(u_bar), w, add=True)
    v_bar = b.emit("zeros", n, dtype="float64", hint="v_bar")
    b.store(v_bar, b.everything(v_bar), s_bar, add=True)
    m_bar = b.emit("zeros", n, n, dtype="float64", hint="m_bar")
    b.store(m_bar, b.everything(m_bar), y_bar, add=True)
    plain = b.emit("zeros", n, dtype="float64", hint="plain")
    b.store(plain, b.everything(plain), y_bar, add=True)
    product = b.emit("mul", t_bar, w, hint="product")
    text = """
        n_y_bar = y_bar.shape[0]
        u_bar = y_bar.copy()
        u_bar += w
        v_bar = np.full(n_y_bar, s_bar)
        m_bar = np.empty((n_y_bar, n_y_bar))
        m_bar[:] = y_bar
        plain = np.zeros(n_y_bar)
        plain += y_bar
        product = y_bar * w
        return u_bar, v_bar, m_bar, plain, product
    """
    fn = b.finish("f", [y_bar, s_bar, w], [u_bar, v_bar, m_bar, plain, product])
    becomes(fn, text, np.arange(3.0), 2.0, np.ones(3))


def test_a_copy_of_what_changes_stays() -> None:
    b = Builder()
    x = vector(b, "x")
    kept, gone = b.emit("copy", x, hint="kept"), b.emit("copy", x, hint="gone")
    early = b.emit("max", gone, axes=(0,), keepdims=False, hint="early")
    b.store(x, (ZERO,), Const(9.0))
    late = b.emit("sum", kept, axes=(0,), keepdims=False, hint="late")
    text = """
        kept = x.copy()
        early = np.max(kept)
        x[0] = 9.0
        late = np.sum(kept)
        return early, late
    """
    becomes(b.finish("f", [x], [early, late]), text, np.ones(3))


def test_a_copy_of_a_view_of_a_copy_outlives_a_change() -> None:
    b = Builder()
    x = vector(b, "x")
    first = b.emit("copy", x, hint="first")
    view = b.load(first, b.everything(first), hint="view")
    second = b.emit("copy", view, hint="second")
    b.store(x, (ZERO,), Const(9.0))
    fn = b.finish("f", [x], [b.emit("sum", second, axes=(0,), keepdims=False)])
    assert run(simplify(fn), np.ones(3)) == (3.0,)


def test_a_copy_in_the_test_of_a_loop_is_kept_for_its_body() -> None:
    b = Builder()
    x = vector(b, "x")
    with b.block() as condition:
        before = b.emit("copy", x, hint="before")
        test = b.emit("lt", b.load(x, (ZERO,)), Const(3.0))
    with b.block() as body:
        b.store(x, (ZERO,), Const(1.0), add=True)
        b.store(x, (ONE,), b.load(before, (ZERO,)))
    b.add(While((), tuple(condition), test, tuple(body), None))
    fn = b.finish("f", [x], [])
    expected, found = np.zeros(2), np.zeros(2)
    run(fn, expected)
    run(simplify(fn), found)
    assert found.tolist() == expected.tolist() == [3.0, 2.0]


def test_a_view_loaded_twice_is_one() -> None:
    b = Builder()
    x = vector(b, "x")
    column = (b.everything(x)[0], NewAxis())
    first, second = b.load(x, column, hint="first"), b.load(x, column, hint="second")
    fn = b.finish("f", [x], [b.emit("mul", first, second, hint="r")])
    assert "first * first" in text_of(simplify(fn))


def test_simplified_text_is_a_fixed_point() -> None:
    for make in PROGRAMS.values():
        once = simplify(make().fn)
        assert simplify(once) == once


def test_names_stay_within_their_scope() -> None:
    """A line known in the test of a while loop is known in its body, and not after it."""
    b = Builder()
    x = scalar(b, "x")
    z, out = b.var("z", FLOAT), b.var("z", FLOAT)
    with b.block() as condition:
        root = b.emit("sqrt", x)
        test = b.emit("lt", z, root)
    with b.block() as body:
        new = b.emit("add", z, b.emit("sqrt", x), hint="z")
    b.add(While((Carry(z, Const(0.0), new, out),), tuple(condition), test, tuple(body), None))
    fn = b.finish("f", [x], [out, b.emit("sqrt", x)])
    agrees(verify(simplify(fn)), 2.0, numba_too=False)
    assert isinstance(Var("x"), Var)
