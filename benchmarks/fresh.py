"""One first call in this process: prints as JSON the seconds that imports and the call take.

`python -m benchmarks.fresh NAME njit|gradient`
"""

import importlib
import inspect
import json
import sys
from time import perf_counter

import numpy as np

from benchmarks import registry, rod
from benchmarks.program import Program


def main(name: str, way: str) -> None:
    """Import, call once, print."""
    figures = {"numba": seconds(importlib.import_module, "numba")}
    if way == "gradient":
        figures["adcompiler"] = seconds(importlib.import_module, "adcompiler")
    program: Program | None = None if name == "rod" else registry.load(name)
    function = rod.rod if program is None else program.function
    argnums = rod.ARGNUMS if program is None else program.argnums
    args = rod.arguments() if program is None else program.inputs(np.random.default_rng(1), *program.small)
    figures["call"] = seconds(value if way == "njit" else gradient, function, argnums, args)
    figures["lines"] = len(inspect.getsource(function).splitlines())
    print(json.dumps(figures))


def value(function, argnums, args):
    """The value under Numba."""
    return importlib.import_module("numba").njit(cache=True, error_model="numpy")(function)(*args)


def gradient(function, argnums, args):
    """The generated value and gradient."""
    return importlib.import_module("adcompiler").value_and_grad(function, argnums)(*args)


def seconds(work, *args) -> float:
    """How long a call takes."""
    start = perf_counter()
    work(*args)
    return perf_counter() - start


if __name__ == "__main__":
    main(*sys.argv[1:])
