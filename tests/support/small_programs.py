"""Wengert lists written by hand: one for each statement and region of the language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import BOOL, FLOAT, INDEX, Type
from adcompiler.ir.wengert import Branch, Carry, Const, Func, Loop, NewAxis, Out, Print, Slice, Var, While

F64 = Type("float64")


@dataclass(frozen=True)
class SmallProgram:
    """A function and the arguments to try."""

    fn: Func
    args: tuple[Any, ...]
    wrt: tuple[int, ...]


PROGRAMS: dict[str, Callable[[], SmallProgram]] = {}


def entry(make: Callable[[], SmallProgram]) -> Callable[[], SmallProgram]:
    PROGRAMS[make.__name__] = make
    return make


def scalar(b: Builder, name: str, type: Type = FLOAT) -> Var:
    return b.var(name, type)


def vector(b: Builder, name: str, type: Type = F64) -> Var:
    """A parameter of rank one; its extent is the first line of the function."""
    array = Var(b.names.fresh(name))
    b.types[array.name], b.shapes[array.name] = type.array(1), ()
    extent = b.emit("dim", array, axis=0, hint=f"n_{name}")
    b.shapes[array.name] = (extent,)
    return array


def loop(b: Builder, stop: Any, carried: list[Carry], body: list[Any], index: Var, until: Any = None) -> None:
    b.add(Loop(index, ZERO, stop, ONE, tuple(carried), tuple(body), until, False, None))


@entry
def straight_line() -> SmallProgram:
    """r = sin(x) * y"""
    b = Builder()
    x, y = scalar(b, "x"), scalar(b, "y")
    r = b.emit("mul", b.emit("sin", x), y, hint="r")
    return SmallProgram(b.finish("straight", [x, y], [r]), (0.7, -1.3), (0, 1))


@entry
def carried_from_a_constant() -> SmallProgram:
    """s = 0.0; for i in range(n): s += x[i] * s + exp(x[i])"""
    b = Builder()
    x = vector(b, "x")
    i, s, out = b.var("i", INDEX), b.var("s", F64), b.var("s", F64)
    with b.block() as body:
        element = b.load(x, (i,))
        step = b.emit("add", b.emit("mul", element, s), b.emit("exp", element))
        after = b.emit("add", s, step)
    loop(b, b.shape(x)[0], [Carry(s, Const(0.0), after, out)], body, i)
    return SmallProgram(b.finish("carried", [x], [out]), (np.array([0.3, -0.6, 0.9]),), (0,))


@entry
def active_in_the_second_iteration() -> SmallProgram:
    """a, b = 1.0, 2.0; for i in range(4): a, b = b, a * x: each is constant at first"""
    b = Builder()
    x = scalar(b, "x")
    i = b.var("i", INDEX)
    one, two, one_out, two_out = (b.var(n, FLOAT) for n in ("a", "b", "a", "b"))
    with b.block() as body:
        after = b.emit("mul", one, x)
    carried = [Carry(one, Const(1.0), two, one_out), Carry(two, Const(2.0), after, two_out)]
    loop(b, Const(5), carried, body, i)
    return SmallProgram(b.finish("joins", [x], [one_out, two_out]), (1.3,), (0,))


@entry
def stores_into_a_parameter() -> SmallProgram:
    """y[0] = x; y[1:] += x * w; y[2] = 5.0; return sum(y): y and w are constants on entry"""
    b = Builder()
    x, y, w = scalar(b, "x"), vector(b, "y"), vector(b, "w")
    n = b.shape(y)[0]
    b.store(y, (ZERO,), x)
    rest = b.int("sub", n, ONE)
    b.store(y, (Slice(ONE, None, None, ONE, rest),), b.emit("mul", x, w), add=True)
    b.store(y, (Const(2),), Const(5.0))
    view = b.load(y, (Slice(None, None, Const(2), ZERO, Const(2)),))
    b.store(view, b.everything(view), b.emit("mul", view, x))
    r = b.emit("sum", y, axes=(0,), keepdims=False)
    args = (0.8, np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 0.25, 2.0]))
    return SmallProgram(b.finish("stores", [x, y, w], [r, y]), args, (0,))


@entry
def an_arm_without_derivative() -> SmallProgram:
    """if x > 0: s, v = x * x, x * w else: s, v = 3.0, zeros"""
    b = Builder()
    x, w = scalar(b, "x"), vector(b, "w")
    test = b.emit("gt", x, Const(0.0))
    with b.block() as then:
        s_then, v_then = b.emit("mul", x, x), b.emit("mul", x, w)
    with b.block() as other:
        v_other = b.emit("zeros", *b.shape(w), dtype="float64")
    s, v = b.var("s", FLOAT), b.like(w, "v")
    b.add(Branch(test, tuple(then), tuple(other), (Out(s, s_then, Const(3.0)), Out(v, v_then, v_other)), None))
    r = b.emit("mul", s, b.emit("sum", v, axes=(0,), keepdims=False))
    return SmallProgram(b.finish("arms", [x, w], [r, v, s]), (0.9, np.array([1.0, -2.5])), (0,))


@entry
def the_other_arm() -> SmallProgram:
    """The same at a point where the constants are taken."""
    program = an_arm_without_derivative()
    return SmallProgram(program.fn, (-0.9, np.array([1.0, -2.5])), (0,))


@entry
def newton() -> SmallProgram:
    """while abs(z * z - x) > 1e-13: z = 0.5 * (z + x / z)"""
    b = Builder()
    x = scalar(b, "x")
    z, out = b.var("z", FLOAT), b.var("z", FLOAT)
    with b.block() as condition:
        square = b.emit("mul", z, z)
        test = b.emit("gt", b.emit("abs", b.emit("sub", square, x)), Const(1e-13))
    with b.block() as body:
        # the condition's value is read here
        quotient = b.emit("div", b.emit("mul", b.emit("sub", square, x), Const(0.5)), z)
        after = b.emit("sub", z, quotient)
    carried = (Carry(z, Const(1.0), after, out),)
    b.add(While(carried, tuple(condition), test, tuple(body), None))
    return SmallProgram(b.finish("newton", [x], [out]), (3.7,), (0,))


@entry
def left_early() -> SmallProgram:
    """for i in range(10): p *= x; if p > 20: break"""
    b = Builder()
    x = scalar(b, "x")
    i, p, out = b.var("i", INDEX), b.var("p", FLOAT), b.var("p", FLOAT)
    with b.block() as body:
        after = b.emit("mul", p, x)
        until = b.emit("gt", after, Const(20.0))
    loop(b, Const(10), [Carry(p, Const(1.0), after, out)], body, i, until)
    return SmallProgram(b.finish("early", [x], [out]), (2.1,), (0,))


@entry
def buffers_swap() -> SmallProgram:
    """new = empty(n); for t in range(3): new[i] = sin(old[i]) * k; old, new = new, old"""
    b = Builder()
    x, k = vector(b, "x"), scalar(b, "k")
    n = b.shape(x)[0]
    start = b.emit("copy", x)
    spare = b.emit("empty", n, dtype="float64")
    t, i = b.var("t", INDEX), b.var("i", INDEX)
    old, new, old_out, new_out = (b.like(start, name) for name in ("old", "new", "old", "new"))
    with b.block() as body:
        with b.block() as inner:
            b.store(new, (i,), b.emit("mul", b.emit("sin", b.load(old, (i,))), k))
        loop(b, n, [], inner, i)
    loop(b, Const(3), [Carry(old, start, new, old_out), Carry(new, spare, old, new_out)], body, t)
    r = b.emit("sum", old_out, axes=(0,), keepdims=False)
    return SmallProgram(b.finish("swap", [x, k], [r]), (np.array([0.4, 1.1]), 1.7), (0, 1))


@entry
def arrays_carried_as_values() -> SmallProgram:
    """u = ones(n); for t in range(3): u = u * x + a: constant before the loop"""
    b = Builder()
    x, a = scalar(b, "x"), vector(b, "a")
    start = b.emit("full", Const(1.0), *b.shape(a), dtype="float64")
    t, u, out = b.var("t", INDEX), b.like(start, "u"), b.like(start, "u")
    with b.block() as body:
        after = b.emit("add", b.emit("mul", u, x), a)
    loop(b, Const(3), [Carry(u, start, after, out)], body, t)
    return SmallProgram(b.finish("values", [x, a], [out]), (0.6, np.array([1.0, -2.0, 0.5])), (0,))


@entry
def views_of_matrices() -> SmallProgram:
    """m = x[:, None] * x; m.T[0] += x; r = sum(dot(m.reshape(n * n), m.reshape(n * n)))"""
    b = Builder()
    x = vector(b, "x")
    n = b.shape(x)[0]
    m = b.emit("mul", b.load(x, (*b.everything(x), NewAxis())), x)
    turned = b.emit("transpose", m, axes=(1, 0))
    column = b.load(turned, (ZERO, *b.everything(turned)[1:]))
    b.store(column, b.everything(column), x, add=True)
    flat = b.emit("reshape", m, b.int("mul", n, n))
    return SmallProgram(b.finish("views", [x], [b.emit("dot", flat, flat), m]), (np.array([0.5, -1.5, 2.0]),), (0,))


@entry
def a_growing_tape() -> SmallProgram:
    """A tape of one row grows as it is written, and is read backwards."""
    b = Builder()
    x = scalar(b, "x")
    tape = b.emit("empty", ONE, dtype="float64", hint="tape")
    k, p, p_out = b.var("k", INDEX), b.var("p", FLOAT), b.var("p", FLOAT)
    with b.block() as body:
        b.grow(tape, k)
        b.store(tape, (k,), p)
        after = b.emit("mul", b.emit("sin", p), x)
    loop(b, Const(5), [Carry(p, x, after, p_out)], body, k)
    j, s, out = b.var("j", INDEX), b.var("s", FLOAT), b.var("s", F64)
    with b.block() as back:
        following = b.emit("mul", s, b.load(tape, (b.int("sub", Const(4), j),)))
    loop(b, Const(5), [Carry(s, p_out, following, out)], back, j)
    return SmallProgram(b.finish("tape", [x], [out]), (1.2,), (0,))


@entry
def constant_results() -> SmallProgram:
    """Results of every kind: active, constant, integer, boolean, a constant array, a literal."""
    b = Builder()
    x, n, c = scalar(b, "x"), scalar(b, "n", INDEX), vector(b, "c")
    b.check(b.emit("lt", n, ZERO), "ValueError", "n is negative")
    b.add(Print(("x is", x), None))
    even = b.emit("eq", b.emit("mod", n, Const(2)), ZERO)
    doubled = b.emit("mul", c, Const(2.0))
    floor = b.emit("floor", x)
    results = [b.emit("mul", x, n), n, even, doubled, Const(2.5), floor]
    assert b.type(even) == BOOL
    return SmallProgram(b.finish("results", [x, n, c], results), (1.5, 4, np.array([1.0, 2.0])), (0,))


@entry
def a_mutated_argument() -> SmallProgram:
    """x[i] = x[i - 1] * x[i], in place, with respect to x on entry"""
    b = Builder()
    x = vector(b, "x")
    i = b.var("i", INDEX)
    with b.block() as body:
        before = b.load(x, (b.int("sub", i, ONE),))
        b.store(x, (i,), b.emit("mul", before, b.load(x, (i,))))
    b.add(Loop(i, ONE, b.shape(x)[0], ONE, (), tuple(body), None, False, None))
    r = b.emit("sum", x, axes=(0,), keepdims=False)
    return SmallProgram(b.finish("mutated", [x], [r]), (np.array([1.5, -0.5, 2.0, 0.8]),), (0,))
