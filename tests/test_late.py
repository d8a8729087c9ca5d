"""Parts of library functions that only some sizes need: compiled when these come, and found by a later process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

import adcompiler as ad
from tests.support.processes import place

__all__ = ["place"]

SCRIPT = """
import json, sys
import numpy as np
import adcompiler as ad
from adcompiler.backend import cpu, machine_code

@ad.value_and_grad
def f(a, b):
    return np.sum((a @ b) * b)

def large():
    return sum(symbol.startswith("adcompiler._dmatmul_large_") for symbol in machine_code._MADE)

found = []
for n in (3, 20, 30):
    a = np.arange(n * n, dtype=float).reshape(n, n)
    value, slope = f(a, a.T)
    found.append([value, slope.tolist(), large()])
imported = "adcompiler.emit" in sys.modules

def broken(stem, kinds, folder):
    raise MemoryError

cpu.address, single, error = broken, np.ones((20, 20), dtype=np.float32), None
sys.unraisablehook = lambda told: None
try:
    f(single, single)
except RuntimeError as raised:
    error = str(raised)
print(json.dumps({"found": found, "imported": imported, "error": error}))
"""


def test_what_some_sizes_need_is_compiled_when_they_come(place: Path) -> None:
    script = place / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")

    def run() -> Any:
        environment = {**os.environ, "PYTHONPATH": str(Path(ad.__file__).parents[1])}
        done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    first, second = run(), run()
    for n, (value, slope, _) in zip((3, 20, 30), first["found"], strict=True):
        a = np.arange(n * n, dtype=float).reshape(n, n)
        assert value == np.sum((a @ a.T) * a.T)
        np.testing.assert_allclose(slope, a.T @ a)
    # the short function, and what it compiled
    assert [count for *_, count in first["found"]] == [1, 2, 2]
    assert first["error"] == "_smatmul_large could not be compiled"
    assert second["found"] == first["found"]
    assert first["imported"] and not second["imported"]
