"""Functions of each element, and of each pair of elements."""

import numpy as np
from scipy.special import erf

from benchmarks.arrays.program import ArrayProgram


def chain(x, y):
    a = np.sin(x) * y + np.exp(-x * x)
    b = np.tanh(a) / (1.0 + y * y)
    return np.sum(b * np.sqrt(1.0 + a * a))


def black_scholes(spot, strike, time, rate, volatility):
    spread = volatility * np.sqrt(time)
    d1 = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * time) / spread
    d2 = d1 - spread
    cdf1 = 0.5 * (1.0 + erf(d1 / np.sqrt(2.0)))
    cdf2 = 0.5 * (1.0 + erf(d2 / np.sqrt(2.0)))
    return np.sum(spot * cdf1 - strike * np.exp(-rate * time) * cdf2)


def gravity(x, v, mass, dt, steps):
    for _ in range(steps):
        d = x[None, :, :] - x[:, None, :]
        inverse = (np.sum(d**2, axis=2) + 0.01) ** -1.5
        v = v + dt * np.sum(mass[None, :, None] * inverse[:, :, None] * d, axis=1)
        x = x + dt * v
    return 0.5 * np.sum(mass[:, None] * v**2)


def soft_histogram(x, centres, width):
    weight = np.exp(-0.5 * ((x[:, None] - centres[None, :]) / width) ** 2)
    weight = weight / weight.sum(axis=1, keepdims=True)
    share = weight.mean(axis=0)
    return -np.sum(share * np.log(share))


def chain_inputs(rng, n):
    return rng.normal(size=n), rng.normal(size=n)


def black_scholes_inputs(rng, n):
    spot, strike = rng.uniform(80.0, 120.0, n), rng.uniform(80.0, 120.0, n)
    return spot, strike, rng.uniform(0.2, 2.0, n), 0.03, rng.uniform(0.1, 0.4, n)


def gravity_inputs(rng, n, steps):
    return rng.normal(size=(n, 3)), rng.normal(size=(n, 3)), rng.uniform(0.5, 1.5, n), 0.01, steps


def soft_histogram_inputs(rng, n, bins):
    return rng.normal(size=n), np.linspace(-3.0, 3.0, bins), 0.3


PROGRAMS = (
    ArrayProgram(chain, (0, 1), chain_inputs, (5,), (1000,), (100_000,), "elementwise"),
    ArrayProgram(black_scholes, (0, 2, 4), black_scholes_inputs, (5,), (1000,), (100_000,), "elementwise"),
    ArrayProgram(gravity, (0, 1, 2), gravity_inputs, (4, 2), (20, 5), (200, 5), "elementwise"),
    ArrayProgram(soft_histogram, (0, 1, 2), soft_histogram_inputs, (6, 3), (100, 16), (5000, 32), "elementwise"),
)
