"""Solvers that overwrite an array in each step: what the loads of a step find, and when."""

import numpy as np

from tests.support.registry import program


def copied_back(u, dt, steps):
    u = u.copy()
    new = np.empty(u.shape[0])
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            new[i] = u[i] + dt * u[i] * (u[i + 1] - u[i - 1])
        for i in range(1, u.shape[0] - 1):
            u[i] = new[i]
    return np.sum(u**2)


program(copied_back, lambda rng: (rng.normal(size=7), 0.1, 4), (0, 1))


def copied_back_as_a_slice(u, dt, steps):
    u = u.copy()
    new = np.zeros(u.shape[0])
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            new[i] = u[i] + dt * u[i] * (u[i + 1] - u[i - 1])
        u[1:-1] = new[1:-1]
    return np.sum(u**2)


program(copied_back_as_a_slice, lambda rng: (rng.normal(size=7), 0.1, 4), (0, 1))


def copied_back_downwards(u, dt, steps):
    n = u.shape[0]
    u = u.copy()
    new = np.empty(n)
    for _ in range(steps):
        for i in range(n):
            new[i] = u[i] + dt * u[i] * u[i - 1]
        for i in range(n - 1, -1, -1):
            u[i] = new[i]
    return np.sum(u * u)


program(copied_back_downwards, lambda rng: (rng.normal(size=6), 0.1, 3), (0, 1))


def read_after_it_is_copied_back(u, dt, steps):
    n = u.shape[0]
    u = u.copy()
    new = np.empty(n)
    total = 0.0
    for _ in range(steps):
        for i in range(1, n - 1):
            new[i] = u[i] + dt * u[i] * (u[i + 1] - u[i - 1])
        for i in range(1, n - 1):
            u[i] = new[i]
        for i in range(n):
            total += u[i] ** 3
    return total


program(read_after_it_is_copied_back, lambda rng: (rng.normal(size=6), 0.1, 3), (0, 1))


def ends_set_before_the_step(u, dt, steps):
    n = u.shape[0]
    u = u.copy()
    new = np.empty(n)
    for _ in range(steps):
        u[0] = u[1] * u[2]
        u[n - 1] = u[n - 2] ** 2
        for i in range(1, n - 1):
            new[i] = u[i] + dt * u[i] * (u[i + 1] - u[i - 1])
        for i in range(1, n - 1):
            u[i] = new[i]
    return np.sum(u**2)


program(ends_set_before_the_step, lambda rng: (rng.uniform(0.5, 1.0, size=7), 0.1, 4), (0, 1))


def swept_in_place(u, dt, steps):
    u = u.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            u[i] = u[i] + dt * u[i] * u[i - 1] * u[i + 1]
    return np.sum(u**2)


program(swept_in_place, lambda rng: (rng.normal(size=7), 0.1, 4), (0, 1))


def two_sweeps_a_step(u, dt, steps):
    n = u.shape[0]
    u = u.copy()
    new = np.empty(n)
    for _ in range(steps):
        for _ in range(2):
            for i in range(1, n - 1):
                new[i] = u[i] + dt * u[i] * (u[i + 1] - u[i - 1])
            for i in range(1, n - 1):
                u[i] = new[i]
        for i in range(n):
            u[i] = u[i] * np.cos(dt * u[i])
    return np.sum(u**2)


program(two_sweeps_a_step, lambda rng: (rng.normal(size=6), 0.1, 3), (0, 1))


def copied_back_where_it_is_not_late(u, dt, steps):
    n = u.shape[0]
    u = u.copy()
    new = np.empty(n)
    for k in range(steps):
        for i in range(1, n - 1):
            new[i] = u[i] + dt * u[i] * (u[i + 1] - u[i - 1])
        if k < 2:
            for i in range(1, n - 1):
                u[i] = new[i]
        else:
            for i in range(1, n - 1):
                u[i] = new[i] * u[i]
    return np.sum(u**2)


program(copied_back_where_it_is_not_late, lambda rng: (rng.normal(size=6), 0.1, 4), (0, 1))


def changing_places(u, dt, steps):
    u, v = u.copy(), u.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            v[i] = u[i] + dt * u[i] * (u[i + 1] - u[i - 1]) * v[i]
        u, v = v, u
    return np.sum(u**2)


program(changing_places, lambda rng: (rng.normal(size=7), 0.1, 5), (0, 1))


def plane_copied_back(u, dt, steps):
    n, m = u.shape
    u = u.copy()
    new = np.empty((n, m))
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                new[i, j] = u[i, j] + dt * u[i, j] * (u[i + 1, j] - u[i, j - 1]) * u[i, j + 1]
        for j in range(1, m - 1):
            for i in range(1, n - 1):
                u[i, j] = new[i, j]
    return np.sum(u**2)


program(plane_copied_back, lambda rng: (rng.normal(size=(4, 5)), 0.1, 3), (0, 1))


def until_it_is_still(u, dt):
    n = u.shape[0]
    u = u.copy()
    new = np.empty(n)
    change = 1.0
    while change > 0.02:
        change = 0.0
        for i in range(1, n - 1):
            new[i] = u[i] + dt * u[i] * (u[i + 1] - 2.0 * u[i] + u[i - 1])
        for i in range(1, n - 1):
            change = max(change, abs(new[i] - u[i]))
            u[i] = new[i]
    return np.sum(u**2)


program(until_it_is_still, lambda rng: (rng.uniform(0.5, 1.5, size=6), 0.2), (0, 1))


def each_with_its_own(us, dt, steps):
    total = 0.0
    n = us.shape[1]
    for s in range(us.shape[0]):
        u = np.empty(n)
        new = np.empty(n)
        for i in range(n):
            u[i] = us[s, i]
        for _ in range(steps):
            for i in range(1, n - 1):
                new[i] = u[i] + dt * u[i] * (u[i + 1] - u[i - 1])
            for i in range(1, n - 1):
                u[i] = new[i]
        for i in range(n):
            total += u[i] ** 2
    return total


program(each_with_its_own, lambda rng: (rng.normal(size=(2, 6)), 0.1, 3), (0, 1))
