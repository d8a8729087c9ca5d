"""Functions mapped over leading axes, against a plain loop over the items."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted

W = np.array([1.0, -2.0, 0.5])
X = np.arange(12.0).reshape(4, 3) / 7.0
Y = np.array([0.3, -0.2, 1.1, 0.6])


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    """The generated code runs as plain Python."""
    with interpreted():
        yield


def error(w, x, y):
    return (math.tanh(w @ x) - y) ** 2


def features(x, n=2):
    return np.array([np.sum(x) ** n, x[0] * x[1]]), {"norm": np.sqrt(np.sum(x * x)), "big": x[0] > 0.5}


errors = ad.batched(error, in_axes=(None, 0, 0))


def total(w, x, y):
    return np.sum(errors(w, x, y) * np.arange(1.0, 5.0))


def test_gradients_of_items() -> None:
    values, (by_w, by_x) = ad.batched(ad.value_and_grad(error, (0, 1)), in_axes=(None, 0, 0))(W, X, Y)
    single = ad.value_and_grad(error, (0, 1))
    for k in range(4):
        value, (one_w, one_x) = single(W, X[k], Y[k])
        np.testing.assert_allclose(values[k], value, rtol=1e-14)
        np.testing.assert_allclose(by_w[k], one_w, rtol=1e-13)
        np.testing.assert_allclose(by_x[k], one_x, rtol=1e-13)


def test_gradient_of_a_shared_argument_is_the_sum_over_items() -> None:
    rows = [ad.grad(error, (0, 1, 2))(W, x, y) for x, y in zip(X, Y, strict=True)]
    by_w, by_x, by_y = ad.grad(total, (0, 1, 2))(W, X, Y)
    weights = np.arange(1.0, 5.0)
    np.testing.assert_allclose(by_w, sum(weight * row[0] for weight, row in zip(weights, rows, strict=True)))
    np.testing.assert_allclose(by_x, [weight * row[1] for weight, row in zip(weights, rows, strict=True)])
    np.testing.assert_allclose(by_y, [weight * row[2] for weight, row in zip(weights, rows, strict=True)])


def test_batched_of_batched() -> None:
    twice = ad.batched(errors, in_axes=(0, None, None))
    both = np.stack([W, 2.0 * W])
    np.testing.assert_allclose(twice(both, X, Y), [errors(W, X, Y), errors(2.0 * W, X, Y)], rtol=1e-14)
    slopes = ad.batched(ad.grad(lambda w, x, y: np.sum(errors(w, x, y))), in_axes=(0, None, None))(both, X, Y)
    plain = ad.grad(lambda w, x, y: np.sum(errors(w, x, y)))
    np.testing.assert_allclose(slopes, [plain(w, X, Y) for w in both], rtol=1e-13)
    ad.gradcheck(lambda w: np.sum(np.sin(twice(w, X, Y))), both)


def test_structures_of_results() -> None:
    pairs, rest = ad.batched(features)(X)
    np.testing.assert_allclose(pairs, [features(x)[0] for x in X])
    np.testing.assert_allclose(rest["norm"], [features(x)[1]["norm"] for x in X])
    assert rest["big"].dtype == bool
    assert rest["big"].tolist() == [features(x)[1]["big"] for x in X]
    cubes, _ = ad.batched(features, in_axes=(0, None))(X, 3)
    np.testing.assert_allclose(cubes[:, 0], np.sum(X, axis=1) ** 3)
    ints, none = ad.batched(lambda x: (len(x), None))(X)
    assert none is None
    assert ints.tolist() == [3, 3, 3, 3]
    assert ad.batched(lambda x: x * 2)(X.astype(np.float32)).dtype == np.float32


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Ball:
    mass: Any
    place: Any


def test_structures_of_arguments() -> None:
    scaled = ad.batched(lambda p, k: p.x * k["a"] + p.y, in_axes=(Point(0, None), {"a": None}))
    np.testing.assert_allclose(scaled(Point(X, W), {"a": 2.0}), 2.0 * X + W)
    moved = ad.batched(lambda b, t: Ball(b.mass, b.place + t), in_axes=(0, None))(Ball(Y, X), 1.0)
    assert isinstance(moved, Ball)
    np.testing.assert_array_equal(moved.mass, Y)
    np.testing.assert_array_equal(moved.place, X + 1.0)
    nested = ad.batched(lambda t: t[0] * t[1][0], in_axes=((0, [1]),))((Y, [X.T]))
    np.testing.assert_allclose(nested, Y[:, None] * X)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_axes_other_than_the_first(axis: int) -> None:
    x = np.arange(24.0).reshape(2, 3, 4) ** 0.5
    norm = ad.batched(lambda a: np.sum(a[0] * a[-1]), in_axes=axis)
    moved = np.moveaxis(x, axis, 0)
    np.testing.assert_allclose(norm(x), [np.sum(a[0] * a[-1]) for a in moved], rtol=1e-14)
    ad.gradcheck(lambda x: np.sum(norm(x) ** 2), x)


def test_no_items() -> None:
    assert ad.batched(features)(X[:0])[0].shape == (0, 2)
    value, (by_w, by_x) = ad.value_and_grad(lambda w, x, y: np.sum(errors(w, x, y)), (0, 1))(W, X[:0], Y[:0])
    assert value == 0.0
    assert by_w.tolist() == [0.0, 0.0, 0.0]
    assert by_x.shape == (0, 3)


def test_extents_that_the_function_computes() -> None:
    longer = ad.batched(lambda x: np.concatenate((x, x[1:], np.zeros(2 * len(x) + 1))))
    assert longer(X).shape == (4, 12)
    halves = ad.batched(lambda x: x[::2] * 2.0)
    np.testing.assert_array_equal(halves(X), X[:, ::2] * 2.0)
    captured = ad.batched(lambda y: W * y)
    np.testing.assert_array_equal(captured(Y), W * Y[:, None])


def test_strided_arguments() -> None:
    wide = np.arange(48.0).reshape(8, 6)
    double = ad.batched(lambda x: np.sum(x**2))
    for x in (wide[::2], wide[:, ::-1], wide.T, np.asfortranarray(wide)):
        np.testing.assert_allclose(double(x), np.sum(x**2, axis=1))


def test_arguments_by_name_and_left_out() -> None:
    def affine(x, a=2.0, b=1.0, *, c=0.0):
        return x * a + b + c

    assert ad.batched(affine)(Y).tolist() == (Y * 2.0 + 1.0).tolist()
    assert ad.batched(affine, in_axes=(0, None, None))(Y, b=3.0).tolist() == (Y * 2.0 + 3.0).tolist()
    np.testing.assert_allclose(ad.batched(affine)(Y, c=Y), Y * 3.0 + 1.0)
    np.testing.assert_allclose(ad.batched(affine)(x=Y, b=Y), Y * 3.0)
    np.testing.assert_allclose(ad.batched(lambda *parts: parts[0] * parts[1])(Y, Y), Y * Y)

    def inside(y):
        return np.sum(ad.batched(affine, (0, None))(y, a=3.0, c=y))

    np.testing.assert_allclose(ad.grad(inside)(Y), np.full(4, 4.0))


def test_equal_batches_share_what_is_compiled() -> None:
    spring = Spring()
    assert ad.batched(error, (None, 0, 0)).subject is ad.batched(error, (None, 0, 0)).subject
    assert ad.batched(error, (None, 0, 0)).subject is not ad.batched(error, (0, None, 0)).subject
    assert spring.force.subject is spring.force.subject
    assert spring.force.subject is not Spring().force.subject


class Spring:
    def __init__(self) -> None:
        self.k = 3.0

    @ad.batched
    def force(self, x):
        return -self.k * x

    @ad.batched(in_axes=(0, None))
    def work(self, x, s):
        return np.sum(self.k * x * s)


def test_methods() -> None:
    spring = Spring()
    np.testing.assert_array_equal(spring.force(X), -3.0 * X)
    np.testing.assert_allclose(spring.work(X, 2.0), 6.0 * np.sum(X, axis=1))
    np.testing.assert_array_equal(Spring.force(spring, X), -3.0 * X)
    np.testing.assert_allclose(Spring.work(spring, X, 2.0), 6.0 * np.sum(X, axis=1))
    spring.k = 5.0
    np.testing.assert_array_equal(spring.force(X), -5.0 * X)
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(spring.force(x) ** 2))(X), 50.0 * X)


def test_functions_made_in_the_program() -> None:
    def fit(w, x):
        near = ad.batched(lambda row, s=2.0: np.sum((row - w) ** 2) * s)

        def far(row, a):
            return math.exp(-(row @ a))

        return np.sum(near(x)) + np.sum(ad.batched(far, (0, None))(x, w))

    def written_out(w, x):
        total = 0.0
        for row in x:
            total += 2.0 * np.sum((row - w) ** 2) + math.exp(-(row @ w))
        return total

    found, expected = ad.value_and_grad(fit, (0, 1))(W, X), ad.value_and_grad(written_out, (0, 1))(W, X)
    np.testing.assert_allclose(found[0], expected[0])
    for one, other in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def scaled_by_all_before(seen, x):
    seen[0] = seen[0] * x[1]
    return seen[0]


def test_a_shared_list_is_changed_for_the_items_after() -> None:
    running = ad.batched(scaled_by_all_before, in_axes=(None, 0))

    def product(x):
        seen = [1.0]
        return np.sum(running(seen, x)) + seen[0]

    def written_out(x):
        return np.sum(np.cumprod(x[:, 1])) + np.prod(x[:, 1])

    (value, slope), (plain, expected) = ad.value_and_grad(product)(X), ad.value_and_grad(written_out)(X)
    assert value == pytest.approx(plain, rel=1e-14)
    np.testing.assert_allclose(slope, expected, rtol=1e-12)


def test_declared_derivatives() -> None:
    @ad.custom_vjp
    def clipped(x):
        return min(x, 0.5)

    clipped.defvjp(lambda x: (min(x, 0.5), None), lambda _, cotangent: (2.0 * cotangent,))
    np.testing.assert_array_equal(ad.batched(clipped)(Y), np.minimum(Y, 0.5))
    np.testing.assert_array_equal(ad.batched(ad.grad(clipped))(Y), np.full(4, 2.0))
    np.testing.assert_array_equal(ad.grad(lambda y: np.sum(ad.batched(clipped)(y)))(Y), np.full(4, 2.0))


MISTAKES = [
    (errors, (W, X, Y[:3]), ValueError, "'x' of error() and argument 'y' of error() differ in the number of items"),
    (errors, (W, X, 1.0), ad.TypeProblem, "argument 'y' of error() is a number, which has no axis 0"),
    (errors, (W, [1.0, 2.0], Y), ad.TypeProblem, "argument 'x' of error()[0] is a number"),
    (ad.batched(error, (None, 2, 0)), (W, X, Y), ad.TypeProblem, "is an array of rank 2, which has no axis 2"),
    (ad.batched(error, (None, 0)), (W, X, Y), ad.TypeProblem, "in_axes has 2 entries, and error() was given more"),
    (ad.batched(features, (0, None, 0)), (X, 2), ad.TypeProblem, "in_axes has 3 entries, and features() takes 2"),
    (ad.batched(features, (None, 0)), (X,), ad.TypeProblem, "features() maps over none of its arguments"),
    (ad.batched(lambda p: p[0], ((0,),)), ((X, X),), ad.TypeProblem, "which has 2 parts"),
    (ad.batched(lambda p: p["a"], ({"b": 0},)), ({"a": X},), ad.TypeProblem, "does not have the keys"),
    (ad.batched(lambda p: p, ({"b": 0},)), (X,), ad.TypeProblem, "does not have the structure"),
    (ad.batched(lambda x: np.zeros(int(x[0]))), (X,), ad.TypeProblem, "may differ from item to item"),
    (ad.batched(lambda x: "text"), (X,), ad.TypeProblem, "a value of type str, which cannot be stacked"),
    (ad.grad(errors), (W, X, Y), ad.NotDifferentiable, "one number; error() returns an array of shape (4,)"),
]


@pytest.mark.parametrize(("f", "args", "kind", "what"), MISTAKES, ids=[what[-30:] for *_, what in MISTAKES])
def test_mistakes(f: Any, args: tuple[Any, ...], kind: type[Exception], what: str) -> None:
    with pytest.raises(kind) as caught:
        f(*args)
    assert what in str(caught.value)


def test_mistakes_at_once() -> None:
    with pytest.raises(ValueError, match="needs an axis to map over"):
        ad.batched(error, in_axes=(None, None, None))
    with pytest.raises(TypeError, match="in_axes must hold axes and None, not 'x'"):
        ad.batched(error, in_axes=("x", 0))
    with pytest.raises(TypeError, match="needs a function, not 3"):
        ad.batched(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unknown option 'threads'"):
        ad.batched(error, threads=2)


def test_an_error_in_an_item() -> None:
    with pytest.raises(IndexError):
        ad.batched(lambda x, k: x[k])(X, np.array([0, 1, 5, 2]))
