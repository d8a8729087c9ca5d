"""Transformations that a program makes and calls itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted

W, X = np.array([0.3, 0.7]), np.array([1.0, 2.0])


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    """The generated code runs as plain Python."""
    with interpreted():
        yield


def vector(w, x):
    return np.array([w[0] * x[1], np.sin(w[1]) * x[0], w[0] * w[1]])


def cubic(x):
    return x**3


def same(program: Any, *args: Any) -> None:
    """The program gives as plain Python what it gives compiled, and its gradients are those of differences."""
    report = ad.gradcheck(program, *args)
    assert report is not None
    np.testing.assert_allclose(ad.grad(program).primal(*args), program(*args), rtol=1e-11)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_jacobian(mode: str) -> None:
    weights = np.arange(6.0).reshape(3, 2) + 1.0
    made = ad.jacobian(vector, mode=mode)
    same(lambda w, x: np.sum(made(w, x) ** 2 * weights), W, X)
    same(lambda w, x: np.sum(ad.jacobian(vector, (0, 1), mode=mode)(w, x)[1] ** 2 * weights), W, X)


def test_jacobian_of_structures() -> None:
    def parts(p, k):
        return {"a": p["u"] * k, "b": (np.sum(p["u"]) * p["v"], 3)}

    def program(u, v):
        found, aux = ad.jacobian(lambda p: (parts(p, 2.0), np.sum(p["u"])), has_aux=True)({"u": u, "v": v})
        assert found["b"][1] is None
        return np.sum(found["a"]["u"] * u) + np.sum(found["b"][0]["u"] ** 2) + found["b"][0]["v"] * aux

    same(lambda u, v: np.sum(ad.jacobian(parts)({"u": u, "v": v}, 2.0)["a"]["u"] * u) + v, X, 1.5)
    found = ad.value_and_grad(program, (0, 1))(X, 1.5)
    total = np.sum(X)
    assert found[0] == pytest.approx(2.0 * total + 2.0 * 1.5**2 + total * total)
    np.testing.assert_allclose(found[1][0], 2.0 + 2.0 * total * np.ones(2))
    assert found[1][1] == pytest.approx(4.0 * 1.5)


def test_matrices_of_numbers() -> None:
    same(lambda x: ad.jacobian(cubic)(x) + ad.hessian(cubic)(x) * 2.0, 1.3)
    slopes = ad.jacobian(lambda t, a: a * math.sin(t), (0, 1))
    same(lambda t, a: np.sum(slopes(t, a)[0] ** 2) + np.sum(slopes(t, a)[1]) * t, 0.4, X)


def test_functions_that_write_their_argument() -> None:
    def relaxed(x):
        x[1:] = x[1:] * x[:-1]
        return np.sum(x * x)

    def program(x):
        matrix = ad.hessian(relaxed)(x)
        product = ad.hvp(relaxed)(x, x)
        value, pullback = ad.vjp(relaxed, x)
        return np.sum(matrix @ x - product * 2.0) + ad.jvp(relaxed, (x,), (x,))[1] + value + np.sum(pullback(x[0])[0])

    same(program, np.array([0.7, 1.2, -0.4]))


def test_directions_left_out() -> None:
    def scaled(a, k, b):
        return a * k * b

    def program(a, b):
        tangent = ad.jvp(scaled, (a, 3, b), (1.0, None, None))[1]
        by_b = ad.jvp(scaled, (a, 3, b), 2.0, argnums=2)[1]
        first, second, third = ad.vjp(scaled, a, 3, b, argnums=(0,))[1](1.0)
        assert second is None
        assert third is None
        return tangent * by_b * first

    found = ad.value_and_grad(program, (0, 1))(2.0, 0.5)
    assert found[0] == pytest.approx(3.0 * 0.5 * 6.0 * 2.0 * 3.0 * 0.5)


def test_aux_beside_directional_derivatives() -> None:
    def pair(u):
        return u * u, {"kept": u + 1.0}

    def program(u):
        out, tangent, aux = ad.jvp(pair, (u,), (u,), has_aux=True)
        value, pullback, other = ad.vjp(pair, u, has_aux=True)
        product, last = ad.hvp(lambda v: (np.sum(v**3), v[0]), has_aux=True)(u, u)
        return np.sum(out * aux["kept"] + tangent + value * other["kept"] + pullback(u)[0] + product) * last

    same(program, X)


def test_functions_of_the_program() -> None:
    def program(w, x):
        scale = np.sum(x)

        def energy(u, *, power=2, weight=1.0):
            return np.sum(u**power * x) * scale * weight

        value, (slope,) = ad.value_and_grad(lambda t, k=2.0: math.sin(t * k) * scale, argnums=(0,))(w[1])
        by_name = ad.grad(energy, "weight")(w, power=3, weight=w[0])
        twice = ad.grad(ad.grad(lambda t: t**4 * w[0]))(w[1])
        matrix = ad.jacobian(ad.grad(lambda u: np.sum(u**3) * w[0]))(w)
        return np.sum(ad.grad(energy)(w) * x) + value + slope + by_name + twice + np.sum(matrix)

    same(program, W, X)


def test_what_an_inner_function_writes_is_not_written() -> None:
    def program(x):
        y = x * 1.0

        def product(u):
            y[0] = u * y[0]
            return y[0] * y[1]

        return ad.grad(product)(x[0]) + y[0]

    value, slope = ad.value_and_grad(program)(X)
    assert value == program(X) == 3.0
    np.testing.assert_allclose(slope, [3.0, 1.0])


def test_integers_on_which_shapes_depend() -> None:
    def program(x, n):
        return ad.grad(lambda u, k: np.sum(np.ones(k) * u**2))(x, n)

    assert ad.grad(program)(2.0, 3) == 6.0
    assert ad.grad(program)(2.0, 5) == 10.0


def test_inside_loops_and_items() -> None:
    def program(w):
        total = 0.0
        for k in range(len(w)):
            out, pullback = ad.vjp(lambda t: t**3 * w[k], w[k])  # noqa: B023
            total += pullback(out)[0]
        return total + np.sum(ad.batched(ad.grad(lambda t: t**3 * w[0]))(w))

    same(program, W)


def test_newton_with_a_slope_of_its_own() -> None:
    def root(a, b):
        z = 1.0
        for _ in range(6):
            value, slope = ad.value_and_grad(lambda t: t**3 + b * t - a)(z)
            z = z - value / slope
        return z

    assert ad.grad(root).primal(2.0, 1.0) == pytest.approx(1.0)
    assert ad.grad(root, (0, 1))(2.0, 1.0) == pytest.approx((0.25, -0.25), rel=1e-9)


def test_a_recurrence_in_an_inner_function() -> None:
    def program(w, x):
        scale = np.sum(x)

        def energy(u):
            for _ in range(2):
                u = u * np.tanh(x) + 0.1 * scale
            return np.sum(u**2)

        return ad.grad(energy)(w) @ ad.jacobian(lambda u: u * np.sum(u) * x)(w) @ x + ad.hvp(energy)(w, x)[0]

    same(program, W, X)


def branching(x):
    if x > 1:
        _, pullback = ad.vjp(cubic, x)
    else:
        _, pullback = ad.vjp(cubic, 2 * x)
    return pullback(1.0)[0]


def kept_from_a_loop(x, n):
    for _ in range(n):
        _, pullback = ad.vjp(cubic, x)
    return pullback(1.0)[0]


def changing_a_list(x):
    seen = [x]

    def square(u):
        seen.append(u)
        return u * u

    return ad.grad(square)(x) + len(seen)


def raising(x):
    def failing(u):
        raise ValueError("no")

    return ad.grad(failing)(x)


MISTAKES = [
    (branching, (2.0,), ad.TypeProblem, "'pullback' holds another object"),
    (kept_from_a_loop, (2.0, 3), ad.ADCompilerError, ""),
    (changing_a_list, (2.0,), ad.UnsupportedSyntax, "changes a list of the program"),
    (raising, (2.0,), ad.UnsupportedSyntax, "always raises"),
    (lambda x: ad.grad(lambda u: None)(x), (2.0,), ad.NotDifferentiable, "returns None"),
    (lambda x: ad.grad(lambda u: u * x)(x)[0], (X,), ad.NotDifferentiable, "an array of shape"),
    (lambda x: ad.jvp(lambda a: a * 2, (x,), (x[1:],))[1][0], (X,), ValueError, "another shape than a"),
    (lambda x: ad.jvp(lambda a: a * 2, (x,), (x[0],))[1][0], (X,), ad.TypeProblem, "has rank 0, where a has rank 1"),
    (lambda x: ad.jvp(cubic, (x,), (1.0, 1.0))[1], (2.0,), ad.TypeProblem, "1 directions are needed"),
    (lambda x: ad.vjp(lambda a: (a, a), x)[1](x)[0], (2.0,), ad.TypeProblem, "is a tuple of 2"),
    (lambda x: ad.vjp(cubic, x)[1](x, x)[0], (2.0,), ad.TypeProblem, "takes one cotangent"),
    (lambda x: ad.vjp(cubic, x, fastmath=False)[0], (2.0,), ad.UnsupportedSyntax, "the option 'fastmath' of vjp"),
    (lambda x: ad.jacobian(lambda u: u, mode="sparse")(x)[0, 0], (X,), ad.UnsupportedSyntax, "mode 'sparse'"),
    (lambda x: ad.hvp(cubic)(v=1.0), (2.0,), ad.TypeProblem, "missing a required argument"),
    (lambda x: ad.jacobian(lambda u: len(u))(x), (X,), ad.NotDifferentiable, "returns no float"),
]


@pytest.mark.parametrize(("f", "args", "kind", "what"), MISTAKES, ids=[what[-30:] for *_, what in MISTAKES])
def test_mistakes(f: Any, args: tuple[Any, ...], kind: type[Exception], what: str) -> None:
    with pytest.raises(kind) as caught:
        ad.grad(f)(*args)
    assert what in str(caught.value)
