"""The pictures of the benchmark page."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.cheap_gradient import Point
from benchmarks.growth import Point as Length
from benchmarks.harness import Result

BLUE, ORANGE, GREY = "#2f6db5", "#d9822b", "#8a8f98"


def programs(results: Sequence[Result], path: Path) -> None:
    """Bars: the generated gradient by the hand-written adjoint, shipped and strict."""
    figure = Figure(figsize=(8, 0.34 * len(results) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(results))
    for key, colour, shift in (("gradient", BLUE, -0.2), ("strict", ORANGE, 0.2)):
        ratios = [found.ratio(key, "adjoint") for found in results]
        label = "as shipped" if key == "gradient" else "fastmath=False"
        axes.barh([place + shift for place in places], ratios, height=0.38, color=colour, label=label)
    axes.axvline(1.0, color=GREY, linewidth=1)
    axes.set_yticks(places, [found.name for found in results])
    axes.invert_yaxis()
    axes.set(xlabel="time of the generated gradient / time of the hand-written adjoint")
    axes.legend(loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


def cheap_gradient(points: Sequence[Point], path: Path) -> None:
    """Cost by the cost of the value, over the number of inputs."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    inputs = [point.inputs for point in points]
    axes.loglog(inputs, [point.ratio for point in points], "o-", color=BLUE, label="value and gradient")
    same = [point.same_call_ratio for point in points]
    axes.loglog(inputs, same, "o:", color=BLUE, label="value and gradient / value through adcompiler")
    for measured, style in ((True, "s-"), (False, "s--")):
        some = [point for point in points if point.measured is measured]
        label = "central differences" + ("" if measured else ", counted")
        costs = [point.differences / point.value for point in some]
        axes.loglog([point.inputs for point in some], costs, style, color=ORANGE, label=label)
    axes.set(xlabel="inputs", ylabel="time / time of the value")
    axes.axhline(1.0, color=GREY, linewidth=1)
    axes.legend()
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


def growth(points: Sequence[Length], path: Path) -> None:
    """Seconds of a compilation over the lines of the Wengert list."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    lines = [point.lines for point in points]
    axes.loglog(lines, [point.passes for point in points], "o-", color=BLUE, label="this package's passes")
    axes.loglog(lines, [point.numba for point in points], "s-", color=ORANGE, label="Numba")
    straight = [points[0].passes * n / lines[0] for n in lines]
    axes.loglog(lines, straight, "--", color=GREY, label="as many times as long as there are lines")
    axes.set(xlabel="lines of the Wengert list", ylabel="seconds")
    axes.legend()
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
