"""What training does with gradients: clipping, scaling, estimators, natural steps, steps that are differentiated."""

import math

import numpy as np
import pytest

import adcompiler as ad


def squared_error(params, x, y):
    hidden = np.tanh(x @ params["w1"] + params["b1"])
    return np.mean((hidden @ params["w2"] - y) ** 2)


def by_hand(params, x, y):
    """The gradient of `squared_error`."""
    hidden = np.tanh(x @ params["w1"] + params["b1"])
    residual = 2 * (hidden @ params["w2"] - y) / len(y)
    before = np.outer(residual, params["w2"]) * (1 - hidden**2)
    return {"w1": x.T @ before, "b1": before.sum(axis=0), "w2": hidden.T @ residual}


def regression(rng):
    params = {"w1": rng.normal(size=(3, 5)), "b1": rng.normal(size=5), "w2": rng.normal(size=5)}
    return params, rng.normal(size=(12, 3)), rng.normal(size=12)


def global_norm(gradient):
    return math.sqrt(sum(np.sum(g**2) for g in gradient.values()))


def test_clipping_by_the_global_norm(rng) -> None:
    params, x, y = regression(rng)
    gradient, expected = ad.grad(squared_error)(params, x, y), by_hand(params, x, y)
    assert global_norm(gradient) == pytest.approx(global_norm(expected), rel=1e-13)
    factor = 0.1 / global_norm(gradient)
    clipped = {name: factor * g for name, g in gradient.items()}
    assert global_norm(clipped) == pytest.approx(0.1, rel=1e-13)
    for name, g in clipped.items():
        np.testing.assert_allclose(g / 0.1, expected[name] / global_norm(expected), rtol=1e-12, atol=1e-14)


def after_a_clipped_step(params, x, y, limit):
    """The error after a step along the clipped gradient."""
    gradient = ad.grad(squared_error)(params, x, y)
    norm = np.sqrt(sum(np.sum(g**2) for g in gradient.values()))
    rate = 0.1 * min(1.0, limit / norm)
    return squared_error({name: p - rate * gradient[name] for name, p in params.items()}, x, y)


def test_a_clipped_step_is_differentiated(rng) -> None:
    params, x, y = regression(rng)
    for limit in (0.1, 1e6):
        ad.gradcheck(after_a_clipped_step, params, x, y, limit)


def faint(w, x, scale):
    """A loss whose gradient in single precision is below the smallest number."""
    return scale * np.sum((np.float32(1e-25) * (x * w)) ** 2)


def test_loss_scaling_saves_gradients_that_would_underflow(rng) -> None:
    w, x = rng.normal(size=6).astype(np.float32), rng.normal(size=6).astype(np.float32)
    gradient = ad.grad(faint)
    exact = 2e-50 * x.astype(float) ** 2 * w.astype(float)
    lost, scaled = gradient(w, x, np.float32(1.0)), gradient(w, x, np.float32(1e30))
    assert lost.dtype == scaled.dtype == np.float32
    np.testing.assert_array_equal(lost, 0.0)
    np.testing.assert_allclose(scaled.astype(float) / 1e30, exact, rtol=1e-5)


def classifier(rng):
    params = {"w1": rng.normal(size=(3, 4)), "w2": rng.normal(size=(4, 3))}
    return params, rng.normal(size=(30, 3))


def log_probabilities(params, x):
    z = np.tanh(x @ params["w1"]) @ params["w2"]
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def divergence(params, old, x):
    """Kullback and Leibler's divergence of the old probabilities from the new ones, in the mean."""
    before = log_probabilities(old, x)
    return np.mean(np.sum(np.exp(before) * (before - log_probabilities(params, x)), axis=1))


def flat(tree):
    return np.concatenate([tree["w1"].ravel(), tree["w2"].ravel()])


def unflat(vector):
    return {"w1": vector[:12].reshape(3, 4), "w2": vector[12:].reshape(4, 3)}


def fisher_matrix(params, x):
    """The mean over points and classes of the outer product of the score."""
    logs, jacobian = log_probabilities(params, x), ad.jacobian(log_probabilities)(params, x)
    rows = np.concatenate([jacobian["w1"].reshape(90, 12), jacobian["w2"].reshape(90, 12)], axis=1)
    return rows.T @ (np.exp(logs).reshape(90, 1) * rows) / len(x)


