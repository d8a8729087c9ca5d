"""Transformations of transformed functions, and transformed functions called in programs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import adcompiler as ad

GAIN = 2.0


def cubic(x):
    return x**3


def spring(w, x):
    """A recurrence that writes its argument, with a captured number."""
    total = 0.0
    for i in range(1, len(x)):
        x[i] = x[i - 1] * w[0] + w[1]
        total += np.sin(x[i]) * GAIN
    return total


def state() -> tuple[np.ndarray, np.ndarray]:
    return np.array([0.5, 0.7]), np.ones(5)


def hessian_by_differences(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    g, step = ad.grad(spring), 1e-5
    columns = [(g(w + step * e, x) - g(w - step * e, x)) / (2 * step) for e in np.eye(2)]
    return np.array(columns).T


def test_derivatives_of_higher_order() -> None:
    assert ad.grad(ad.grad(ad.grad(cubic)))(2.0) == 6.0
    assert ad.value_and_grad(ad.grad(cubic))(2.0) == (12.0, 12.0)
    assert ad.grad(ad.grad(cubic)).primal(2.0) == 12.0
    assert ad.jvp(ad.grad(ad.grad(cubic)), (2.0,), (1.0,)) == (12.0, 6.0)
    (value, gradient), tangent = ad.jvp(ad.value_and_grad(cubic), (2.0,), (3.0,))
    assert (value, gradient, tangent) == (8.0, 12.0, (36.0, 36.0))


def test_hessian_in_every_mode() -> None:
    w, x = state()
    expected = hessian_by_differences(w, x)
    forward = [ad.jvp(ad.grad(spring), (w, x), (e, None))[1] for e in np.eye(2)]
    _, pullback = ad.vjp(ad.grad(spring), w, x)
    reverse = [pullback(e)[0] for e in np.eye(2)]
    assert np.isfinite(forward).all()
    np.testing.assert_allclose(forward, expected, rtol=1e-8)
    np.testing.assert_allclose(reverse, forward, rtol=1e-13)
    np.testing.assert_array_equal(x, np.ones(5))


def test_gradient_in_a_program() -> None:
    inner = ad.grad(spring)

    def squared(w, x):
        g = inner(w, x)
        return np.sum(g * g) + x[1]

    w, x = state()
    value, gradient = ad.value_and_grad(squared)(w, x)
    slopes = inner(w, x)
    # the call inside leaves x as it was: x[1] is still 1
    assert value == pytest.approx(slopes @ slopes + 1.0, rel=1e-14)
    np.testing.assert_allclose(gradient, 2 * hessian_by_differences(w, x) @ slopes, rtol=1e-8)


def test_gradient_made_in_a_program() -> None:
    def slope(x):
        return ad.grad(cubic)(x) + ad.value_and_grad(cubic, argnums=(0,))(x)[0]

    assert ad.grad(slope)(2.0) == 12.0 + 12.0


def test_structured_results_in_a_program() -> None:
    def loss(p, scale=2.0):
        return scale * p["a"] * p["b"] ** 2, p["a"] + 1.0

    both = ad.value_and_grad(loss, ("scale", "p"), has_aux=True)

    def outer(a, b):
        (value, aux), (by_scale, by_p) = both({"a": a, "b": b}, scale=3.0)
        return value + aux + by_scale * by_p["a"] + by_p["b"]

    def written_out(a, b):
        return 3.0 * a * b * b + a + 1.0 + a * b * b * 3.0 * b * b + 6.0 * a * b

    assert ad.grad(outer).primal(0.7, 1.3) == pytest.approx(written_out(0.7, 1.3), rel=1e-14)
    found, expected = ad.grad(outer, (0, 1))(0.7, 1.3), ad.grad(written_out, (0, 1))(0.7, 1.3)
    assert found == pytest.approx(expected, rel=1e-13)


class Well:
    """A user's class."""

    def __init__(self, depth: float) -> None:
        self.depth = depth

    @ad.grad
    def force(self, x):
        return self.depth * math.cos(x)

    def power(self, x, v):
        return self.force(x) * v


