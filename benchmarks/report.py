"""The tables, on the terminal and in `docs/benchmarks.md`."""

import os
import platform
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import geometric_mean

import adcompiler
from adcompiler.tools.table import amount, seconds
from benchmarks.cheap_gradient import CALL, Point
from benchmarks.derivatives import Cost
from benchmarks.first_calls import COLD, IMPORT, WARM, FirstCalls
from benchmarks.growth import DOUBLED, doubled
from benchmarks.growth import Point as Length
from benchmarks.harness import Result
from benchmarks.sizes import Point as Size
from benchmarks.threads import GAIN, Pair

Table = tuple[Sequence[str], list[list[str]]]
#: A ratio of least times this far from that of median times says little.
DISTURBED = 1.25
FIRST, LAST = "<!-- measured -->", "<!-- end of what is measured -->"


def programs(results: Sequence[Result]) -> Table:
    """A row for each program, and the geometric means of the ratios."""
    head = (
        "program",
        "value",
        "hand",
        "generated",
        *RATIOS,
        "hand tape",
        "tape",
    )
    rows = [
        [
            found.name,
            seconds(found.times["primal"].least),
            seconds(found.times["adjoint"].least),
            seconds(found.times["gradient"].least),
            *(f"{found.ratio(*pair):.2f}" for pair in PAIRS),
            amount(found.hand_tape),
            amount(found.tape),
        ]
        for found in results
    ]
    means = [f"{geometric_mean(found.ratio(*pair) for found in results):.2f}" for pair in PAIRS]
    return head, [*rows, ["geometric mean", "", "", "", *means, "", ""]]


PAIRS = (("gradient", "adjoint"), ("strict", "adjoint"), ("gradient", "primal"), ("gradient", "value"))
RATIOS = ("gen. / hand", "strict / hand", "gen. / value", "gen. / g.primal")
#: What a library computes as products, factors and solutions of matrices.
OF_MATRICES = ("cholesky_logdet", "lu_logdet", "matmul_loops", "mlp_loops", "triangular_solve")
SIZED = ("primal", "adjoint", "gradient", "jax")
TIMED = ("primal", "adjoint", "gradient", "strict")


def medians(results: Sequence[Result]) -> Table:
    """A row for each program: median times and their ratios."""
    head = ("program, medians", "value", "hand", "generated", "strict", *RATIOS)
    rows = [
        [
            found.name,
            *(seconds(found.times[key].middle) for key in TIMED),
            *(f"{found.middle_ratio(*pair):.2f}" for pair in PAIRS),
        ]
        for found in results
    ]
    means = [f"{geometric_mean(found.middle_ratio(*pair) for found in results):.2f}" for pair in PAIRS]
    return head, [*rows, ["geometric mean", "", "", "", "", *means]]


def beside(results: Sequence[Result], peer: str, title: str) -> Table:
    """A row for each program that was also timed with a peer, and the geometric means of the ratios."""
    head = ("program", "hand", "generated", title, f"{title} / hand", f"{title} / gen.")
    found = [one for one in results if peer in one.times]
    others = ("adjoint", "gradient")
    rows = [
        [
            one.name,
            *(seconds(one.times[key].least) for key in (*others, peer)),
            *(f"{one.ratio(peer, key):.2f}" for key in others),
        ]
        for one in found
    ]
    rows.append(["geometric mean", *_means(found, peer, others)])
    without = [one for one in found if one.name not in OF_MATRICES]
    if 0 < len(without) < len(found):
        rows.append(["without those of matrices", *_means(without, peer, others)])
    return head, rows


def _means(results: Sequence[Result], peer: str, others: Sequence[str]) -> list[str]:
    """The end of a row of geometric means."""
    means = (geometric_mean(one.ratio(peer, key) for one in results) for key in others)
    return ["", "", "", *(f"{mean:.2f}" for mean in means)]