def test_fisher_vector_products_are_those_with_the_matrix(rng) -> None:
    params, x = classifier(rng)
    v = rng.normal(size=24)
    expected = fisher_matrix(params, x) @ v
    # forward, then back
    logs, tangent = ad.jvp(log_probabilities, (params, x), (unflat(v), None))
    _, pullback = ad.vjp(log_probabilities, params, x, argnums=0)
    np.testing.assert_allclose(flat(pullback(np.exp(logs) * tangent / len(x))[0]), expected, rtol=1e-10, atol=1e-13)
    # the curvature of the divergence, at its minimum
    curved = ad.hvp(divergence)(params, params, x, unflat(v))
    np.testing.assert_allclose(flat(curved), expected, rtol=1e-10, atol=1e-13)


def conjugate_gradients(product, b, steps):
    """The solution of product(x) = b."""
    x, r = np.zeros_like(b), b.copy()
    p, square = r, r @ r
    for _ in range(steps):
        image = product(p)
        length = square / (p @ image)
        x, r = x + length * p, r - length * image
        before, square = square, r @ r
        p = r + square / before * p
    return x


def negative_log_likelihood(params, x, onehot):
    return -np.mean(np.sum(onehot * log_probabilities(params, x), axis=1))


def test_a_natural_step_by_products_alone_solves_with_the_fisher_matrix(rng) -> None:
    params, x = classifier(rng)
    onehot, damping = np.eye(3)[rng.integers(0, 3, size=30)], 0.01
    gradient = flat(ad.grad(negative_log_likelihood)(params, x, onehot))
    curvature = ad.hvp(divergence)
    step = conjugate_gradients(
        lambda v: flat(curvature(params, params, x, unflat(v))) + damping * v, gradient, steps=60
    )
    np.testing.assert_allclose(
        step, np.linalg.solve(fisher_matrix(params, x) + damping * np.eye(24), gradient), rtol=1e-7, atol=1e-9
    )


def log_density(theta, x):
    z = (x - theta[0]) / np.exp(theta[1])
    return -0.5 * z * z - theta[1]


def score_loss(theta, draws):
    """A number whose gradient is REINFORCE's for the reward (x - 2)**2."""
    return np.mean(ad.stop_gradient((draws - 2.0) ** 2) * log_density(theta, draws))


def sampled_reward(theta, noise):
    """REINFORCE where the draws are made of the parameters: both the draw and its reward count as constants."""
    draws = ad.stop_gradient(theta[0] + np.exp(theta[1]) * noise)
    return score_loss(theta, draws)


def test_reinforce_is_within_three_standard_errors_of_the_formula(rng) -> None:
    theta, noise = np.array([0.5, -0.3]), rng.normal(size=10_000)
    exact = np.array([2 * (0.5 - 2.0), 2 * math.exp(2 * -0.3)])
    draws = 0.5 + math.exp(-0.3) * noise
    rewards, z = (draws - 2.0) ** 2, noise
    each = rewards[:, None] * np.stack([z / math.exp(-0.3), z * z - 1], axis=1)
    deviation = each.std(axis=0, ddof=1) / math.sqrt(len(noise))
    for estimate in (ad.grad(score_loss)(theta, draws), ad.grad(sampled_reward)(theta, noise)):
        np.testing.assert_allclose(estimate, each.mean(axis=0), rtol=1e-11)
        assert np.all(np.abs(estimate - exact) < 3 * deviation)


def rounded_by_difference(w):
    """Rounding whose derivative is the identity's."""
    return w + ad.stop_gradient(np.round(w) - w)


def error_of_rounded(w, x, y):
    return np.mean((x @ rounded_by_difference(w) - y) ** 2)


def test_straight_through_rounding_is_rounding_forward_and_nothing_back(rng) -> None:
    w, x, y = 3 * rng.normal(size=4), rng.normal(size=(9, 4)), rng.normal(size=9)
    value, gradient = ad.value_and_grad(error_of_rounded)(w, x, y)
    residual = x @ np.round(w) - y
    assert value == pytest.approx(np.mean(residual**2), rel=1e-13)
    np.testing.assert_allclose(gradient, 2 * x.T @ residual / 9, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_training_through_the_rounding_beats_rounding_at_the_end(seed) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, 16)) @ (np.eye(16) + 0.5 * rng.normal(size=(16, 16)))
    y = x @ (2 * rng.normal(size=16)) + 0.1 * rng.normal(size=200)
    w = np.linalg.lstsq(x, y)[0]
    step, found = ad.value_and_grad(error_of_rounded), []
    for _ in range(51):
        value, gradient = step(w, x, y)
        found.append(value)
        w = w - 0.005 * gradient
    assert min(found[1:]) < found[0]
