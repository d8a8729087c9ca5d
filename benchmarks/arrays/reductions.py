"""Reductions along rows and columns."""

import numpy as np

from benchmarks.arrays.program import ArrayProgram


def logsumexp_rows(x):
    largest = np.max(x, axis=1)
    return np.sum(largest + np.log(np.sum(np.exp(x - largest[:, None]), axis=1)))


def softmax_cross_entropy(logits, labels):
    z = logits - np.max(logits, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(labels.shape[0]), labels])


def layer_norm(x, gamma, beta, target):
    mean = np.mean(x, axis=1, keepdims=True)
    centred = x - mean
    variance = np.mean(centred**2, axis=1, keepdims=True)
    y = centred / np.sqrt(variance + 1e-5) * gamma + beta
    return np.mean((y - target) ** 2)


def batch_norm(x, gamma, beta, target):
    y = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5) * gamma + beta
    return np.mean((np.maximum(y, 0.0) - target) ** 2)


def k_means(points, centres):
    distance = np.sum((points[:, None, :] - centres[None, :, :]) ** 2, axis=2)
    return np.mean(np.min(distance, axis=1))


def logistic_regression(w, b, x, y):
    z = x @ w + b
    return np.mean(np.logaddexp(0.0, z) - y * z) + 0.01 * np.sum(w**2)


def correlation(x):
    z = x - x.mean(axis=0)
    z /= np.sqrt(np.sum(z**2, axis=0))
    c = z.T @ z
    return np.sum(np.abs(c) ** 3)


def rows_inputs(rng, n, m):
    return (rng.normal(size=(n, m)),)


def labelled_inputs(rng, n, m):
    return rng.normal(size=(n, m)), rng.integers(0, m, n)


def norm_inputs(rng, n, m):
    return rng.normal(size=(n, m)), rng.uniform(0.5, 1.5, m), rng.normal(size=m), rng.normal(size=(n, m))


def k_means_inputs(rng, n, k, d):
    return rng.normal(size=(n, d)), rng.normal(size=(k, d))


def regression_inputs(rng, n, m):
    return rng.normal(size=m), 0.1, rng.normal(size=(n, m)), (rng.random(n) < 0.5).astype(float)


PROGRAMS = (
    ArrayProgram(logsumexp_rows, 0, rows_inputs, (3, 4), (32, 10), (1000, 100), "reduction"),
    ArrayProgram(softmax_cross_entropy, 0, labelled_inputs, (3, 4), (32, 10), (1000, 100), "reduction"),
    ArrayProgram(layer_norm, (0, 1, 2), norm_inputs, (3, 4), (32, 16), (500, 256), "reduction"),
    ArrayProgram(batch_norm, (0, 1, 2), norm_inputs, (5, 3), (32, 16), (500, 256), "reduction"),
    ArrayProgram(k_means, (0, 1), k_means_inputs, (5, 2, 2), (50, 4, 3), (2000, 16, 8), "reduction"),
    ArrayProgram(logistic_regression, (0, 1), regression_inputs, (5, 3), (100, 10), (5000, 50), "reduction"),
    ArrayProgram(correlation, 0, rows_inputs, (6, 3), (50, 8), (1000, 64), "gemm"),
)
