"""Sums over pairs in each step of time: what is recorded of a step, of its points or of its pairs."""

import math

import numpy as np

from tests.support.registry import program


def repelling_charges(x, charge, dt, steps):
    """All that is there is as long as the charges: the factors of the pairs are computed again."""
    n = x.shape[0]
    x = x.copy()
    force = np.zeros(n)
    for _ in range(steps):
        for i in range(n):
            force[i] = 0.0
        for i in range(n):
            for j in range(i + 1, n):
                d = x[j] - x[i]
                f = charge[i] * charge[j] * math.exp(-d * d) / math.sqrt(1.0 + d * d)
                force[i] -= f * d
                force[j] += f * d
        for i in range(n):
            x[i] += dt * force[i]
    return np.sum(x * x)


program(repelling_charges, lambda rng: (rng.normal(size=5), rng.uniform(0.5, 1.5, size=5), 0.3, 3), (0, 1))


def on_a_circle(angle, load, dt, steps):
    """Phases with a load on each pair in each step: a record of the pairs is as long as the loads."""
    n = angle.shape[0]
    angle = angle.copy()
    turn = np.zeros(n)
    for t in range(steps):
        for i in range(n):
            turn[i] = 0.0
            for j in range(n):
                turn[i] += math.exp(angle[j] - angle[i]) - load[t, i, j]
        for i in range(n):
            angle[i] += dt * turn[i]
    return np.sum(np.sin(angle))


program(on_a_circle, lambda rng: (rng.normal(size=4), rng.normal(size=(3, 4, 4)), 0.1, 3), (0, 1))


def chain_through_all_pairs(x, steps):
    """A number that each pair changes is recorded for each pair, and so is what it is multiplied by."""
    n, s = x.shape[0], 0.5
    for _ in range(steps):
        for i in range(n):
            for j in range(n):
                s = math.sin(s) * math.exp(-x[i] * x[j]) + 0.1
    return s


program(chain_through_all_pairs, lambda rng: (rng.uniform(0.1, 0.5, size=4), 3))


def two_neighbours(x, dt, steps):
    """A loop of two iterations makes records of a point no longer than those of its position."""
    n = x.shape[0]
    x = x.copy()
    force = np.zeros(n)
    for _ in range(steps):
        for i in range(n):
            force[i] = 0.0
            for k in range(1, 3):
                force[i] += math.exp(-x[i] * k)
        for i in range(n):
            x[i] += dt * force[i]
    return np.sum(x * x)


program(two_neighbours, lambda rng: (rng.normal(size=5), 0.2, 3))
