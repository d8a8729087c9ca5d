"""How the time of a compilation grows with the length of the program."""

import linecache
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

import adcompiler as ad
from adcompiler.ir.walk import walk

LENGTHS = (125, 250, 500, 1000, 2000)
ROUNDS = 2
#: This package's own part takes at most this many times as long for twice the lines.
DOUBLED = 2.3

# each loop reads what the one before it wrote, an element away: loops that could be joined would be a shorter program
_LOOP = """    for i in range(1, n):
        slope = x[i] - y[i - 1]
        bent = slope / (1.0 + slope * slope)
        y[i] = y[i] + {step} * bent
        if y[i] < {low}:
            y[i] = {low}
"""


@dataclass(frozen=True, slots=True)
class Point:
    """Least seconds of some rounds for one length.

    Parameters
    ----------
    lines
        The lines of the Wengert list.
    passes, numba
        The time of this package's own work, and that of Numba.
    """

    lines: int
    passes: float
    numba: float


def program(loops: int, version: int = 0) -> Callable[[np.ndarray], float]:
    """A function of so many loops, one after the other; no text of one version is that of another.

    Examples
    --------
    >>> round(program(2)(np.linspace(0.0, 1.0, 5)), 3)
    2.672
    """
    body = "".join(_LOOP.format(step=0.1 + k / 1000 + version / 1e6, low=-k / 100 - 1) for k in range(loops))
    text = f"def grown(x):\n    n = x.shape[0]\n    y = x.copy()\n{body}    return y.sum()\n"
    file = f"<{loops} loops, {version}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict[str, Callable[[np.ndarray], float]] = {}
    exec(compile(text, file, "exec"), scope)
    return scope["grown"]


def measure(loops: int, version: int = 0) -> Point:
    """Compile value and gradient of such a program once, which a process does only for a text that it has not seen."""
    gradient = ad.value_and_grad(program(loops, version), cache=False)
    gradient(np.linspace(0.0, 1.0, 5))
    assert gradient.last is not None
    instance, plan = gradient.last
    times = dict(plan.compiled.times)
    numba = times.pop("numba")
    lines = sum(1 for _ in walk(instance.lowering.lowered.func.body))
    return Point(lines, instance.lowering.seconds + sum(times.values()), numba)


def run(lengths: tuple[int, ...] = LENGTHS, rounds: int = ROUNDS) -> Iterator[Point]:
    """Measure programs of about these lengths in turn."""
    # the first compilation of a process imports the compiler
    few, more = measure(3), measure(6)
    each = (more.lines - few.lines) / 3
    for length in lengths:
        found = [measure(max(1, round((length - few.lines) / each) + 3), k) for k in range(rounds)]
        yield Point(found[0].lines, min(p.passes for p in found), min(p.numba for p in found))


def doubled(points: Sequence[Point], time: Callable[[Point], float]) -> float:
    """By what a time is multiplied where the lines double, over the second half of the points."""
    first, last = points[(len(points) - 1) // 2], points[-1]
    return float((time(last) / time(first)) ** (1.0 / math.log2(last.lines / first.lines)))
