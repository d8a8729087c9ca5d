"""The pictures of the benchmark page."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.cheap_gradient import Point
from benchmarks.growth import Point as Length
from benchmarks.harness import Result
from benchmarks.sizes import Point as Size

BLUE, ORANGE, GREEN, GREY = "#2f6db5", "#d9822b", "#4f9d57", "#8a8f98"
#: How each contender is drawn, by its key among the results.
LINES = {
    "primal": ("njit value", GREY, "^:"),
    "adjoint": ("hand-written adjoint", GREEN, "s--"),
    "gradient": ("generated gradient", BLUE, "o-"),
    "jax": ("JAX", ORANGE, "d-."),
}


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


def sizes(points: Sequence[Size], path: Path) -> None:
    """Time over size, a panel for each program."""
    rows = [(p.name, p.what, p.count, key, taken) for p in points for key, taken in p.times.items()]
    _panels(rows, "seconds", path)


def memory(points: Sequence[Size], path: Path) -> None:
    """Memory over size, a panel for each program; less than a page of memory is drawn as one."""
    rows = [(p.name, p.what, p.count, key, max(n, 4096.0)) for p in points for key, n in p.memory.items()]
    _panels(rows, "bytes, from a page of 4 KiB on", path)


def _panels(rows: Sequence[tuple[str, str, int, str, float]], label: str, path: Path) -> None:
    """A panel of lines for each name: of each row its name, what is counted, how many, the contender, its number."""
    names = list(dict.fromkeys(row[0] for row in rows))
    figure = Figure(figsize=(10, 0.3 + 3.1 * -(-len(names) // 3)), layout="constrained")
    for axes, name in zip(figure.subplots(-(-len(names) // 3), 3, squeeze=False).flat, names, strict=False):
        here = [row for row in rows if row[0] == name]
        for key, (title, colour, style) in LINES.items():
            line = [(count, number) for _, _, count, k, number in here if k == key]
            if line:
                # what is written by hand shows on both sides of what is generated
                width = 5.0 if key == "adjoint" else 1.5
                axes.loglog(*zip(*line, strict=True), style, color=colour, lw=width, markersize=4, label=title)
        axes.set(title=name, xlabel=here[0][1], ylabel=label)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        *figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(LINES), frameon=False
    )
    figure.savefig(path, dpi=110)