def slowest(results: Sequence[Result], count: int = 5) -> str:
    """A sentence on the programs in which the generated gradient is furthest behind the hand-written one."""
    ratios = {found.name: found.ratio("gradient", "adjoint") for found in results}
    behind = sorted((name for name in ratios if ratios[name] > 1.0), key=ratios.__getitem__, reverse=True)
    named = ", ".join(f"`{name}` ({ratios[name]:.2f})" for name in behind[:count])
    said = f"The generated gradient takes longer than the hand-written one in {len(behind)} of {len(results)} programs"
    return f"{said}; the largest ratios are those of {named}." if named else f"{said}."


def tangents(results: Sequence[Result]) -> list[str]:
    """A line for each program that has a hand-written tangent."""
    return [
        f"A hand-written tangent of `{found.name}` takes {found.ratio('tangent', 'adjoint'):.2f} of the adjoint's time."
        for found in results
        if "tangent" in found.times
    ]


def disturbed(results: Sequence[Result]) -> str:
    """A sentence on the programs whose ratio depends on whether least or median times are compared."""
    named = []
    for found in results:
        least, middle = found.ratio("gradient", "adjoint"), found.middle_ratio("gradient", "adjoint")
        if max(least, middle) > DISTURBED * min(least, middle):
            named.append(f"`{found.name}` ({least:.2f} and {middle:.2f})")
    if not named:
        return "Least and median times give the same ratios to a quarter."
    return f"Other work disturbed these programs, whose ratios of least and of median times differ: {', '.join(named)}."


def cheap_gradient(points: Sequence[Point]) -> Table:
    """A row for each number of inputs."""
    head = ("inputs", "value", "value and gradient", "ratio", "same call", "central differences", "ratio")
    rows = [
        [
            f"{point.inputs:,}",
            seconds(point.value),
            seconds(point.gradient),
            f"{point.ratio:.2f}",
            f"{point.same_call_ratio:.2f}",
            seconds(point.differences) + ("" if point.measured else " (counted)"),
            f"{point.differences / point.value:,.0f}",
        ]
        for point in points
    ]
    return head, rows


def least_call(taken: float) -> str:
    """A sentence on the call of the gradient of one number.

    Examples
    --------
    >>> least_call(1e-6)
    'A call of the gradient of `x * x` takes 1 µs; target 1.5 µs: met.'
    """
    return f"A call of the gradient of `x * x` takes {seconds(taken)}; target {seconds(CALL)}: {met(taken, CALL)}."


def sizes(points: Sequence[Size]) -> Table:
    """A row for each program and size."""
    head = (
        "program",
        "size",
        "value",
        "hand",
        "generated",
        "JAX",
        *(f"memory, {by}" for by in ("hand", "generated", "JAX")),
    )
    rows = [
        [
            point.name,
            f"{point.count:,} {point.what}",
            *(seconds(point.times[key]) if key in point.times else "" for key in SIZED),
            *(amount(point.memory[key]) if key in point.memory else "" for key in SIZED[1:]),
        ]
        for point in points
    ]
    return head, rows


def derivatives(costs: Sequence[Cost]) -> Table:
    """A row for each matrix or product of derivatives, with whether its bound is kept."""
    head = ("derivative", "takes", "beside", "takes", "ratio", "bound", "")
    rows = [
        [
            cost.case.name,
            seconds(cost.derivative),
            cost.case.by,
            seconds(cost.unit),
            f"{cost.ratio:.2f}",
            f"{cost.case.bound:g}",
            met(cost.ratio, cost.case.bound),
        ]
        for cost in costs
    ]
    return head, rows


def threads(pairs: Sequence[Pair]) -> Table:
    """A row for each program, with whether two threads gain what they should."""
    head = ("program", "size", "one thread", "two threads", "gain", "target", "")
    rows = [
        [
            pair.name,
            " by ".join(map(str, pair.size)),
            *(seconds(pair.times[target].least) for target in ("cpu", "parallel")),
            f"{pair.gain:.2f}",
            f"{GAIN:g}",
            met(GAIN, pair.gain),
        ]
        for pair in pairs
    ]
    return head, rows


