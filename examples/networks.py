"""Layers upon layers: what a deep network learns, and what becomes of its gradient on the way down.

Two moons are separated by a network whose layers are a list of dictionaries, of any widths. Then the gradient of a
network of twenty equal layers, whose weights are one array, is measured layer by layer: sigmoids lose it, while ReLU
with He's weights, tanh with Xavier's, and layers that add to what they get keep it.

Run it: `python examples/networks.py`. It saves two plots in `examples/output`.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import make_moons

import adcompiler as ad

HERE = Path(__file__).resolve().parent


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def relu(z):
    return np.maximum(z, 0.0)


def logits(layers, x):
    """One number a point: above zero for the second moon."""
    h = x
    for layer in layers[:-1]:
        h = np.tanh(h @ layer["weights"] + layer["bias"])
    return (h @ layers[-1]["weights"] + layers[-1]["bias"])[:, 0]


@ad.value_and_grad
def entropy(layers, x, labels):
    """Mean cross-entropy of the sigmoid of the logits, in the form that does not overflow."""
    z = logits(layers, x)
    return np.mean(np.maximum(z, 0.0) - labels * z + np.log1p(np.exp(-np.abs(z))))


def initial(rng: np.random.Generator, widths: list[int]) -> list[dict[str, np.ndarray]]:
    """Xavier's weights, and no biases."""
    return [{"weights": rng.normal(size=(m, n)) / np.sqrt(m), "bias": np.zeros(n)} for m, n in pairwise(widths)]


def train(layers, x, labels, epochs: int, rate: float = 0.5):
    """Momentum descent on the whole set; the layers, and the loss of every epoch."""
    speed = [{name: np.zeros_like(p) for name, p in layer.items()} for layer in layers]
    history = []
    for _ in range(epochs):
        value, gradient = entropy(layers, x, labels)
        for layer, v, g in zip(layers, speed, gradient, strict=True):
            for name in layer:
                v[name] = 0.9 * v[name] - rate * g[name]
                layer[name] = layer[name] + v[name]
        history.append(value)
    return layers, history


def deep(weights, x, y, activation, residual):
    """The squared error of as many equal layers as there are matrices."""
    h = x
    for w in weights:
        a = activation(h @ w)
        h = h + a if residual else a
    return np.mean((h - y) ** 2)


# the activation, the scale of the weights for a width of one, and whether a layer adds to what it gets
DESIGNS = {
    "sigmoid": (sigmoid, 1.0, False),
    "ReLU, He": (relu, np.sqrt(2.0), False),
    "tanh, Xavier": (np.tanh, 1.0, False),
    "residual": (np.tanh, 1.0, True),
}


def norms_by_layer(rng: np.random.Generator, activation, scale: float, residual: bool, depth: int = 20) -> np.ndarray:
    """The norm of the gradient with respect to each layer's weights."""
    width, points = 32, 64
    weights = scale * rng.normal(size=(depth, width, width)) / np.sqrt(width)
    x, y = rng.normal(size=(points, width)), rng.normal(size=(points, width))
    return np.linalg.norm(ad.grad(deep)(weights, x, y, activation, residual), axis=(1, 2))


def save(figure: Figure, name: str) -> Path:
    path = HERE / "output" / name
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=80)
    return path


def plot_moons(layers, x, labels, history: list[float]) -> Path:
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(history)
    left.set(xlabel="epoch", ylabel="mean cross-entropy")
    across, up = np.meshgrid(np.linspace(-1.6, 2.6, 120), np.linspace(-1.2, 1.7, 100))
    grid = np.column_stack([across.ravel(), up.ravel()])
    right.contourf(across, up, sigmoid(logits(layers, grid)).reshape(across.shape), levels=20, cmap="RdBu")
    right.contour(across, up, logits(layers, grid).reshape(across.shape), levels=[0.0], colors="black")
    right.scatter(*x.T, c=np.where(labels > 0, "tab:blue", "tab:red"), s=4)
    right.set(title="the decision boundary")
    return save(figure, "moons.png")


def plot_norms(norms: dict[str, np.ndarray]) -> Path:
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.add_subplot()
    for (label, values), mark in zip(norms.items(), "osD^", strict=True):
        axes.semilogy(range(1, len(values) + 1), values, mark + "-", markersize=4, label=label)
    axes.set(xlabel="layer", ylabel="norm of its gradient", xticks=range(1, 21, 3))
    axes.legend()
    return save(figure, "vanishing.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=400, help="steps on the two moons (default: 400)")
    parser.add_argument("--widths", type=int, nargs="*", default=[16, 12, 8], help="widths of the hidden layers")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    x, labels = make_moons(1000, noise=0.15, random_state=0)
    layers, history = train(initial(rng, [2, *options.widths, 1]), x, labels.astype(float), options.epochs)
    print(f"two moons: loss {history[0]:.4f} -> {history[-1]:.4f}")
    print(f"accuracy: {100 * np.mean((logits(layers, x) > 0) == labels):.1f} %")
    print(f"saved {plot_moons(layers, x, labels, history)}")
    norms = {name: norms_by_layer(rng, *design) for name, design in DESIGNS.items()}
    print("\nthe norm of the first layer's gradient over that of the last, of 20:")
    for name, values in norms.items():
        print(f"  {name:<13} {values[0] / values[-1]:.1e}")
    print(f"saved {plot_norms(norms)}")


if __name__ == "__main__":
    main()
