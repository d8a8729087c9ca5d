"""The tables, on the terminal and in `docs/benchmarks.md`."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import geometric_mean

from adcompiler.tools.table import amount, seconds
from benchmarks.cheap_gradient import Point
from benchmarks.compile_time import Compilation
from benchmarks.harness import Result

Table = tuple[Sequence[str], list[list[str]]]
FIRST, LAST = "<!-- measured -->", "<!-- end of what is measured -->"


def programs(results: Sequence[Result]) -> Table:
    """A row for each program, and the geometric means of the ratios."""
    head = (
        "program",
        "value",
        "hand",
        "generated",
        "gen. / hand",
        "strict / hand",
        "gen. / value",
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


PAIRS = (("gradient", "adjoint"), ("strict", "adjoint"), ("gradient", "value"))


def tangents(results: Sequence[Result]) -> list[str]:
    """A line for each program that has a hand-written tangent."""
    return [
        f"A hand-written tangent of `{found.name}` takes {found.ratio('tangent', 'adjoint'):.2f} of the adjoint's time."
        for found in results
        if "tangent" in found.times
    ]


def cheap_gradient(points: Sequence[Point]) -> Table:
    """A row for each number of inputs."""
    head = ("inputs", "value", "value and gradient", "ratio", "central differences", "ratio")
    rows = [
        [
            f"{point.inputs:,}",
            seconds(point.value),
            seconds(point.gradient),
            f"{point.ratio:.2f}",
            seconds(point.differences) + ("" if point.measured else " (counted)"),
            f"{point.differences / point.value:,.0f}",
        ]
        for point in points
    ]
    return head, rows


def compile_time(found: Sequence[Compilation]) -> Table:
    """A row for each program."""
    head = ("program", "lines", "njit value", "gradient", "ratio", "njit value, cached", "gradient, cached", "import")
    rows = [
        [
            one.name,
            str(one.lines),
            seconds(one.njit),
            seconds(one.gradient),
            f"{one.gradient / one.njit:.1f}",
            seconds(one.njit_cached),
            seconds(one.gradient_cached),
            seconds(one.imports),
        ]
        for one in found
    ]
    return head, rows


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
    parts = [f"{name} {version(name)}" for name in ("numba", "numpy")]
    processor = named[0] if named else platform.machine()
    return f"Measured on {processor}, one thread, Python {platform.python_version()}, {', '.join(parts)}."


def write(page: Path, measured: str) -> None:
    """Put the results between the two marks of the page."""
    before, rest = page.read_text(encoding="utf-8").split(FIRST)
    after = rest.split(LAST)[1]
    page.write_text(f"{before}{FIRST}\n{measured}\n{LAST}{after}", encoding="utf-8")
