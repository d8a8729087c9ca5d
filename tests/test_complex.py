"""Complex numbers from outside: conventions, refusals, the compiled transform at lengths of every kind."""

from __future__ import annotations

import cmath
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad

Z = np.array([1.0 + 2.0j, 0.5 - 1.0j, -0.3 + 0.4j])


def squares(z: Any) -> Any:
    return z * z


def moduli(z: Any) -> Any:
    return np.abs(z)


def transform(z: Any) -> Any:
    return np.fft.fft(z)


def first(z: Any) -> Any:
    return z[0]


def write_a_part(z: Any) -> Any:
    z.real[0] = 2.0
    return z.imag[0]


def as_float(z: Any) -> Any:
    return float(z[0])


def ordered(z: Any) -> Any:
    return 1.0 if z[0] < 1j else z.real[0]


def largest(z: Any) -> Any:
    return np.max(z).real


def into_reals(z: Any) -> Any:
    x = np.zeros(3)
    x[0] = z[0]
    return x[0]


@pytest.mark.parametrize("function", [write_a_part, as_float, ordered, largest, into_reals])
def test_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(ad.ADCompilerError) as caught:
        ad.grad(function)(Z)
    assert caught.value.fix


def test_a_complex_output_of_grad_is_a_type_error_that_proposes_vjp() -> None:
    with pytest.raises(TypeError, match="vjp"):
        ad.grad(first)(Z)


def test_matrices_of_derivatives_are_refused() -> None:
    with pytest.raises(TypeError, match="complex"):
        ad.jacobian(squares)(Z)


def test_pullback_of_a_holomorphic_function_conjugates_its_derivative() -> None:
    bar = np.array([1j, 1.0, 2.0 - 1j])
    out, pullback = ad.vjp(squares, Z)
    np.testing.assert_allclose(out, Z * Z)
    np.testing.assert_allclose(pullback(bar)[0], np.conj(2 * Z) * bar)
    with pytest.raises(ad.TypeProblem, match="complex"):
        ad.vjp(moduli, Z)[1](bar)


@pytest.mark.parametrize("n", [1, 2, 3, 12, 17, 26, 97, 128, 1009])
def test_transform_of_any_length(n: int) -> None:
    rng = np.random.default_rng(n)
    z, bar = (rng.normal(size=n) + 1j * rng.normal(size=n) for _ in range(2))
    out, pullback = ad.vjp(transform, z)
    np.testing.assert_allclose(out, np.fft.fft(z), rtol=0, atol=1e-13 * n)
    np.testing.assert_allclose(pullback(bar)[0], np.fft.ifft(bar, norm="forward"), rtol=0, atol=1e-13 * n)


def test_functions_of_cmath() -> None:
    def f(z: complex) -> float:
        r, phi = cmath.polar(cmath.exp(z) * cmath.sqrt(z) + cmath.log(z))
        return r * phi

    z, step = 0.7 + 0.4j, 1e-6
    wanted = (f(z + step) - f(z - step)) / (2 * step) + 1j * (f(z + 1j * step) - f(z - 1j * step)) / (2 * step)
    assert ad.grad(f)(z) == pytest.approx(wanted, rel=1e-8)