def test_gradient_method_called_by_a_method() -> None:
    well = Well(3.0)
    g = ad.grad(well.power)
    assert g(0.4, 2.0) == pytest.approx(-3.0 * 2.0 * math.cos(0.4), rel=1e-14)
    well.depth = 5.0
    assert g(0.4, 2.0) == pytest.approx(-5.0 * 2.0 * math.cos(0.4), rel=1e-14)


def test_changes_below_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    second = ad.grad(lambda w, x: np.sum(ad.grad(spring)(w, x)))
    w, x = state()
    before = second(w, x)
    monkeypatch.setitem(globals(), "GAIN", 6.0)
    np.testing.assert_allclose(second(w, x), 3.0 * before, rtol=1e-13)


def test_numbers_that_must_be_known_below_are_known() -> None:
    def along(x, axis):
        return np.sum(np.sum(x * x * x, axis=axis) ** 2)

    inner = ad.grad(along)

    def outer(x, axis):
        return np.sum(inner(x, axis) * x)

    x = np.arange(1.0, 7.0).reshape(2, 3)
    for axis in (0, 1):
        # homogeneous of degree 6
        np.testing.assert_allclose(ad.grad(outer)(x, axis), 6.0 * inner(x, axis), rtol=1e-13)


def test_memory_shared_with_what_is_written_is_refused() -> None:
    inner = ad.grad(spring)

    def twice(w):
        return np.sum(inner(w, w))

    with pytest.raises(ad.ADCompilerError, match="may share memory") as caught:
        ad.grad(twice)(np.array([0.5, 0.7, 0.1]))
    assert caught.value.lineno is not None


# -- stop_gradient -----------------------------------------------------------------------------------------------------


def test_stop_gradient_is_the_identity_in_python() -> None:
    x = np.ones(3)
    assert ad.stop_gradient(x) is x
    assert ad.stop_gradient(2) == 2


@pytest.mark.parametrize("x", [3.0, np.float32(3.0), np.array([1.0, 2.0])], ids=["float", "float32", "array"])
def test_nothing_flows_through_stop_gradient(x: Any) -> None:
    def loss(x):
        return np.sum(x * ad.stop_gradient(np.sin(x)))

    value, gradient = ad.value_and_grad(loss)(x)
    assert value == pytest.approx(np.sum(x * np.sin(x)), rel=1e-6)
    np.testing.assert_allclose(gradient, np.sin(x), rtol=1e-6)
    _, tangent = ad.jvp(loss, (x,), (np.ones_like(x),))
    assert tangent == pytest.approx(np.sum(np.sin(x)), rel=1e-6)
    # nor in the second derivative: the gradient is a constant
    _, pullback = ad.vjp(ad.grad(loss), x)
    np.testing.assert_array_equal(pullback(np.ones_like(x))[0], np.zeros_like(x))


def test_stop_gradient_of_structures() -> None:
    def loss(p, n):
        kept = ad.stop_gradient({"p": (p, n), "one": 1.0})
        return p * kept["p"][0] * kept["p"][1] * kept["one"]

    assert ad.grad(loss)(3.0, 2) == 6.0


def test_writing_where_python_would_see_it_is_refused() -> None:
    def writes_the_value(x):
        y = ad.stop_gradient(x)
        y[0] = 3.0
        return np.sum(x * y)

    def writes_below(x):
        y = ad.stop_gradient(x)
        x[0] = 3.0
        return np.sum(x * y)

    def writes_a_copy(x):
        y = ad.stop_gradient(x.copy())
        y[0] = 3.0
        return np.sum(x * y)

    for function in (writes_the_value, writes_below):
        with pytest.raises(ad.UnsupportedSyntax) as caught:
            ad.grad(function)(np.array([1.0, 2.0]))
        assert ".copy()" in caught.value.fix
    np.testing.assert_array_equal(ad.grad(writes_a_copy)(np.array([1.0, 2.0])), [3.0, 2.0])
