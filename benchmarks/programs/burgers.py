"""Burgers' equation in one dimension through time, differentiated in the initial state and the viscosity.

Each step fills a second buffer and copies it back. The adjoint writes the history directly, without
copies, and gathers.
"""

import numpy as np

from benchmarks.program import Program, hand, hand_sums


def burgers(u0, nu, dt, dx, steps):
    n = u0.shape[0]
    u = u0.copy()
    new = np.empty(n)
    for _ in range(steps):
        for i in range(1, n - 1):
            advection = u[i] * (u[i + 1] - u[i - 1]) / (2.0 * dx)
            diffusion = nu * (u[i + 1] - 2.0 * u[i] + u[i - 1]) / dx**2
            new[i] = u[i] + dt * (diffusion - advection)
        for i in range(1, n - 1):
            u[i] = new[i]
    energy = 0.0
    for i in range(n):
        energy += 0.5 * dx * u[i] ** 2
    return energy


@hand
def step(u, new, a, d):
    n = u.shape[0]
    new[0], new[n - 1] = u[0], u[n - 1]
    for i in range(1, n - 1):
        new[i] = u[i] + (d * (u[i + 1] - 2.0 * u[i] + u[i - 1]) - a * u[i] * (u[i + 1] - u[i - 1]))


@hand_sums
def step_bar(u, new_bar, u_bar, a, d):
    """Gather the cotangent of one step, whose ends are zero, and return that of `d`."""
    d_bar = 0.0
    for i in range(1, u.shape[0] - 1):
        left, here, right = new_bar[i - 1], new_bar[i], new_bar[i + 1]
        d_bar += here * (u[i + 1] - 2.0 * u[i] + u[i - 1])
        u_bar[i] = (
            here * (1.0 - 2.0 * d - a * (u[i + 1] - u[i - 1])) + left * (d - a * u[i - 1]) + right * (d + a * u[i + 1])
        )
    return d_bar


@hand
def adjoint(u0, nu, dt, dx, steps):
    n = u0.shape[0]
    a, d = dt / (2.0 * dx), dt * nu / dx**2
    history = np.empty((steps + 1, n))
    history[0] = u0
    for t in range(steps):
        step(history[t], history[t + 1], a, d)
    new_bar, u_bar = np.zeros(n), np.zeros(n)
    energy = 0.0
    for i in range(n):
        w = history[steps, i]
        energy += 0.5 * dx * w * w
        new_bar[i] = dx * w
    first, last, d_bar = new_bar[0], new_bar[n - 1], 0.0
    new_bar[0] = new_bar[n - 1] = 0.0
    for t in range(steps - 1, -1, -1):
        u = history[t]
        first += new_bar[1] * (d + a * u[1])
        last += new_bar[n - 2] * (d - a * u[n - 2])
        d_bar += step_bar(u, new_bar, u_bar, a, d)
        u_bar, new_bar = new_bar, u_bar
    new_bar[0], new_bar[n - 1] = first, last
    return energy, (new_bar, d_bar * dt / dx**2)


def inputs(rng, n, steps):
    x = np.linspace(0.0, 1.0, n)
    dx = x[1] - x[0]
    u0 = np.sin(2.0 * np.pi * x) + 0.3 * np.cos(6.0 * np.pi * x)
    nu = 0.01
    return u0, nu, min(0.2 * dx**2 / nu, 0.2 * dx), dx, steps


PROGRAM = Program(
    function=burgers,
    argnums=(0, 1),
    primal=hand(burgers),
    adjoint=adjoint,
    inputs=inputs,
    small=(9, 5),
    large=(500, 1000),
    tape=lambda u0, nu, dt, dx, steps: 8 * steps * u0.size,
)
