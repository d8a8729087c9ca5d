"""`python -m benchmarks` measures everything and writes `docs/benchmarks.md`.

With names it measures only these and prints what it finds.
"""

import argparse
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import benchmarks.arrays.suite as array_suite
from benchmarks import (
    cheap_gradient,
    derivatives,
    first_calls,
    growth,
    harness,
    plots,
    registry,
    report,
    sizes,
    threads,
    traced,
)
from benchmarks.arrays import tables as array_tables
from benchmarks.arrays.program import ArrayProgram
from benchmarks.harness import Result
from benchmarks.program import Program

DOCS = Path(__file__).resolve().parent.parent / "docs"
OTHERS = ("threads", "sizes", "cheap_gradient", "derivatives", "first_calls", "growth", "accuracy")
ABSENT = "Not installed where these figures were taken."


def main() -> None:
    """Measure what is asked for."""
    of_arrays = array_suite.programs()
    known = (*registry.names(), *of_arrays, *OTHERS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(known)}")
    names = parser.parse_args().names
    if unknown := set(names) - {*known}:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    in_loops = [name for name in names or registry.names() if name in registry.names()]
    in_arrays = [name for name in names or of_arrays if name in of_arrays]
    sections = [
        programs(in_loops),
        beside_tapes("Loop", map(registry.load, in_loops)),
        arrays(in_arrays),
        beside_tapes("Array", map(of_arrays.__getitem__, in_arrays)),
        sharing() if not names or "threads" in names else "",
        growing_inputs() if not names or "sizes" in names else "",
        costs() if not names or "cheap_gradient" in names else "",
        matrices() if not names or "derivatives" in names else "",
        starting() if not names or "first_calls" in names else "",
        growing() if not names or "growth" in names else "",
        errors() if not names or "accuracy" in names else "",
    ]
    if not names:
        report.write(DOCS / "benchmarks.md", "\n".join([report.machine() + "\n", *sections]))
        print(f"\nwritten: {DOCS / 'benchmarks.md'}")


def programs(names: Sequence[str]) -> str:
    """Measure programs; the text of their section."""
    if not names:
        return ""
    results: list[Result] = []
    for name in names:
        results.append(harness.measure(registry.load(name)))
        print(f"{name}: {results[-1].ratio('gradient', 'adjoint'):.2f} of the hand-written adjoint's time", flush=True)
    table, middle = report.programs(results), report.medians(results)
    notes = [report.slowest(results), report.disturbed(results), *report.tangents(results)]
    print("", report.text(table), "", report.text(middle), "", *notes, "", sep="\n")
    if list(names) == registry.names():
        plots.programs(results, DOCS / "benchmarks.png")
    picture = "![Generated gradients by hand-written adjoints](benchmarks.png)"
    programs_section = ["## Programs\n", report.markdown(table), "", "\n\n".join(notes), "", picture, ""]
    peers_sections = [beside(results, key, title) for key, title in (("jax", "JAX"), ("cpp", "C++"))]
    return "\n".join([*programs_section, report.markdown(middle), "", *peers_sections])


def beside(results: Sequence[Result], key: str, title: str) -> str:
    """The text of the section on another tool, which may not be installed."""
    if not any(key in found.times for found in results):
        print(f"{title}: not installed, or without such a program\n")
        return f"## Beside {title}\n\n{ABSENT}\n"
    table = report.beside(results, key, title)
    print(report.text(table), "", sep="\n")
    return f"## Beside {title}\n\n{report.markdown(table)}\n"


def arrays(names: Sequence[str]) -> str:
    """Measure array programs; the text of their section."""
    results: list[array_suite.Result] = []
    for name in names:
        for found in array_suite.measure(array_suite.programs()[name]):
            print(f"{name} {found.size}: {found.value_ratio():.2f} of the best value's time", flush=True)
            results.append(found)
    if not results:
        return ""
    tables = [array_tables.times(results), array_tables.means(results), array_tables.compiled(results)]
    print("", *(report.text(table) + "\n" for table in tables), sep="\n")
    return "\n".join(["## Array programs\n", *(report.markdown(table) + "\n" for table in tables)])


def beside_tapes(kind: str, found: Iterable[Program | ArrayProgram]) -> str:
    """Measure programs of a kind beside PyTorch and autograd; the text of that section."""
    chosen = list(found)
    if not chosen:
        return ""
    title = f"## {kind} programs beside PyTorch and autograd\n"
    results: list[traced.Result] = []
    for result in itertools.chain.from_iterable(map(traced.measure, chosen)):
        print(traced.line(result), flush=True)
        results.append(result)
    if not results:
        print("PyTorch, autograd: not found, not timed\n")
        return f"{title}\n{ABSENT}\n"
    table = traced.times(results)
    print("", report.text(table), "", sep="\n")
    return "\n".join([title, report.markdown(table), ""])


def sharing() -> str:
    """Measure two threads beside one; the text of that section."""
    pairs = list(threads.run())
    if not pairs:
        print("Two threads: one core, not timed\n")
        return "## Two threads\n\nNot timed on a machine of one core.\n"
    table = report.threads(pairs)
    print(report.text(table), "", sep="\n")
    return "\n".join(["## Two threads\n", report.markdown(table), ""])


def growing_inputs() -> str:
    """Measure programs over sizes of four decades; the text of that section."""
    points = list(sizes.run())
    table = report.sizes(points)
    print(report.text(table), "", sep="\n")
    plots.sizes(points, DOCS / "sizes.png")
    plots.memory(points, DOCS / "memory.png")
    pictures = ["![Time over size](sizes.png)", "", "![Memory over size](memory.png)", ""]
    return "\n".join(["## Sizes over four decades\n", *pictures, report.markdown(table), ""])


def costs() -> str:
    """Measure the cost of a gradient over the number of inputs; the text of that section."""
    points = list(cheap_gradient.run())
    table = report.cheap_gradient(points)
    print(report.text(table), "", sep="\n")
    plots.cheap_gradient(points, DOCS / "cheap_gradient.png")
    picture = "![Cost of a gradient over the number of inputs](cheap_gradient.png)"
    least = report.least_call(cheap_gradient.call())
    print(least, "")
    return "\n".join(["## Cost over the number of inputs\n", report.markdown(table), "", least, "", picture, ""])


def matrices() -> str:
    """Measure matrices of derivatives and products with them; the text of that section."""
    table = report.derivatives(list(derivatives.run()))
    print(report.text(table), "", sep="\n")
    return "\n".join(["## Matrices of derivatives\n", report.markdown(table), ""])


def starting() -> str:
    """Measure first calls in fresh processes; the text of that section."""
    rod, *found = first_calls.run(["rod", *registry.names()])
    tables = report.targets(rod), report.first_calls([rod, *found])
    print(*map(report.text, tables), "", sep="\n\n")
    return "\n".join(["## First calls\n", *(report.markdown(table) + "\n" for table in tables)])


def growing() -> str:
    """Measure compilations of ever longer programs; the text of that section."""
    points = list(growth.run())
    table = report.growth(points)
    print(report.text(table), "", sep="\n")
    plots.growth(points, DOCS / "compile_growth.png")
    picture = "![Time of a compilation over the length of the program](compile_growth.png)"
    return "\n".join(["## Compilation over the length of a program\n", report.markdown(table), "", picture, ""])


def errors() -> str:
    """Measure the errors of mathematical functions; the text of that section."""
    from benchmarks import accuracy

    table = accuracy.table(list(accuracy.run()))
    print(report.text(table), "", sep="\n")
    return "\n".join(["## Errors of mathematical functions\n", report.markdown(table), ""])


if __name__ == "__main__":
    main()
