"""A function of 20 lines as a scientist writes them, by which start-up is judged."""

import math

import numpy as np

ARGNUMS = (0, 1)


def rod(heat, conductivity, source, dt, steps):
    """The misfit of a heated rod with its target: 20 lines as a scientist writes them."""
    n = heat.shape[0]
    now = heat.copy()
    flux = np.zeros(n + 1)
    for _ in range(steps):
        for i in range(1, n):
            slope = now[i] - now[i - 1]
            mean = 0.5 * (conductivity[i] + conductivity[i - 1])
            flux[i] = mean * slope / math.sqrt(1.0 + slope * slope)
        for i in range(n):
            gain = flux[i + 1] - flux[i]
            now[i] += dt * (gain + source[i])
            if now[i] < 0.0:
                now[i] = 0.0
    misfit = 0.0
    for i in range(n):
        target = math.sin(math.pi * i / n)
        misfit += (now[i] - target) ** 2
    return misfit / n


def arguments():
    """A short rod."""
    return np.linspace(0.0, 1.0, 20), np.full(20, 0.4), np.full(20, 0.1), 0.1, 5
