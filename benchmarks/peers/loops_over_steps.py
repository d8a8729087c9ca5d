"""Programs that go from step to step, as loops in Python over whole arrays: what PyTorch and autograd record.

Nothing is written in place. An argument is taken apart before a loop, or by it, since each slice has a cotangent of the
whole length.
"""

import numpy as np
from numpy import stack
from scipy.special import logsumexp


def add_matvec(c, matrix, x):
    """PyTorch has it as one operation."""
    return c + matrix @ x


def pad(x):
    """A border of zeros."""
    return np.pad(x, 1, "constant")


def burgers(u0, nu, dt, dx, steps):
    u = u0
    for _ in range(steps):
        left, here, right = u[:-2], u[1:-1], u[2:]
        advection = here * (right - left) / (2.0 * dx)
        diffusion = nu * (right - 2.0 * here + left) / dx**2
        u = u + pad(dt * (diffusion - advection))
    return np.sum(0.5 * dx * u**2)


def gauss_seidel(b, sweeps):
    # along a row each number waits for the one before: the inverse of that recurrence is the same for all rows
    inner = b[1:-1, 1:-1]
    place = np.arange(inner.shape[1], dtype=b.dtype)
    along = np.tril(0.25 ** (1.0 + place[:, None] - place))
    u, below, right = np.zeros_like(inner), np.zeros_like(inner[:1]), np.zeros_like(inner[:, :1])
    for _ in range(sweeps):
        known = (np.concatenate([u[1:], below]) + np.concatenate([u[:, 1:], right], axis=1) + inner) @ along.T
        row, rows = below[0], []
        for drive in known:
            row = add_matvec(drive, along, row)
            rows.append(row)
        u = stack(rows)
    return np.sum(u**2)


def gram_schmidt(a, c):
    total = 0.0
    for wanted in c:
        norm = np.sqrt(np.sum(a[0] ** 2))
        unit = a[0] / norm
        a = a[1:] - (a[1:] @ unit)[:, None] * unit
        total = total + np.log(norm) + unit @ wanted
    return total


def hidden_markov(start, transition, score):
    first, *later = np.exp(score)
    new, norms = start * first, []
    for likely in later:
        norms.append(np.sum(new))
        new = (new / norms[-1]) @ transition * likely
    return np.sum(np.log(stack([*norms, np.sum(new)])))


def iir_filter(b, a, signal, target):
    s = np.concatenate([np.zeros_like(signal[:2]), signal])
    driven = b[0] * s[2:] + b[1] * s[1:-1] + b[2] * s[:-2]
    unit = np.eye(2, dtype=signal.dtype)
    companion = stack([-a, unit[0]])
    y, found = np.zeros_like(a), []
    for drive in driven[:, None] * unit[0]:
        y = add_matvec(drive, companion, y)
        found.append(y)
    return np.sum((stack(found)[:, 0] - target) ** 2)


def kepler_newton(m, e):
    x, step = m, np.ones_like(m)
    while np.amax(np.abs(step)) > 1e-12:
        step = (x - e * np.sin(x) - m) / (1.0 - e * np.cos(x))
        x = x - step
    return np.sum(np.cos(x) * m)


def logistic_map(r, steps):
    x = 0.3
    for _ in range(steps):
        x = r * x * (1.0 - x)
    return np.sum((x - 0.5) ** 2)


def long_memory(w, u, b, signal, target):
    cells = u.shape[1]
    h = c = np.zeros_like(signal[:cells])
    shown = []
    for drive in signal[:, None] * w + b:
        gate = add_matvec(drive, u, h)
        shut = 1.0 / (1.0 + np.exp(-gate[: 3 * cells]))
        c = shut[:cells] * c + shut[cells : 2 * cells] * np.tanh(gate[3 * cells :])
        h = shut[2 * cells :] * np.tanh(c)
        shown.append(h)
    return np.mean((np.mean(stack(shown), axis=1) - target) ** 2)


def n_body(position, velocity, mass, dt, steps):
    x, v = position, velocity
    for _ in range(steps):
        apart = x[None] - x[:, None]
        r2 = np.sum(apart**2, axis=2) + 0.01
        v = v + dt * np.sum((mass / (r2 * np.sqrt(r2)))[:, :, None] * apart, axis=1)
        x = x + dt * v
    return np.sum(mass[:, None] * (x**2 + v**2))


def reaction_diffusion(u0, c, dt, steps):
    u = u0
    for _ in range(steps):
        here = u[1:-1, 1:-1]
        lap = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4.0 * here
        u = u + pad(c * lap + dt * (here - here**3))
    return np.sum(u**2)


def recurrence(u, a):
    x, states = 0.5 * np.ones_like(a), []
    for drive in u:
        x = a * np.sin(x) + drive
        states.append(x)
    return (0.25 + np.sum(stack(states) ** 2)) / u.shape[0]


def soft_dtw(x, y, gamma):
    # the cells of a diagonal do not wait for each other: row i of the differences begins i columns later
    n, m = x.shape[0], y.shape[0]
    apart = (x[:, None] - y) ** 2
    beyond = np.full((n, n), 1e10, dtype=x.dtype)
    skewed = np.concatenate([apart, beyond], axis=1).reshape(-1)[:-n].reshape(n, n + m - 1)
    edge, far = beyond[0, :1], beyond[0]
    before, last = np.concatenate([0.0 * edge, far]), np.concatenate([edge, far])
    for cost in skewed.T:
        nearest = -gamma * logsumexp(-stack([before[:-1], last[:-1], last[1:]]) / gamma, axis=0)
        before, last = last, np.concatenate([edge, cost + nearest])
    return last[-1]


def tridiagonal(lower, diagonal, upper, right):
    c, x, eliminated = 0.0, 0.0, []
    for below, here, above, given in zip(lower, diagonal, upper, right, strict=True):
        pivot = here - below * c
        c, x = above / pivot, (given - below * x) / pivot
        eliminated.append((c, x))
    found = [x]
    for c, x in eliminated[-2::-1]:
        found.append(x - c * found[-1])
    return np.sum(stack(found) ** 2)


def viterbi(emission, transition):
    score, *gains = emission
    for gain in gains:
        score = np.amax(score[:, None] + transition, axis=0) + gain
    return np.amax(score)


def wave_2d(speed2, u0, seen, steps):
    before, now, squared = u0, u0, speed2[1:-1, 1:-1]
    for _ in range(steps):
        spread = now[:-2, 1:-1] + now[2:, 1:-1] + now[1:-1, :-2] + now[1:-1, 2:] - 4.0 * now[1:-1, 1:-1]
        # on the border the two states before are the same
        before, now = now, 2.0 * now - before + pad(squared * spread)
    return 0.5 * np.sum((now - seen) ** 2)
