"""Functions mapped over leading axes, compiled: every transformation of them."""

from __future__ import annotations

import inspect
import math

import numpy as np

import adcompiler as ad

W = np.array([1.0, -2.0, 0.5])
X = np.arange(12.0).reshape(4, 3) / 7.0
Y = np.array([0.3, -0.2, 1.1, 0.6])


def error(w, x, y):
    return (math.tanh(w @ x) - y) ** 2


errors = ad.batched(error, in_axes=(None, 0, 0))


def total(w, x, y):
    return np.sum(errors(w, x, y) * np.arange(1.0, 5.0))


def test_values_are_those_of_the_items() -> None:
    expected = [error(W, x, y) for x, y in zip(X, Y, strict=True)]
    np.testing.assert_allclose(errors(W, X, Y), expected, rtol=1e-14)


def test_every_transformation_of_a_batched_function() -> None:
    rows = np.array([ad.grad(error)(W, x, y) for x, y in zip(X, Y, strict=True)])
    v = np.array([0.2, 0.4, -1.0])
    np.testing.assert_allclose(ad.jacobian(errors)(W, X, Y), rows, rtol=1e-12)
    np.testing.assert_allclose(ad.jvp(errors, (W, X, Y), (v, None, None))[1], rows @ v, rtol=1e-12)
    np.testing.assert_allclose(ad.vjp(errors, W, X, Y)[1](Y)[0], Y @ rows, rtol=1e-12)
    hessians = [ad.hessian(error)(W, x, y) for x, y in zip(X, Y, strict=True)]
    expected = sum(k * h for k, h in enumerate(hessians, 1))
    np.testing.assert_allclose(ad.hessian(total)(W, X, Y), expected, rtol=1e-11)
    np.testing.assert_allclose(ad.hvp(total)(W, X, Y, v), expected @ v, rtol=1e-11)
    np.testing.assert_allclose(ad.jacobian(ad.grad(total))(W, X, Y), expected, rtol=1e-11)
    ad.gradcheck(total, W, X, Y, order=2)


def test_metadata_and_inspection() -> None:
    assert errors.__name__ == "error"
    assert str(inspect.signature(ad.batched(lambda x, n=2: x * n))) == "(x, n=2)"
    assert repr(errors) == "<batched error>"
    assert errors.primal is errors
    assert "for i in range(" in errors.lowered_source(W, X, Y)
    np.testing.assert_allclose(errors.dispatcher(W, X, Y)(W, X, Y), errors(W, X, Y), rtol=1e-15)
