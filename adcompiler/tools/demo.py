"""The program that `adcompiler demo` tours: a damped oscillator and its distance from observations."""

from __future__ import annotations

import numpy as np


def misfit(parameters: np.ndarray, observed: np.ndarray, step: float) -> float:
    """Squared distance between observed positions and those of a simulated damped oscillator."""
    stiffness, damping = parameters
    position, velocity = 1.0, 0.0
    total = 0.0
    for i in range(len(observed)):
        velocity -= step * (stiffness * position + damping * velocity)
        position += step * velocity
        total += (position - observed[i]) ** 2
    return total


def misfit_args() -> tuple[np.ndarray, np.ndarray, float]:
    """Parameters to start from, observations of an oscillator with others, and a time step."""
    times = np.linspace(0.0, 10.0, 1000)
    return np.array([3.0, 0.2]), np.exp(-0.25 * times) * np.cos(2.0 * times), 0.01
