"""Handwritten digits by a network in plain NumPy.

One hidden layer, softmax cross-entropy, scikit-learn's 1797 digits of 8 x 8 pixels. The loss is a NumPy function of a
tuple of parameter arrays; `value_and_grad` returns a tuple of gradients of the same shapes, for momentum descent in
batches of equal size.

Run it: `python examples/digits.py`. It saves a plot in `examples/output`.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import adcompiler as ad

HERE = Path(__file__).resolve().parent


def log_probabilities(params, x):
    """The logarithm of each class's probability, one row a picture."""
    w1, b1, w2, b2 = params
    hidden = np.tanh(x @ w1 + b1)
    logits = hidden @ w2 + b2
    logits = logits - np.max(logits, axis=1, keepdims=True)
    return logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))


@ad.value_and_grad
def loss(params, x, onehot, decay):
    """Mean cross-entropy, and a price for large weights."""
    w1, _, w2, _ = params
    entropy = -np.mean(np.sum(onehot * log_probabilities(params, x), axis=1))
    return entropy + decay * (np.sum(w1**2) + np.sum(w2**2))


def initial(rng: np.random.Generator, inputs: int, width: int, classes: int) -> tuple[np.ndarray, ...]:
    """Random weights whose size keeps the spread of the activations, and no biases."""
    w1 = rng.normal(size=(inputs, width)) / np.sqrt(inputs)
    w2 = rng.normal(size=(width, classes)) / np.sqrt(width)
    return w1, np.zeros(width), w2, np.zeros(classes)


def train(params, x, onehot, epochs: int, rng: np.random.Generator, batch: int = 64, rate: float = 0.1):
    """Momentum descent over shuffled batches; the parameters, and the mean loss of each epoch."""
    speed = tuple(np.zeros_like(p) for p in params)
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        values = []
        for first in range(0, len(x) - batch + 1, batch):
            chosen = order[first : first + batch]
            value, gradient = loss(params, x[chosen], onehot[chosen], 1e-4)
            speed = tuple(0.9 * v - rate * g for v, g in zip(speed, gradient, strict=True))
            params = tuple(p + v for p, v in zip(params, speed, strict=True))
            values.append(value)
        history.append(np.mean(values))
    return params, history


def accuracy(params, x, labels) -> float:
    return float(np.mean(np.argmax(log_probabilities(params, x), axis=1) == labels))


def plot(history: list[float], params, x, labels) -> Path:
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(history)
    left.set(xlabel="epoch", ylabel="mean loss")
    confusion = np.zeros((10, 10))
    np.add.at(confusion, (labels, np.argmax(log_probabilities(params, x), axis=1)), 1)
    right.imshow(np.log1p(confusion), cmap="Blues")
    right.set(xlabel="found", ylabel="true", xticks=range(10), yticks=range(10), title="test set")
    path = HERE / "output" / "digits.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60, help="passes over the training set (default: 60)")
    epochs = parser.parse_args().epochs
    pictures, labels = load_digits(return_X_y=True)
    split = train_test_split(pictures / 16.0, labels, test_size=0.25, random_state=0)
    x, x_test, y, y_test = (np.ascontiguousarray(part) for part in split)
    rng = np.random.default_rng(0)
    params = initial(rng, x.shape[1], 48, 10)
    print(f"{len(x)} pictures to learn from, {len(x_test)} to test, {sum(p.size for p in params)} parameters")
    print(f"accuracy before: {100 * accuracy(params, x_test, y_test):.1f} %")
    start = perf_counter()
    params, history = train(params, x, np.eye(10)[y], epochs, rng)
    print(f"{epochs} epochs in {perf_counter() - start:.1f} s, loss {history[0]:.4f} -> {history[-1]:.4f}")
    print(f"training accuracy: {100 * accuracy(params, x, y):.1f} %")
    print(f"test accuracy: {100 * accuracy(params, x_test, y_test):.1f} %")
    print(f"saved {plot(history, params, x_test, y_test)}")


if __name__ == "__main__":
    main()
