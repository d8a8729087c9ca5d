"""The conductivity of a rod, recovered from measured temperatures.

The function steps the heat equation in place, as a two-line stencil in a time loop, and compares the temperatures with
measured ones at some moments. Its gradient with respect to the conductivity of every cell costs a few runs, where
finite differences would need two for each cell.

Run it: `python examples/heat_equation.py`. It saves a plot in `examples/output`.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize

import adcompiler as ad

HERE = Path(__file__).resolve().parent
#: How well the temperatures are known, and the price of a rough conductivity.
NOISE, SMOOTHING = 1e-3, 0.02


def simulate(log_conductivity, start, h, snapshots, every):
    """The temperatures at some moments, `every` steps of length h apart, one row a moment."""
    cells = len(start)
    u = start.copy()
    flux = np.zeros(cells + 1)
    seen = np.empty((snapshots, cells))
    for k in range(snapshots):
        for _ in range(every):
            for i in range(1, cells):
                flux[i] = np.exp(log_conductivity[i - 1]) * (u[i - 1] - u[i])
            for i in range(cells):
                u[i] += h * (flux[i] - flux[i + 1])
        seen[k] = u
    return seen


@ad.value_and_grad
def misfit(log_conductivity, start, measured, h, every):
    """Mean squared difference from the measured temperatures, in units of the noise, and a price for roughness."""
    seen = simulate(log_conductivity, start, h, measured.shape[0], every)
    rough = 0.0
    for i in range(1, len(log_conductivity)):
        rough += (log_conductivity[i] - log_conductivity[i - 1]) ** 2
    return np.mean(((seen - measured) / NOISE) ** 2) + SMOOTHING * rough


def plot(truth: np.ndarray, found: np.ndarray, start: np.ndarray, measured: np.ndarray) -> Path:
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(start, color="tab:grey", label="start")
    for k, row in enumerate(measured):
        left.plot(row, ".", markersize=3, color="tab:orange", label=None if k else "measured")
    left.set(xlabel="cell", ylabel="temperature")
    right.step(range(len(truth)), np.exp(truth), color="tab:grey", label="true")
    right.step(range(len(found)), np.exp(found), color="tab:blue", label="recovered")
    right.set(xlabel="between cells", ylabel="conductivity", ylim=(0.0, None))
    for axes in (left, right):
        axes.legend()
    path = HERE / "output" / "heat_equation.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=40, help="cells of the rod (default: 40)")
    cells = parser.parse_args().cells
    rng = np.random.default_rng(3)
    x = np.linspace(0.0, 1.0, cells)
    start = np.sin(7.0 * x) + np.cos(17.0 * x) + x
    between = np.linspace(0.0, 1.0, cells - 1)
    truth = np.log(np.where(between < 0.55, 0.8, 0.3) + 0.2 * np.sin(5.0 * between))
    h, snapshots, every = 0.2, 12, 20
    measured = simulate(truth, start, h, snapshots, every) + NOISE * rng.normal(size=(snapshots, cells))
    guess = np.full(cells - 1, np.log(0.5))
    args = (start, measured, h, every)
    fit = minimize(misfit, guess, args=args, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-10})
    error = np.linalg.norm(np.exp(fit.x) - np.exp(truth)) / np.linalg.norm(np.exp(truth))
    print(f"{snapshots * every} steps of {cells} cells, {len(guess)} conductivities")
    print(f"L-BFGS-B: {fit.nit} iterations, misfit {misfit.primal(guess, *args):.1f} -> {fit.fun:.3f}")
    print(f"conductivity recovered to {100 * error:.1f} %, temperatures known to {NOISE:g}")
    print(f"saved {plot(truth, fit.x, start, measured)}")


if __name__ == "__main__":
    main()
