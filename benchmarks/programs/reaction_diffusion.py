"""A nonlinear five-point stencil in time, with two buffers that change places.

The adjoint keeps the history of the interior instead of the two buffers, which costs no copies, and
gathers: each cell of the new cotangent reads its four neighbours, so the loop vectorises.
"""

import numpy as np

from benchmarks.program import Program, hand


def reaction_diffusion(u0, c, dt, steps):
    n, m = u0.shape
    u = u0.copy()
    v = u0.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                lap = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j]
                v[i, j] = u[i, j] + c * lap + dt * (u[i, j] - u[i, j] ** 3)
        u, v = v, u
    loss = 0.0
    for i in range(n):
        for j in range(m):
            loss += u[i, j] ** 2
    return loss


@hand
def step(u, v, c, dt):
    n, m = u.shape
    v[0, :] = u[0, :]
    v[n - 1, :] = u[n - 1, :]
    for i in range(1, n - 1):
        v[i, 0], v[i, m - 1] = u[i, 0], u[i, m - 1]
        for j in range(1, m - 1):
            w = u[i, j]
            lap = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * w
            v[i, j] = w + c * lap + dt * (w - w**3)


@hand
def step_bar(u, v_bar, u_bar, edge_bar, c, dt):
    """Gather the cotangent of one step; `v_bar` and `u_bar` are zero on the edge."""
    n, m = u.shape
    for j in range(1, m - 1):
        edge_bar[0, j] += c * v_bar[1, j]
        edge_bar[n - 1, j] += c * v_bar[n - 2, j]
    for i in range(1, n - 1):
        edge_bar[i, 0] += c * v_bar[i, 1]
        edge_bar[i, m - 1] += c * v_bar[i, m - 2]
        for j in range(1, m - 1):
            w, g = u[i, j], v_bar[i, j]
            around = v_bar[i - 1, j] + v_bar[i + 1, j] + v_bar[i, j - 1] + v_bar[i, j + 1]
            u_bar[i, j] = c * (around - 4.0 * g) + g * (1.0 + dt * (1.0 - 3.0 * w * w))


@hand
def adjoint(u0, c, dt, steps):
    n, m = u0.shape
    history = np.empty((steps + 1, n, m))
    history[0] = u0
    for t in range(steps):
        step(history[t], history[t + 1], c, dt)
    v_bar, u_bar, edge_bar = np.zeros((n, m)), np.zeros((n, m)), np.zeros((n, m))
    loss = 0.0
    for i in range(n):
        for j in range(m):
            w = history[steps, i, j]
            loss += w * w
            if 0 < i < n - 1 and 0 < j < m - 1:
                v_bar[i, j] = 2.0 * w
            else:
                edge_bar[i, j] = 2.0 * w
    for t in range(steps - 1, -1, -1):
        step_bar(history[t], v_bar, u_bar, edge_bar, c, dt)
        u_bar, v_bar = v_bar, u_bar
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            edge_bar[i, j] = v_bar[i, j]
    return loss, edge_bar


PROGRAM = Program(
    function=reaction_diffusion,
    argnums=0,
    primal=hand(reaction_diffusion),
    adjoint=adjoint,
    inputs=lambda rng, n, steps: (rng.normal(size=(n, n)), 0.1, 0.02, steps),
    small=(6, 4),
    large=(256, 30),
    tape=lambda u0, c, dt, steps: 8 * steps * u0.size,
)
