"""Compile time: fresh processes, with empty and with filled caches, beside the value under Numba."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("huber_regression", "gaussian_mixture", "lotka_volterra")
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Compilation:
    """Seconds in fresh processes, medians of some rounds.

    Parameters
    ----------
    name
        The program.
    lines
        The lines of its function.
    njit, njit_cached
        First call of the value under `njit`, with an empty and with a filled disk cache.
    gradient, gradient_cached
        First call of the generated value and gradient, likewise.
    imports
        `import adcompiler` after NumPy, SciPy and Numba.
    """

    name: str
    lines: int
    njit: float
    njit_cached: float
    gradient: float
    gradient_cached: float
    imports: float


def run(names: tuple[str, ...] = PROGRAMS, rounds: int = ROUNDS) -> Iterator[Compilation]:
    """Measure each program in turn."""
    for name in names:
        found = [fresh_rounds(name) for _ in range(rounds)]
        middle = {key: median(one[key] for one in found) for key in found[0]}
        lines = int(middle.pop("lines"))
        yield Compilation(name, lines, **middle)


def fresh_rounds(name: str) -> dict[str, float]:
    """One round: each way of compiling in a process of its own, twice, over caches that start empty."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for way in ("njit", "gradient"):
            cold, warm = (fresh(name, way, folder) for _ in range(2))
            figures |= {way: cold["first_call"], f"{way}_cached": warm["first_call"], "lines": cold["lines"]}
            figures["imports"] = warm["imports"]
    return figures


def fresh(name: str, way: str, folder: str) -> dict[str, float]:
    """What `benchmarks.first_call` prints in a new process."""
    caches = {"ADCOMPILER_CACHE_DIR": f"{folder}/adcompiler", "NUMBA_CACHE_DIR": f"{folder}/numba"}
    command = [sys.executable, "-m", "benchmarks.first_call", name, way]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | caches, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
