"""The gradient of a long chain of steps in little memory: records of every step, and kept states of a few.

A particle in a double well is pushed by one of three forces in turn; the gradient is that of its energy in the end, by
the start, the damping and the forces. Three gradients are compared over the number of steps: one that records every
step, one that keeps about the square root of twice as many states, and one that keeps 32.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import adcompiler as ad
from adcompiler.tools.measure import peak_memory, time_of

BLUE, ORANGE, GREEN = "#2f6db5", "#d9822b", "#3b8f5a"
FORCES = np.array([0.3, -0.2, 0.1])
STEP, PAGE = 1e-3, 4096
HERE = Path(__file__).resolve().parent


def recorded(x, damping, forces, steps):
    """The energy in the end; the gradient records every step."""
    v = 0.0
    for i in range(steps):
        v += STEP * (x - x**3 - damping * v + forces[i % 3] * math.cos(x))
        x += STEP * v
    return 0.5 * v**2 + 0.25 * x**4 - 0.5 * x**2


def kept(x, damping, forces, steps):
    """The same; the gradient runs no step more than once again before it reverses it."""
    v = 0.0
    for i in ad.checkpointed_range(steps):
        v += STEP * (x - x**3 - damping * v + forces[i % 3] * math.cos(x))
        x += STEP * v
    return 0.5 * v**2 + 0.25 * x**4 - 0.5 * x**2


def few_kept(x, damping, forces, steps):
    """The same; the gradient keeps 32 states."""
    v = 0.0
    for i in ad.checkpointed_range(steps, snapshots=32):
        v += STEP * (x - x**3 - damping * v + forces[i % 3] * math.cos(x))
        x += STEP * v
    return 0.5 * v**2 + 0.25 * x**4 - 0.5 * x**2


WAYS = {"every step recorded": recorded, "√(2n) states kept": kept, "32 states kept": few_kept}


def most_again(steps: int, snapshots: int) -> int:
    """How often a step runs at most beyond its reversal: Griewank and Walther's bound.

    Examples
    --------
    >>> most_again(10**6, 32), most_again(10**6, 1413)
    (6, 2)
    """
    times = 0
    while math.comb(snapshots + times, snapshots) < steps + 1:
        times += 1
    return times


def measured(f: Callable[..., float], steps: int) -> tuple[list[np.ndarray], float, int]:
    """Gradient, seconds and bytes of one way; memory is counted in pages."""
    gradient = ad.grad(f, argnums=(0, 1, 2), fastmath=False)
    args = (0.4, 0.05, FORCES, steps)
    found = [np.asarray(g) for g in gradient(*args)]
    return found, time_of(gradient, lambda: args), max(peak_memory(gradient, args), PAGE)


def plot(path: Path, sizes: list[int], seconds: dict[str, list[float]], bytes_: dict[str, list[int]]) -> None:
    """Memory, and time by steps, over the number of steps."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for colour, name in zip((ORANGE, BLUE, GREEN), WAYS, strict=True):
        left.loglog(sizes, [b / 2**10 for b in bytes_[name]], "o-", color=colour, label=name)
        right.semilogx(sizes, [1e9 * s / n for s, n in zip(seconds[name], sizes, strict=True)], "o-", color=colour)
    left.set(xlabel="steps n", ylabel="memory of a gradient, KiB")
    right.set(xlabel="steps n", ylabel="time of a gradient by steps, ns", ylim=(0, None))
    left.legend()
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10**6, help="the longest chain (default: a million)")
    parser.add_argument("--plot", type=Path, default=HERE / "output" / "checkpointing.png", help="the picture")
    options = parser.parse_args()
    longest = options.steps
    sizes = [n for n in (10**3, 10**4, 10**5, 10**6) if n < longest] + [longest]
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    bytes_: dict[str, list[int]] = {name: [] for name in WAYS}
    for steps in sizes:
        gradients = {}
        for name, f in WAYS.items():
            gradients[name], time, memory = measured(f, steps)
            seconds[name].append(time)
            bytes_[name].append(memory)
        first = gradients["every step recorded"]
        same = all(np.array_equal(a, b) for g in gradients.values() for a, b in zip(first, g, strict=True))
        print(f"{steps} steps: the three gradients are the same to the last bit: {same}")
    print(f"{longest} steps, by the gradient that records every step:")
    for name in list(WAYS)[1:]:
        ratio = seconds[name][-1] / seconds["every step recorded"][-1]
        print(f"  {name}: {ratio:.1f} of its time, {bytes_[name][-1] / 2**10:.0f} KiB")
    print(f"  every step recorded: {bytes_['every step recorded'][-1] / 2**10:.0f} KiB")
    print(f"with 32 states no step runs more than {most_again(longest, 32)} times beyond its reversal")
    plot(options.plot, sizes, seconds, bytes_)
    print(f"saved {options.plot}")


if __name__ == "__main__":
    main()
