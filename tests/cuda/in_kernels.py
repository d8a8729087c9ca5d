"""Run in a process of its own, in Numba's simulator: adjoints of kernels, one line of JSON for each check."""

from __future__ import annotations

import json
import sys
import traceback
import warnings
from functools import partial
from typing import Any

import numerics  # noqa: F401  adds to LAUNCHES
import numpy as np
from kernels import LAUNCHES, Launch
from numba import cuda, float64
from races import watched
from stencils import GATHERED

from adcompiler.cuda.launch import Grid

BEGIN = 0.5


def copies(args: Any) -> list[Any]:
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def cotangents(launch: Launch) -> dict[str, Any]:
    """A cotangent for each output, with signs that differ."""
    named = dict(zip(launch.kernel.names, launch.args, strict=True))
    found = {}
    for seed, name in enumerate(launch.kernel.outputs):
        shape, dtype = named[name].shape, named[name].dtype
        found[name] = np.cos(np.arange(named[name].size) * 1.7 + seed).reshape(shape).astype(dtype)
    return found


def adjoint(launch: Launch, begin: float = 0.0) -> tuple[dict[str, Any], list[Any]]:
    """The adjoints, begun with a number, after a forward and a reverse launch, and the arguments after them."""
    made, given = launch.kernel, copies(launch.args)
    named = dict(zip(made.names, given, strict=True))
    bar = {n: np.full(np.shape(named[n]) or (1,), begin, getattr(named[n], "dtype", float)) for n in made.shadowed}
    for name, value in cotangents(launch).items():
        bar[name] = value
    workspace = made.workspace(launch.grid, launch.block, *given)
    assert (workspace is not None) == launch.workspace
    made.forward[launch.grid, launch.block](*given, workspace=workspace)
    after = copies(given)
    made.adjoint[launch.grid, launch.block](*given, bar=bar, workspace=workspace)
    for mine, before in zip(given, after, strict=True):
        np.testing.assert_array_equal(mine, before)
    return bar, after


def loss(launch: Launch, args: list[Any]) -> float:
    """The outputs for these arguments, times their cotangents."""
    made, given = launch.kernel, copies(args)
    made.forward[launch.grid, launch.block](*given)
    named = dict(zip(made.names, given, strict=True))
    return sum(float(np.sum(w.astype(float) * named[name])) for name, w in cotangents(launch).items())


def compare(name: str) -> None:
    """The derivative along a direction, and of a few elements, against differences; no races.

    The adjoints of outputs end as the derivatives by what these held before, and those of other arguments begin with
    a number, to which theirs are added.
    """
    launch = LAUNCHES[name]
    with watched() as races:
        bar, _ = adjoint(launch, BEGIN)
    assert not races, races[:5]
    single = any(getattr(a, "dtype", None) == np.float32 for a in launch.args)
    h, tolerance = (1e-2, 2e-3) if single else (1e-6, 1e-7)
    for shadowed in launch.kernel.shadowed:
        k = launch.kernel.names.index(shadowed)
        size = np.size(launch.args[k])
        found = bar[shadowed] - (0.0 if shadowed in launch.kernel.outputs else BEGIN)
        for direction in (np.sin(np.arange(size) * 2.3 + 1), np.eye(size)[0], np.eye(size)[-1]):
            ends = []
            for sign in (h, -h):
                args = copies(launch.args)
                moved = np.asarray(args[k]) + (sign * direction).reshape(np.shape(args[k]))
                args[k] = moved.astype(args[k].dtype) if isinstance(args[k], np.ndarray) else float(moved)
                ends.append(loss(launch, args))
            slope, mine = (ends[0] - ends[1]) / (2 * h), float(np.sum(found.ravel() * direction))
            np.testing.assert_allclose(mine, slope, rtol=tolerance, atol=tolerance, err_msg=f"{name} by {shadowed}")


def adds_to_what_is_there() -> None:
    """An adjoint adds to the arrays of the active arguments."""
    for name in ("settle", "edges", "heat", "bodies"):
        (first, _), (second, _) = adjoint(LAUNCHES[name]), adjoint(LAUNCHES[name], 2.0)
        for active in LAUNCHES[name].kernel.active:
            np.testing.assert_allclose(second[active], first[active] + 2.0, rtol=1e-12)


