"""Many fits at once: how well twenty-one years of pelts determine the six numbers of the Lotka-Volterra equations.

The equations of `lynx_hare.py` are fitted to the records once, and then to hundreds of series in which the residuals of
that fit are drawn anew (the bootstrap). One call of a batched function gives the misfits of all series and their
gradients, and all of them descend together. Where the fits are computed is one word: one thread, several, or a GPU.

Run it: `python examples/many_fits.py --target parallel`. It saves a plot in `examples/output`.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
from lynx_hare import HERE, NAMES, START, load, misfit, trajectory
from matplotlib.figure import Figure
from scipy.optimize import minimize

import adcompiler as ad


def drawn(theta: np.ndarray, records: np.ndarray, steps: int, fits: int, rng: np.random.Generator) -> np.ndarray:
    """So many series of both populations: the fitted ones with residuals drawn anew."""
    fitted = trajectory(theta, records.shape[1], max(steps, 20))[::20].T
    residuals = np.log(records / fitted)
    years = rng.integers(records.shape[1], size=(fits, records.shape[1]))
    return fitted * np.exp(residuals[:, years].swapaxes(0, 1))


def descend(
    slopes, theta: np.ndarray, series: np.ndarray, steps: int, iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    """The misfits before and after, and where all series arrive by Adam's rule; `theta` has a row for each of them."""
    mean, square = np.zeros_like(theta), np.zeros_like(theta)
    first = None
    for k in range(1, iterations + 1):
        values, gradient = slopes(theta, series[:, 0], series[:, 1], steps)
        first = values if first is None else first
        mean += 0.1 * (gradient - mean)
        square += 0.05 * (gradient**2 - square)
        rate = 0.02 * min(1.0, 2.0 * (1.0 - k / (iterations + 1)))
        theta = theta - rate * (mean / (1 - 0.9**k)) / (np.sqrt(square / (1 - 0.95**k)) + 1e-8)
    return theta, np.array([first, values])


def plot(found: np.ndarray, fitted: np.ndarray) -> Path:
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    for axes, name, values, best in zip(figure.subplots(2, 3).flat, NAMES, found.T, fitted, strict=True):
        axes.hist(values, bins=30, color="tab:blue", alpha=0.7)
        axes.axvline(best, color="tab:orange")
        axes.set(title=name, yticks=[])
    path = HERE / "output" / "many_fits.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=150)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=500, help="how many series")
    parser.add_argument("--steps", type=int, default=50, help="Runge-Kutta steps a year")
    parser.add_argument("--iterations", type=int, default=200, help="steps of the descent")
    parser.add_argument("--target", choices=("cpu", "parallel", "cuda"), default="cpu")
    options = parser.parse_args()
    _, hares, lynxes = load()
    start = np.log(START)
    fitted = minimize(misfit, start, args=(hares, lynxes, options.steps), jac=True, method="L-BFGS-B").x
    rng = np.random.default_rng(1)
    series = drawn(fitted, np.array([hares, lynxes]), options.steps, options.fits, rng)
    slopes = ad.batched(misfit, (0, 0, 0, None), target=options.target)
    theta = np.tile(fitted, (options.fits, 1))
    slopes(theta, series[:, 0], series[:, 1], options.steps)
    begun = perf_counter()
    theta, misfits = descend(slopes, theta, series, options.steps, options.iterations)
    took = perf_counter() - begun
    print(f"{options.fits} fits, {options.iterations} gradients of each in {took:.1f} s")
    print(f"  median misfit {np.median(misfits[0]):.4f} -> {np.median(misfits[1]):.4f}")
    low, high = np.exp(np.quantile(theta, (0.05, 0.95), axis=0))
    for name, best, a, b in zip(NAMES, np.exp(fitted), low, high, strict=True):
        print(f"  {name:<11} {best:8.4f}   90 % of the fits in {a:.4f} to {b:.4f}")
    print(f"saved {plot(np.exp(theta), np.exp(fitted))}")


if __name__ == "__main__":
    main()
