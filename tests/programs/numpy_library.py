"""Models that lean on the library: reductions, order, windows, special functions."""

import numpy as np
import scipy.special

from tests.support.registry import program


def log_sum_exp_of_each_row(x):
    return scipy.special.logsumexp(x, axis=1) + np.log(np.sum(np.exp(x - x.max()), axis=1))


program(log_sum_exp_of_each_row, lambda rng: (5 * rng.normal(size=(3, 4)),))


def cross_entropy_by_log_softmax(w, x, labels):
    scores = scipy.special.log_softmax(x @ w, axis=1)
    return -np.mean(np.take_along_axis(scores, labels[:, None], axis=1))


program(
    cross_entropy_by_log_softmax,
    lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(5, 3)), np.array([0, 3, 1, 1, 2])),
    (0, 1),
)


def batch_norm(x, gain, shift):
    mean = np.mean(x, axis=(0, 2, 3), keepdims=True)
    spread = np.var(x, axis=(0, 2, 3), keepdims=True)
    return gain[:, None, None] * (x - mean) / np.sqrt(spread + 1e-5) + shift[:, None, None]


program(batch_norm, lambda rng: (rng.normal(size=(2, 3, 2, 2)), rng.normal(size=3), rng.normal(size=3)), (0, 1, 2))


def convolution_by_slices(image, kernels):
    n, m = kernels.shape[1:]
    rows, columns = image.shape[0] - n + 1, image.shape[1] - m + 1
    out = np.zeros((kernels.shape[0], rows, columns))
    for i in range(n):
        for j in range(m):
            out += np.multiply.outer(kernels[:, i, j], image[i : i + rows, j : j + columns])
    return np.maximum(out, 0.0)


program(convolution_by_slices, lambda rng: (rng.normal(size=(5, 6)), rng.normal(size=(2, 3, 2))), (0, 1))


def pooled_blocks(image):
    h, w = image.shape
    blocks = image.reshape(h // 2, 2, w // 2, 2)
    return blocks.max(axis=(1, 3)) + np.swapaxes(blocks, 1, 2).mean(axis=(-1, -2))


program(pooled_blocks, lambda rng: (rng.normal(size=(4, 6)),))


def multi_head_attention(x, wq, wk, wv, wo):
    n, d = x.shape
    heads = 2

    def split(t):
        return np.moveaxis(t.reshape(n, heads, d // heads), 1, 0)

    q, k, v = split(x @ wq), split(x @ wk), split(x @ wv)
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(d // heads)
    scores = np.where(np.tri(n, dtype=bool), scores, -1e30)
    weights = scipy.special.softmax(scores, axis=-1)
    return np.moveaxis(weights @ v, 0, 1).reshape(n, d) @ wo


program(
    multi_head_attention,
    lambda rng: (rng.normal(size=(3, 4)), *(rng.normal(size=(4, 4)) for _ in range(4))),
    (0, 1, 2, 3, 4),
)


def correlation_in_place(data):
    data = data.copy()
    data -= np.mean(data, axis=0)
    spread = np.std(data, axis=0)
    spread[spread <= 0.1] = 1.0
    data /= np.sqrt(data.shape[0]) * spread
    corr = np.eye(data.shape[1], dtype=data.dtype)
    for i in range(data.shape[1] - 1):
        corr[i + 1 :, i] = corr[i, i + 1 :] = data[:, i] @ data[:, i + 1 :]
    return corr


program(correlation_in_place, lambda rng: (rng.normal(size=(6, 4)),))


def shortest_paths_by_outer_sums(path):
    path = path.copy()
    for k in range(path.shape[0]):
        path[:] = np.minimum(path, np.add.outer(path[:, k], path[k, :]))
    return np.sum(path * path)


program(shortest_paths_by_outer_sums, lambda rng: (rng.uniform(1.0, 9.0, size=(5, 5)),))


def k_means(points, centres):
    for _ in range(3):
        d2 = np.sum((points[:, None, :] - centres[None, :, :]) ** 2, axis=2)
        nearest = np.argmin(d2, axis=1)
        centres = np.stack([np.mean(points[nearest == k], axis=0) for k in range(2)])
    return np.sum(np.min(np.linalg.norm(points[:, None] - centres[None], axis=2), axis=1))


program(
    k_means,
    lambda rng: (
        np.concatenate([rng.normal(size=(4, 2)), 4 + rng.normal(size=(5, 2))]),
        np.array([[0.0, 0.5], [4.0, 3.5]]),
    ),
)


def weighted_histogram(x, weights):
    counts, edges = np.histogram(x, bins=4, range=(-2.5, 2.5), weights=weights)
    middles = 0.5 * (edges[1:] + edges[:-1])
    return counts @ middles / counts.sum() + np.bincount(np.digitize(x, edges), weights=weights * x).max()


program(weighted_histogram, lambda rng: (rng.uniform(-2, 2, size=8), rng.uniform(0.5, 1.5, size=8)), (0, 1))


def robust_location(x):
    centre = np.median(x, axis=0)
    scale = np.median(np.abs(x - centre), axis=0)
    return np.sum(scipy.special.huber(1.5, (x - centre) / scale)) + np.quantile(x, 0.9)


program(robust_location, lambda rng: (rng.normal(size=(7, 3)),))


def smoothed_and_resampled(signal, kernel, t):
    smooth = np.convolve(np.pad(signal, 2, mode="reflect"), kernel / kernel.sum(), mode="valid")
    slope = np.gradient(smooth, 0.5)
    return np.interp(t, np.arange(len(smooth)) * 0.5, slope) + np.trapezoid(smooth, dx=0.5)


program(
    smoothed_and_resampled,
    lambda rng: (rng.normal(size=8), rng.uniform(0.5, 1.0, size=5), np.array([0.3, 1.7, 2.9])),
    (0, 1, 2),
)


def probit_likelihood(w, x, y):
    z = x @ w
    return -np.sum(y * scipy.special.log_ndtr(z) + (1 - y) * scipy.special.log_ndtr(-z))


program(
    probit_likelihood, lambda rng: (rng.normal(size=3), 3 * rng.normal(size=(6, 3)), rng.integers(0, 2, size=6)), (0, 1)
)


def dirichlet_likelihood(alpha, p):
    gammaln = scipy.special.gammaln
    return gammaln(alpha.sum()) - gammaln(alpha).sum() + scipy.special.xlogy(alpha - 1, p).sum()


program(dirichlet_likelihood, lambda rng: (rng.uniform(0.5, 3.0, size=4), np.array([0.1, 0.4, 0.2, 0.3])), (0, 1))


def ranked_scores(x, y):
    order = np.argsort(x)
    gains = np.cumsum(y[order]) / np.arange(1, len(x) + 1)
    worst, *rest = np.split(np.sort(x), [2, 4])
    return gains @ np.sort(np.abs(y)) + worst.sum() * rest[0].prod() + rest[1].max()


program(ranked_scores, lambda rng: (rng.normal(size=6), rng.normal(size=6)), (0, 1))


def work_arrays(x, y):
    total, square = np.zeros_like(x), np.empty_like(x)
    for k in range(3):
        np.multiply(x, y + k, out=square)
        np.add(total, np.sin(square), out=total)
        np.divide(total, y, out=total, where=y > 0)
    return np.sum(total, where=x > -1, initial=0.5)


program(work_arrays, lambda rng: (rng.normal(size=(3, 2)), rng.normal(size=(3, 2))), (0, 1))
