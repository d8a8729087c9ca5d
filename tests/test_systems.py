"""What LAPACK and NumPy do with a matrix or a vector, as it is written for threads that do not have them."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler import systems

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("n", range(1, 8))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_systems_are_solved_from_factors(n: int, dtype: type) -> None:
    tolerance = 1e-10 if dtype is np.float64 else 1e-3
    a, b = RNG.normal(size=(n, n)).astype(dtype), RNG.normal(size=(n, 2)).astype(dtype)
    # rows must be exchanged where an element of the diagonal is zero
    a[0, 0] = 0.0 if n > 1 else 2.0
    f = systems.factors(a)
    assert np.max(np.abs(np.tril(f[:n], -1))) <= 1.0
    for found, matrix in ((systems.solution(f, b), a), (systems.solution_back(f, b), a.T)):
        np.testing.assert_allclose(matrix @ found, b, rtol=tolerance, atol=tolerance)
        assert found.dtype == dtype
    np.testing.assert_array_equal(systems.of_vector(f, b[:, 0]), systems.solution(f, b)[:, 0])
    np.testing.assert_array_equal(systems.of_vector_back(f, b[:, 1]), systems.solution_back(f, b)[:, 1])
    np.testing.assert_allclose(systems.inverse(a) @ a, np.eye(n), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(systems.sign_and_logarithm(f), np.linalg.slogdet(a), rtol=tolerance, atol=tolerance)


def test_matrices_without_an_inverse() -> None:
    f = systems.factors(np.arange(9.0).reshape(3, 3) * 0.0 + np.eye(3)[[0, 1, 1]])
    for solve in (systems.solution, systems.solution_back):
        with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
            solve(f, np.ones((3, 1)))
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(systems.sign_and_logarithm(f), [0.0, -np.inf])


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 8, 9, 31, 40])
def test_the_order_of_a_vector_is_stable_with_nan_last(n: int) -> None:
    for _ in range(10):
        x = RNG.integers(0, 6, n).astype(float)
        x[RNG.random(n) < 0.2] = np.nan
        np.testing.assert_array_equal(systems.order(x), np.argsort(x, kind="stable"))
