"""Programs that draw from a random generator: each draw is made once, in the order of the program."""

import numpy as np

from tests.support.registry import program


def noise_and_scale(x, rng):
    z = rng.normal(x[0], np.exp(x[1]), size=5)
    u = rng.random()
    total = 0.0
    for _ in range(4):
        e = rng.exponential(1.0 + x[2] ** 2)
        if u > 0.5:
            e = e * rng.uniform(0.5, 1.0 + x[0] ** 2)
        total += np.sin(e) * x[0]
    rng.standard_normal(3)
    return np.sum(np.sin(z)) * u + total


program(noise_and_scale, lambda rng: (rng.normal(size=3), np.random.default_rng(3)), (0,))


def random_walk_until(x, rng):
    position, steps = x[0] * 1.0, 0
    while rng.random() < 0.8 and steps < 20:
        position = position * np.cos(x[1] * rng.normal()) + rng.normal(scale=0.1)
        steps += 1
    return position * x[2]


program(random_walk_until, lambda rng: (rng.normal(size=3), np.random.default_rng(3)), (0,))


def noise_array_each_step(x, rng):
    p = x.copy()
    for k in range(5):
        step = rng.laplace(0.0, 0.3, size=3)
        step[k % 3] *= 2.0
        p = p + np.tanh(p * step)
    return np.sum(p**2)


program(noise_array_each_step, lambda rng: (rng.normal(size=3), np.random.default_rng(3)), (0,))


def shuffled_batches(x, rng):
    order = rng.permutation(6)
    weights = rng.choice(np.array([1.0, 2.0, 5.0]), size=3, p=[0.2, 0.3, 0.5])
    y, total = x.copy(), 0.0
    for k in range(2):
        batch = y[order[3 * k : 3 * k + 3]]
        total += np.sum(weights * np.sin(batch)) * rng.poisson(4.0)
        rng.shuffle(y)
    return total + y[0] * y[rng.integers(6)]


program(shuffled_batches, lambda rng: (rng.normal(size=6), np.random.default_rng(3)), (0,))


def shapes_and_tails(a, scale, rng):
    x = rng.weibull(a) + rng.pareto(a + 1.0, size=2)
    y = rng.gamma(np.array([0.7, 2.5]), scale) + rng.rayleigh(scale, size=2)
    return np.sum(x * y) + rng.lognormal(0.1 * a[0], scale) + rng.logistic(scale, a[1]) + np.sum(rng.beta(2.0, 3.0, 2))


program(shapes_and_tails, lambda rng: (rng.uniform(1.0, 2.0, size=2), 0.5, np.random.default_rng(3)), (0, 1))
