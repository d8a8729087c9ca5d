"""What training does with gradients: clipping, scaling, estimators, natural steps, frozen weights."""

import math

import numpy as np
import pytest

import adcompiler as ad


def squared_error(params, x, y):
    hidden = np.tanh(x @ params["w1"] + params["b1"])
    return np.mean((hidden @ params["w2"] - y) ** 2)


def regression(rng):
    params = {"w1": rng.normal(size=(3, 5)), "b1": rng.normal(size=5), "w2": rng.normal(size=5)}
    return params, rng.normal(size=(12, 3)), rng.normal(size=12)


@ad.grad
def clipped_loss(params, x, y, limit):
    """A loss after one step of descent along the clipped gradient: clipping is differentiated too."""
    step = ad.grad(squared_error)(params, x, y)
    norm = np.sqrt(np.sum(step["w1"] ** 2) + np.sum(step["b1"] ** 2) + np.sum(step["w2"] ** 2))
    factor = 0.1 * min(1.0, limit / norm)
    moved = {name: params[name] - factor * step[name] for name in params}
    return squared_error(moved, x, y)


def by_hand(params, x, y):
    """The gradient of `squared_error`."""
    hidden = np.tanh(x @ params["w1"] + params["b1"])
    residual = 2 * (hidden @ params["w2"] - y) / len(y)
    before = np.outer(residual, params["w2"]) * (1 - hidden**2)
    return {"w1": x.T @ before, "b1": before.sum(axis=0), "w2": hidden.T @ residual}


def clipped(gradient, limit):
    norm = math.sqrt(sum(np.sum(g**2) for g in gradient.values()))
    return {name: g * min(1.0, limit / norm) for name, g in gradient.items()}


@pytest.mark.parametrize("limit", [0.1, 1e6])
def test_clipping_by_the_global_norm(rng, limit) -> None:
    params, x, y = regression(rng)
    found, expected = clipped(ad.grad(squared_error)(params, x, y), limit), clipped(by_hand(params, x, y), limit)
    for name in params:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-14)
    ad.gradcheck(clipped_loss, params, x, y, limit)
