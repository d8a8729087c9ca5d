"""Jacobians, Hessians and products with them: values, structures, modes, and whole programs."""

from __future__ import annotations

import pickle
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.calls.matrices.dense import LANES
from tests.support.cases import interpreted
from tests.support.registry import PROGRAMS, load_programs
from tests.support.trees import leaves

STEPS = (1e-4, 1e-5, 1e-6)


def smoothed(x, rate):
    """A recurrence with a branch, whose results are an array."""
    y = np.empty(x.shape[0])
    s = 0.0
    for i in range(x.shape[0]):
        s = rate * s + np.sin(x[i]) * x[0]
        if s > 0.3:
            y[i] = s * s
        else:
            y[i] = np.exp(s)
    return y


def energy(x, rate):
    return np.sum(smoothed(x, rate) ** 2)


def parts(x, k):
    return {"scaled": k * x, "pair": (np.sum(x) ** 2, x[0] * x)}


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(size=LANES + 5)


def columns_by_differences(f: Any, x: np.ndarray, *rest: Any) -> np.ndarray:
    """The best of central differences with several steps, by Richardson's error estimate between neighbours."""
    found = [
        np.stack([(f(x + h * e, *rest) - f(x - h * e, *rest)) / (2 * h) for e in np.eye(x.size)], -1) for h in STEPS
    ]
    errors = [np.max(np.abs(a - b)) for a, b in pairwise(found)]
    return found[int(np.argmin(errors)) + 1]


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
def test_jacobian(x: np.ndarray, mode: str) -> None:
    found = ad.jacobian(smoothed, mode=mode)(x, 0.9)
    assert found.shape == (x.size, x.size) and np.isfinite(found).all()
    np.testing.assert_allclose(found, columns_by_differences(smoothed, x, 0.9), rtol=1e-7, atol=1e-8)


def test_hessian(x: np.ndarray) -> None:
    found = ad.hessian(energy)(x, 0.9)
    assert found.shape == (x.size, x.size) and np.isfinite(found).all()
    np.testing.assert_allclose(found, found.T, rtol=1e-10, atol=1e-10 * np.abs(found).max())
    np.testing.assert_allclose(found, columns_by_differences(ad.grad(energy), x, 0.9), rtol=1e-6, atol=1e-6)


def test_product_with_the_hessian(x: np.ndarray) -> None:
    v = np.random.default_rng(1).normal(size=x.size)
    product, whole = ad.hvp(energy)(x, 0.9, v), ad.hessian(energy)(x, 0.9)
    np.testing.assert_allclose(product, whole @ v, rtol=1e-12)
    np.testing.assert_array_equal(ad.hvp(energy)(x, 0.9, v=v), product)
    by_x, by_rate = ad.hvp(energy, ("x", "rate"))(x, 0.9, (v, 0.0))
    np.testing.assert_allclose(by_x, product, rtol=1e-12)
    assert isinstance(by_rate, float)


def test_blocks_of_several_arguments(x: np.ndarray) -> None:
    (xx, xr), (rx, rr) = ad.hessian(energy, (0, 1))(x, 0.9)
    assert xx.shape == (x.size, x.size) and xr.shape == rx.shape == (x.size,) and isinstance(rr, float)
    np.testing.assert_allclose(xr, rx, rtol=1e-10)
    h = 1e-5
    by_rate = (ad.grad(energy)(x, 0.9 + h) - ad.grad(energy)(x, 0.9 - h)) / (2 * h)
    np.testing.assert_allclose(xr, by_rate, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_structures(mode: str) -> None:
    x = np.array([1.0, 2.0])
    found = ad.jacobian(parts, ("x", "k"), mode=mode)(x, 3.0)
    (scaled_x, scaled_k), ((total_x, total_k), (first_x, first_k)) = found["scaled"], found["pair"]
    np.testing.assert_array_equal(scaled_x, 3.0 * np.eye(2))
    np.testing.assert_array_equal(scaled_k, x)
    np.testing.assert_array_equal(total_x, [6.0, 6.0])
    assert total_k == 0.0 and isinstance(total_k, float)
    np.testing.assert_array_equal(first_x, [[2.0, 0.0], [2.0, 1.0]])
    np.testing.assert_array_equal(first_k, [0.0, 0.0])


def solved(a):
    return np.linalg.solve(a, np.array([1.0, 2.0, -1.0]))


def factor(a):
    return np.linalg.cholesky(a @ a.T + 3.0 * np.eye(3)) * np.linalg.det(a)


def spectrum(a):
    return np.abs(np.fft.fft(a.ravel())) ** 2


@pytest.mark.parametrize("function", [solved, factor, spectrum])
def test_calls_of_a_library_know_no_lanes(function: Any) -> None:
    a = np.random.default_rng(3).normal(size=(3, 3)) + 2.0 * np.eye(3)
    forward, reverse = (ad.jacobian(function, mode=mode)(a) for mode in ("forward", "reverse"))
    assert np.isfinite(forward).all()
    np.testing.assert_allclose(forward, reverse, rtol=1e-10, atol=1e-12)
    flat = columns_by_differences(lambda v: function(v.reshape(3, 3)), a.ravel())
    np.testing.assert_allclose(forward.reshape(flat.shape), flat, rtol=1e-6, atol=1e-6)


def test_numbers_and_ranks() -> None:
    assert ad.jacobian(lambda a: a * a)(3.0) == 6.0
    assert ad.hessian(lambda a: a**3)(2.0) == 12.0
    outer = ad.jacobian(lambda a: np.outer(a, a))(np.array([1.0, 2.0]))
    assert outer.shape == (2, 2, 2)
    np.testing.assert_array_equal(outer[0, 1], [2.0, 1.0])
    empty = ad.jacobian(lambda a: 2.0 * a)(np.zeros(0))
    assert empty.shape == (0, 0)


def test_single_precision() -> None:
    x = np.array([1.0, 2.0], np.float32)
    for mode in ("forward", "reverse"):
        found = ad.jacobian(lambda a, w: a * a * w, mode=mode)(x, 0.5)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, np.diag(x))


