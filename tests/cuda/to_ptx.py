"""Run in a process of its own, without a GPU: compile kernels to PTX, one line of JSON for each."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from types import SimpleNamespace

import numba.cuda.dispatcher
import numerics  # noqa: F401  adds to LAUNCHES
import numpy as np
from arrays import PROGRAMS
from items import CASES
from kernels import LAUNCHES
from numba import float32, float64, int64, types
from singles import singles
from stencils import GATHERED

from adcompiler import batched, value_and_grad
from adcompiler.backend.gpu import memory, scan
from adcompiler.backend.gpu.cuda import kernel_resources, ptx_of
from benchmarks.cuda import bodies, elementwise, fits, heat

# registers that a thread may take, of kernels of the benchmarks for single precision: an eighth more than it does
REGISTERS = {
    "value_and_slopes": 45,
    "attraction_back": 36,
    "step": 25,
    "step_back": 33,
    "ended": 36,
    "fit_back": 72,
    "mean_grad_1_kernel": 41,
    "mean_grad_2_kernel": 27,
    "misfit_1_kernel": 90,
    "attraction": 36,
    "attraction_gathers": 48,
}


def main() -> None:
    # a kernel that calls a function asks the driver for the capability while it is compiled
    numba.cuda.dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=(9, 0))
    for name, case in CASES.items():
        f = batched(case.function, case.axes, target="cuda")

        def loss(*args, f=f):
            return np.mean(f(*args) ** 2)

        for g in (f, value_and_grad(loss, case.argnums)):
            view = g.view(*case.args)
            for kernel, text in view.plan.compiled.ptx(case.args, (9, 0)).items():
                print(json.dumps([name, kernel, text]), flush=True)
    for name, (function, args, argnums) in PROGRAMS.items():
        view = value_and_grad(function, argnums, target="cuda").view(*args)
        for kernel, text in view.plan.compiled.ptx(args, (9, 0)).items():
            print(json.dumps([name, kernel, text]), flush=True)
    for name, (gradient, args) in singles("cuda").items():
        for kernel, text in gradient.view(*args).plan.compiled.ptx(args, (9, 0)).items():
            print(json.dumps([name, kernel, text]), flush=True)
    for name, launch in LAUNCHES.items():
        made = launch.kernel.specialise(launch.grid, launch.block, *launch.args)
        kind = "gathered" if name in GATHERED else "adjoint"
        print(json.dumps([name, kind, made.ptx(cc=(9, 0))]), flush=True)
    for name, text in library():
        print(json.dumps([name, "library", text]), flush=True)
    for name, text in {**written(), **generated()}.items():
        taken = kernel_resources(text, (9, 0))
        assert 0 < taken["registers"] <= REGISTERS[name] and not taken["spilled"], (name, taken)
        print(json.dumps([name, "benchmark", text]), flush=True)


def library() -> Iterator[tuple[str, str]]:
    """The kernels that are not generated: they fill, copy and fold arrays, and add up runs."""
    for of in (float64, float32, int64):
        row, rows, plain = types.Array(of, 1, "C"), types.Array(of, 2, "C"), (int64,) * 3
        forms = [(memory._fill, (row, of)), (memory._count, (row, of, of))]
        forms += [(kernel, (row, row)) for kernel in (memory._copy, memory._add)]
        forms += [(kernel, (rows, rows)) for kernel in memory._FOLDS.values()]
        forms += [(kernel, (row, *plain, row)) for kernel in (scan._runs, scan._shifted)]
        for kernel, form in forms:
            yield f"{kernel.py_func.__name__} {of}", ptx_of(kernel, form, (9, 0))


def written() -> dict[str, str]:
    """The hand-written kernels of the benchmarks, for single precision."""
    one = float32

    def array(rank: int, of: types.Type = float32) -> types.Array:
        return types.Array(of, rank, "C")

    forms = {
        elementwise.value_and_slopes: (array(1), array(1), one, array(1), array(1, float64)),
        bodies.attraction_back: (array(2), array(1), one, one, *(array(2),) * 2, array(1)),
        heat.step: (array(2), one, one, one, array(2)),
        heat.step_back: (array(2), one, one, one, array(2), array(2)),
        heat.ended: (array(1), one, array(1), array(1, float64)),
        fits.fit_back: (array(2), array(2), int64, one, one, array(3), array(1), array(2)),
    }
    return {kernel.py_func.__name__: ptx_of(kernel, form, (9, 0)) for kernel, form in forms.items()}


def generated() -> dict[str, str]:
    """Generated kernels of the benchmarks, for single precision."""

    def ones(*shape: int) -> np.ndarray:
        return np.ones(shape, np.float32)

    mean = value_and_grad(elementwise.mean, (0, 1), target="cuda"), (ones(9), ones(1))
    fit = batched(value_and_grad(fits.misfit), (0, 0, None, None), target="cuda")
    found = {}
    for function, args in (mean, (fit, (ones(3, 6), ones(3, 2), 5, np.float32(0.1)))):
        found |= function.view(*args).plan.compiled.ptx(args, (9, 0))
    made = bodies.attraction.specialise(2, 128, ones(5, 3), ones(5), np.float32(1), ones(5, 3))
    # an adjoint may be of several kernels, of which each begins with the version of its language
    names = "attraction_gathers", "attraction"
    return found | dict(zip(names, (f".version{text}" for text in made.ptx().split(".version")[1:]), strict=True))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
