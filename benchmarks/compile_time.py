"""First calls of all programs in fresh processes with empty caches, beside the value under Numba."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
WAYS = ("njit", "gradient")
ROUNDS = 1


@dataclass(frozen=True, slots=True)
class Compilation:
    """Seconds of the first call in fresh processes with empty caches, medians of some rounds.

    Parameters
    ----------
    name
        The program.
    lines
        The lines of its function.
    njit
        Of the value under `njit`.
    gradient
        Of the generated value and gradient.
    """

    name: str
    lines: int
    njit: float
    gradient: float


def run(names: Sequence[str], rounds: int = ROUNDS) -> Iterator[Compilation]:
    """Measure each program in turn."""
    for name in names:
        found = [one_round(name) for _ in range(rounds)]
        njit, gradient = ([one[way]["first_call"] for one in found] for way in WAYS)
        yield Compilation(name, int(found[0]["njit"]["lines"]), median(njit), median(gradient))


def one_round(name: str) -> dict[str, dict[str, float]]:
    """Each way of compiling in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return {way: fresh(name, way, folder) for way in WAYS}


def fresh(name: str, way: str, folder: str) -> dict[str, float]:
    """What `benchmarks.first_call` prints in a new process."""
    caches = {"ADCOMPILER_CACHE_DIR": f"{folder}/adcompiler", "NUMBA_CACHE_DIR": f"{folder}/numba"}
    command = [sys.executable, "-m", "benchmarks.first_call", name, way]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | caches, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
