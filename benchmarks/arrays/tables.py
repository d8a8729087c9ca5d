"""The tables of the array programs."""

from collections.abc import Sequence
from statistics import geometric_mean

from adcompiler.tools.table import seconds
from benchmarks.arrays.suite import Result
from benchmarks.report import Table


def times(results: Sequence[Result]) -> Table:
    """A row for each program and size."""
    head = ("program", "kind", "size", "NumPy", "njit", "value", "value / best", "generated", "JAX", "JAX / gen.")
    rows = [
        [
            found.name,
            found.kind,
            " by ".join(map(str, found.size)),
            *(time(found, key) for key in ("numpy", "njit", "value")),
            f"{found.value_ratio():.2f}",
            *(time(found, key) for key in ("gradient", "jax")),
            "" if found.gain() is None else f"{found.gain():.2f}",
        ]
        for found in results
    ]
    return head, rows


def means(results: Sequence[Result]) -> Table:
    """A row for each kind of program: geometric means of the ratios."""
    head = ("kind", "rows", "value / best", "gen. / value", "JAX / gen.")
    rows = []
    for kind in dict.fromkeys(found.kind for found in results):
        some = [found for found in results if found.kind == kind]
        gains = [gain for found in some if (gain := found.gain()) is not None]
        values = geometric_mean(found.value_ratio() for found in some)
        costs = geometric_mean(found.times["gradient"].least / found.times["value"].least for found in some)
        gain = f"{geometric_mean(gains):.2f}" if gains else ""
        rows.append([kind, str(len(some)), f"{values:.2f}", f"{costs:.2f}", gain])
    return head, rows


def compiled(results: Sequence[Result]) -> Table:
    """A row for each program: seconds of compilation, which do not depend on the size but by what JAX unrolls."""
    head = ("program", "generated", "JAX")
    rows = []
    for name in dict.fromkeys(found.name for found in results):
        first = next(found for found in results if found.name == name)
        rows.append(
            [name, *(seconds(first.compiled[key]) if key in first.compiled else "" for key in ("gradient", "jax"))]
        )
    return head, rows


def time(found: Result, key: str) -> str:
    """The least time of a contender, if there is one."""
    return seconds(found.times[key].least) if key in found.times else ""
