"""Functions mapped over leading axes."""

import math

import numpy as np

import adcompiler as ad
from tests.support.registry import program


def _squared_error(w, x, y):
    return (w @ x - y) ** 2


_errors = ad.batched(_squared_error, in_axes=(None, 0, 0))
_slopes = ad.batched(ad.grad(_squared_error), in_axes=(None, 0, 0))


def mean_of_errors(w, x, y):
    return np.mean(_errors(w, x, y)) + 0.1 * np.sum(w**2)


program(mean_of_errors, lambda rng: (rng.normal(size=3), rng.normal(size=(4, 3)), rng.normal(size=4)), (0, 1, 2))


def norm_of_gradients(w, x, y):
    return np.sum(_slopes(w, x, y) ** 2)


program(norm_of_gradients, lambda rng: (rng.normal(size=3), rng.normal(size=(4, 3)), rng.normal(size=4)), (0, 1, 2))


def _orbit(p, v, steps):
    path = np.zeros((steps + 1, 2))
    path[0] = p
    energy = 0.0
    for k in range(steps):
        v = v - 0.1 * path[k] / (1.0 + np.sum(path[k] ** 2))
        path[k + 1] = path[k] + 0.1 * v
        if path[k + 1, 0] > 0.2:
            energy += v[0] ** 2
    return path, {"energy": energy, "last": v}


_orbits = ad.batched(_orbit, in_axes=(0, 1, None))


def many_orbits(p, v):
    paths, ends = _orbits(p, v, 5)
    return np.sum(paths[:, -1] ** 2) + np.sum(np.sin(ends["energy"])) + np.sum(ends["last"] * p)


program(many_orbits, lambda rng: (rng.normal(size=(3, 2)), rng.normal(size=(2, 3))), (0, 1))


def _kernel(a, b, scale):
    return math.exp(-np.sum((a - b) ** 2) / scale)


_row = ad.batched(_kernel, in_axes=(None, 0, None))
_gram = ad.batched(_row, in_axes=(0, None, None))


def gram_matrix(x, z, scale):
    k = _gram(x, z, scale)
    return np.trace(k @ k.T) / k.size


program(gram_matrix, lambda rng: (rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), 1.7), (0, 1, 2))


def _layer(p, x):
    return np.tanh(p["w"] @ x + p["b"])


_ensemble = ad.batched(_layer, in_axes=({"w": 0, "b": None}, None))


def ensemble(w, b, x):
    outs = _ensemble({"w": w, "b": b}, x)
    for _ in range(2):
        outs = ad.batched(_layer, in_axes=({"w": 0, "b": None}, 0))({"w": w, "b": b}, outs)
    return np.sum(np.var(outs, axis=0))


program(ensemble, lambda rng: (rng.normal(size=(4, 3, 3)), rng.normal(size=3), rng.normal(size=3)), (0, 1, 2))


def _relaxed(x, rounds):
    for _ in range(rounds):
        x[1:-1] = 0.5 * (x[:-2] + x[2:]) * np.cos(x[1:-1])
    return np.concatenate((x, x[1:] * x[:-1]))


def items_that_are_written(x, n):
    y = x * 1.0
    out = ad.batched(_relaxed, in_axes=(0, None))(y, n)
    return np.sum(out**2) + np.sum(y[:, 1])


program(items_that_are_written, lambda rng: (rng.normal(size=(3, 5)), 2))


def _mixed(row, scale):
    return row * scale + np.sum(row) ** 2 * 0.1


def batches_in_a_loop(x, w):
    state = x
    for k in range(3):
        state = ad.batched(_mixed, in_axes=(0, None))(state, w[k])
    return np.sum(state[0] * state[1])


program(batches_in_a_loop, lambda rng: (rng.normal(size=(2, 3)), rng.normal(size=3)), (0, 1))


def _curve(t, a):
    return a[0] * t + a[1] * math.sin(a[0] * t)


_speed = ad.batched(ad.grad(_curve), in_axes=(0, None))
_bend = ad.batched(ad.grad(ad.grad(_curve)), in_axes=(0, None))


def curvature(t, a):
    return np.sum(np.abs(_bend(t, a)) / (1.0 + _speed(t, a) ** 2) ** 1.5)


program(curvature, lambda rng: (np.linspace(0.3, 1.1, 4), np.array([1.3, 0.4])), (0, 1))


_both = ad.batched(ad.value_and_grad(_squared_error, ("w", "y")), in_axes=(1, None, 0))


def values_and_slopes(w, x, y):
    values, (by_w, by_y) = _both(w, x, y)
    return np.sum(values * by_y) + np.sum(by_w[:, 0] ** 3)


program(values_and_slopes, lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=4)), (0, 1, 2))
