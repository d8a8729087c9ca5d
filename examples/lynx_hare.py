"""Lynx and hare: the Lotka-Volterra equations fitted to the pelt records of the Hudson's Bay Company, 1900-1920.

Six numbers are sought: four rates and the two populations of 1900. The misfit integrates the equations by Runge-Kutta
in plain loops, thousands of steps, and compares the populations with the records, year by year, as logarithms.
`value_and_grad` differentiates it and hands SciPy the exact gradient.

Run it: `python examples/lynx_hare.py`. It saves a plot in `examples/output`.
"""

import argparse
import math
from pathlib import Path
from time import perf_counter

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import OptimizeResult, minimize

import adcompiler as ad

HERE = Path(__file__).resolve().parent
NAMES = ("hare birth", "predation", "lynx death", "conversion", "hare 1900", "lynx 1900")
START = (0.5, 0.02, 1.0, 0.02, 30.0, 4.0)


def slopes(hare, lynx, birth, predation, death, conversion):
    """How fast the two populations change, per year."""
    return birth * hare - predation * hare * lynx, conversion * hare * lynx - death * lynx


def runge_kutta(hare, lynx, h, birth, predation, death, conversion):
    """The populations after one step of length h."""
    a1, b1 = slopes(hare, lynx, birth, predation, death, conversion)
    a2, b2 = slopes(hare + h / 2 * a1, lynx + h / 2 * b1, birth, predation, death, conversion)
    a3, b3 = slopes(hare + h / 2 * a2, lynx + h / 2 * b2, birth, predation, death, conversion)
    a4, b4 = slopes(hare + h * a3, lynx + h * b3, birth, predation, death, conversion)
    return hare + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4), lynx + h / 6 * (b1 + 2 * b2 + 2 * b3 + b4)


@ad.value_and_grad
def misfit(theta, hares, lynxes, steps):
    """Mean squared error of the logarithms of both populations; theta has the logarithms of the six numbers."""
    birth, predation, death, conversion = np.exp(theta[:4])
    hare, lynx = math.exp(theta[4]), math.exp(theta[5])
    years = len(hares)
    total = (math.log(hare) - math.log(hares[0])) ** 2 + (math.log(lynx) - math.log(lynxes[0])) ** 2
    for year in range(1, years):
        for _ in range(steps):
            hare, lynx = runge_kutta(hare, lynx, 1.0 / steps, birth, predation, death, conversion)
        total += (math.log(hare) - math.log(hares[year])) ** 2 + (math.log(lynx) - math.log(lynxes[year])) ** 2
    return total / (2 * years)


def trajectory(theta: np.ndarray, years: int, steps: int) -> np.ndarray:
    """Both populations at twenty moments of each year, for the plot."""
    birth, predation, death, conversion, hare, lynx = np.exp(theta)
    states = [(hare, lynx)]
    for _ in range(20 * (years - 1)):
        for _ in range(max(steps // 20, 1)):
            h = 0.05 / max(steps // 20, 1)
            hare, lynx = runge_kutta(hare, lynx, h, birth, predation, death, conversion)
        states.append((hare, lynx))
    return np.array(states)


def differences(value, theta: np.ndarray, *args, h: float = 1e-6) -> np.ndarray:
    """The gradient by central differences: twelve integrations."""
    return np.array([(value(theta + e, *args) - value(theta - e, *args)) / (2 * h) for e in h * np.eye(len(theta))])


def seconds(call, *args) -> float:
    """The least time of five calls."""
    times = []
    for _ in range(5):
        start = perf_counter()
        call(*args)
        times.append(perf_counter() - start)
    return min(times)


def print_fit(fit: OptimizeResult, first: float) -> None:
    print(f"L-BFGS-B: {fit.message}")
    print(f"  {fit.nit} iterations, {fit.nfev} gradients, misfit {first:.4f} -> {fit.fun:.4f}")
    print(f"  typical error of a record: {100 * (math.exp(math.sqrt(fit.fun)) - 1):.0f} %")
    for name, start, found in zip(NAMES, START, np.exp(fit.x), strict=True):
        print(f"  {name:<11} {start:8.3f} -> {found:8.4f}")


def print_check_and_times(theta: np.ndarray, *args) -> None:
    print("\nGradient with central differences beside it, at a point off the optimum:")
    _, gradient = misfit(theta, *args)
    by_differences = differences(misfit.primal, theta, *args)
    for name, exact, close in zip(NAMES, gradient, by_differences, strict=True):
        print(f"  {name:<11} {exact:16.10f} {close:16.10f}")
    error = np.linalg.norm(gradient - by_differences) / np.linalg.norm(gradient)
    print(f"  relative difference {error:.1e}")
    value, both = seconds(misfit.primal, theta, *args), seconds(misfit, theta, *args)
    slow = seconds(differences, misfit.primal, theta, *args)
    print(f"\n{args[2] * (len(args[0]) - 1)} Runge-Kutta steps:")
    for label, time in (("value", value), ("value and gradient", both), ("central differences", slow)):
        print(f"  {label:<20} {1e3 * time:8.3f} ms   {time / value:5.2f} values")


def print_adjoint(lines: int) -> None:
    text = misfit.adjoint_source().splitlines()
    start = next((k for k, line in enumerate(text) if "reverse sweep" in line), 0)
    print(f"\nFrom the {len(text)} lines of adjoint source that the compiler wrote:\n")
    print("\n".join(f"  {line}" for line in text[start : start + lines]))


def plot(theta: np.ndarray, years: np.ndarray, hares: np.ndarray, lynxes: np.ndarray, steps: int) -> Path:
    found = trajectory(theta, len(years), steps)
    times = np.linspace(years[0], years[-1], len(found))
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.add_subplot()
    for k, (label, records, colour) in enumerate((("hare", hares, "tab:blue"), ("lynx", lynxes, "tab:orange"))):
        axes.plot(times, found[:, k], color=colour, label=f"{label}, fitted")
        axes.plot(years, records, "o", color=colour, label=f"{label}, pelts")
    axes.set(xlabel="year", ylabel="thousands", title="Lotka-Volterra fitted to the Hudson's Bay records")
    axes.set(xticks=years[::4], ylim=(0.0, 95.0))
    axes.legend(ncols=2, loc="upper center")
    path = HERE / "output" / "lynx_hare.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The years, and the pelts of hares and of lynxes in thousands."""
    years, lynxes, hares = np.loadtxt(HERE / "data" / "hudson_bay.csv", delimiter=",", skiprows=2, unpack=True)
    return years, hares, lynxes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000, help="Runge-Kutta steps a year (default: 1000)")
    steps = parser.parse_args().steps
    years, hares, lynxes = load()
    start = np.log(START)
    args = (hares, lynxes, steps)
    fit = minimize(misfit, start, args=args, jac=True, method="L-BFGS-B", options={"ftol": 1e-12, "gtol": 1e-8})
    print_fit(fit, misfit.primal(start, *args))
    print_check_and_times(fit.x + 0.01, *args)
    print_adjoint(30)
    print(f"\nsaved {plot(fit.x, years, hares, lynxes, steps)}")


if __name__ == "__main__":
    main()
