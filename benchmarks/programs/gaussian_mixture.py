"""The log-likelihood of a Gaussian mixture, with work arrays that each point uses again.

The points are independent once the work arrays are private, so the adjoint joins both sweeps and
its tape is one point's scaled distances. The derivative through the shift by the maximum cancels.
"""

import math

import numpy as np

from benchmarks.program import Program, hand


def gaussian_mixture(weight, mean, log_scale, points):
    n, dim = points.shape
    parts = weight.shape[0]
    inverse = np.exp(-log_scale)
    work = np.empty(parts)
    total = 0.0
    for i in range(n):
        for k in range(parts):
            work[k] = weight[k]
            for d in range(dim):
                z = (points[i, d] - mean[k, d]) * inverse[k, d]
                work[k] -= 0.5 * z * z + log_scale[k, d]
        biggest = work[0]
        for k in range(1, parts):
            biggest = max(biggest, work[k])
        s = 0.0
        for k in range(parts):
            s += math.exp(work[k] - biggest)
        total += biggest + math.log(s)
    return total / n


@hand
def log_density(weight, mean, log_scale, inverse, point, z, work):
    """Fill one point's scaled distances and responsibilities; the result is its log-likelihood."""
    parts, dim = mean.shape
    biggest = -math.inf
    for k in range(parts):
        s = weight[k]
        for d in range(dim):
            v = (point[d] - mean[k, d]) * inverse[k, d]
            z[k, d] = v
            s -= 0.5 * v * v + log_scale[k, d]
        work[k] = s
        biggest = max(biggest, s)
    s = 0.0
    for k in range(parts):
        work[k] = math.exp(work[k] - biggest)
        s += work[k]
    for k in range(parts):
        work[k] /= s
    return biggest + math.log(s)


@hand
def adjoint(weight, mean, log_scale, points):
    n, dim = points.shape
    parts = weight.shape[0]
    inverse = np.exp(-log_scale)
    weight_bar, mean_bar, scale_bar = np.zeros(parts), np.zeros((parts, dim)), np.zeros((parts, dim))
    work, z = np.empty(parts), np.empty((parts, dim))
    total = 0.0
    for i in range(n):
        total += log_density(weight, mean, log_scale, inverse, points[i], z, work)
        for k in range(parts):
            share = work[k]
            weight_bar[k] += share
            for d in range(dim):
                v = z[k, d]
                mean_bar[k, d] += share * v
                scale_bar[k, d] += share * (v * v - 1.0)
    return total / n, (weight_bar / n, mean_bar * inverse / n, scale_bar / n)


PROGRAM = Program(
    function=gaussian_mixture,
    argnums=(0, 1, 2),
    primal=hand(gaussian_mixture),
    adjoint=adjoint,
    inputs=lambda rng, n, parts, dim: (
        rng.normal(size=parts),
        rng.normal(size=(parts, dim)),
        0.3 * rng.normal(size=(parts, dim)),
        2.0 * rng.normal(size=(n, dim)),
    ),
    small=(7, 3, 2),
    large=(20_000, 8, 4),
    tape=lambda weight, mean, log_scale, points: 8 * mean.size,
)