def first_calls(found: Sequence[FirstCalls]) -> Table:
    """A row for each program, and the geometric means of the ratios."""
    head = ("program", "lines", "njit, cold", "gradient, cold", "ratio", "njit, warm", "gradient, warm", "ratio")
    rows = [
        [
            one.name,
            str(one.lines),
            seconds(one.njit),
            seconds(one.gradient),
            f"{one.gradient / one.njit:.1f}",
            seconds(one.njit_warm),
            seconds(one.gradient_warm),
            f"{one.gradient_warm / one.njit_warm:.1f}",
        ]
        for one in found
    ]
    cold = f"{geometric_mean(one.gradient / one.njit for one in found):.1f}"
    warm = f"{geometric_mean(one.gradient_warm / one.njit_warm for one in found):.1f}"
    return head, [*rows, ["geometric mean", "", "", "", cold, "", "", warm]]


def targets(found: FirstCalls) -> Table:
    """A row for each target of start-up, with whether it is met."""
    head = ("of a function of 20 lines", "measured", "target", "")
    ratio, beyond = found.gradient / found.njit, found.gradient_warm - found.njit_warm
    rows = [
        ["first gradient / first njit value, cold", f"{ratio:.1f}", f"{COLD:.1f}", met(ratio, COLD)],
        ["first gradient - first njit value, warm", seconds(max(beyond, 0.0)), seconds(WARM), met(beyond, WARM)],
        ["import adcompiler after numba", seconds(found.imported), seconds(IMPORT), met(found.imported, IMPORT)],
    ]
    return head, rows


def growth(points: Sequence[Length]) -> Table:
    """A row for each length of a program, then by what twice the lines multiply each time."""
    head = ("lines of the Wengert list", "this package", "Numba", "a line", "")
    rows = [
        [f"{p.lines:,}", seconds(p.passes), seconds(p.numba), seconds((p.passes + p.numba) / p.lines), ""]
        for p in points
    ]
    ours, numba = (doubled(points, time) for time in (lambda p: p.passes, lambda p: p.numba))
    rows.append(["twice the lines", f"times {ours:.2f}", f"times {numba:.2f}", "", met(ours, DOUBLED)])
    return head, rows


def met(measured: float, target: float) -> str:
    """Whether a target is met.

    Examples
    --------
    >>> met(0.2, 0.3), met(0.4, 0.3)
    ('met', 'missed')
    """
    return "met" if measured <= target else "missed"


def text(table: Table) -> str:
    """The table for a terminal.

    Examples
    --------
    >>> print(text((("a", "b"), [["one", "2"]])))
    a    b
    one  2
    """
    head, rows = table
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    aligned = (
        [cell.ljust(widths[0]) if i == 0 else cell.rjust(widths[i]) for i, cell in enumerate(row)]
        for row in (head, *rows)
    )
    return "\n".join("  ".join(row).rstrip() for row in aligned)


def markdown(table: Table) -> str:
    """The table for a page.

    Examples
    --------
    >>> print(markdown((("a", "b"), [["one", "2"]])))
    | a | b |
    | --- | ---: |
    | one | 2 |
    """
    head, rows = table
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def machine() -> str:
    """The processor and the versions, in a sentence."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    peers = (name for name in ("jax", "torch", "autograd") if find_spec(name))
    named_versions = ("numba", "llvmlite", "numpy", *peers)
    parts = [f"adcompiler {adcompiler.__version__}", *(f"{name} {version(name)}" for name in named_versions)]
    processor = named[0] if named else platform.machine()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"Measured on {date.today()} on {processor}, {os.cpu_count()} cores of which one is used{load}, "
        f"Python {platform.python_version()}, {', '.join(parts)}."
    )


def write(page: Path, measured: str) -> None:
    """Put the results between the two marks of the page."""
    before, rest = page.read_text(encoding="utf-8").split(FIRST)
    after = rest.split(LAST)[1]
    page.write_text(f"{before}{FIRST}\n{measured}\n{LAST}{after}", encoding="utf-8")
