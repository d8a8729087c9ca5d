"""Programs that take derivatives themselves."""

import math

import numpy as np

import adcompiler as ad
from tests.support.registry import program


def _flow(state, k):
    return np.array([state[1], -k * math.sin(state[0])])


_flow_matrix = ad.jacobian(_flow)


def linearised_steps(state, k):
    spread = np.eye(2)
    for _ in range(3):
        spread = spread + 0.1 * (_flow_matrix(state, k) @ spread)
        state = state + 0.1 * _flow(state, k)
    return np.trace(spread @ spread.T) + state[0]


program(linearised_steps, lambda rng: (rng.normal(size=2), 1.3), (0, 1))


def _bowl(x, a):
    return np.sum(a * x**4) + np.sum(np.cos(x[1:] * x[:-1]))


def newton_step_by_hessian(x, a):
    step = np.linalg.solve(ad.hessian(_bowl)(x, a), ad.grad(_bowl)(x, a))
    return np.sum((x - step) ** 2)


program(newton_step_by_hessian, lambda rng: (1.0 + rng.random(3), 1.0 + rng.random(3)), (0, 1))


_bend = ad.hvp(_bowl)


def curvature_along(x, a, v):
    total = 0.0
    for k in range(2):
        total += v @ _bend(x * (1.0 + 0.1 * k), a, v) / np.sum(v * v)
    return total


program(curvature_along, lambda rng: (rng.normal(size=3), rng.normal(size=3), rng.normal(size=3)), (0, 1, 2))


def _residuals(p, t):
    return p["size"] * np.exp(-p["rate"] * t), p["rate"] * 2.0


def gauss_newton_product(size, rate, t):
    p = {"size": size, "rate": rate}
    out, tangent = ad.jvp(_residuals, (p, t), ({"size": 1.0, "rate": rate}, None))
    _, pullback = ad.vjp(_residuals, p, t)
    back, to_t = pullback((tangent[0] * out[0], tangent[1]))
    return back["size"] * back["rate"] + np.sum(to_t**2)


program(gauss_newton_product, lambda rng: (1.4, 0.8, np.linspace(0.1, 1.0, 4)), (0, 1, 2))


def _mirrored(u):
    return u * u[::-1]


def pullback_before_a_write(x):
    y = x * 2.0
    value, pullback = ad.vjp(_mirrored, y)
    y[0] = 0.0
    return np.sum(pullback(y)[0] * x) + np.sum(value * y)


program(pullback_before_a_write, lambda rng: (rng.normal(size=4),))


def _item(w, x):
    return np.sum(np.tanh(w * x))


def _scaled(u, row):
    return u * row**2 * np.sum(u)


def per_item_jacobians(w, x):
    each = ad.batched(ad.jacobian(_scaled), in_axes=(None, 0))(w, x)
    slopes = ad.batched(ad.grad(_item), in_axes=(None, 0))(w, x)
    return np.sum(each[:, 1, 1] ** 2) + np.sum(slopes[0] * slopes[1])


program(per_item_jacobians, lambda rng: (rng.normal(size=3), rng.normal(size=(2, 3))), (0, 1))
