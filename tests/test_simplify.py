"""Literals, identities and dead code: the text before, the text after, and the same results."""

import numpy as np
import pytest

from adcompiler.ad.gradient import gradient
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import FLOAT, INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Branch, Carry, Check, Const, Func, Loop, Out, Slice
from adcompiler.optimise.lines.simplify import simplify
from tests.support.golden import loop, text_of
from tests.support.interpret import run
from tests.support.printed import agrees, outcome, same
from tests.support.simplified import becomes
from tests.support.small_programs import PROGRAMS, scalar, vector


@pytest.mark.parametrize("name", PROGRAMS)
def test_small_programs(name: str) -> None:
    program = PROGRAMS[name]()
    after = verify(simplify(program.fn))
    expected = outcome(lambda *a: run(program.fn, *a), program.args)
    same(outcome(lambda *a: run(after, *a), program.args), expected, rtol=1e-15)


@pytest.mark.parametrize("name", [n for n in PROGRAMS if len(PROGRAMS[n]().fn.results) == 1])
def test_gradients_of_small_programs(name: str) -> None:
    program = PROGRAMS[name]()
    fn = program.fn
    joint = gradient(fn, program.wrt, "given")
    seeds = (np.full_like(run(fn, *map(np.copy, program.args))[0], 0.7)[()],)
    args = (*program.args, *seeds)
    after = verify(simplify(verify(joint)))
    same(outcome(lambda *a: run(after, *a), args), outcome(lambda *a: run(joint, *a), args))
    agrees(after, *args, numba_too=False)
    assert len(list(walk(after.body))) <= len(list(walk(joint.body)))


# -- literals and identities -----------------------------------------------------------------------------------------


def test_literals_are_computed_and_branches_on_them_resolved() -> None:
    b = Builder()
    x = scalar(b, "x")
    n = b.emit("add", Const(2), Const(3))
    test = b.emit("gt", n, Const(4))
    y = b.emit("mul", Const(1.0), x)
    with b.block() as then:
        double = b.emit("add", y, y)
    z = b.var("z", FLOAT)
    b.add(Branch(test, tuple(then), (), (Out(z, double, y),), None))
    becomes(b.finish("f", [x], [z, n]), "return x + x, 5\n", 1.5)


def test_identities_of_floats_keep_every_bit() -> None:
    b = Builder()
    x = scalar(b, "x")
    values = [
        b.emit("mul", x, Const(1.0)),
        b.emit("div", x, Const(1.0)),
        b.emit("sub", x, Const(0.0)),
        b.emit("neg", b.emit("neg", x)),
        b.emit("mul", Const(-1.0), x),
        b.emit("add", x, b.emit("neg", b.emit("sin", x))),
        b.emit("add", x, Const(0.0)),
        b.emit("mul", x, Const(0.0)),
    ]
    fn = b.finish("f", [x], values)
    becomes(fn, "return x, x, x, x, -x, x - np.sin(x), x + 0.0, x * 0.0\n", -0.0)
    after = run(simplify(fn), -0.0)
    assert [np.signbit(v) for v in after] == [np.signbit(v) for v in run(fn, -0.0)]


def test_zeros_mean_nothing_in_a_sum_of_adjoints() -> None:
    b = Builder()
    y_bar, x = scalar(b, "y_bar"), scalar(b, "x")
    first = b.emit("add", Const(0.0), b.emit("mul", y_bar, x), hint="x_bar")
    second = b.emit("sub", Const(0.0), first, hint="z_bar")
    becomes(b.finish("f", [y_bar, x], [first, second]), "t = y_bar * x\nz_bar = -t\nreturn t, z_bar\n", 2.0, 3.0)


def test_a_guard_of_a_literal_factor_goes() -> None:
    b = Builder()
    g = scalar(b, "g")
    cut = [b.emit("cut", g, Const(2.0)), b.emit("cut", g, Const(1.0)), b.emit("cut", g, Const(float("inf")))]
    text = "return g * 2.0, g, 0.0 if g == 0.0 else g * np.inf\n"
    becomes(b.finish("f", [g], cut), text, 0.0)


def test_a_name_of_another_precision_does_not_stand_for_a_scalar() -> None:
    """A NumPy scalar times one stays a NumPy scalar: it decides the precision of what follows."""
    b = Builder()
    x, v = scalar(b, "x"), vector(b, "v", Type("float32"))
    strong = b.emit("mul", x, Const(np.float64(1.0)))
    fn = b.finish("f", [x, v], [b.emit("mul", v, strong)])
    assert run(simplify(fn), 0.1, np.ones(1, np.float32))[0].dtype == np.float64
    becomes(fn, "return v * np.float64(x * np.float64(1.0))\n", 0.1, np.ones(2, np.float32))


