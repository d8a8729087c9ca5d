"""Triangular systems with several right-hand sides, in blocks of rows, against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from adcompiler.backend import cpu
from adcompiler.emit.functions.opaque import LETTERS, library_functions


@pytest.mark.parametrize("dtype", LETTERS)
def test_systems_of_any_size_and_layout(dtype: str) -> None:
    """The other triangle is not read."""
    name = f"_{LETTERS[dtype]}solve_triangular2"
    text = "import llvmlite.binding\nimport numba as nb\nimport numba.extending\nimport numpy as np\n\n"
    text += library_functions([name], "numba")
    call = f"def of_{dtype}(a, b, lower):\n    return {name}(a, b, lower)\n"
    solve = cpu.numba_function(f"{text}\n{call}", f"of_{dtype}", keep=False)
    rng = np.random.default_rng(0)
    for n, count in [(0, 3), (1, 1), (3, 0), (5, 4), (32, 7), (33, 5), (70, 40), (100, 1)]:
        for lower in (False, True):
            a = rng.normal(size=(n, n)) / max(n, 1) + np.diag(rng.uniform(1.0, 2.0, n))
            b = rng.normal(size=(n, count))
            if dtype.startswith("complex"):
                a, b = a + 0.1j * rng.normal(size=(n, n)) / max(n, 1), b + 1j * rng.normal(size=(n, count))
            a = np.where(np.tri(n, dtype=bool) if lower else np.tri(n, dtype=bool).T, a, np.nan).astype(dtype)
            b = b.astype(dtype)
            if n and count:
                want = scipy.linalg.solve_triangular(a, b, lower=lower, check_finite=False)
            else:
                want = b
            for first, second in [
                (a, b),
                (np.asfortranarray(a), b),
                (a, np.asfortranarray(b)),
                (a, np.repeat(b, 2, 1)[:, ::2]),
            ]:
                found = solve(first, second, lower)
                assert found.dtype == want.dtype
                np.testing.assert_allclose(
                    found, want, rtol=0, atol=100 * np.finfo(dtype).eps * np.max(np.abs(want), initial=1.0)
                )
