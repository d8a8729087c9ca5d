"""Gradients through what has none: draws of chance, and rounding.

The mean of a function of a random number has a gradient with respect to the distribution's parameters. REINFORCE
takes it from the gradient of the logarithm of the density, and needs no derivative of the function; where there is
one, moving the draws along with the parameters has far less noise. Both are compared with the formula, over samples
of growing size.

Weights rounded to a few levels have no derivative either: the straight-through estimator rounds on the way forward
and does nothing on the way back. Training with it beats rounding after training.

Run it: `python examples/estimators.py`. It saves a plot in `examples/output`.
"""

import argparse
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import adcompiler as ad

HERE = Path(__file__).resolve().parent
THETA = np.array([0.5, -0.3])


def reward(x):
    return (x - 2.0) ** 2


def mean_reward(theta):
    """The mean of the reward of a normal number whose mean and logarithm of the deviation are theta."""
    return (theta[0] - 2.0) ** 2 + math.exp(2 * theta[1])


def log_density(theta, x):
    z = (x - theta[0]) / math.exp(theta[1])
    return -0.5 * z * z - theta[1] - 0.5 * math.log(2 * math.pi)


@ad.jacobian
def scores(theta, x, baseline):
    """One number a draw, whose gradient is REINFORCE's: the reward counts as a constant."""
    return (ad.stop_gradient(reward(x)) - baseline) * log_density(theta, x)


@ad.jacobian
def moved_rewards(theta, noise):
    """One number a draw: the reward of a draw that moves with the parameters."""
    return reward(theta[0] + math.exp(theta[1]) * noise)


def estimates(rng: np.random.Generator, samples: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Each estimator's mean and its standard error."""
    noise = rng.normal(size=samples)
    draws = THETA[0] + math.exp(THETA[1]) * noise
    each = {
        "REINFORCE": scores(THETA, draws, 0.0),
        "with a baseline": scores(THETA, draws, mean_reward(THETA)),
        "moved draws": moved_rewards(THETA, noise),
    }
    return {name: (g.mean(axis=0), g.std(axis=0, ddof=1) / math.sqrt(samples)) for name, g in each.items()}


@ad.custom_vjp
def straight_through(w, width):
    """The weights rounded to multiples of a width."""
    return width * np.round(w / width)


def round_forward(w, width):
    return straight_through(w, width), ()


def round_backward(residuals, rounded_bar):
    return rounded_bar, 0.0


straight_through.defvjp(round_forward, round_backward)


def error(w, x, y):
    return np.mean((x @ w - y) ** 2)


@ad.value_and_grad
def quantised_error(w, x, y, width):
    """The error of the rounded weights."""
    return error(straight_through(w, width), x, y)


def quantisation(rng: np.random.Generator, width: float = 0.5, rate: float = 0.005) -> tuple[float, list[float]]:
    """The error of the best weights, rounded; and those of 50 steps from there through the rounding, best so far."""
    mixing = np.eye(16) + 0.5 * rng.normal(size=(16, 16))
    x = rng.normal(size=(200, 16)) @ mixing
    y = x @ rng.normal(size=16) + 0.1 * rng.normal(size=200)
    w, *_ = np.linalg.lstsq(x, y)
    history = []
    for _ in range(51):
        value, gradient = quantised_error(w, x, y, width)
        history.append(min([value, *history[-1:]]))
        w = w - rate * gradient
    return history[0], history


def plot(errors: dict[str, list[float]], sizes: list[int], histories: list[list[float]]) -> Path:
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, values in errors.items():
        left.loglog(sizes, values, "o-", markersize=4, label=name)
    left.set(xlabel="draws", ylabel="standard error of the gradient")
    left.legend()
    right.plot(np.transpose([np.divide(history, history[0]) for history in histories]))
    right.set(xlabel="step", ylabel="error / error of rounding at the end", title="training through the rounding")
    path = HERE / "output" / "estimators.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=80)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000, help="the largest sample (default: 10000)")
    draws = parser.parse_args().draws
    rng = np.random.default_rng(0)
    exact = ad.grad(mean_reward)(THETA)
    print(f"gradient of the mean reward: {exact}")
    sizes, errors = [draws // 64, draws // 16, draws // 4, draws], {}
    for size in sizes:
        for name, (found, deviation) in estimates(rng, size).items():
            errors.setdefault(name, []).append(float(np.linalg.norm(deviation)))
            if size == draws:
                worst = np.max(np.abs(found - exact) / deviation)
                print(f"  {name:<16} {found} within {worst:.1f} standard errors of {deviation}")
    histories = [quantisation(rng)[1] for _ in range(8)]
    gains = [history[0] / history[-1] for history in histories]
    better = sum(gain > 1 for gain in gains)
    print(f"weights rounded to multiples of a half: of {len(gains)} problems, 50 steps through the rounding")
    print(f"make the error smaller in {better}, by a factor of {np.median(gains):.1f} in the median")
    print(f"saved {plot(errors, sizes, histories)}")


if __name__ == "__main__":
    main()
