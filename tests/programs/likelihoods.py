"""Statistics, physics and finance by loops over data."""

import math

import numpy as np

from tests.support.registry import program


def mixture_loglikelihood(x, weights, means, scales):
    total = 0.0
    for i in range(x.shape[0]):
        p = 0.0
        for k in range(weights.shape[0]):
            z = (x[i] - means[k]) / scales[k]
            p += weights[k] * math.exp(-0.5 * z * z) / (scales[k] * math.sqrt(2 * math.pi))
        total += math.log(p)
    return total


program(
    mixture_loglikelihood,
    lambda rng: (rng.normal(size=6), np.array([0.3, 0.7]), np.array([-1.0, 0.8]), np.array([0.9, 1.3])),
    (0, 1, 2, 3),
)


def censored_counts(w, x, y, most):
    """Counts by the exponential of a sum over each row, of which some are only known to be large."""
    total = 0.0
    for i in range(x.shape[0]):
        count = y[i]
        s = 0.0
        for j in range(x.shape[1]):
            s += x[i, j] * w[j]
        if count < most:
            total += math.exp(s) - count * s
        elif s > 0.0:
            total += math.log1p(math.exp(-s))
        else:
            total -= s
    return total


program(
    censored_counts,
    lambda rng: (rng.normal(size=3), rng.normal(size=(40, 3)), rng.poisson(2.0, size=40), 3),
    (0, 1),
)


def gaussian_mixture_2d(x, logits, means, chol):
    n, d = x.shape
    k = means.shape[0]
    logp = np.empty(k)
    total = 0.0
    for i in range(n):
        for c in range(k):
            s = 0.0
            for a in range(d):
                r = x[i, a] - means[c, a]
                for b in range(a):
                    r += chol[c, a, b] * (x[i, b] - means[c, b])
                r *= np.exp(chol[c, a, a])
                s += r * r
            logp[c] = logits[c] - 0.5 * s + np.sum(np.diag(chol[c]))
        m = logp.max()
        total += m + np.log(np.sum(np.exp(logp - m)))
    return total - n * np.log(np.sum(np.exp(logits)))


program(
    gaussian_mixture_2d,
    lambda rng: (
        rng.normal(size=(4, 2)),
        rng.normal(size=3),
        rng.normal(size=(3, 2)),
        0.3 * rng.normal(size=(3, 2, 2)),
    ),
    (0, 1, 2, 3),
)


def black_scholes_book(spots, strikes, rate, sigma, t, prices):
    for i in range(len(spots)):
        d1 = (math.log(spots[i] / strikes[i]) + (rate + 0.5 * sigma**2) * t) / (sigma * math.sqrt(t))
        d2 = d1 - sigma * math.sqrt(t)
        n1 = 0.5 * (1 + math.erf(d1 / math.sqrt(2)))
        n2 = 0.5 * (1 + math.erf(d2 / math.sqrt(2)))
        prices[i] = spots[i] * n1 - strikes[i] * math.exp(-rate * t) * n2
    return prices


program(
    black_scholes_book,
    lambda rng: (rng.uniform(0.8, 1.2, size=4), rng.uniform(0.8, 1.2, size=4), 0.03, 0.3, 0.7, np.zeros(4)),
    (0, 1, 2, 3, 4),
)


def asian_option(spot, sigma, rate, strike, normals):
    paths, steps = normals.shape
    dt = 1.0 / steps
    payoff = 0.0
    for p in range(paths):
        s = spot
        mean = 0.0
        for t in range(steps):
            s *= math.exp((rate - 0.5 * sigma**2) * dt + sigma * math.sqrt(dt) * normals[p, t])
            mean += s / steps
        payoff += max(mean - strike, 0.0)
    return math.exp(-rate) * payoff / paths


program(asian_option, lambda rng: (1.0, 0.3, 0.02, 0.95, rng.normal(size=(5, 4))), (0, 1, 2, 3))


def logistic_loops(w, x, y):
    nll = 0.0
    for i in range(x.shape[0]):
        z = w[0]
        for j in range(x.shape[1]):
            z += w[j + 1] * x[i, j]
        if z > 0:
            nll += math.log1p(math.exp(-z)) + (1 - y[i]) * z
        else:
            nll += math.log1p(math.exp(z)) - y[i] * z
    return nll


program(logistic_loops, lambda rng: (rng.normal(size=4), rng.normal(size=(5, 3)), rng.integers(0, 2, size=5)), (0, 1))


def kmeans_loss(points, centres):
    total = 0.0
    for p in points:
        best = np.inf
        for c in centres:
            d = np.sum((p - c) ** 2)
            if d < best:
                best = d
        total += best
    return total


program(kmeans_loss, lambda rng: (rng.normal(size=(5, 2)), rng.normal(size=(3, 2))), (0, 1))


def ising_energy(spins, coupling, field):
    n, m = spins.shape
    e = 0.0
    for i in range(n):
        for j in range(m):
            e -= coupling[i, j] * spins[i, j] * (spins[(i + 1) % n, j] + spins[i, (j + 1) % m])
            e -= field * spins[i, j]
    return e * e


program(ising_energy, lambda rng: (rng.choice([-1, 1], size=(3, 3)), rng.normal(size=(3, 3)), 0.4), (1, 2))


