"""Start-up: what a user waits for before the first gradient, in fresh processes.

`python -m benchmarks.start_up` prints the table.
"""

import importlib
import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
#: The first gradient by the first call of the value under njit, both with empty caches.
COLD = 3.0
#: Seconds of the first gradient with filled caches, and of the import beyond that of Numba.
WARM = IMPORT = 0.3


def rod(heat, conductivity, source, dt, steps):
    """The misfit of a heated rod with its target: 20 lines as a scientist writes them."""
    n = heat.shape[0]
    now = heat.copy()
    flux = np.zeros(n + 1)
    for _ in range(steps):
        for i in range(1, n):
            slope = now[i] - now[i - 1]
            mean = 0.5 * (conductivity[i] + conductivity[i - 1])
            flux[i] = mean * slope / math.sqrt(1.0 + slope * slope)
        for i in range(n):
            gain = flux[i + 1] - flux[i]
            now[i] += dt * (gain + source[i])
            if now[i] < 0.0:
                now[i] = 0.0
    misfit = 0.0
    for i in range(n):
        target = math.sin(math.pi * i / n)
        misfit += (now[i] - target) ** 2
    return misfit / n


@dataclass(frozen=True, slots=True)
class StartUp:
    """Medians of seconds in fresh processes.

    Parameters
    ----------
    njit, gradient
        First call with empty caches of the value under njit, and of the generated value and gradient.
    warm
        First call of value and gradient with filled caches, after `import adcompiler` and `import numba`.
    warm_alone
        The same after `import adcompiler` alone: the call imports Numba where the package has not.
    numba, adcompiler
        `import numba`, and `import adcompiler` after it.
    """

    njit: float
    gradient: float
    warm: float
    warm_alone: float
    numba: float
    adcompiler: float


def run(rounds: int = ROUNDS) -> StartUp:
    """Measure in turn, some rounds."""
    found = [one_round() for _ in range(rounds)]
    return StartUp(**{key: median(one[key] for one in found) for key in found[0]})


def one_round() -> dict[str, float]:
    """Each kind of first call in a process of its own, over caches that start empty."""
    with tempfile.TemporaryDirectory() as folder:
        njit, cold, warm, alone = (fresh(way, folder) for way in ("njit", "gradient", "gradient", "alone"))
    return {
        "njit": njit["first"],
        "gradient": cold["first"],
        "warm": warm["first"],
        "warm_alone": alone["first"],
        "numba": warm["numba"],
        "adcompiler": warm["adcompiler"],
    }


def fresh(way: str, folder: str) -> dict[str, float]:
    """What `child` prints in a new process whose caches are in `folder`."""
    caches = {"ADCOMPILER_CACHE_DIR": f"{folder}/adcompiler", "NUMBA_CACHE_DIR": f"{folder}/numba"}
    command = [sys.executable, "-c", f"from benchmarks.start_up import child; child({way!r})"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | caches, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def child(way: str) -> None:
    """Import, call once, print the seconds that each took as JSON."""
    figures = {"numba": imported("numba")} if way != "alone" else {}
    figures["adcompiler"] = imported("adcompiler")
    args = np.linspace(0.0, 1.0, 20), np.full(20, 0.4), np.full(20, 0.1), 0.1, 5
    # the module is there already: only the call is timed
    ad = importlib.import_module("adcompiler")
    start = perf_counter()
    if way == "njit":
        importlib.import_module("numba").njit(cache=True, error_model="numpy")(rod)(*args)
    else:
        ad.value_and_grad(rod, (0, 1))(*args)
    figures["first"] = perf_counter() - start
    print(json.dumps(figures))


def imported(name: str) -> float:
    """Seconds that importing a module takes."""
    start = perf_counter()
    importlib.import_module(name)
    return perf_counter() - start


if __name__ == "__main__":
    from benchmarks import report

    print(report.text(report.start_up(run())))
