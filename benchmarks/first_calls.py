"""First calls in fresh processes, with empty caches and with those that an earlier process has filled."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
#: The first gradient by the first call of the value under njit, both with empty caches.
COLD = 2.0
#: Seconds of the first gradient with filled caches beyond that of the value under njit, and of the import beyond
#: that of Numba.
WARM = IMPORT = 0.05


@dataclass(frozen=True, slots=True)
class FirstCalls:
    """Least seconds of some rounds.

    Parameters
    ----------
    name
        The program.
    lines
        The lines of its function.
    njit, gradient
        The value under njit, and the generated value and gradient, with empty caches.
    njit_warm, gradient_warm
        The same with filled caches.
    imported
        `import adcompiler` after `import numba`.
    """

    name: str
    lines: int
    njit: float
    gradient: float
    njit_warm: float
    gradient_warm: float
    imported: float


def run(names: Sequence[str], rounds: int = ROUNDS) -> Iterator[FirstCalls]:
    """Measure each program in turn, with Python's bytecode of all packages at hand as an installation leaves it."""
    with tempfile.TemporaryDirectory() as bytecode:
        one_round(names[0], bytecode)
        for name in names:
            found = [one_round(name, bytecode) for _ in range(rounds)]
            yield FirstCalls(name, **{key: min(one[key] for one in found) for key in found[0]})


def one_round(name: str, bytecode: str) -> dict[str, float]:
    """Each kind of first call in a process of its own, over caches that start empty."""
    ways = ("njit", "gradient", "njit", "gradient")
    with tempfile.TemporaryDirectory() as folder:
        njit, cold, njit_warm, warm = (fresh(name, way, folder, bytecode) for way in ways)
    return {
        "lines": njit["lines"],
        "njit": njit["call"],
        "gradient": cold["call"],
        "njit_warm": njit_warm["call"],
        "gradient_warm": warm["call"],
        "imported": warm["adcompiler"],
    }


def fresh(name: str, way: str, folder: str, bytecode: str) -> dict[str, float]:
    """What `benchmarks.fresh` prints in a new process whose caches are in `folder`."""
    caches = {"ADCOMPILER_CACHE_DIR": f"{folder}/adcompiler", "NUMBA_CACHE_DIR": f"{folder}/numba"}
    caches |= {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-m", "benchmarks.fresh", name, way]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | caches, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
