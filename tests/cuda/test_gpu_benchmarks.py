"""The benchmarks for a GPU: in the simulator the hand-written kernels find what the generated ones find."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

if importlib.util.find_spec("numba.cuda") is None:
    pytest.skip("Numba has no simulator", allow_module_level=True)

ROOT = Path(__file__).resolve().parent.parent.parent


def said(*args: str, **environment: str) -> list[str]:
    """The lines that the benchmarks print, run in a process of their own."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    known = {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore", **environment}
    command = [sys.executable, "-m", "benchmarks.cuda", *args]
    done = subprocess.run(command, env=known, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_hand_written_kernels_agree_with_generated_ones() -> None:
    lines = said("--toy", "--dtype", "float64", NUMBA_ENABLE_CUDASIM="1", ADCOMPILER_DISABLE_JIT="1")
    differences = [float(line.split()[-1]) for line in lines if " generated " in line]
    assert len(differences) == 7 and max(differences) < 1e-12, lines


def test_without_a_gpu_one_line_says_so() -> None:
    from numba import cuda

    if cuda.is_available() and "simulator" not in cuda.jit.__module__:
        pytest.skip("there is one")
    assert said() == ["skipped: numba.cuda finds no GPU"]
