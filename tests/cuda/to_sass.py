"""Run in a process of its own, without a GPU: every kernel in every form, one line of JSON for each: what it takes.

A form is a type of numbers, whether arithmetic is fast, and a compute capability: all of them for 9.0, and for an older
and a newer one every fifth kernel. Two numbers ask for one of so many parts.
"""

from __future__ import annotations

import inspect
import json
import sys
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numba.cuda.dispatcher
import numerics  # noqa: F401  adds to LAUNCHES
import numpy as np
import stencils  # noqa: F401  adds to LAUNCHES
from arrays import PROGRAMS
from items import CASES
from kernels import LAUNCHES
from singles import wide

from adcompiler import batched, value_and_grad
from adcompiler.backend.gpu.cuda import kernel_resources
from adcompiler.cuda import kernel

FORMS = [("float64", True), ("float64", False), ("float32", True), ("float32", False)]


def of(dtype: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments whose numbers are of one type."""
    kind = np.dtype(dtype).type
    changed = (a.astype(kind) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in args)
    return tuple(kind(a) if isinstance(a, (float, np.floating)) else a for a in changed)


def adjoints(name: str, dtype: str, fast: bool, capability: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """The kernels of the adjoint of a kernel."""
    launch = LAUNCHES[name]
    made = kernel(active=launch.kernel.active, outputs=launch.kernel.outputs, fastmath=fast)(launch.kernel.function)
    made.specialise(launch.grid, launch.block, *of(dtype, launch.args))
    for number, text in enumerate(made.ptx(cc=capability).split(".version")[1:]):
        yield f"{name} {number}", f".version{text}"


def programs(name: str, dtype: str, fast: bool, capability: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """The kernels of the gradient of a program, or of the mean of what a batched function gives."""
    if name in PROGRAMS:
        function, args, argnums = PROGRAMS[name]
    else:
        case = CASES[name]
        f = batched(case.function, case.axes, target="cuda")
        function, args, argnums = lambda *given: np.mean(f(*given) ** 2), case.args, case.argnums
    given = of(dtype, args)
    compiled = value_and_grad(function, argnums, target="cuda", fastmath=fast).view(*given).plan.compiled
    yield from compiled.ptx(given, capability).items()


def main(which: int, of_all: int) -> None:
    # a kernel that calls a function asks the driver for the capability while it is compiled
    numba.cuda.dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=(9, 0))
    for number, name in enumerate([*LAUNCHES, *CASES, *PROGRAMS][which::of_all]):
        ways = [(*form, (9, 0)) for form in FORMS]
        if number % 5 == 0:
            ways += [("float32", True, (7, 5)), ("float64", True, (12, 0))]
        for dtype, fast, capability in ways:
            of_kernels = name in LAUNCHES
            for title, text in (adjoints if of_kernels else programs)(name, dtype, fast, capability):
                taken = kernel_resources(text, capability)
                # arrays that a program makes are of double precision, and so is what a kernel declares
                mixed = not of_kernels or name in ("random_paths", "both_precisions")
                mixed = mixed or "float64" in inspect.getsource(LAUNCHES[name].kernel.plain)
                said = [] if mixed or dtype == "float64" else wide(text)
                print(json.dumps([name, title, dtype, fast, capability, taken, said]), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*map(int, sys.argv[1:] or (0, 1)))
