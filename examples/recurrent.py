"""Backpropagation through time: how far back a recurrent network's gradient reaches.

A network reads two hundred numbers, one a step, and its state goes through the same weights each time. `grad` with
respect to a nudge that is added to the state at each step gives the gradient at that step. With recurrent weights of
spectral radius below one it vanishes on the way back, above one it explodes. Then the network learns to tell, at the
end of a signal, what it read at the beginning; a gradient longer than one is shortened to one.

Run it: `python examples/recurrent.py`. It saves a plot in `examples/output`.
"""

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import adcompiler as ad

HERE = Path(__file__).resolve().parent


@dataclass
class Cell:
    """The weights of a recurrent layer, and those that read its state."""

    recurrent: np.ndarray
    inputs: np.ndarray
    bias: np.ndarray
    readout: np.ndarray


def final_state(cell, nudges, signal):
    """The state after the whole signal; a nudge is added at each step."""
    h = np.zeros(len(cell.bias))
    for nudge, s in zip(nudges, signal, strict=True):
        h = np.tanh(cell.recurrent @ h + cell.inputs * s + cell.bias) + nudge
    return h


@ad.grad(argnums="nudges")
def gradient_by_step(nudges, cell, signal):
    """What the readout of the final state gains from a nudge at each step."""
    return np.dot(cell.readout, final_state(cell, nudges, signal))


@ad.value_and_grad
def recall(cell, signals, targets):
    """The mean squared error of what the network says at the end of each signal, one row a signal."""
    h = np.zeros((len(signals), len(cell.bias)))
    for t in range(signals.shape[1]):
        h = np.tanh(h @ cell.recurrent.T + np.outer(signals[:, t], cell.inputs) + cell.bias)
    return np.mean((h @ cell.readout - targets) ** 2)


def initial(rng: np.random.Generator, width: int, radius: float) -> Cell:
    """A cell whose recurrent weights are a multiple of an orthogonal matrix."""
    orthogonal, _ = np.linalg.qr(rng.normal(size=(width, width)))
    return Cell(radius * orthogonal, rng.normal(size=width), np.zeros(width), rng.normal(size=width) / np.sqrt(width))


def norm(cell: Cell) -> float:
    """The norm of all the parameters together."""
    return float(np.sqrt(sum(np.sum(getattr(cell, field.name) ** 2) for field in fields(cell))))


def clipped(gradient: Cell, limit: float) -> Cell:
    """The gradient, shortened to the limit if it is longer."""
    factor = min(1.0, limit / norm(gradient))
    return Cell(*(factor * getattr(gradient, field.name) for field in fields(gradient)))


def train(rng: np.random.Generator, length: int, steps: int, limit: float = 1.0, rate: float = 0.05):
    """Descent with clipped gradients on signals whose first entry is to be told; losses, and norms of gradients."""
    cell, losses, norms = initial(rng, 24, 1.0), [], []
    for _ in range(steps):
        signals = 0.1 * rng.normal(size=(32, length))
        signals[:, 0] = rng.uniform(-1.0, 1.0, size=32)
        value, gradient = recall(cell, signals, signals[:, 0])
        step = clipped(gradient, limit)
        cell = Cell(*(getattr(cell, f.name) - rate * getattr(step, f.name) for f in fields(cell)))
        losses.append(value)
        norms.append(norm(gradient))
    return losses, norms


def plot(by_step: dict[float, np.ndarray], losses: list[float]) -> Path:
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for radius, values in by_step.items():
        left.semilogy(values, label=f"spectral radius {radius}")
    left.set(xlabel="time step", ylabel="norm of the gradient there")
    left.legend()
    right.semilogy(losses)
    right.set(xlabel="step", ylabel="loss", title="telling the first number of a signal")
    path = HERE / "output" / "recurrent.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=80)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1500, help="steps of descent (default: 1500)")
    steps = parser.parse_args().steps
    rng = np.random.default_rng(0)
    length, width = 200, 24
    # so small that the state never comes near the bounds of tanh, where every gradient vanishes
    signal, by_step = 1e-10 * rng.normal(size=length), {}
    print(f"the norm of the gradient at step 1 over that at step {length}:")
    for radius in (0.9, 1.0, 1.1):
        cell = initial(rng, width, radius)
        by_step[radius] = np.linalg.norm(gradient_by_step(np.zeros((length, width)), cell, signal), axis=1)
        print(f"  spectral radius {radius}: {by_step[radius][0] / by_step[radius][-1]:.1e}")
    losses, norms = train(rng, 20, steps)
    print(f"loss {np.mean(losses[:20]):.4f} -> {np.mean(losses[-20:]):.4f}")
    print(f"the longest of {steps} gradients: {max(norms):.1f}, clipped to 1")
    print(f"saved {plot(by_step, losses)}")


if __name__ == "__main__":
    main()
