"""Compiled Fourier transforms of every kind of length, against NumPy's."""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numpy as np
import pytest

from adcompiler.backend import cpu
from adcompiler.emit.functions.opaque import on_its_own

# of small factors, powers of two that are transformed in vectors, and lengths with large factors
LENGTHS = [1, 2, 3, 12, 32, 60, 64, 128, 192, 256, 512, 1024, 2048, 8192, 17, 34, 97, 1003]


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
def test_transforms_of_all_lengths(dtype: type) -> None:
    text = f"{on_its_own('_fft')}\n\ndef transform(a, inverse):\n    return _fft(a, inverse)\n"
    transform = cpu.numba_function(text, "transform", keep=False)
    rng = np.random.default_rng(0)
    for n in LENGTHS:
        a = (rng.normal(size=(2, n)) + 1j * rng.normal(size=(2, n))).astype(dtype)
        for inverse in (False, True):
            given = a.copy()
            found = transform(given, inverse)
            wide = a.astype(np.complex128)
            expected = np.fft.ifft(wide, norm="forward") if inverse else np.fft.fft(wide)
            assert found.dtype == dtype
            np.testing.assert_array_equal(given, a)
            size = np.sqrt(n) * np.abs(a).max()
            np.testing.assert_allclose(found, expected, rtol=0, atol=20 * np.finfo(dtype).eps * size)


@pytest.mark.parametrize("wide", [False, True])
def test_transforms_by_vectors_of_either_size(wide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    features = llvmlite.binding.get_host_cpu_features()
    features["avx512f"] = wide
    monkeypatch.setattr(llvmlite.binding, "get_host_cpu_features", lambda: features)
    module: dict[str, Any] = {}
    exec(on_its_own("_fft_wide"), module)
    rng = np.random.default_rng(0)
    for n in (64, 128, 512):
        a = rng.normal(size=(1, n)) + 1j * rng.normal(size=(1, n))
        out = np.empty_like(a)
        module["_fft_wide"](a, out, -1.0)
        np.testing.assert_allclose(out, np.fft.fft(a), rtol=0, atol=1e-13)
