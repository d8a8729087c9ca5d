"""The classic results of reverse-mode differentiation, on functions as a textbook writes them."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

import adcompiler as ad

ANYWHERE = [(2.0, 3.0), (-1.3, 0.7), (0.25, -4.0)]


def product_of_sum(x, y):
    return (x + y) * (x * y)


def sum_times(x, y, z):
    return (x + y) * z


def linear_squared(x, w, b):
    return (x * w + b) ** 2


def test_product_of_sum() -> None:
    value, gradient = ad.value_and_grad(product_of_sum, (0, 1))(2.0, 3.0)
    assert value == 30.0
    assert gradient == (21.0, 16.0)


def test_sum_times() -> None:
    value, gradient = ad.value_and_grad(sum_times, (0, 1, 2))(-2.0, 5.0, -4.0)
    assert value == -12.0
    assert gradient == (-4.0, -4.0, 3.0)


def test_linear_squared() -> None:
    value, gradient = ad.value_and_grad(linear_squared, (0, 1, 2))(2.0, 3.0, 1.0)
    assert value == 49.0
    assert gradient == (42.0, 28.0, 14.0)


def test_named_arguments_in_place_of_numbers() -> None:
    assert ad.grad(linear_squared, ("w", "b"))(2.0, 3.0, 1.0) == (28.0, 14.0)
    assert ad.grad(linear_squared, "w")(2.0, 3.0, 1.0) == 28.0


def reused_inner(x, y):
    return (x * y + y) ** 2


def reused_outer(x, y):
    return (x * (x + y)) ** 2


def polynomial(x, y):
    return x**2 * y + 3 * x * y**2


def fan_out(x, y):
    return x + x + 0 * y


def product_with_exponential(x, y):
    return math.exp(x) * (x + 1)


def reused_inner_by_hand(x, y):
    v = x * y + y
    return 2 * v * y, 2 * v * (1 + x)


BY_HAND = {
    reused_inner: reused_inner_by_hand,
    reused_outer: lambda x, y: (2 * x * (x + y) * (2 * x + y), 2 * x**2 * (x + y)),
    polynomial: lambda x, y: (2 * x * y + 3 * y**2, x**2 + 6 * x * y),
    fan_out: lambda x, y: (2.0, 0.0),
    product_with_exponential: lambda x, y: ((x + 2) * math.exp(x), 0.0),
}


@pytest.mark.parametrize("at", ANYWHERE, ids=str)
@pytest.mark.parametrize("function", BY_HAND, ids=lambda f: f.__name__)
def test_formula_by_hand(function: Callable[..., float], at: tuple[float, float]) -> None:
    gradient = ad.grad(function, (0, 1))(*at)
    assert gradient == pytest.approx(BY_HAND[function](*at), rel=1e-13, abs=0)


def exponential_times(x):
    return math.exp(x) * (x + 1)


def test_wengert_list_of_the_product_with_an_exponential() -> None:
    table = str(ad.grad(exponential_times).wengert(0.5))
    operations = ("exp", "add", "mul", "sub", "div", "pow", "log")
    counts = {name: sum(line.split().count(name) for line in table.splitlines()) for name in operations}
    assert counts == {"exp": 1, "add": 1, "mul": 1, "sub": 0, "div": 0, "pow": 0, "log": 0}


def sine_of_square(x):
    return math.sin(x**2)


def test_sine_of_square() -> None:
    gradient = ad.grad(sine_of_square)(1.5)
    assert gradient == pytest.approx(3.0 * math.cos(2.25), rel=1e-14)
    assert gradient == pytest.approx(-1.88452, abs=1e-5)


def cubic(theta):
    return theta**3 + 2 * theta


def test_cubic_and_the_error_of_the_central_difference() -> None:
    assert ad.grad(cubic)(2.0) == 14.0
    difference = (cubic(2.01) - cubic(1.99)) / 0.02
    assert difference == pytest.approx(14.0001, abs=1e-9)


def sigmoid_neuron(w, b, x, y):
    a = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    return -(y * np.log(a) + (1 - y) * np.log(1 - a))


def activation(w, b, x):
    return 1 / (1 + np.exp(-(np.dot(w, x) + b)))


def test_sigmoid_neuron() -> None:
    w, b, x = np.array([0.5, -0.3]), 0.1, np.array([2.0, 3.0])
    loss, (dw, db) = ad.value_and_grad(sigmoid_neuron, (0, 1))(w, b, x, 1.0)
    assert ad.grad(activation).primal(w, b, x) == pytest.approx(0.549834, abs=5e-7)
    assert loss == pytest.approx(0.598139, abs=5e-7)
    np.testing.assert_allclose(dw, [-0.900332, -1.350498], rtol=0, atol=5e-7)
    assert db == pytest.approx(-0.450166, abs=5e-7)


def softmax_cross_entropy(logits, y):
    shifted = logits - np.max(logits)
    return np.log(np.sum(np.exp(shifted))) - np.sum(y * shifted)


@pytest.mark.parametrize("scale", [0.1, 1.0, 50.0])
def test_softmax_cross_entropy(scale: float) -> None:
    logits = scale * np.array([1.0, -0.3, 2.2, 0.4])
    y = np.array([0.0, 1.0, 0.0, 0.0])
    e = np.exp(logits - logits.max())
    np.testing.assert_allclose(ad.grad(softmax_cross_entropy)(logits, y), e / e.sum() - y, rtol=1e-13, atol=1e-15)


def layer_norm(x):
    mean = np.mean(x)
    variance = np.mean((x - mean) ** 2)
    return (x - mean) / np.sqrt(variance + 1e-5)


def test_layer_norm() -> None:
    rng = np.random.default_rng(0)
    x, g = rng.normal(size=6), rng.normal(size=6)
    normalised, pullback = ad.vjp(layer_norm, x)
    expected = (g - g.mean() - normalised * np.mean(g * normalised)) / np.sqrt(x.var() + 1e-5)
    np.testing.assert_allclose(pullback(g)[0], expected, rtol=1e-12, atol=1e-14)


def linear(X, W):
    return X @ W


def test_matrix_product() -> None:
    rng = np.random.default_rng(1)
    X, W, G = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    Y, pullback = ad.vjp(linear, X, W)
    dX, dW = pullback(G)
    np.testing.assert_allclose(Y, X @ W, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(dX, G @ W.T, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(dW, X.T @ G, rtol=1e-13, atol=1e-14)


def network(params, x, y):
    a = x
    for W, b in params[:-1]:
        a = np.maximum(a @ W + b, 0.0)
    W, b = params[-1]
    p = 1 / (1 + np.exp(-(a @ W + b)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def initial(rng, sizes, dtype=np.float64):
    pairs = [(rng.normal(size=(m, n)), 0.1 * rng.normal(size=n)) for m, n in pairwise(sizes)]
    return [(W.astype(dtype), b.astype(dtype)) for W, b in pairs]


def numeric_gradient(params, x, y, step):
    """Central differences over every parameter, in double precision."""
    wide = [(W.astype(np.float64), b.astype(np.float64)) for W, b in params]
    entries = []
    for array in (array for pair in wide for array in pair):
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + step
            ahead = network(wide, x, y)
            array[index] = kept - step
            entries.append((ahead - network(wide, x, y)) / (2 * step))
            array[index] = kept
    return np.array(entries)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-7), (np.float32, 1e-5)])
def test_gradient_check_of_a_2_5_3_1_network(dtype: type, tolerance: float) -> None:
    rng = np.random.default_rng(3)
    params = initial(rng, (2, 5, 3, 1), dtype)
    x, y = rng.normal(size=(8, 2)).astype(dtype), rng.integers(0, 2, size=(8, 1)).astype(dtype)
    gradient = ad.grad(network)(params, x, y)
    assert all(g.dtype == dtype for pair in gradient for g in pair)
    analytic = np.concatenate([g.ravel() for pair in gradient for g in pair])
    numeric = numeric_gradient(params, x.astype(np.float64), y.astype(np.float64), 1e-5)
    assert np.isfinite(analytic).all()
    assert len(analytic) == 2 * 5 + 5 + 5 * 3 + 3 + 3 * 1 + 1
    difference = np.linalg.norm(analytic - numeric) / (np.linalg.norm(analytic) + np.linalg.norm(numeric))
    assert difference < tolerance


def xor_network(W1, b1, W2, b2, x, y):
    h = np.maximum(x @ W1 + b1, 0.0)
    p = 1 / (1 + np.exp(-(h @ W2 + b2)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def test_xor_by_a_2_4_1_network() -> None:
    rng = np.random.default_rng(0)
    x, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])
    params = [rng.normal(size=(2, 4)), np.zeros(4), rng.normal(size=(4, 1)), np.zeros(1)]
    step = ad.grad(xor_network, (0, 1, 2, 3))
    epochs = 10_000
    for _ in range(epochs):
        for p, g in zip(params, step(*params, x, y), strict=True):
            p -= 0.1 * g
    W1, b1, W2, b2 = params
    logits = np.maximum(x @ W1 + b1, 0.0) @ W2 + b2
    np.testing.assert_array_equal(logits > 0, y == 1)


def update_in_place(x):
    y = np.sin(x)
    z = y * y
    y *= 2.0
    y[0] = x[1] * y[1]
    return np.sum(z * y)


def test_in_place_update_of_what_is_needed_later() -> None:
    x = np.array([0.4, 1.1, -0.7])
    s, c = np.sin(x), np.cos(x)
    expected = 6 * s**2 * c
    expected[0] = 2 * s[0] * c[0] * x[1] * 2 * s[1]
    expected[1] += s[0] ** 2 * (2 * s[1] + x[1] * 2 * c[1])
    np.testing.assert_allclose(ad.grad(update_in_place)(x), expected, rtol=1e-13)


def test_gradient_called_twice_gives_the_same_answer() -> None:
    rng = np.random.default_rng(4)
    params = initial(rng, (2, 5, 3, 1))
    x, y = rng.normal(size=(8, 2)), rng.integers(0, 2, size=(8, 1)).astype(float)
    g = ad.grad(network)
    first, second = g(params, x, y), g(params, x, y)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])


def two_layers(W1, b1, W2, b2, x, y):
    h = np.maximum(x @ W1 + b1, 0.0)
    return 0.5 * np.sum((h @ W2 + b2 - y) ** 2) / len(x)


def test_two_layer_network_in_batch_form() -> None:
    rng = np.random.default_rng(5)
    W1, b1 = rng.normal(size=(3, 5)) * np.sqrt(2 / 3), rng.normal(size=5)
    W2, b2 = rng.normal(size=(5, 2)) * np.sqrt(2 / 5), rng.normal(size=2)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    dW1, db1, dW2, db2 = ad.grad(two_layers, (0, 1, 2, 3))(W1, b1, W2, b2, x, y)
    z = x @ W1 + b1
    h = np.maximum(z, 0)
    delta = (h @ W2 + b2 - y) / len(x)
    hidden = (delta @ W2.T) * (z > 0)
    for ours, by_hand in ((dW1, x.T @ hidden), (db1, hidden.sum(0)), (dW2, h.T @ delta), (db2, delta.sum(0))):
        np.testing.assert_allclose(ours, by_hand, rtol=1e-10, atol=1e-13)


def gradient_by_batches(W1, b1, W2, b2, x, y, size):
    g = ad.grad(two_layers, (0, 1, 2, 3))
    parts = [g(W1, b1, W2, b2, x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)]
    return [sum(part[k] for part in parts) / len(parts) for k in range(4)]


def test_accumulated_micro_batches_equal_the_full_batch() -> None:
    rng = np.random.default_rng(6)
    params = (rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(5, 2)), rng.normal(size=2))
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    full = ad.grad(two_layers, (0, 1, 2, 3))(*params, x, y)
    for part, whole in zip(gradient_by_batches(*params, x, y, 2), full, strict=True):
        np.testing.assert_allclose(part, whole, rtol=1e-12, atol=1e-14)
