"""The price of an option on the mean of a path, over paths made of given normal numbers.

The adjoint runs each path, and then its steps backwards: it records the prices of one path.
"""

import math

import numpy as np

from benchmarks.program import Program, hand


def monte_carlo(spot, rate, volatility, strike, normal, years):
    paths, steps = normal.shape
    dt = years / steps
    drift = (rate - 0.5 * volatility**2) * dt
    spread = volatility * math.sqrt(dt)
    total = 0.0
    for p in range(paths):
        price = spot
        mean = 0.0
        for k in range(steps):
            price *= math.exp(drift + spread * normal[p, k])
            mean += price
        payoff = mean / steps - strike
        if payoff > 0.0:
            total += payoff
    return math.exp(-rate * years) * total / paths


@hand
def adjoint(spot, rate, volatility, strike, normal, years):
    paths, steps = normal.shape
    dt = years / steps
    drift, root = (rate - 0.5 * volatility**2) * dt, math.sqrt(dt)
    spread = volatility * root
    prices = np.empty(steps)
    total, spot_bar, drift_bar, spread_bar, paid = 0.0, 0.0, 0.0, 0.0, 0
    for p in range(paths):
        price, mean = spot, 0.0
        for k in range(steps):
            price *= math.exp(drift + spread * normal[p, k])
            prices[k] = price
            mean += price
        payoff = mean / steps - strike
        if payoff > 0.0:
            total += payoff
            paid += 1
            later = 0.0
            for k in range(steps - 1, -1, -1):
                later += prices[k]
                drift_bar += later
                spread_bar += later * normal[p, k]
            spot_bar += later
    discount = math.exp(-rate * years) / paths
    weight = discount / steps
    value, drift_bar = discount * total, drift_bar * weight * dt
    volatility_bar = spread_bar * weight * root - drift_bar * volatility
    return value, (spot_bar * weight / spot, drift_bar - years * value, volatility_bar, -discount * paid)


PROGRAM = Program(
    function=monte_carlo,
    argnums=(0, 1, 2, 3),
    primal=hand(monte_carlo),
    adjoint=adjoint,
    inputs=lambda rng, paths, steps: (100.0, 0.03, 0.2, 101.0, rng.normal(size=(paths, steps)), 1.0),
    small=(6, 4),
    large=(2000, 50),
    tape=lambda spot, rate, volatility, strike, normal, years: 8 * normal.shape[1],
)
