"""Prints, as JSON, how long the first call of a program's value or gradient takes in this process.

`python -m benchmarks.first_call NAME njit|gradient`
"""

import importlib
import inspect
import json
import sys
from time import perf_counter

import numpy as np


def main(name: str, way: str) -> None:
    """Import, call once, print."""
    njit = importlib.import_module("numba").njit
    ad = importlib.import_module("adcompiler")
    program = importlib.import_module(f"benchmarks.programs.{name}").PROGRAM
    args = program.inputs(np.random.default_rng(1), *program.small)
    start = perf_counter()
    if way == "njit":
        njit(cache=True, error_model="numpy")(program.function)(*args)
    else:
        ad.value_and_grad(program.function, program.argnums)(*args)
    first_call = perf_counter() - start
    lines = len(inspect.getsource(program.function).splitlines())
    print(json.dumps({"first_call": first_call, "lines": lines}))


if __name__ == "__main__":
    main(*sys.argv[1:])
