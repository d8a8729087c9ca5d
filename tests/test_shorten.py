"""A carried cotangent that an iteration only scales waits for one product."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import adcompiler as ad
from adcompiler.ad.shorten import shortened
from adcompiler.ir.build import Builder
from adcompiler.ir.types import FLOAT
from adcompiler.ir.wengert import Atom, Const, Var
from tests.support.interpret import run


def logistic(r: float, steps: int) -> float:
    x = 0.3
    for _ in range(steps):
        x = r * x * (1.0 - x)
    return x


def damped(x: float, steps: int) -> float:
    for _ in range(steps):
        x = x * 0.9
    return x


def two_states(x: float, steps: int) -> float:
    y = x
    for _ in range(steps):
        x, y = math.sin(x) * y * 1.1, math.cos(y) * x * 0.9
    return x * y


def of_four(function: Callable[..., float]) -> Callable[..., float]:
    """A function of too many numbers for forward mode."""

    def f(x: float, a: float, b: float, c: float, steps: int) -> float:
        return function(x, steps) + a * b * c

    return f


def test_the_factor_is_apart() -> None:
    for function, apart in ((logistic, True), (two_states, False)):
        source = ad.grad(of_four(function), (0, 1, 2, 3)).adjoint_source(1.9, 1.0, 1.0, 1.0, 5)
        assert ("x_bar *= " in source) is apart


@pytest.mark.parametrize("function", [logistic, damped, two_states])
def test_values(function: Callable[..., float]) -> None:
    ad.gradcheck(function, 1.9, 3)


def chained(*extra: bool) -> tuple[Atom, Atom, list[str]]:
    """`t = g * a; u = cut(t, c); v = u * d` and with `extra` `w = v + a`; the end, the new end and its lines."""
    b = Builder()
    g, a, c, d = (b.var(name, FLOAT) for name in "gacd")
    with b.block() as lines:
        end: Var = b.emit("mul", b.emit("cut", b.emit("mul", g, a), c), d)
        if extra:
            end = b.emit("add", end, a)
        new = shortened(b, lines, g, end)
    b.extend(lines)
    fn = b.finish("f", [g, a, c, d], [end, new])
    for values in ((2.0, 3.0, 5.0, 7.0), (0.0, 1.0, math.inf, 1.0), (1.5, 0.0, math.inf, 2.0)):
        first, second = run(fn, *values)
        assert math.isclose(first, second)
    return end, new, [s.op for s in lines if hasattr(s, "op")]


def test_guarded_products_stay_guarded() -> None:
    end, new, ops = chained()
    assert new != end
    assert ops[-1] == "cut"


def test_a_sum_with_something_else_is_left_alone() -> None:
    end, new, _ = chained(True)
    assert new == end


def test_a_short_chain_is_left_alone() -> None:
    b = Builder()
    g = b.var("g", FLOAT)
    with b.block() as lines:
        end = b.emit("mul", g, Const(0.9))
        assert shortened(b, lines, g, end) == end
