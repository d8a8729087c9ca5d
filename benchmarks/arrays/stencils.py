"""Stencils by slices, and updates of whole arrays in a loop."""

import numpy as np

from benchmarks.arrays.program import ArrayProgram


def heat(u0, conductivity, steps):
    u = u0.copy()
    for _ in range(steps):
        flow = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
        u[1:-1, 1:-1] += conductivity[1:-1, 1:-1] * flow
        u[0, :] = u[1, :]
        u[-1, :] = u[-2, :]
    return np.sum(u**2)


def wave(u0, speed, dt, steps):
    before, now = u0, u0
    for _ in range(steps):
        after = 2.0 * now - before
        after[1:-1] += (dt * speed[1:-1]) ** 2 * (now[2:] - 2.0 * now[1:-1] + now[:-2])
        before, now = now, after
    return np.mean(now**2)


def fft_filter(signal, gain, target):
    filtered = np.fft.irfft(np.fft.rfft(signal) * gain, signal.shape[0])
    return np.mean((filtered - target) ** 2)


def shortest_paths(weight):
    distance = weight
    for k in range(weight.shape[0]):
        distance = np.minimum(distance, distance[:, k][:, None] + distance[k, :][None, :])
    return np.mean(distance)


def heat_inputs(rng, n, steps):
    return rng.normal(size=(n, n)), rng.uniform(0.05, 0.2, (n, n)), steps


def wave_inputs(rng, n, steps):
    return rng.normal(size=n), rng.uniform(0.5, 1.0, n), 0.5, steps


def fft_inputs(rng, n):
    return rng.normal(size=n), rng.uniform(size=n // 2 + 1), rng.normal(size=n)


def paths_inputs(rng, n):
    weight = rng.uniform(1.0, 10.0, (n, n))
    np.fill_diagonal(weight, 0.0)
    return (weight,)


PROGRAMS = (
    ArrayProgram(heat, (0, 1), heat_inputs, (5, 2), (32, 10), (256, 20), "stencil"),
    ArrayProgram(wave, (0, 1), wave_inputs, (5, 3), (100, 20), (10_000, 50), "stencil"),
    ArrayProgram(fft_filter, (0, 1), fft_inputs, (8,), (256,), (16_384,), "matrices"),
    ArrayProgram(shortest_paths, 0, paths_inputs, (4,), (16,), (100,), "elementwise"),
)
