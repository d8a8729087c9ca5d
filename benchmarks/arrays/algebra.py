"""Linear algebra: factorisations and solutions, small matrices in a loop."""

import numpy as np

from benchmarks.arrays.program import ArrayProgram


def kalman(f, h, q, r, observed):
    x = np.zeros(f.shape[0])
    p = np.eye(f.shape[0])
    loss = 0.0
    for t in range(observed.shape[0]):
        x = f @ x
        p = f @ p @ f.T + q
        s = h @ p @ h.T + r
        innovation = observed[t] - h @ x
        loss += 0.5 * (innovation @ np.linalg.solve(s, innovation) + np.log(np.linalg.det(s)))
        gain = p @ h.T @ np.linalg.inv(s)
        x = x + gain @ innovation
        p = p - gain @ h @ p
    return loss


def gaussian_process(log_length, log_noise, x, y):
    d = x[:, None] - x[None, :]
    k = np.exp(-0.5 * (d / np.exp(log_length)) ** 2) + np.exp(log_noise) * np.eye(x.shape[0])
    low = np.linalg.cholesky(k)
    alpha = np.linalg.solve(low.T, np.linalg.solve(low, y))
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(low)))


def pca(x, keep):
    centred = x - x.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred / x.shape[0])
    top = vectors[:, -keep:]
    return np.mean((centred - centred @ top @ top.T) ** 2)


def least_squares(a, b):
    x = np.linalg.solve(a.T @ a, a.T @ b)
    return np.sum((a @ x - b) ** 2) + 0.1 * np.sum(x**2)


def kalman_inputs(rng, n, m, steps):
    f = 0.9 * np.eye(n) + 0.05 * rng.normal(size=(n, n))
    return f, rng.normal(size=(m, n)), 0.1 * np.eye(n), 0.2 * np.eye(m), rng.normal(size=(steps, m))


def process_inputs(rng, n):
    x = np.sort(rng.uniform(0.0, 5.0, n))
    return np.log(0.7), np.log(0.1), x, np.sin(x) + 0.1 * rng.normal(size=n)


def pca_inputs(rng, n, m, keep):
    return rng.normal(size=(n, m)) * np.linspace(1.0, 3.0, m), keep


def least_squares_inputs(rng, n, m):
    return rng.normal(size=(n, m)), rng.normal(size=n)


PROGRAMS = (
    ArrayProgram(kalman, (0, 1, 2, 3), kalman_inputs, (2, 2, 3), (4, 2, 20), (6, 3, 200), "matrices"),
    ArrayProgram(gaussian_process, (0, 1), process_inputs, (5,), (20,), (200,), "matrices"),
    ArrayProgram(pca, 0, pca_inputs, (6, 3, 1), (50, 8, 2), (500, 50, 5), "matrices"),
    ArrayProgram(least_squares, (0, 1), least_squares_inputs, (5, 2), (50, 5), (1000, 40), "matrices"),
)
