"""The programs as a user of JAX writes them: `scan` for what depends on the step before, whole arrays in each step.

Those of whole arrays alone are in `whole_arrays.py`, but for some of which JAX has a better form. `kepler_newton` has
none: it iterates until it converges, which JAX refuses to differentiate in reverse.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import logsumexp


def burgers(u0, nu, dt, dx, steps):
    def step(u, _):
        left, here, right = u[:-2], u[1:-1], u[2:]
        advection = here * (right - left) / (2.0 * dx)
        diffusion = nu * (right - 2.0 * here + left) / dx**2
        return u.at[1:-1].add(dt * (diffusion - advection)), None

    u, _ = lax.scan(step, u0, None, length=steps)
    return jnp.sum(0.5 * dx * u**2)


def gauss_seidel(b, sweeps):
    inner = b[1:-1, 1:-1]

    def cell(left, known):
        new = 0.25 * (left + known)
        return new, new

    def row(above, known):
        _, new = lax.scan(cell, 0.0, above + known)
        return new, new

    def sweep(u, _):
        known = jnp.pad(u[1:], ((0, 1), (0, 0))) + jnp.pad(u[:, 1:], ((0, 0), (0, 1))) + inner
        return lax.scan(row, jnp.zeros_like(inner[0]), known)[1], None

    u, _ = lax.scan(sweep, jnp.zeros_like(inner), None, length=sweeps)
    return jnp.sum(u**2)


def gram_schmidt(a, c):
    rows = jnp.arange(a.shape[0])

    def column(carry, j):
        q, total = carry
        norm = jnp.linalg.norm(q[j])
        unit = q[j] / norm
        q = q - jnp.where(rows > j, q @ unit, 0.0)[:, None] * unit
        return (q.at[j].set(unit), total + jnp.log(norm)), None

    (q, total), _ = lax.scan(column, (a, 0.0), rows)
    return total + jnp.sum(q * c)


def iir_filter(b, a, signal, target):
    s = jnp.concatenate([jnp.zeros(2), signal])
    driven = b[0] * s[2:] + b[1] * s[1:-1] + b[2] * s[:-2]

    def step(before, drive):
        last, second_last = before
        y = drive - a[0] * last - a[1] * second_last
        return (y, last), y

    _, y = lax.scan(step, (0.0, 0.0), driven)
    return jnp.sum((y - target) ** 2)


def logistic_map(r, steps):
    x, _ = lax.scan(lambda x, _: (r * x * (1.0 - x), None), jnp.full(r.shape, 0.3), None, length=steps)
    return jnp.sum((x - 0.5) ** 2)


def lotka_volterra(alpha, beta, h, steps):
    def slope(x, y):
        return x * (alpha - beta * y), y * (0.3 * x - 0.8)

    def step(state, _):
        x, y = state
        k1x, k1y = slope(x, y)
        k2x, k2y = slope(x + 0.5 * h * k1x, y + 0.5 * h * k1y)
        k3x, k3y = slope(x + 0.5 * h * k2x, y + 0.5 * h * k2y)
        k4x, k4y = slope(x + h * k3x, y + h * k3y)
        x += h / 6.0 * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
        y += h / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y)
        return (x, y), h * (x - y) ** 2

    _, losses = lax.scan(step, (1.2, 0.7), None, length=steps)
    return jnp.sum(losses)


def bundle_adjustment(cameras, points, camera_of, point_of, seen):
    def error(camera, point, seen):
        apart = point - camera[3:6]
        angle = jnp.sqrt(jnp.sum(camera[:3] ** 2))
        axis = camera[:3] / angle
        turned = apart * jnp.cos(angle) + jnp.cross(axis, apart) * jnp.sin(angle)
        turned += axis * (axis @ apart) * (1.0 - jnp.cos(angle))
        flat = turned[:2] / turned[2]
        radius2 = flat @ flat
        return jnp.sum((camera[6] * (1.0 + radius2 * (camera[7] + radius2 * camera[8])) * flat - seen) ** 2)

    return 0.5 * jnp.sum(jax.vmap(error)(cameras[camera_of], points[point_of], seen))


def hidden_markov(start, transition, score):
    def step(alpha, likely):
        new = (alpha @ transition) * likely
        norm = jnp.sum(new)
        return new / norm, jnp.log(norm)

    likely = jnp.exp(score)
    first = start * likely[0]
    norm = jnp.sum(first)
    _, logs = lax.scan(step, first / norm, likely[1:])
    return jnp.log(norm) + jnp.sum(logs)


def long_memory(w, u, b, signal, target):
    cells = u.shape[1]

    def step(state, given):
        h, c = state
        x, wanted = given
        gate = b + w * x + u @ h
        keep, take, give = (jax.nn.sigmoid(gate[k * cells : (k + 1) * cells]) for k in range(3))
        c = keep * c + take * jnp.tanh(gate[3 * cells :])
        h = give * jnp.tanh(c)
        return (h, c), (jnp.mean(h) - wanted) ** 2

    _, losses = lax.scan(step, (jnp.zeros(cells), jnp.zeros(cells)), (signal, target))
    return jnp.mean(losses)


def mlp_loops(w1, b1, w2, b2, x, label):
    logits = jnp.tanh(x @ w1.T + b1) @ w2.T + b2
    return jnp.mean(logsumexp(logits, axis=1) - jnp.take_along_axis(logits, label[:, None], axis=1)[:, 0])


def n_body(position, velocity, mass, dt, steps):
    def step(state, _):
        x, v = state
        apart = x[None] - x[:, None]
        r2 = jnp.sum(apart**2, axis=2) + 0.01
        pull = mass[:, None] * mass / (r2 * jnp.sqrt(r2))
        v = v + dt * jnp.sum(pull[:, :, None] * apart, axis=1) / mass[:, None]
        return (x + dt * v, v), None

    (x, v), _ = lax.scan(step, (position, velocity), None, length=steps)
    return jnp.sum(mass[:, None] * (x**2 + v**2))


def reaction_diffusion(u0, c, dt, steps):
    def step(buffers, _):
        u, v = buffers
        here = u[1:-1, 1:-1]
        lap = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4.0 * here
        return (v.at[1:-1, 1:-1].set(here + c * lap + dt * (here - here**3)), u), None

    (u, _), _ = lax.scan(step, (u0, u0), None, length=steps)
    return jnp.sum(u**2)


def recurrence(u, a):
    def step(x, drive):
        x = a * jnp.sin(x) + drive
        return x, x

    _, x = lax.scan(step, 0.5, u)
    return (0.25 + jnp.sum(x**2)) / u.shape[0]


def soft_dtw(x, y, gamma):
    def cell(left, above):
        diagonal, up, apart = above
        low = -gamma * logsumexp(-jnp.stack([diagonal, up, left]) / gamma)
        cost = apart + low
        return cost, cost

    def row(before, x_i):
        _, after = lax.scan(cell, 1e10, (before[:-1], before[1:], (x_i - y) ** 2))
        return jnp.concatenate([jnp.array([1e10]), after]), None

    start = jnp.full(y.shape[0] + 1, 1e10).at[0].set(0.0)
    last, _ = lax.scan(row, start, x)
    return last[-1]


def sparse_matvec(data, x, indices, start):
    rows = jnp.repeat(jnp.arange(start.shape[0] - 1), jnp.diff(start), total_repeat_length=data.shape[0])
    return jnp.sum(jax.ops.segment_sum(data * x[indices], rows, start.shape[0] - 1, indices_are_sorted=True) ** 2)


def tridiagonal(lower, diagonal, upper, right):
    def eliminate(before, row):
        c, x = before
        low, middle, high, rest = row
        pivot = middle - low * c
        after = high / pivot, (rest - low * x) / pivot
        return after, after

    def substitute(after, row):
        c, x = row
        x = x - c * after
        return x, x

    _, (c, x) = lax.scan(eliminate, (0.0, 0.0), (lower.at[0].set(0.0), diagonal, upper, right))
    _, x = lax.scan(substitute, 0.0, (c.at[-1].set(0.0), x), reverse=True)
    return jnp.sum(x**2)


def viterbi(emission, transition):
    def step(score, gain):
        return jnp.max(score[:, None] + transition, axis=0) + gain, None

    score, _ = lax.scan(step, emission[0], emission[1:])
    return jnp.max(score)


def polynomial_fit(c, x, y):
    return jnp.mean((jnp.polyval(c[::-1], x) - y) ** 2)


def wave_2d(speed2, u0, seen, steps):
    def step(state, _):
        before, now = state
        here = now[1:-1, 1:-1]
        spread = now[:-2, 1:-1] + now[2:, 1:-1] + now[1:-1, :-2] + now[1:-1, 2:] - 4.0 * here
        after = now.at[1:-1, 1:-1].set(2.0 * here - before[1:-1, 1:-1] + speed2[1:-1, 1:-1] * spread)
        return (now, after), None

    (_, now), _ = lax.scan(step, (u0, u0), None, length=steps)
    return 0.5 * jnp.sum((now - seen) ** 2)
