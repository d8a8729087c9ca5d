"""Time, memory and error of a gradient, beside the value and finite differences."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from adcompiler.api import value_and_grad
from adcompiler.tools.differences import noise_level
from adcompiler.tools.measure import peak_memory, time_of
from adcompiler.tools.modes import Reverse, reverse
from adcompiler.tools.search import Search, anywhere, parts, precision_of
from adcompiler.tools.subject import Argnums, Function, Subject, objective, subject, subject_of
from adcompiler.tools.table import amount, render, seconds
from adcompiler.tools.trees import fresh

#: Entries whose derivative is compared with differences.
SAMPLE = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """What one computation takes.

    Parameters
    ----------
    label : str
        The computation.
    seconds : float
        Median time of a call.
    memory : int or None
        Bytes at the peak of a call, over what was there before; None where it was not measured.
    """

    label: str
    seconds: float
    memory: int | None


@dataclass(frozen=True, slots=True, repr=False)
class BenchmarkReport:
    """What `benchmark` measured; prints as a table.

    Parameters
    ----------
    name : str
        The function.
    entries : int
        Derivatives in the gradient.
    plain, value, gradient, differences : Cost
        The plain Python function, the compiled one, value and gradient together, and central differences of the
        compiled value: two calls an entry, which are counted and not made.
    error : float
        Relative difference between gradient and central differences over a sample of entries.
    """

    name: str
    entries: int
    plain: Cost
    value: Cost
    gradient: Cost
    differences: Cost
    error: float

    @property
    def ratio(self) -> float:
        """Time of value and gradient by the time of the value."""
        return self.gradient.seconds / self.value.seconds

    @property
    def costs(self) -> tuple[Cost, ...]:
        """The rows of the table."""
        return (self.plain, self.value, self.gradient, self.differences)

    def __str__(self) -> str:
        rows = [
            [
                cost.label,
                seconds(cost.seconds),
                f"{cost.seconds / self.value.seconds:.3g}",
                "-" if cost.memory is None else amount(cost.memory),
            ]
            for cost in self.costs
        ]
        title = f"benchmark of {self.name}: {self.entries} derivatives"
        table = render(title, ["computation", "time", "time / value", "peak memory"], rows)
        return f"{table}\nrelative difference from central differences: {self.error:.1e}"

    __repr__ = __str__

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw the times as bars on a logarithmic axis and save the picture; needs matplotlib."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 2.4), layout="constrained")
        axes = figure.add_subplot()
        bars = axes.barh([cost.label for cost in self.costs], [cost.seconds for cost in self.costs])
        axes.bar_label(bars, [seconds(cost.seconds) for cost in self.costs], padding=3)
        axes.set(xscale="log", xlabel="seconds", title=f"{self.name}: {self.entries} derivatives")
        axes.margins(x=0.15)
        axes.invert_yaxis()
        figure.savefig(path)


def benchmark(f: Function, *args: Any, argnums: Argnums = 0, **options: Any) -> BenchmarkReport:
    """Measure value, gradient and finite differences of a function with a number as result.

    Parameters
    ----------
    f : callable
        A plain function, or one decorated with `grad`, which stands for the function it differentiates.
    *args
        The point at which to measure.
    argnums : int, str or tuple of them
        The arguments to differentiate.
    **options
        Options of the compiler, as for `grad`.

    Returns
    -------
    BenchmarkReport
        A table, when printed; `report.plot("file.png")` draws it.

    Examples
    --------
    >>> import adcompiler as ad
    >>> report = ad.benchmark(lambda x: x * x, 3.0)
    >>> report.entries, report.ratio > 0
    (1, True)
    """
    of = subject(f, args, argnums)
    derivative = value_and_grad(of.function, argnums=of.positions, **options)
    compiled: Function = derivative.primal
    arguments = partial(fresh, of.args)
    plain = Cost("plain Python value", time_of(of.plain, arguments), None)
    value = cost("compiled value", compiled, of)
    gradient = cost("value and gradient", derivative, of)
    entries = sum(parts(leaf.value) for leaf in of.leaves)
    differences = Cost("finite differences", 2 * entries * value.seconds, value.memory)
    error = sampled_error(subject_of(of.function, compiled, of.args, of.positions), options)
    return BenchmarkReport(of.name, entries, plain, value, gradient, differences, error)


def cost(label: str, call: Function, of: Subject) -> Cost:
    """Time and memory of a compiled call, after a first one."""
    taken = time_of(call, partial(fresh, of.args))
    return Cost(label, taken, peak_memory(call, fresh(of.args)))


def sampled_error(of: Subject, options: dict[str, Any]) -> float:
    """Relative difference, in norm, between gradient and differences in a few random entries."""
    rng = np.random.default_rng(0)
    scalar = objective(of, rng)
    precision = precision_of(scalar)
    noise = noise_level(scalar.along(anywhere(of, rng)), scalar.value, precision)
    gradient: Reverse = reverse(scalar, options)
    search = Search(scalar, (gradient,), precision, precision.rtol, noise, rng)
    starts = np.cumsum([0, *(parts(leaf.value) for leaf in of.leaves)])
    pairs = []
    for entry in rng.choice(starts[-1], min(int(starts[-1]), SAMPLE), replace=False):
        number = int(np.searchsorted(starts, entry, side="right")) - 1
        directions, quotients = search.line(number, np.array([entry - starts[number]]))
        pairs.append((gradient.along(directions), quotients.best().value))
    exact, estimated = np.array(pairs).reshape(-1, 2).T
    size = float(np.linalg.norm(exact) + np.linalg.norm(estimated))
    return float(np.linalg.norm(exact - estimated)) / size if size else 0.0
