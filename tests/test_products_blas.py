"""Matrix products in every layout in memory, against NumPy's."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import llvmlite.binding
import numpy as np
import pytest

from adcompiler.backend import cpu
from adcompiler.backend.runtime import blas_threads
from adcompiler.emit.functions.opaque import library_functions

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
SIZES += [(13, 530, 51)]


def made(letter: str) -> Callable[..., np.ndarray]:
    text = "import llvmlite.binding\nimport numba as nb\nimport numba.extending\nimport numpy as np\n\n"
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


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_tiles_on_any_machine(dtype: type) -> None:
    """What vectors of 512 bits are written for is right without them, and writes nothing beside the result."""
    text = "import llvmlite.binding\nimport numba as nb\nimport numba.extending\nimport numpy as np\n\n"
    text += library_functions(["_by_tiles"], "numba")
    tiles = cpu.numba_function(f"{text}\ndef tiles(c, a, b, add):\n    _by_tiles(c, a, b, add)\n", "tiles", keep=False)
    rng = np.random.default_rng(1)
    for m, k, n in [
        (8, 1, 24),
        (9, 3, 25),
        (1, 5, 8),
        (40, 513, 17),
        (33, 1030, 1),
        (9, 257, 25),
        (3, 0, 9),
        (0, 2, 2),
    ]:
        # small integers, so that sums are exact
        a, b = (rng.integers(-9, 10, shape).astype(dtype) for shape in ((m, k), (k, n)))
        for first, second in itertools.product((a, np.asfortranarray(a)), (b, np.asfortranarray(b))):
            for add in (False, True):
                c = np.full((m + 2, n + 2), 7, dtype=dtype)
                tiles(c[1:-1, 1:-1], first[:, :], second[:, :], add)
                expected = np.full_like(c, 7)
                expected[1:-1, 1:-1] = a @ b + (7 if add else 0)
                np.testing.assert_array_equal(c, expected)


@pytest.mark.parametrize("letter", ["d", "z"])
def test_products_are_written_and_added_to_every_layout(letter: str) -> None:
    """What stands beside the result stays, and what stood there is not read unless it is added to."""
    text = "import llvmlite.binding\nimport numba as nb\nimport numba.extending\nimport numpy as np\n\n"
    text += library_functions([f"_{letter}product_into"], "numba")
    call = f"def into_{letter}(c, a, b, add):\n    _{letter}product_into(c, a, b, add)\n"
    into = cpu.numba_function(f"{text}\n{call}", f"into_{letter}", keep=False)
    rng = np.random.default_rng(2)
    dtype = {"d": np.float64, "z": np.complex128}[letter]
    for (m, k, n), spread, turned, add in itertools.product(SIZES, (1, 2), (False, True), (False, True)):
        a, b = (rng.integers(-9, 10, shape).astype(dtype) for shape in ((m, k), (k, n)))
        whole = np.full((m + 2, spread * n + 3), 5 if add else np.nan, dtype=dtype)
        expected = whole.copy()
        place = (slice(1, -1), slice(1, 1 + spread * n, spread))
        expected[place] = a @ b + (5 if add else 0)
        c = whole[place]
        into(*((c.T, b.T, a.T) if turned else (c, a, b)), add)
        np.testing.assert_array_equal(whole, expected)


def test_threads_are_asked_of_openblas_or_unknown() -> None:
    asked = blas_threads._asked()
    assert asked is None or asked() >= 1
    assert blas_threads._unknown() == 0
    blas_threads.make_known()
    assert llvmlite.binding.address_of_symbol(blas_threads.SYMBOL)