def test_a_written_argument_is_left_alone() -> None:
    def doubled(x):
        for i in range(1, x.shape[0]):
            x[i] = x[i] * x[i - 1]
        return x

    x = np.array([1.0, 2.0, 3.0])
    for mode in ("forward", "reverse"):
        found = ad.jacobian(doubled, mode=mode)(x)
        np.testing.assert_array_equal(found, [[1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [6.0, 3.0, 2.0]])
    np.testing.assert_array_equal(x, [1.0, 2.0, 3.0])


def test_aux() -> None:
    def f(x):
        return np.sum(x**2), x + 1.0

    x = np.array([1.0, 2.0])
    for transform, expected in ((ad.jacobian, 2 * x), (ad.hessian, 2 * np.eye(2))):
        found, aux = transform(f, has_aux=True)(x)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(aux, x + 1.0)
    found, aux = ad.hvp(f, has_aux=True)(x, np.ones(2))
    np.testing.assert_array_equal(found, [2.0, 2.0])
    np.testing.assert_array_equal(aux, x + 1.0)


class Model:
    scale = 3.0

    @ad.hessian
    def loss(self, x):
        return self.scale * np.sum(x**2)


@ad.jacobian(mode="reverse")
def decorated(x):
    return x**2


def test_methods_and_pickles() -> None:
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(Model().loss(x), 6.0 * np.eye(2))
    assert decorated.mode == "reverse"
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    again = pickle.loads(pickle.dumps(ad.jacobian(smoothed, mode="forward")))
    assert again.mode == "forward" and again.kind == "jacobian"


def test_inspection(x: np.ndarray) -> None:
    source = ad.jacobian(smoothed, mode="forward").adjoint_source(x, 0.9)
    assert "for lane in range(lanes)" in source and "# " in source
    assert "lanes" in ad.hessian(energy).lowered_source(x, 0.9)
    assert "active" in ad.hvp(energy).explain(x, 0.9, np.ones_like(x))


def test_mistakes(x: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no mode 'sideways'; choose one of: 'auto', 'forward', 'reverse'"):
        ad.jacobian(smoothed, mode="sideways")
    with pytest.raises(ad.NotDifferentiable, match="an array of shape"):
        ad.hessian(smoothed)(x, 0.9)
    with pytest.raises(ad.NotDifferentiable, match="returns no float"):
        ad.jacobian(lambda a: a.shape[0])(x)
    with pytest.raises(ad.TypeProblem, match="shape"):
        ad.hvp(energy)(x, 0.9, x[1:])
    with pytest.raises(TypeError, match="needs a function"):
        ad.hvp(3.0)


SAMPLE = [p.name for p in load_programs() if zlib.crc32(p.name.encode()) % 7 == 1]


@pytest.mark.parametrize("name", SAMPLE)
def test_modes_agree_in_whole_programs(name: str) -> None:
    program = PROGRAMS[name]
    with interpreted(), np.errstate(all="ignore"):
        try:
            found = [
                ad.jacobian(program.function, program.argnums, mode=m)(*program.args()) for m in ("forward", "reverse")
            ]
        except ad.ADCompilerError as error:
            assert program.refusable or "complex" in error.what, error
            return
    forward, reverse = map(leaves, found)
    assert len(forward) == len(reverse) > 0
    for a, b in zip(forward, reverse, strict=True):
        assert np.shape(a) == np.shape(b) and np.isfinite(a).all()
        single = "float32" in {np.asarray(a).dtype.name, *(str(getattr(x, "dtype", "")) for x in program.args())}
        np.testing.assert_allclose(a, b, rtol=1e-3 if single else 1e-9, atol=1e-4 if single else 1e-10)
