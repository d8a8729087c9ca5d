"""Systems that share the factors of their matrix: values and derivatives of any size and type, computed once."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted


def inverse(a: Any) -> Any:
    return np.linalg.inv(a)


def solve(a: Any, b: Any) -> Any:
    return np.linalg.solve(a, b)


def several(a: Any, b: Any) -> Any:
    x = np.linalg.solve(a, b)
    return np.sum(x * np.linalg.solve(a, x)) + np.linalg.slogdet(a)[1]


def matrices(rng: np.random.Generator, n: int, dtype: str = "float64") -> Any:
    """A matrix whose rows must be exchanged, in several layouts."""
    a = rng.normal(size=(n, n)) + 2 * np.sqrt(n) * np.eye(n)[::-1]
    if dtype.startswith("complex"):
        a = a + 1j * rng.normal(size=(n, n))
    a = a.astype(dtype)
    return [a, np.asfortranarray(a)]


@pytest.mark.parametrize("columns", [None, 7])
def test_adjoint_of_a_system(columns: int | None) -> None:
    """Small matrices are factorised by loops, larger ones by LAPACK; columns of few rows are solved for one by one."""
    for n in (0, 1, 3, 5, 6, 40, 41, 100):
        rng = np.random.default_rng(n)
        b = rng.normal(size=n if columns is None else (n, columns))
        for a in matrices(rng, n):
            y, pull = ad.vjp(solve, a, b)
            want = np.linalg.solve(a, b)
            np.testing.assert_allclose(y, want, rtol=1e-10, atol=1e-12)
            y_bar = rng.normal(size=b.shape)
            a_bar, b_bar = pull(y_bar)
            back = np.linalg.solve(a.T, y_bar)
            np.testing.assert_allclose(b_bar, back, rtol=1e-10, atol=1e-12)
            both = np.outer(back, want) if columns is None else back @ want.T
            np.testing.assert_allclose(a_bar, -both, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_second_order(dtype: str) -> None:
    rng = np.random.default_rng(1)
    a, b = matrices(rng, 3, dtype)[0], rng.normal(size=3).astype(dtype)
    a_dot = rng.normal(size=(3, 3)).astype(dtype)

    def slope(a: Any) -> Any:
        return np.sum(ad.grad(several)(a, b) * a_dot)

    found = ad.grad(slope)(a)
    assert found.dtype == dtype
    with interpreted():
        np.testing.assert_allclose(found, ad.grad(slope)(a), rtol=1e-3 if dtype == "float32" else 1e-10)
    if dtype == "float64":
        h = 1e-5
        want = (ad.grad(several)(a + h * a_dot, b) - ad.grad(several)(a - h * a_dot, b)) / (2 * h)
        np.testing.assert_allclose(found, want, rtol=1e-6, atol=1e-7)


def test_a_matrix_is_factorised_once() -> None:
    a, b = matrices(np.random.default_rng(2), 3)[0], np.ones(3)
    text = ad.grad(several, (0, 1)).lowered_source(a, b)
    body = text[text.rindex("def ") :]
    assert body.count("_dlu(") == 1


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_determinants_and_inverses_read_the_factors_that_are_there(dtype: str) -> None:
    def unchanged(a: Any, b: Any) -> Any:
        x = np.linalg.solve(a, b)
        return np.abs(np.linalg.det(a) + np.sum(np.linalg.inv(a) * x))

    def changed(a: Any, b: Any) -> Any:
        x = np.linalg.solve(a, b)
        a[0, 0] += 1.0
        found = np.linalg.det(a)
        a[0, 1] -= 0.5
        return np.abs(found + np.sum(np.linalg.inv(a) * x))

    for n in (0, 1, 3, 5, 6, 50) if dtype == "float64" else (3, 6):
        for function, times in ((unchanged, 1), (changed, 3)):
            if n < 2 and function is changed:
                continue
            a, b = matrices(np.random.default_rng(n), n, dtype)[0], np.ones(n, dtype)
            compiled = ad.value_and_grad(function)
            text = compiled.lowered_source(a, b)
            assert text[text.rindex("\ndef ") :].count("lu(") == times
            value, slope = compiled(a.copy(), b)
            np.testing.assert_allclose(value, function(a.copy(), b), rtol=1e-4 if dtype == "float32" else 1e-10)
            with interpreted():
                np.testing.assert_allclose(slope, compiled(a.copy(), b)[1], rtol=1e-2 if dtype == "float32" else 1e-8)


def test_a_constant_matrix_is_factorised_before_a_loop() -> None:
    def f(a: Any, b: Any, count: int) -> Any:
        x = b
        for _ in range(count):
            x = np.linalg.solve(a, x)
        return np.sum(x)

    def changing(a: Any, b: Any, count: int) -> Any:
        x = b
        for k in range(count):
            x = np.linalg.solve(a, x)
            a[k, k] += 1.0
        return np.sum(x)

    a, b = matrices(np.random.default_rng(3), 3)[0], np.ones(3)
    for function, before in ((f, True), (changing, False)):
        text = ad.grad(function, (0, 1)).lowered_source(a, b, 3)
        body = text[text.rindex("def ") :]
        assert (body.index("_dlu(") < body.index("for ")) is before
        assert ad.value_and_grad(function)(a, b, 3)[0] == pytest.approx(function(a.copy(), b, 3))
    # a matrix that no iteration uses may have any form
    assert ad.grad(f, 1)(np.ones((2, 5)), b, 0).tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ValueError, match="square"):
        ad.grad(f, 1)(np.ones((2, 5)), b, 1)


def test_singular_matrices() -> None:
    a = np.ones((2, 2))
    for b in (np.ones((2, 2)), np.ones((2, 0))):
        with pytest.raises(np.linalg.LinAlgError, match="Singular"):
            ad.value_and_grad(lambda a, b: np.sum(np.linalg.solve(a, b)))(a, b)
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        ad.grad(lambda a: np.sum(np.linalg.solve(a, np.ones(2))))(a)
    assert ad.value_and_grad(lambda a: np.linalg.slogdet(a)[1])(a)[0] == -np.inf
    assert np.isnan(ad.grad(lambda a: np.sum(np.linalg.solve(a, np.ones(2))))(np.full((2, 2), np.nan))).all()


def test_complex_systems() -> None:
    def f(a: Any, b: Any) -> Any:
        sign, size = np.linalg.slogdet(a)
        both = np.linalg.slogdet(np.stack((a, 2 * a)))
        x = np.linalg.solve(a, b)
        own = np.sum(np.abs(x) ** 2) + np.sum((x * x).real) + size + 2 * sign.real + sign.imag
        return own + np.linalg.det(a).real + np.sum(np.abs(np.linalg.inv(a)) ** 2) + both[1][1] + both[0][1].imag

    rng = np.random.default_rng(4)
    a, b = matrices(rng, 3, "complex128")[0], rng.normal(size=3) + 1j
    value, slope = ad.value_and_grad(f)(a, b)
    assert value == pytest.approx(f(a, b), rel=1e-12)
    with interpreted():
        np.testing.assert_allclose(ad.grad(f, cache=False)(a, b), slope, rtol=1e-10)
    narrow = ad.grad(f)(a.astype(np.complex64), b.astype(np.complex64))
    assert narrow.dtype == np.complex64
    np.testing.assert_allclose(narrow, slope, rtol=2e-3, atol=2e-3)
    step = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    want = (f(a + 1e-6 * step, b) - f(a - 1e-6 * step, b)) / 2e-6
    assert np.vdot(slope, step).real == pytest.approx(want, rel=1e-6)
    for decomposition in (np.linalg.pinv, np.linalg.svdvals):
        with pytest.raises(ad.ADCompilerError, match="complex"):
            ad.grad(lambda a, of=decomposition: np.sum(np.abs(of(a))))(a)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("upper", [False, True])
def test_triangles_are_their_own_factors(upper: bool, dtype: str) -> None:
    """Also those with elements that rows would be exchanged for, and those with a tiny diagonal, where they are."""
    for n, least in itertools.product((1, 2, 3, 40, 41, 70), (0.5, 1e-9)):
        rng = np.random.default_rng(n)
        full = matrices(rng, n, dtype)[0] / (4 * np.sqrt(n))
        a = (np.triu if upper else np.tril)(full, 1 if upper else -1) + np.diag(rng.uniform(least, 1.0, n))
        a[n // 2, n // 2] = least
        b, y_bar = rng.normal(size=(2, n, 3)).astype(dtype)
        y, pull = ad.vjp(solve, a, b)
        a_bar, b_bar = pull(y_bar)
        with interpreted():
            y_plain, pull_plain = ad.vjp(solve, a, b)
            a_bar_plain, b_bar_plain = pull_plain(y_bar)
        for found, plain in ((y, y_plain), (b_bar, b_bar_plain), (a_bar, a_bar_plain)):
            np.testing.assert_allclose(found, plain, rtol=1e-10, atol=1e-10 * np.max(np.abs(plain)))
        np.testing.assert_allclose(a @ y, b, rtol=0, atol=1e-12 * np.max(np.abs(y)))


def test_quotients_by_a_tiny_diagonal_stay_finite() -> None:
    y, _ = ad.vjp(solve, np.array([[1e-300, 1e10], [0.0, 1.0]]), np.array([1e-300, 0.0]))
    np.testing.assert_allclose(y, [1.0, 0.0])


def test_a_triangle_with_zeros_on_its_diagonal_is_singular() -> None:
    """Whatever stands beside the zero, no rounding hides it."""
    rng = np.random.default_rng(3)
    made = [np.triu(np.ones((3, 3)), 1), np.tril(np.ones((3, 3)), -1), np.zeros((3, 3))]
    for n, turn in itertools.product((2, 3, 5, 39, 60), (np.triu, np.tril)):
        for place in {0, n // 2, n - 1}:
            made.append(turn(rng.normal(size=(n, n))))
            made[-1][place, place] = 0.0
    for a in made:
        for function, args in ((solve, (a, np.ones(len(a)))), (inverse, (a,))):
            with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
                ad.vjp(function, *args)
        assert ad.value_and_grad(lambda a: np.linalg.det(a))(a)[0] == 0.0
        assert ad.value_and_grad(lambda a: np.linalg.slogdet(a)[1])(a)[0] == -np.inf


def determinant(a: Any) -> Any:
    return np.linalg.det(a)


def minors(a: np.ndarray) -> np.ndarray:
    """The cofactors, each from a determinant of its own."""
    each = [
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(len(a))]
        for i in range(len(a))
    ]
    return np.array(each, dtype=a.dtype).reshape(a.shape)


def of_any_rank(rng: np.random.Generator, n: int) -> list[np.ndarray]:
    """Regular matrices, small, large and triangular ones, and some that have less than full rank."""
    (a, _), b = matrices(rng, n), rng.normal(size=(n, n))
    whole = rng.integers(-3, 4, (n, 1)) * rng.integers(1, 4, (1, n)) * 1.0
    parts = [a @ np.diag([0.0, *np.ones(n - 1)]) @ b, a @ np.diag([0.0, 0.0, *np.ones(n)][:n]) @ b, whole]
    return [a, 1e-18 * a, 1e18 * a, np.triu(a), np.tril(a), np.zeros((n, n)), *parts]


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_derivative_of_a_determinant_has_its_cofactors(n: int) -> None:
    gradient = ad.grad(determinant)
    for a in of_any_rank(np.random.default_rng(n), n):
        expected = minors(a)
        # rounding that is as large as the matrix to the power of a minor's rank
        size = np.max(np.abs(expected), initial=np.max(np.abs(a)) ** (n - 1) * 1e-3)
        np.testing.assert_allclose(gradient(a), expected, rtol=0, atol=1e-11 * size)
