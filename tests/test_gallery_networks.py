"""Networks as a textbook writes them, beside the formulas of backpropagation and derivatives by complex steps."""

import math
import re
from dataclasses import dataclass

import numpy as np
import pytest

import adcompiler as ad


def complex_step(function, params, *args):
    """The gradient of a holomorphic function of a dictionary of arrays, to rounding: no difference is taken."""
    gradient = {}
    for name, array in params.items():
        gradient[name] = np.empty_like(array)
        for index in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[index] += 1e-30j
            gradient[name][index] = function({**params, name: moved}, *args).imag / 1e-30
    return gradient


def layer_norm(x, gain, shift):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return gain * centred / np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-5) + shift


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention(params, x, heads):
    """Causal attention: no position sees a later one."""
    length, width = x.shape
    split = (length, heads, width // heads)
    q, k, v = [(x @ params[name]).reshape(split).transpose(1, 0, 2) for name in ("query", "key", "value")]
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(width // heads)
    seen = np.tril(np.ones((length, length), dtype=bool))
    mixed = softmax(np.where(seen, scores, -np.inf)) @ v
    return mixed.transpose(1, 0, 2).reshape(length, width) @ params["out"]


def transformer(params, x, heads):
    x = x + attention(params, layer_norm(x, params["gain1"], params["shift1"]), heads)
    inner = layer_norm(x, params["gain2"], params["shift2"])
    return x + gelu(inner @ params["up"] + params["up_bias"]) @ params["down"] + params["down_bias"]


def transformer_loss(params, x, y, heads):
    return np.mean((transformer(params, x, heads) - y) ** 2)


def transformer_parameters(rng, width):
    shapes = {name: (width, width) for name in ("query", "key", "value", "out")}
    shapes |= {name: (width,) for name in ("gain1", "shift1", "gain2", "shift2", "down_bias")}
    shapes |= {"up": (width, 4 * width), "up_bias": (4 * width,), "down": (4 * width, width)}
    return {name: rng.normal(size=shape) / math.sqrt(width) for name, shape in shapes.items()}


@pytest.mark.parametrize("heads", [1, 2])
def test_a_transformer_block(rng, heads) -> None:
    params, x, y = transformer_parameters(rng, 4), rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    value, gradient = ad.value_and_grad(transformer_loss)(params, x, y, heads)
    assert value == pytest.approx(transformer_loss(params, x, y, heads), rel=1e-13)
    expected = complex_step(transformer_loss, params, x, y, heads)
    assert gradient.keys() == params.keys()
    for name in params:
        np.testing.assert_allclose(gradient[name], expected[name], rtol=1e-8, atol=1e-12, err_msg=name)


def test_later_positions_have_a_gradient_of_exactly_zero(rng) -> None:
    params, x = transformer_parameters(rng, 4), rng.normal(size=(5, 4))
    _, pullback = ad.vjp(transformer, params, x, 2, argnums=1)
    for position in range(5):
        cotangent = np.zeros((5, 4))
        cotangent[position] = rng.normal(size=4)
        gradient = pullback(cotangent)[1]
        assert np.all(gradient[position + 1 :] == 0.0)
        assert np.all(gradient[: position + 1] != 0.0)


def adapted(adapters, frozen, x):
    """A network each of whose matrices has a product of two thin ones added."""
    h = x
    for (a, b), w in zip(adapters, frozen, strict=True):
        h = np.tanh(h @ w + h @ a @ b)
    return h


def adapted_loss(adapters, frozen, x, y):
    return np.mean((adapted(adapters, frozen, x) - y) ** 2)


def adapters_and_weights(rng, width, rank, layers):
    adapters = [(0.3 * rng.normal(size=(width, rank)), np.zeros((rank, width))) for _ in range(layers)]
    return adapters, [rng.normal(size=(width, width)) / math.sqrt(width) for _ in range(layers)]


def products(source: str) -> int:
    return len(re.findall(r"np\.dot\(", source))


def test_frozen_weights_have_no_adjoint_code(rng) -> None:
    adapters, frozen = adapters_and_weights(rng, 6, 2, 3)
    args = (adapters, frozen, rng.normal(size=(7, 6)), rng.normal(size=(7, 6)))
    thin = ad.grad(adapted_loss).adjoint_source(*args)
    full = ad.grad(adapted_loss, ("adapters", "frozen")).adjoint_source(*args)
    # what a matrix product's left side gets needs the weights, and nothing is computed for the weights themselves
    assert "frozen_2.T" in thin
    assert products(full) - products(thin) == len(frozen)
    assert not re.search(r"frozen_\d_bar", thin)
    gradient = ad.grad(adapted_loss)(*args)
    assert [tuple(g.shape for g in pair) for pair in gradient] == [((6, 2), (2, 6))] * 3


def descend(step, params, rate, steps):
    """Steepest descent over a list of tuples of arrays; the last parameters and their value."""
    for _ in range(steps):
        _, gradient = step(params)
        params = [
            tuple(p - rate * g for p, g in zip(pair, slopes, strict=True))
            for pair, slopes in zip(params, gradient, strict=True)
        ]
    return params, step(params)[0]


def full_loss(weights, x, y):
    h = x
    for (w,) in weights:
        h = np.tanh(h @ w)
    return np.mean((h - y) ** 2)


def test_200_steps_of_adapters_against_all_the_weights(rng) -> None:
    adapters, frozen = adapters_and_weights(rng, 8, 2, 2)
    moved = [w + np.outer(rng.normal(size=8), rng.normal(size=8)) / 8 for w in frozen]
    x = rng.normal(size=(64, 8))
    y = np.tanh(np.tanh(x @ moved[0]) @ moved[1])
    step, full_step = ad.value_and_grad(adapted_loss), ad.value_and_grad(full_loss)
    before = adapted_loss(adapters, frozen, x, y)
    _, thin = descend(lambda p: step(p, frozen, x, y), adapters, 1.0, 200)
    _, full = descend(lambda p: full_step(p, x, y), [(w,) for w in frozen], 1.0, 200)
    assert thin < before / 20
    assert full < before / 20
    # a third of the numbers of a full step were trained
    assert 2 * sum(a.size + b.size for a, b in adapters) <= 1.01 * sum(w.size for w in frozen)


@dataclass
class Cell:
    """The parameters of a recurrent network."""

    recurrent: np.ndarray
    inputs: np.ndarray
    bias: np.ndarray


def final_loss(cell, signal, target):
    h = np.zeros(len(cell.bias))
    for s in signal:
        h = np.tanh(cell.recurrent @ h + cell.inputs @ s + cell.bias)
    return 0.5 * np.sum((h - target) ** 2)


def through_time(cell, signal, target):
    """Backpropagation through time by hand."""
    states = [np.zeros(len(cell.bias))]
    for s in signal:
        states.append(np.tanh(cell.recurrent @ states[-1] + cell.inputs @ s + cell.bias))
    gradient = Cell(np.zeros_like(cell.recurrent), np.zeros_like(cell.inputs), np.zeros_like(cell.bias))
    delta = states[-1] - target
    for t in range(len(signal) - 1, -1, -1):
        before = delta * (1 - states[t + 1] ** 2)
        gradient.recurrent += np.outer(before, states[t])
        gradient.inputs += np.outer(before, signal[t])
        gradient.bias += before
        delta = cell.recurrent.T @ before
    return gradient


@pytest.mark.parametrize("scale", [0.5, 1.5], ids=["vanishing", "exploding"])
def test_backpropagation_through_200_steps(rng, scale) -> None:
    cell = Cell(scale * rng.normal(size=(6, 6)) / math.sqrt(6), rng.normal(size=(6, 2)), rng.normal(size=6))
    signal, target = rng.normal(size=(200, 2)), rng.normal(size=6)
    found, expected = ad.grad(final_loss)(cell, signal, target), through_time(cell, signal, target)
    assert isinstance(found, Cell)
    for name in ("recurrent", "inputs", "bias"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-11)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def deep(weights, x, y):
    h = x
    for w in weights:
        h = sigmoid(h @ w)
    return 0.5 * np.sum((h - y) ** 2)


def test_sigmoids_lose_the_gradient_over_twenty_layers(rng) -> None:
    weights, x = rng.normal(size=(20, 8, 8)) / math.sqrt(8), rng.normal(size=(5, 8))
    y = rng.uniform(size=(5, 8))
    states = [x]
    for w in weights:
        states.append(sigmoid(states[-1] @ w))
    delta, expected = states[-1] - y, np.empty_like(weights)
    for k in range(19, -1, -1):
        before = delta * states[k + 1] * (1 - states[k + 1])
        expected[k], delta = states[k].T @ before, before @ weights[k].T
    gradient = ad.grad(deep)(weights, x, y)
    # each layer beside itself: the first is smaller than the last by twelve orders of magnitude
    for ours, by_hand in zip(gradient, expected, strict=True):
        np.testing.assert_allclose(ours, by_hand, rtol=0, atol=1e-12 * np.abs(by_hand).max())
    norms = np.linalg.norm(gradient, axis=(1, 2))
    assert norms[0] < 1e-9 * norms[-1]
