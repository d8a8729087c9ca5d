"""Matrix products in every layout in memory, against NumPy's."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from adcompiler.backend import cpu
from adcompiler.emit.opaque import library_functions

LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "part of rows": lambda a: np.pad(a, ((0, 0), (1, 2)))[:, 1:-2],
    "part of columns": lambda a: np.asfortranarray(np.pad(a, ((1, 2), (0, 0))))[1:-2],
    "every other": lambda a: np.repeat(np.repeat(a, 2, axis=0), 3, axis=1)[::2, ::3],
    "backwards": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "one row": lambda a: np.broadcast_to(a[:1], a.shape),
    "windows": lambda a: np.lib.stride_tricks.sliding_window_view(np.arange(sum(a.shape) - 1.0), a.shape[1]).astype(
        a.dtype, copy=False
    ),
}
SIZES = [(3, 4, 5), (20, 30, 25), (1, 300, 40), (40, 300, 1), (300, 1, 40), (0, 3, 4), (3, 0, 4), (30, 0, 40)]


def made(letter: str) -> Callable[..., np.ndarray]:
    text = "import numba as nb\nimport numba.extending\nimport numpy as np\n\n"
    text += library_functions([f"_{letter}product"], "numba")
    name = f"times_{letter}"
    function: Callable[..., np.ndarray] = cpu.numba_function(
        f"{text}\ndef {name}(a, b):\n    return _{letter}product(a, b)\n", name, keep=False
    )
    return function


@pytest.mark.parametrize(("letter", "dtype"), [("d", np.float64), ("s", np.float32), ("z", np.complex128)])
def test_products_in_every_layout(letter: str, dtype: type) -> None:
    times = made(letter)
    rng = np.random.default_rng(0)

    def check(a: np.ndarray, b: np.ndarray) -> None:
        found, expected = times(a, b), np.dot(a, b)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        size = np.max(np.dot(np.abs(a), np.abs(b)), initial=1.0)
        np.testing.assert_allclose(found, expected, rtol=0, atol=100 * np.finfo(dtype).eps * size)

    def random(*shape: int) -> np.ndarray:
        z = rng.normal(size=shape) + 1j * rng.normal(size=shape)
        return z.astype(dtype) if np.dtype(dtype).kind == "c" else z.real.astype(dtype)

    # single precision and complex numbers take the same way through the layouts
    layouts = LAYOUTS.values() if dtype is np.float64 else [LAYOUTS["rows"], LAYOUTS["columns"], LAYOUTS["every other"]]
    for (m, k, n), first in itertools.product(SIZES, layouts):
        a = random(m, k)
        a = first(a) if a.size else a
        for second in layouts if first is LAYOUTS["rows"] or m * k * n > 5000 else [LAYOUTS["rows"]]:
            b = random(k, n)
            check(a, second(b) if b.size else b)
        check(a, random(k))
        check(a, random(2 * k)[::2])
        check(random(m), a)
        check(random(m)[::-1], a)
