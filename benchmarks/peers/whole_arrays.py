"""Programs of whole arrays without a loop over steps, in what JAX, PyTorch and autograd have under NumPy's names.

Where one of them has something better for a program, that program stands in a module of its own.
"""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp


def bundle_adjustment(cameras, points, camera_of, point_of, seen):
    camera = cameras[camera_of]
    apart = points[point_of] - camera[:, 3:6]
    angle = np.sqrt(np.sum(camera[:, :3] ** 2, axis=1))[:, None]
    axis = camera[:, :3] / angle
    turned = apart * np.cos(angle) + np.cross(axis, apart, axis=1) * np.sin(angle)
    turned = turned + axis * np.sum(axis * apart, axis=1)[:, None] * (1.0 - np.cos(angle))
    flat = turned[:, :2] / turned[:, 2:]
    radius2 = np.sum(flat**2, axis=1)
    scale = camera[:, 6] * (1.0 + radius2 * (camera[:, 7] + radius2 * camera[:, 8]))
    return 0.5 * np.sum((scale[:, None] * flat - seen) ** 2)


def cholesky_logdet(a):
    # the function reads the lower triangle only, and so does its gradient
    low = np.tril(a, -1)
    factor = np.linalg.cholesky(low + low.T + np.diag(np.diag(a)))
    return 2.0 * np.sum(np.log(np.diag(factor)))


def elementwise_sum(x):
    return np.sum(np.sin(x) * np.exp(-(x**2)))


def gaussian_mixture(weight, mean, log_scale, points):
    z = (points[:, None, :] - mean) * np.exp(-log_scale)
    return np.mean(logsumexp(weight - np.sum(0.5 * z * z + log_scale, axis=2), axis=1))


def huber_regression(w, x, y, delta):
    r = x @ w - y
    below = np.clip(r, None, 0.0)
    outside = np.where(r > 0.0, delta * (r - 0.5 * delta), delta * np.log(1.0 - below) - 0.5 * delta**2)
    return np.mean(np.where(np.abs(r) <= delta, 0.5 * r * r, outside))


def lattice_field(field, mass, coupling):
    down, right = np.roll(field, -1, 0) - field, np.roll(field, -1, 1) - field
    return np.sum(0.5 * (down**2 + right**2) - 0.5 * mass * field**2 + coupling * field**4)


def lu_logdet(a):
    return np.linalg.slogdet(a)[1]


def matmul_loops(a, b):
    return np.sum((a @ b) ** 2)


def mlp_loops(w1, b1, w2, b2, x, label):
    logits = np.tanh(x @ w1.T + b1) @ w2.T + b2
    return np.mean(logsumexp(logits, axis=1) - logits[np.arange(label.shape[0]), label])


def monte_carlo(spot, rate, volatility, strike, normal, years):
    dt = years / normal.shape[1]
    steps = (rate - 0.5 * volatility**2) * dt + volatility * dt**0.5 * normal
    mean = np.mean(spot * np.exp(np.cumsum(steps, axis=1)), axis=1)
    return np.exp(-rate * years) * np.mean(np.clip(mean - strike, 0.0, None))


def polynomial_fit(c, x, y):
    p = 0.0
    for k in range(c.shape[0] - 1, -1, -1):
        p = p * x + c[k]
    return np.mean((p - y) ** 2)


def sparse_matvec(data, x, indices, start):
    # the sum of a row is the difference of two sums over all rows before
    before = np.concatenate([np.zeros(1), np.cumsum(data * x[indices])])
    return np.sum((before[start[1:]] - before[start[:-1]]) ** 2)


def triangular_solve(matrix, b):
    return np.sum(solve_triangular(matrix, b, lower=True) ** 2)