def with_arrays_of_the_device() -> None:
    """Arrays of the device, where an adjoint only adds to one that the kernel overwrites."""
    launch = LAUNCHES["overwritten"]
    made, given = launch.kernel, [cuda.to_device(a) for a in launch.args]
    workspace = made.workspace(launch.grid, launch.block, *given)
    made.forward[launch.grid, launch.block](*given, workspace=workspace)
    for begin in (0.0, 2.0):
        bar = {"x": cuda.to_device(np.full(5, begin)), "y": cuda.to_device(cotangents(launch)["y"])}
        made.adjoint[launch.grid, launch.block](*given, bar=bar, workspace=workspace)
        expected = begin + 2.0 * launch.args[0] * cotangents(launch)["y"]
        np.testing.assert_allclose(bar["x"].copy_to_host(), expected, rtol=1e-12)
        assert not np.any(bar["y"].copy_to_host())


def again_with_one_workspace() -> None:
    """What a workspace keeps serves several adjoints; without it there is none."""
    from adcompiler import ADCompilerError, TypeProblem

    launch = LAUNCHES["both_in_place"]
    made, given = launch.kernel, copies(launch.args)
    workspace = made.workspace(launch.grid, launch.block, *given)
    made.forward[launch.grid, launch.block](*given, workspace=workspace)
    found = []
    for _ in range(2):
        bar = cotangents(launch)
        made.adjoint[launch.grid, launch.block](*given, bar=bar, workspace=workspace)
        found.append(bar)
    np.testing.assert_array_equal(found[0]["a"], found[1]["a"])
    for wrong, options in (
        (ADCompilerError, {"bar": cotangents(launch)}),
        (TypeError, {"bar": {"a": given[0]}}),
        (TypeProblem, {"bar": {"a": np.zeros(3), "b": np.zeros(5)}, "workspace": workspace}),
        (TypeProblem, {"bar": {"a": given[0], "b": np.zeros(5)}, "workspace": workspace}),
    ):
        try:
            made.adjoint[launch.grid, launch.block](*given, **options)
        except wrong:
            continue
        raise AssertionError(f"no {wrong.__name__}")


def in_a_fixed_order() -> None:
    """Sums over threads are added up by the host, also where threads run again."""
    from dataclasses import replace

    from adcompiler.cuda import kernel

    for name in ("settle", "asian_option", "guarded_element", "slow_sum"):
        launch = LAUNCHES[name]
        made = kernel(active=launch.kernel.active, outputs=launch.kernel.outputs, deterministic=True)
        ordered = replace(launch, kernel=made(launch.kernel.function))
        (here, _), (there, _) = adjoint(ordered, 1.0), adjoint(launch, 1.0)
        assert not any(line.strip().startswith("cuda.atomic.add") for line in ordered.kernel.source().splitlines())
        for active in launch.kernel.active:
            np.testing.assert_allclose(here[active], there[active], rtol=1e-12)


def gathered_without_atomics() -> None:
    """What threads would add to elements of others is gathered by their owners, or added up over blocks."""
    for name in GATHERED:
        launch = LAUNCHES[name]
        text = launch.kernel.specialise(launch.grid, launch.block, *launch.args).source()
        kernels = text.replace("cuda.atomic.add(array, index, parts[0])", "")
        assert f"def {name}_gathers(" in text and "atomic.add" not in kernels, name


def races_are_seen() -> None:
    """Of kernels that are launched as they are: one element for all, and memory of a block without a barrier."""

    def one_for_all(x, y):
        y[0] += x[cuda.grid(1)]

    def added_for_all(x, y):
        cuda.atomic.add(y, 0, x[cuda.grid(1)])

    def without_barrier(x, y):
        part = cuda.shared.array(4, float64)
        part[cuda.threadIdx.x] = x[cuda.grid(1)]
        y[cuda.grid(1)] = part[3 - cuda.threadIdx.x]

    def with_barrier(x, y):
        part = cuda.shared.array(4, float64)
        part[cuda.threadIdx.x] = x[cuda.grid(1)]
        cuda.syncthreads()
        y[cuda.grid(1)] = part[3 - cuda.threadIdx.x]

    for function, count in ((one_for_all, 1), (added_for_all, 0), (without_barrier, 4), (with_barrier, 0)):
        with watched() as races:
            Grid.of(1, 4).launch(cuda.jit(function))(np.ones(4), np.zeros(4))
        assert len(races) == count, (function.__name__, races)


OTHERS = [
    races_are_seen,
    with_arrays_of_the_device,
    gathered_without_atomics,
    in_a_fixed_order,
    adds_to_what_is_there,
    again_with_one_workspace,
]

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    checks = {name: partial(compare, name) for name in LAUNCHES} | {f.__name__: f for f in OTHERS}
    for name in sys.argv[1:] or checks:
        try:
            checks[name]()
            said = ""
        except Exception:
            said = traceback.format_exc()
        print(json.dumps([name, said]), flush=True)
