"""Parts of library functions that only some sizes need: compiled when these come, and found by a later process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import adcompiler as ad
from tests.support.processes import place

__all__ = ["place"]

SCRIPT = """
import json, sys
import numpy as np
import adcompiler as ad
from adcompiler.backend import cpu, machine_code

@ad.value_and_grad
def f(x):
    return np.sum(np.abs(np.fft.fft(x)) ** 2)

def parts():
    return sum(symbol.startswith(("adcompiler._fft_mixed_", "adcompiler._fft_wide_")) for symbol in machine_code._MADE)

found = []
for n in (12, 64, 128):
    value, slope = f(np.arange(float(n)))
    found.append([value, slope.tolist(), parts()])

def broken(stem, kinds, folder):
    raise MemoryError

cpu.address, error = broken, None
sys.unraisablehook = lambda told: None
try:
    f(np.ones(101))
except RuntimeError as raised:
    error = str(raised)
print(json.dumps({"found": found, "error": error}))
"""


SHARED = """
import json, threading
import numpy as np
import adcompiler as ad
from adcompiler.backend import cpu

asking, address = set(), cpu.address

def asked(*args):
    asking.add(threading.get_ident())
    return address(*args)

cpu.address = asked

@ad.value_and_grad(target="parallel")
def spectra(x):
    total = 0.0
    for i in range(x.shape[0]):
        total += np.sum(np.abs(np.fft.fft(x[i])) ** 2)
    return total

right = []
# lengths of one kind, then of another, by so many rows that threads share them
for n in (12, 101):
    x = np.random.default_rng(n).normal(size=(3000, n))
    value, slope = spectra(x)
    right.append(np.allclose(value, n * np.sum(x * x), rtol=1e-9) and np.allclose(slope, 2 * n * x, rtol=1e-9))
print(json.dumps({"right": right, "others": len(asking - {threading.get_ident()})}))
"""


def run(place: Path, text: str) -> Any:
    """What a fresh process prints: the parts are compiled once in a process."""
    script = place / "script.py"
    script.write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(ad.__file__).parents[1])}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_what_some_sizes_need_is_compiled_when_they_come(place: Path) -> None:
    first, second = run(place, SCRIPT), run(place, SCRIPT)
    for n, (value, slope, _) in zip((12, 64, 128), first["found"], strict=True):
        x = np.arange(float(n))
        np.testing.assert_allclose(value, n * np.sum(x * x))
        np.testing.assert_allclose(slope, 2 * n * x, rtol=1e-9, atol=1e-7)
    # what the lengths so far have made be compiled
    assert [count for *_, count in first["found"]] == [1, 2, 2]
    assert first["error"] == "_fft_chirped could not be compiled"
    assert second["found"] == first["found"]


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one thread")
def test_threads_of_a_shared_loop_that_reach_such_a_part_first(place: Path) -> None:
    found = run(place, SHARED)
    assert found["right"] == [True, True]
    assert found["others"], "another thread of the loop asks as well"
