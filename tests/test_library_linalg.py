"""What the library promises of matrices beyond values: layouts, errors, degenerate cases, views, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
import scipy.linalg
import scipy.special

import adcompiler as ad
from adcompiler.backend.cpu import load
from adcompiler.backend.machine_code import _MADE
from adcompiler.emit.functions.opaque import on_its_own
from tests.support.cases import interpreted


def gradient(function: Callable[..., Any], *args: Any) -> Any:
    with interpreted(), np.errstate(all="ignore"):
        return ad.grad(function, cache=False)(*args)


def test_factors_lie_row_by_row_in_memory() -> None:
    """LAPACK leaves them column by column; compiled code must not take the one for the other."""

    def f(a: Any, w: Any) -> Any:
        factors = (np.linalg.inv(a), np.linalg.solve(a, a @ a), np.linalg.cholesky(a), np.linalg.pinv(a))
        total = 0.0
        for factor in factors:
            total = total + np.ravel(factor) @ w + factor.reshape(9)[1]
        return total

    a, w = np.diag([4.0, 5.0, 6.0]) + np.tri(3), np.arange(9.0)
    value, slope = ad.value_and_grad(f)(a, w)
    assert value == pytest.approx(f(a, w), rel=1e-12)
    np.testing.assert_allclose(slope, gradient(f, a, w), rtol=1e-10)


def test_factors_of_any_layout_are_compiled_once() -> None:
    def f(a: Any) -> Any:
        return np.linalg.cholesky(a), np.linalg.eigvalsh(a)

    rng = np.random.default_rng(3)
    a = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    a = (a @ a.conj().T + np.eye(4)).astype(np.complex64)
    for matrix in (a, np.asfortranarray(a), a[::-1, ::-1]):
        for found, want in zip(ad.vjp(f, matrix)[0], f(matrix), strict=True):
            np.testing.assert_allclose(found, want, atol=1e-5)
    for name in ("_ccholesky", "_ceigh", "_finite"):
        made = [one.signature.args[0] for symbol, one in _MADE.items() if symbol.startswith(f"adcompiler.{name}_")]
        assert [kind.layout for kind in made if kind.dtype == numba.complex64] == ["A"], name
    with pytest.raises(np.linalg.LinAlgError, match="infs or NaNs"):
        ad.vjp(f, np.full((2, 2), np.nan, np.complex64))


@pytest.mark.parametrize(("name", "vectors"), [("_lu_back1", False), ("_lu_back_long", True)])
def test_only_loops_over_many_elements_run_with_vectors(name: str, vectors: bool) -> None:
    # a function that another test has compiled shows no lines for LLVM
    function: Any = load(on_its_own(name), name, False)
    function.compile((numba.float64[:, ::1], numba.float64[::1]))
    assert any("x double>" in text for text in function.inspect_llvm().values()) is vectors


@pytest.mark.parametrize("lower", [False, True])
def test_a_triangle_without_a_solution_is_reported_as_scipy_does(lower: bool) -> None:
    def f(a: Any, b: Any) -> Any:
        return np.sum(scipy.linalg.solve_triangular(a, b, lower=lower))

    a, b = np.diag([1.0, 0.0, 2.0]) + np.ones((3, 3)) - np.eye(3), np.ones(3)
    for called in (f, ad.value_and_grad(f), gradient):
        with pytest.raises(np.linalg.LinAlgError, match="singular matrix"):
            called(*(f, a, b) if called is gradient else (a, b))


@pytest.mark.parametrize("name", ["inv", "solve", "cholesky"])
def test_errors_are_those_of_numpy(name: str) -> None:
    functions: dict[str, Callable[[Any], Any]] = {
        "inv": lambda a: np.linalg.inv(a)[0, 0],
        "solve": lambda a: np.linalg.solve(a, a[0])[0],
        "cholesky": lambda a: np.linalg.cholesky(a)[0, 0],
    }
    a = np.array([[0.0, 0.0], [0.0, -1.0]])
    with pytest.raises(np.linalg.LinAlgError):
        functions[name](a)
    with pytest.raises(np.linalg.LinAlgError):
        ad.grad(functions[name])(a)
    if name != "cholesky":
        assert np.isnan(ad.grad(functions[name])(np.full((2, 2), np.nan))).all()


def test_determinant_of_a_singular_matrix() -> None:
    a = np.array([[1.0, 2.0], [2.0, 4.0]])
    np.testing.assert_allclose(gradient(lambda a: np.linalg.det(a), a), [[4.0, -2.0], [-2.0, 1.0]], atol=1e-14)
    assert np.abs(gradient(lambda a: np.linalg.det(a), np.zeros((3, 3)))).max() == 0.0


def test_an_unused_logarithm_of_a_singular_determinant() -> None:
    def f(a: Any) -> Any:
        sign, log = np.linalg.slogdet(a)
        return np.where(sign == 0, np.sum(a * a), log)

    a = np.array([[1.0, 2.0], [2.0, 4.0]])
    np.testing.assert_array_equal(gradient(f, a), 2 * a)


def test_equal_eigenvalues_of_functions_that_do_not_choose() -> None:
    a = np.diag([2.0, 2.0, 5.0])
    np.testing.assert_allclose(gradient(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), a), 2 * a, atol=1e-14)
    np.testing.assert_allclose(gradient(lambda a: np.sum(np.linalg.svd(a)[1] ** 2), a), 2 * a, atol=1e-14)
    assert np.isfinite(gradient(lambda a: np.linalg.norm(a, 2), np.zeros((2, 3)))).all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_terms_of_equal_singular_values_that_cancel_leave_the_derivative_open(sign: float) -> None:
    """The matrix put together again has a derivative of one there, which its factors do not tell: it is not zero."""

    def restored(a: Any) -> Any:
        u, s, vt = np.linalg.svd(a, full_matrices=False)
        again = u * s @ vt
        return again[0, 1] + sign * again[1, 0]

    a, direction = np.diag([2.0, 2.0, 5.0]), np.zeros((3, 3))
    direction[0, 1], direction[1, 0] = 1.0, sign
    assert not np.isfinite(gradient(restored, a)[0, 1])
    with interpreted(), np.errstate(all="ignore"):
        assert not np.isfinite(ad.jvp(restored, (a,), (direction,), cache=False)[1])
    b = np.diag([2.0, 3.0, 5.0])
    np.testing.assert_allclose(gradient(restored, b), direction, atol=1e-14)


def test_one_triangle_is_read() -> None:
    a = np.array([[4.0, 99.0], [1.0, 3.0]])
    for f in (lambda a: np.linalg.cholesky(a)[1, 1], lambda a: np.linalg.eigvalsh(a)[0]):
        value, slope = ad.value_and_grad(f)(a)
        assert value == pytest.approx(f(a), rel=1e-14)
        assert slope[0, 1] == 0.0 and slope[1, 0] != 0.0


def test_norm_at_zero() -> None:
    assert not gradient(lambda v: np.linalg.norm(v), np.zeros(3)).any()
    assert not gradient(lambda v: np.sum(np.linalg.norm(v, axis=1)), np.zeros((2, 3))).any()
    assert np.isnan(gradient(lambda v: np.linalg.norm(v), np.array([np.nan, 1.0]))).all()


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.broadcast_to(x, (2, 3)),
        lambda x: np.broadcast_arrays(x, np.zeros((2, 3)))[0],
        lambda x: np.einsum("i->i", x),
    ],
)
def test_a_write_that_a_view_of_numpy_would_see_is_refused(function: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        z = function(y)
        y[0] = 5.0
        return np.sum(z)

    with pytest.raises(ad.ADCompilerError):
        gradient(f, np.ones(3))


REFUSED = {
    "np.linalg.eigvals": (lambda x: np.linalg.eigvals(x)[0], "np.linalg.eigvalsh"),
    "scipy.special.lambertw": (lambda x: scipy.special.lambertw(x[0, 0]), "docs/rules.md"),
    "scipy.linalg.schur": (lambda x: scipy.linalg.schur(x)[0], "docs/rules.md"),
    "np.sort_complex": (lambda x: np.sort_complex(x)[0], "docs/rules.md"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_functions_are_refused_by_name(name: str) -> None:
    function, fix = REFUSED[name]
    with pytest.raises(ad.MissingRule) as caught:
        gradient(function, np.eye(2))
    assert name in caught.value.what and fix in caught.value.fix and caught.value.lineno is not None


OUTSIDE = {
    "all columns": lambda x: scipy.linalg.qr(x)[0],
    "more vectors": lambda x: np.linalg.svd(x)[0],
    "one triangle": lambda x: np.linalg.svd(x[:2], hermitian=True)[1],
    "a mode": lambda x: np.pad(x, 1, mode="empty"),
    "an axis": lambda x: np.unique(x, axis=0),
    "too few weights": lambda x: np.cov(x, aweights=np.ones(1)),
    "out of another type": lambda x: np.multiply(x, 1.5, out=np.zeros((3, 2), int)),
    "where without out": lambda x: np.divide(1.0, x, where=x > 0),
    "a method": lambda x: np.quantile(x, 0.5, method="averaged_inverted_cdf"),
    "letters": lambda x: np.einsum("ij,jk", x),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_arguments_outside_the_language_are_refused(name: str) -> None:
    with pytest.raises((ad.ADCompilerError, ValueError, RuntimeError)) as caught:
        gradient(lambda x: np.sum(OUTSIDE[name](x)), np.ones((3, 2)))
    if isinstance(caught.value, ad.ADCompilerError):
        assert caught.value.lineno is not None and caught.value.fix


def test_vector_products_of_vectors_of_two_say_what_to_write() -> None:
    with pytest.raises(ValueError, match=r"of two, write a\[0\] \* b\[1\]"):
        gradient(lambda x: np.sum(np.cross(x, x)), np.ones(2))


@pytest.mark.parametrize("name", ["sinc", "vecdot", "softmax", "expit", "quantile", "gradient", "unwrap", "nan_to_num"])
def test_complex_numbers_are_refused_where_only_real_ones_are_known(name: str) -> None:
    functions: dict[str, Callable[[Any], Any]] = {
        "sinc": lambda z: np.sinc(z),
        "vecdot": lambda z: np.vecdot(z, z),
        "softmax": lambda z: scipy.special.softmax(z),
        "expit": lambda z: scipy.special.expit(z),
        "quantile": lambda z: np.quantile(z, 0.5),
        "gradient": lambda z: np.gradient(z),
        "unwrap": lambda z: np.unwrap(z),
        "nan_to_num": lambda z: np.nan_to_num(z),
    }
    with pytest.raises(ad.ADCompilerError):
        gradient(lambda z: np.sum(np.abs(functions[name](z))), np.array([1 + 2j, 3 - 1j, 2j]))


def test_correlation_conjugates() -> None:
    z = np.array([1 + 2j, 3 - 1j, 2j])
    for f in (lambda z: np.abs(np.correlate(z, 1j * z)[0]), lambda z: np.abs(np.sum(scipy.linalg.toeplitz(z)[0]))):
        with interpreted():
            assert ad.grad(f, cache=False).primal(z) == pytest.approx(f(z), rel=1e-14)
