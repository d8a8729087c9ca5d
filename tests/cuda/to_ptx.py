"""Run in a process of its own, without a GPU: compile kernels to PTX, one line of JSON for each."""

from __future__ import annotations

import json
import warnings
from types import SimpleNamespace

import numba.cuda.dispatcher
import numpy as np
from arrays import PROGRAMS
from items import CASES
from kernels import LAUNCHES

from adcompiler import batched, value_and_grad


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
    for name, launch in LAUNCHES.items():
        made = launch.kernel.specialise(launch.grid, launch.block, *launch.args)
        print(json.dumps([name, "adjoint", made.ptx(cc=(9, 0))]), flush=True)
    taken = LAUNCHES["settle"].kernel.resources()
    assert 0 < taken["registers"] < 128 and not taken["spilled"], taken


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
