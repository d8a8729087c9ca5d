"""Eigenvectors have NumPy's and SciPy's signs, which are those of the driver of LAPACK and of its triangle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg as sl

import adcompiler as ad
from tests.support.cases import interpreted

WAYS: dict[str, Callable[[Any], Any]] = {
    "lower": lambda x: np.linalg.eigh(x)[1],
    "upper": lambda x: np.linalg.eigh(x, "U")[1],
    "scipy": lambda x: sl.eigh(x)[1],
    "scipy upper": lambda x: sl.eigh(x, lower=False)[1],
}


def matrices(dtype: type) -> list[Any]:
    """Not symmetric: only one triangle may be read. In blocks LAPACK works on more than 32 columns."""
    rng = np.random.default_rng(5)
    found = [rng.normal(size=(n, n)).astype(dtype) for n in (1, 2, 3, 5, 8, 13, 40) for _ in range(3)]
    return [*found, *map(np.asfortranarray, found[-4:]), np.ones((0, 0), dtype)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("plain", [True, False])
def test_vectors_have_the_signs_of_the_library(way: str, dtype: type, plain: bool, monkeypatch: Any) -> None:
    function = WAYS[way]
    if plain:
        with interpreted():
            compare(function, ad.grad(function, cache=False).primal, dtype)
    else:
        compare(function, ad.grad(function, cache=False).primal, dtype)


def compare(function: Callable[[Any], Any], primal: Callable[[Any], Any], dtype: type) -> None:
    for x in matrices(dtype):
        want = function(x)
        found = primal(x)
        assert found.dtype == want.dtype == dtype
        np.testing.assert_allclose(found, want, atol=1e-9 if dtype == np.float64 else 1e-4)


@pytest.mark.parametrize("triangle", ["L", "U"])
def test_derivatives_follow_the_signs(triangle: str) -> None:
    """Those of SciPy's vectors are those of NumPy's, which the tests of rules compare with differences."""
    rng = np.random.default_rng(7)
    x, x_dot, v_bar = rng.normal(size=(3, 6, 6))

    def numpys(x: Any) -> Any:
        return np.linalg.eigh(x, triangle)[1]

    def scipys(x: Any) -> Any:
        return sl.eigh(x, lower=triangle == "L")[1]

    with interpreted():
        (ours, ours_dot), (theirs, theirs_dot) = (ad.jvp(f, (x,), (x_dot,)) for f in (scipys, numpys))
        signs = np.sign(np.sum(ours * theirs, axis=0))
        np.testing.assert_allclose(ours_dot, theirs_dot * signs, rtol=1e-9, atol=1e-12)
        (ours_bar,), (theirs_bar,) = ad.vjp(scipys, x)[1](v_bar), ad.vjp(numpys, x)[1](v_bar * signs)
        np.testing.assert_allclose(ours_bar, theirs_bar, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("way", ["scipy", "scipy upper"])
def test_what_is_not_finite_is_refused_as_in_scipy(way: str) -> None:
    function = WAYS[way]
    with pytest.raises(ValueError, match="must not contain infs or NaNs"):
        ad.grad(function, cache=False).primal(np.array([[1.0, np.nan], [np.nan, 2.0]]))