def test_a_product_with_one_is_left_where_it_is_the_only_copy() -> None:
    b = Builder()
    x = vector(b, "x")
    own = b.emit("mul", b.emit("mul", Const(2.0), x), Const(1.0))
    read = b.emit("mul", Const(3.0), x, hint="read")
    copy = b.emit("mul", Const(1.0), read, hint="copy")
    b.store(copy, (ZERO,), Const(7.0))
    fn = b.finish("f", [x], [own, read, copy, b.emit("mul", Const(1.0), x)])
    text = """
    read = 3.0 * x
    copy = 1.0 * read
    copy[0] = 7.0
    return 2.0 * x, read, copy, 1.0 * x
    """
    becomes(fn, text, np.arange(1.0, 4.0))


def test_axes_exchanged_twice_are_those_of_the_array() -> None:
    b = Builder()
    x = b.var("x", Type("float64", 2, layout="C"), (Const(2), Const(2)))
    turned = b.emit("transpose", x, axes=(1, 0))
    back, same_again = b.emit("transpose", turned, axes=(1, 0)), b.emit("transpose", x, axes=(0, 1))
    fn = b.finish("f", [x], [b.emit("mul", back, turned), b.emit("transpose", same_again, axes=(1, 0))])
    becomes(fn, "return x * x.T, x.transpose(0, 1).T\n", np.arange(4.0).reshape(2, 2))


def test_extents_are_not_negative() -> None:
    b = Builder()
    x, k = vector(b, "x"), scalar(b, "k", INDEX)
    size = b.emit("maximum", b.shape(x)[0], ZERO, weak=True)
    kept = b.emit("maximum", k, ZERO, weak=True)
    becomes(b.finish("f", [x, k], [size, kept]), "n_x = x.shape[0]\nreturn n_x, max(k, 0)\n", np.ones(3), -2)


def test_a_checked_number_is_not_negative_from_there_on() -> None:
    b = Builder()
    n = scalar(b, "n", INDEX)
    before = b.emit("maximum", n, ZERO, weak=True)
    b.check(b.emit("lt", n, ZERO), "ValueError", "negative")
    after = b.emit("maximum", n, ZERO, weak=True)
    text = "if n < 0:\n    raise ValueError('negative')\nreturn n, n\n"
    becomes(b.finish("f", [n], [before, after]), text, 2)


def test_an_adjoint_set_to_zero_begins_with_what_is_added_next() -> None:
    def turned(view: bool) -> Func:
        b = Builder()
        x, y = vector(b, "x"), scalar(b, "y")
        bar = b.emit("zeros", b.shape(x)[0], dtype="float64", hint="x_bar")
        whole = b.everything(bar)
        b.store(bar, (ZERO,), Const(2.0))
        share = b.emit("mul", b.emit("copy", bar), y)
        b.store(bar, whole, Const(0.0))
        if view:
            share = b.emit("add", share, bar)
        b.store(bar, whole, share, add=True)
        return b.finish("f", [x, y], [bar])

    text = """
    n_x = x.shape[0]
    x_bar = np.zeros(n_x)
    x_bar[0] = 2.0
    x_bar *= y
    return x_bar
    """
    becomes(turned(view=False), text, np.ones(3), 3.0)
    assert "x_bar[:] = 0.0" in text_of(simplify(turned(view=True)))


def test_integers_wider_than_64_bits_are_left_to_the_program() -> None:
    b = Builder()
    big = b.emit("mul", Const(2**62), Const(2))
    assert simplify(b.finish("f", [], [big])).body


def test_division_by_a_literal_zero_is_left_to_the_program() -> None:
    b = Builder()
    fn = b.finish("f", [], [b.emit("div", Const(1.0), Const(0.0))])
    assert simplify(fn) == fn


def test_checks_that_cannot_fail_go_and_those_that_must_stay() -> None:
    b = Builder()
    x = vector(b, "x")
    n = b.shape(x)[0]
    b.add(Check(b.emit("ne", n, n), "ValueError", "differs", None))
    b.add(Check(Const(True), "ValueError", "always", None))
    after = simplify(b.finish("f", [x], []))
    assert [s.message for s in after.body if isinstance(s, Check)] == ["always"]


# -- dead code -------------------------------------------------------------------------------------------------------


def test_dead_lines_arrays_and_regions_go() -> None:
    b = Builder()
    x, n = scalar(b, "x"), scalar(b, "n", INDEX)
    b.emit("sin", x)
    work = b.emit("zeros", n, dtype="float64", hint="work")
    i, s, out = b.var("i", INDEX), b.var("s", FLOAT), b.var("s", FLOAT)
    with b.block() as body:
        b.store(work, (i,), s)
        new = b.emit("mul", s, x)
    loop(b, i, n, body, Carry(s, x, new, out))
    with b.block() as then:
        b.emit("cos", x)
    b.add(Branch(b.emit("lt", x, Const(0.0)), tuple(then), (), (), None))
    becomes(b.finish("f", [x, n], [b.emit("mul", x, x)]), "return x * x\n", 2.0, 3)