def bundle_adjustment(cameras, points, observations, camera_of, point_of):
    error = 0.0
    for k in range(len(observations)):
        cam = cameras[camera_of[k]]
        X = points[point_of[k]]
        c, s = math.cos(cam[0]), math.sin(cam[0])
        x = c * X[0] - s * X[1] + cam[1]
        y = s * X[0] + c * X[1] + cam[2]
        z = X[2] + 4.0
        u = observations[k, 0] - cam[3] * x / z
        v = observations[k, 1] - cam[3] * y / z
        error += u * u + v * v
    return error


program(
    bundle_adjustment,
    lambda rng: (
        rng.normal(size=(2, 4)),
        rng.normal(size=(3, 3)),
        rng.normal(size=(5, 2)),
        np.array([0, 1, 1, 0, 1]),
        np.array([0, 0, 1, 2, 2]),
    ),
    (0, 1, 2),
)


def planar_arm(angles, lengths, target):
    x = y = angle = 0.0
    for a, length in zip(angles, lengths):  # noqa: B905
        angle += a
        x += length * math.cos(angle)
        y += length * math.sin(angle)
    return (x - target[0]) ** 2 + (y - target[1]) ** 2


program(planar_arm, lambda rng: (rng.normal(size=4), rng.uniform(0.5, 1, size=4), rng.normal(size=2)), (0, 1, 2))


def bezier_point(control, t):
    pts = control.copy()
    n = len(pts)
    for r in range(1, n):
        for i in range(n - r):
            pts[i] = (1 - t) * pts[i] + t * pts[i + 1]
    return pts[0]


program(bezier_point, lambda rng: (rng.normal(size=(4, 2)), 0.37), (0, 1))


def linear_interpolation(xs, ys, x):
    total = 0.0
    for q in x:
        lo, hi = 0, len(xs) - 1
        while hi - lo > 1:
            mid = (lo + hi) // 2
            if xs[mid] <= q:
                lo = mid
            else:
                hi = mid
        w = (q - xs[lo]) / (xs[hi] - xs[lo])
        total += ((1 - w) * ys[lo] + w * ys[hi]) ** 2
    return total


program(
    linear_interpolation,
    lambda rng: (np.array([0.0, 0.7, 1.5, 2.2, 3.1]), rng.normal(size=5), np.array([0.3, 1.9, 2.9, 1.1])),
    (0, 1, 2),
)


def soft_histogram(x, centres, width):
    h = np.zeros(len(centres))
    for v in x:
        total = 0.0
        for k in range(len(centres)):
            total += math.exp(-(((v - centres[k]) / width) ** 2))
        for k in range(len(centres)):
            h[k] += math.exp(-(((v - centres[k]) / width) ** 2)) / total
    return h


program(soft_histogram, lambda rng: (rng.normal(size=4), np.array([-1.0, 0.0, 1.0]), 0.8), (0, 1, 2))


def survival_likelihood(beta, times, events, covariates):
    ll = 0.0
    for i in range(len(times)):
        if not events[i]:
            continue
        risk = 0.0
        for j in range(len(times)):
            if times[j] >= times[i]:
                risk += math.exp(np.dot(beta, covariates[j]))
        ll += np.dot(beta, covariates[i]) - math.log(risk)
    return ll


program(
    survival_likelihood,
    lambda rng: (
        rng.normal(size=2),
        rng.permutation(5) + 1.0,
        np.array([True, False, True, True, False]),
        rng.normal(size=(5, 2)),
    ),
    (0, 3),
)


def ray_sphere_shading(origin, direction, centre, radius):
    d = direction / np.sqrt(np.dot(direction, direction))
    oc = origin - centre
    b = np.dot(oc, d)
    disc = b * b - np.dot(oc, oc) + radius * radius
    if disc < 0:
        return 0.0
    t = -b - np.sqrt(disc)
    normal = (origin + t * d - centre) / radius
    return max(0.0, -np.dot(normal, d))


program(
    ray_sphere_shading,
    lambda rng: (np.array([0.0, 0.1, -3.0]), np.array([0.1, 0.05, 1.0]), np.array([0.1, 0.2, 0.3]), 1.1),
    (0, 1, 2, 3),
)


def weighted_squares(mean, scale, weight, points):
    """Squares of scaled distances; a pair of weight zero contributes nothing, whatever its distance."""
    n, parts = weight.shape
    work = np.empty(parts)
    total = 0.0
    for i in range(n):
        for k in range(parts):
            work[k] = 0.0
            if weight[i, k] != 0.0:
                for j in range(i, i + 1):
                    z = (points[j] - mean[k]) * scale[k]
                    work[k] -= 0.5 * z * z
        for k in range(parts):
            if weight[i, k] != 0.0:
                total += weight[i, k] * work[k]
    return total


program(
    weighted_squares,
    lambda rng: (rng.normal(size=3), rng.uniform(0.5, 1.5, 3), rng.uniform(0.0, 1.0, (4, 3)), rng.normal(size=4)),
    (0, 1, 2),
)


def forward_algorithm(transition, start, score):
    steps, states = score.shape
    alpha, new, total = np.empty(states), np.empty(states), 0.0
    for t in range(steps):
        norm = 0.0
        for j in range(states):
            if t == 0:
                reached = start[j]
            else:
                reached = 0.0
                for i in range(states):
                    reached += alpha[i] * transition[i, j]
            new[j] = reached * math.exp(score[t, j])
            norm += new[j]
        for j in range(states):
            alpha[j] = new[j] / norm
        total += math.log(norm)
    return total


program(forward_algorithm, lambda rng: (rng.random((4, 4)), rng.random(4), rng.random((3, 4))), (0, 1, 2))
