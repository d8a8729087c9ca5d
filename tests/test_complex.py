"""Complex numbers from outside: conventions, refusals, the compiled transform at lengths of every kind."""

from __future__ import annotations

import cmath
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted

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


def holomorphic(z: Any, w: Any) -> Any:
    return {"complex": np.array([z[0] * z[1], z[2] ** 2 + w]), "real": np.abs(z) ** 2 * z[0].imag}


def along(f: Callable[..., Any], z: Any, step: complex) -> Any:
    """Central differences by each entry of `z` along one direction, entries last."""
    return np.stack([(f(z + 1e-6 * step * e) - f(z - 1e-6 * step * e)) / 2e-6 for e in np.eye(z.size)], -1)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_jacobians_of_complex_arguments(mode: str) -> None:
    found = ad.jacobian(holomorphic, (0, 1), mode=mode)(Z, 0.7)
    (by_z, by_w), (real_z, real_w) = found["complex"], found["real"]
    np.testing.assert_allclose(by_z, along(lambda z: holomorphic(z, 0.7)["complex"], Z, 1.0), rtol=0, atol=1e-8)
    np.testing.assert_array_equal(by_w, [0.0, 1.0])
    x, y = (along(lambda z: holomorphic(z, 0.7)["real"], Z, step) for step in (1.0, 1j))
    np.testing.assert_allclose(real_z, x + 1j * y, rtol=0, atol=1e-8)
    assert real_w.dtype == np.float64 and not real_w.any()
    single = ad.jacobian(squares, mode=mode)(Z.astype(np.complex64))
    assert single.dtype == np.complex64
    np.testing.assert_allclose(single, np.diag(2 * Z), rtol=1e-6)


def test_hessian_of_a_complex_argument_is_the_jacobian_of_the_gradient() -> None:
    a = np.array([[2.0, 1j, 0.5], [-1j, 3.0, 1 + 1j], [0.5, 1 - 1j, 1.0]])
    found = ad.hessian(lambda z: (np.conj(z) @ (a @ z)).real)(Z)
    np.testing.assert_allclose(found, 2 * a, atol=1e-14)
    with pytest.raises(TypeError, match="depends on the direction"):
        ad.hessian(lambda z: np.sum((z * z).real))(Z)


@pytest.mark.parametrize("mode", ["forward", "reverse", "sparse"])
def test_what_is_not_holomorphic_has_no_complex_matrix(mode: str) -> None:
    with pytest.raises(TypeError, match="complex"):
        ad.jacobian(lambda z: np.array([1e9 * z[0], np.conj(z[1])]), mode=mode)(Z)


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


def test_complex_eigenvectors_are_refused() -> None:
    with pytest.raises(ad.UnsupportedSyntax, match="eigenvectors"):
        ad.grad(lambda z: np.abs(np.linalg.eigh(np.outer(z, np.conj(z)))[1][0, 0]))(Z)


def scaled(z: Any, a: Any) -> Any:
    return 1j * a * np.conj(z) * z + np.exp(z)


def declared() -> Iterator[Any]:
    """The same with a declared adjoint, and with a declared tangent."""
    by_adjoint, by_tangent = ad.custom_vjp(scaled), ad.custom_jvp(scaled)

    def backward(residuals: Any, bar: Any) -> Any:
        z, a = residuals
        turned = np.real(np.conj(bar) * 1j)
        return 2 * a * turned * z + np.conj(np.exp(z)) * bar, turned * np.abs(z) ** 2

    def tangent(primals: Any, tangents: Any) -> Any:
        (z, a), (z_dot, a_dot) = primals, tangents
        moved = 2 * a * np.real(np.conj(z) * z_dot) + a_dot * np.abs(z) ** 2
        return scaled(z, a), 1j * moved + np.exp(z) * z_dot

    by_adjoint.defvjp(lambda z, a: (scaled(z, a), (z, a)), backward)
    by_tangent.defjvp(tangent)
    yield from (by_adjoint, by_tangent)


def test_declared_derivatives_pair_by_the_direction_of_ascent() -> None:
    a, w = np.array([0.3, -1.2, 0.8]), np.array([1j, 2.0, 1.0 - 1j])

    def loss(f: Any) -> Any:
        return lambda z, a: np.sum(np.abs(w * f(z * z, a)) ** 2 * a)

    def slope(f: Any) -> Any:
        return lambda z, a: np.sum(np.abs(ad.grad(loss(f))(z, a)) ** 2)

    for f in declared():
        with interpreted():
            for made, plain in ((loss(f), loss(scaled)), (slope(f), slope(scaled))):
                for found, wanted in zip(ad.grad(made, (0, 1))(Z, a), ad.grad(plain, (0, 1))(Z, a), strict=True):
                    np.testing.assert_allclose(found, wanted, rtol=1e-12)
            tangents = [ad.jvp(g, (Z, a), (1j * Z, a))[1] for g in (loss(f), loss(scaled))]
            assert tangents[0] == pytest.approx(tangents[1], rel=1e-12)


def cubed(z: Any) -> Any:
    return z * z * z


def modulus(z: Any) -> Any:
    return abs(z)


def test_formulas_are_those_of_holomorphic_functions() -> None:
    ad.rule("cubed(z)", cubed, z="3 * z * z")
    ad.rule("modulus(z)", modulus, z="z")
    with interpreted():
        assert ad.grad(lambda z: cubed(z).imag)(1 + 2j) == pytest.approx(1j * np.conj(3 * (1 + 2j) ** 2))
        with pytest.raises(ad.TypeProblem, match="gives a real number for a complex one"):
            ad.grad(lambda z: modulus(z))(1 + 2j)


@pytest.mark.parametrize("function", [np.arcsinh, np.arccosh, np.exp2])
def test_functions_of_complex_numbers_are_on_the_side_of_a_cut_that_a_zero_tells(
    function: Callable[..., Any],
) -> None:
    def f(z: Any) -> Any:
        return function(z)

    ends = (0.0, -0.0, 0.5, -0.5, 2.0, -2.0)
    for z in (complex(x, y) for x in ends for y in ends):
        value, tangent = ad.jvp(f, (np.array([z]),), (np.ones(1, complex),))
        np.testing.assert_allclose(value, function(np.array([z])), rtol=1e-14, atol=1e-15)
        assert tangent.dtype == np.complex128
