"""Gravitation between bodies: some leapfrog steps, differentiated in the initial positions and velocities.

Forces are added to both bodies of a pair in place. The adjoint records the positions of each step and
recomputes the distances.
"""

import math

import numpy as np

from benchmarks.program import Program, hand


def n_body(position, velocity, mass, dt, steps):
    n = mass.shape[0]
    x = position.copy()
    v = velocity.copy()
    force = np.zeros((n, 3))
    for _ in range(steps):
        for i in range(n):
            for d in range(3):
                force[i, d] = 0.0
        for i in range(n):
            for j in range(i + 1, n):
                dx = x[j, 0] - x[i, 0]
                dy = x[j, 1] - x[i, 1]
                dz = x[j, 2] - x[i, 2]
                r2 = dx * dx + dy * dy + dz * dz + 0.01
                pull = mass[i] * mass[j] / (r2 * math.sqrt(r2))
                force[i, 0] += pull * dx
                force[i, 1] += pull * dy
                force[i, 2] += pull * dz
                force[j, 0] -= pull * dx
                force[j, 1] -= pull * dy
                force[j, 2] -= pull * dz
        for i in range(n):
            for d in range(3):
                v[i, d] += dt * force[i, d] / mass[i]
                x[i, d] += dt * v[i, d]
    spread = 0.0
    for i in range(n):
        for d in range(3):
            spread += mass[i] * (x[i, d] ** 2 + v[i, d] ** 2)
    return spread


@hand
def attract(x, mass, force):
    n = mass.shape[0]
    force[:] = 0.0
    for i in range(n):
        xi, yi, zi, fx, fy, fz = x[i, 0], x[i, 1], x[i, 2], 0.0, 0.0, 0.0
        for j in range(i + 1, n):
            dx, dy, dz = x[j, 0] - xi, x[j, 1] - yi, x[j, 2] - zi
            r2 = dx * dx + dy * dy + dz * dz + 0.01
            pull = mass[i] * mass[j] / (r2 * math.sqrt(r2))
            fx += pull * dx
            fy += pull * dy
            fz += pull * dz
            force[j, 0] -= pull * dx
            force[j, 1] -= pull * dy
            force[j, 2] -= pull * dz
        force[i, 0] += fx
        force[i, 1] += fy
        force[i, 2] += fz


@hand
def attract_bar(x, mass, force_bar, x_bar):
    n = mass.shape[0]
    for i in range(n):
        xi, yi, zi, gx, gy, gz = x[i, 0], x[i, 1], x[i, 2], 0.0, 0.0, 0.0
        px, py, pz = force_bar[i, 0], force_bar[i, 1], force_bar[i, 2]
        for j in range(i + 1, n):
            dx, dy, dz = x[j, 0] - xi, x[j, 1] - yi, x[j, 2] - zi
            r2 = dx * dx + dy * dy + dz * dz + 0.01
            inverse = 1.0 / r2
            pull = mass[i] * mass[j] * inverse * math.sqrt(inverse)
            wx, wy, wz = px - force_bar[j, 0], py - force_bar[j, 1], pz - force_bar[j, 2]
            s = -3.0 * inverse * (wx * dx + wy * dy + wz * dz)
            qx, qy, qz = pull * (wx + s * dx), pull * (wy + s * dy), pull * (wz + s * dz)
            gx += qx
            gy += qy
            gz += qz
            x_bar[j, 0] += qx
            x_bar[j, 1] += qy
            x_bar[j, 2] += qz
        x_bar[i, 0] -= gx
        x_bar[i, 1] -= gy
        x_bar[i, 2] -= gz


@hand
def adjoint(position, velocity, mass, dt, steps):
    n = mass.shape[0]
    history = np.empty((steps + 1, n, 3))
    history[0] = position
    v, force = velocity.copy(), np.empty((n, 3))
    for t in range(steps):
        attract(history[t], mass, force)
        for i in range(n):
            for d in range(3):
                v[i, d] += dt * force[i, d] / mass[i]
                history[t + 1, i, d] = history[t, i, d] + dt * v[i, d]
    x = history[steps]
    x_bar, v_bar = np.empty((n, 3)), np.empty((n, 3))
    spread = 0.0
    for i in range(n):
        for d in range(3):
            spread += mass[i] * (x[i, d] * x[i, d] + v[i, d] * v[i, d])
            x_bar[i, d], v_bar[i, d] = 2.0 * mass[i] * x[i, d], 2.0 * mass[i] * v[i, d]
    for t in range(steps - 1, -1, -1):
        for i in range(n):
            for d in range(3):
                v_bar[i, d] += dt * x_bar[i, d]
                force[i, d] = dt * v_bar[i, d] / mass[i]
        attract_bar(history[t], mass, force, x_bar)
    return spread, (x_bar, v_bar)


PROGRAM = Program(
    function=n_body,
    argnums=(0, 1),
    primal=hand(n_body),
    adjoint=adjoint,
    inputs=lambda rng, n, steps: (
        rng.normal(size=(n, 3)),
        0.3 * rng.normal(size=(n, 3)),
        rng.uniform(0.5, 1.5, size=n) / n,
        0.02,
        steps,
    ),
    small=(4, 3),
    large=(100, 10),
    tape=lambda position, velocity, mass, dt, steps: 8 * steps * position.size,
)
