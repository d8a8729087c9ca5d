"""Whole simulations and solvers as they stand in scientists' scripts: adaptive steps, events, cells, cycles."""

import math

import numpy as np

from tests.support.registry import program


def _predator_prey(y, a, b):
    return np.array([a * y[0] - b * y[0] * y[1], -y[1] + 0.5 * y[0] * y[1]])


def adaptive_step(y0, a, b):
    t, h = 0.0, 0.2
    y = y0.copy()
    accepted, rejected = 0, 0
    while t < 1.0:
        if t + h > 1.0:
            h = 1.0 - t
        k1 = _predator_prey(y, a, b)
        k2 = _predator_prey(y + h * k1, a, b)
        k3 = _predator_prey(y + h * (k1 + k2) / 4, a, b)
        low = y + h * (k1 + k2) / 2
        high = y + h * (k1 + k2 + 4 * k3) / 6
        error = np.max(np.abs(high - low))
        if error < 1e-3:
            t += h
            y = high
            accepted += 1
        else:
            rejected += 1
        h *= min(2.0, max(0.3, 0.9 * math.sqrt(1e-3 / (error + 1e-30))))
    return np.sum(y**2)


program(adaptive_step, lambda rng: (np.array([1.0, 0.7]) + 0.1 * rng.random(2), 1.1, 0.4), (0, 1, 2))


def bouncing_ball(height, gravity, restitution):
    t, h, v = 0.0, height, 0.0
    total = 0.0
    for _ in range(100):
        flight = (v + math.sqrt(v * v + 2 * gravity * h)) / gravity
        if t + flight > 2.0:
            left = 2.0 - t
            h = h + v * left - 0.5 * gravity * left * left
            break
        t += flight
        v = restitution * (gravity * flight - v)
        total += flight * v
        h = 0.0
    else:
        raise RuntimeError("too many bounces")
    return h + total


program(bouncing_ball, lambda rng: (1.0 + 0.1 * rng.random(), 9.81, 0.8), (0, 1, 2))


def metropolis_mean(step, data, uniform, normal):
    def log_density(x):
        return -0.5 * np.sum((data - x) ** 2)

    x, total = 0.0, 0.0
    here = log_density(x)
    for u, n in zip(uniform, normal, strict=True):
        y = x + step * n
        there = log_density(y)
        if math.log(u) < there - here:
            x, here = y, there
        total += x
    return total / len(uniform)


_DRAWS = np.random.default_rng(5)
_UNIFORM, _NORMAL = _DRAWS.random(20), _DRAWS.standard_normal(20)


def metropolis(step, data):
    return metropolis_mean(step, data, _UNIFORM, _NORMAL)


program(metropolis, lambda rng: (0.5, np.array([0.3, 1.0, -0.4])), (0, 1))


def linked_cells(position, velocity):
    length, cutoff, cells = 3.0, 1.0, 3
    x, v = position.copy(), velocity.copy()
    n = len(x)
    for _ in range(2):
        head = -np.ones((cells, cells), dtype=int)
        following = -np.ones(n, dtype=np.int64)
        for i in range(n):
            a, b = int(x[i, 0] / length * cells) % cells, int(x[i, 1] / length * cells) % cells
            following[i] = head[a, b]
            head[a, b] = i
        force = np.zeros((n, 2))
        for i in range(n):
            a, b = int(x[i, 0] / length * cells) % cells, int(x[i, 1] / length * cells) % cells
            for da in range(-1, 2):
                for db in range(-1, 2):
                    j = head[(a + da) % cells, (b + db) % cells]
                    while j != -1:
                        if j > i:
                            d = x[i] - x[j]
                            d -= length * np.round(d / length)
                            r2 = d @ d
                            if r2 < cutoff * cutoff:
                                f = (1 - np.sqrt(r2)) ** 2 * d
                                force[i] += f
                                force[j] -= f
                        j = following[j]
        v += 0.05 * force
        x += 0.05 * v
        x %= length
    return 0.5 * np.sum(v**2) + np.sum(np.sin(x))


program(linked_cells, lambda rng: (0.3 + 2.4 * rng.random((6, 2)), 0.1 * rng.standard_normal((6, 2))), (0, 1))


def fft_by_hand(x):
    n = len(x)
    re, im = x.copy(), np.zeros(n)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            re[i], re[j] = re[j], re[i]
    length = 2
    while length <= n:
        angle = -2 * math.pi / length
        for i in range(0, n, length):
            for k in range(length // 2):
                c, s = math.cos(angle * k), math.sin(angle * k)
                top, bottom = i + k, i + k + length // 2
                r, m = re[bottom] * c - im[bottom] * s, re[bottom] * s + im[bottom] * c
                re[bottom], im[bottom] = re[top] - r, im[top] - m
                re[top] += r
                im[top] += m
        length <<= 1
    return np.sum(np.sqrt(re**2 + im**2 + 1e-3))


program(fft_by_hand, lambda rng: (rng.standard_normal(8),))


def _relax(u, f, h, sweeps):
    for _ in range(sweeps):
        u[1:-1] = 0.5 * (u[:-2] + u[2:] + h * h * f[1:-1])


def _residual(u, f, h):
    r = np.zeros_like(u)
    r[1:-1] = f[1:-1] - (2 * u[1:-1] - u[:-2] - u[2:]) / (h * h)
    return r


def two_grid_cycles(f):
    n = len(f)
    h = 1.0 / (n - 1)
    u = np.zeros(n)
    for _ in range(2):
        _relax(u, f, h, 2)
        r = _residual(u, f, h)
        coarse = np.zeros((n + 1) // 2)
        coarse[1:-1] = 0.25 * (r[1:-2:2] + 2 * r[2:-1:2] + r[3::2])
        error = np.zeros_like(coarse)
        _relax(error, coarse, 2 * h, 10)
        u[::2] += error
        u[1::2] += 0.5 * (error[:-1] + error[1:])
        _relax(u, f, h, 2)
    return np.sum(u**2)


program(two_grid_cycles, lambda rng: (10 * rng.standard_normal(9),))


def givens_rotations(A):
    R = A.copy()
    m, n = R.shape
    for j in range(n):
        for i in range(m - 1, j, -1):
            a, b = R[i - 1, j], R[i, j]
            r = np.hypot(a, b)
            if r == 0.0:
                continue
            c, s = a / r, b / r
            G = np.array([[c, s], [-s, c]])
            R[i - 1 : i + 1, j:] = G @ R[i - 1 : i + 1, j:]
    return np.sum(np.sin(np.triu(R)))


program(givens_rotations, lambda rng: (rng.standard_normal((4, 3)),))