def test_a_carried_value_that_feeds_itself_goes() -> None:
    b = Builder()
    x = scalar(b, "x")
    i = b.var("i", INDEX)
    s, s_out, d, d_out = (b.var(h, FLOAT) for h in ("s", "s", "d", "d"))
    with b.block() as body:
        s_new = b.emit("mul", s, x, hint="s")
        d_new = b.emit("add", d, s, hint="d")
    loop(b, i, Const(4), body, Carry(s, x, s_new, s_out), Carry(d, x, d_new, d_out))
    text = """
        s = x
        for i in range(4):
            s *= x
        return s
    """
    becomes(b.finish("f", [x], [s_out]), text, 1.5)


def test_stores_that_the_caller_sees_stay() -> None:
    b = Builder()
    x = vector(b, "x")
    view = b.load(x, (Slice(ONE, None, None, ONE, b.int("sub", b.shape(x)[0], ONE)),), hint="view")
    b.store(view, (ZERO,), Const(3.0))
    becomes(b.finish("f", [x], []), "view = x[1:]\nview[0] = 3.0\n", np.zeros(3))


def test_stores_behind_all_that_reads_an_array_are_dropped() -> None:
    b = Builder()
    x, n = scalar(b, "x"), scalar(b, "n", INDEX)
    own = b.emit("zeros", Const(3), dtype="float64", hint="own")
    view = b.load(own, (Slice(ONE, None, None, ONE, Const(2)),), hint="view")
    i, s, s_out = b.var("i", INDEX), b.var("s", FLOAT), b.var("s", FLOAT)
    with b.block() as body:
        new = b.emit("add", s, b.load(own, (ONE,), hint="read"), hint="new")
        b.store(view, (ZERO,), new)
    loop(b, i, n, body, Carry(s, x, new, s_out))
    b.store(view, (ONE,), s_out)
    y = b.emit("mul", b.load(own, (Const(2),), hint="read"), s_out, hint="y")
    b.store(own, (Const(2),), y)
    b.store(view, (ZERO,), y, add=True)
    text = """
        own = np.zeros(3)
        view = own[1:]
        for i in range(n):
            read = own[1]
            x += read
            view[0] = x
        view[1] = x
        read = own[2]
        y = read * x
        return y
    """
    becomes(b.finish("f", [x, n], [y]), text, 1.5, 3)


def test_stores_that_the_next_iteration_reads_stay() -> None:
    b = Builder()
    x, n = scalar(b, "x"), scalar(b, "n", INDEX)
    own = b.emit("zeros", Const(1), dtype="float64", hint="own")
    i, s, s_out = b.var("i", INDEX), b.var("s", FLOAT), b.var("s", FLOAT)
    with b.block() as body:
        new = b.emit("add", s, b.load(own, (ZERO,), hint="read"), hint="new")
        b.store(own, (ZERO,), new)
    loop(b, i, n, body, Carry(s, x, new, s_out))
    text = """
        own = np.zeros(1)
        for i in range(n):
            read = own[0]
            x += read
            own[0] = x
        return x
    """
    becomes(b.finish("f", [x, n], [s_out]), text, 1.5, 3)


def test_a_store_into_what_a_carried_array_may_be_stays() -> None:
    b = Builder()
    x, n = vector(b, "x"), scalar(b, "n", INDEX)
    own = b.emit("zeros", *b.shape(x), dtype="float64", hint="own")
    i = b.var("i", INDEX)
    p, q, p_out, q_out = (b.like(x, h) for h in ("p", "q", "p", "q"))
    with b.block() as body:
        b.store(p, (ZERO,), Const(5.0), add=True)
    loop(b, i, n, body, Carry(p, own, q, p_out), Carry(q, x, p, q_out))
    fn = b.finish("f", [x, n], [b.load(q_out, (ZERO,))])
    assert simplify(fn).body[-2].carried
    agrees(simplify(fn), np.ones(2), 3)


def test_values_that_never_change_are_not_carried() -> None:
    b = Builder()
    x, n = scalar(b, "x"), scalar(b, "n", INDEX)
    i = b.var("i", INDEX)
    s, s_out, k, k_out = (b.var(h, FLOAT) for h in ("s", "s", "k", "k"))
    with b.block() as body:
        new = b.emit("add", s, k, hint="s")
    loop(b, i, n, body, Carry(s, Const(0.0), new, s_out), Carry(k, x, k, k_out))
    text = """
        s = 0.0
        for i in range(n):
            s += x
        return s, x
    """
    becomes(b.finish("f", [x, n], [s_out, k_out]), text, 2.0, 3)


def test_a_loop_without_trips_goes() -> None:
    b = Builder()
    s, out, i = b.var("s", FLOAT), b.var("s", FLOAT), b.var("i", INDEX)
    with b.block() as body:
        new = b.emit("add", s, Const(1.0))
    b.add(Loop(i, Const(3), Const(3), ONE, (Carry(s, Const(2.0), new, out),), tuple(body), None, False, None))
    becomes(b.finish("f", [], [out]), "return 2.0\n")
