"""The array programs that JAX does not take as they are written: they write into arrays, or would be unrolled."""

import jax.numpy as jnp
from jax import lax


def gravity(x, v, mass, dt, steps):
    def step(state, _):
        x, v = state
        d = x[None, :, :] - x[:, None, :]
        inverse = (jnp.sum(d**2, axis=2) + 0.01) ** -1.5
        v = v + dt * jnp.sum(mass[None, :, None] * inverse[:, :, None] * d, axis=1)
        return (x + dt * v, v), None

    (x, v), _ = lax.scan(step, (x, v), None, length=steps)
    return 0.5 * jnp.sum(mass[:, None] * v**2)


def heat(u0, conductivity, steps):
    def step(u, _):
        flow = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
        u = u.at[1:-1, 1:-1].add(conductivity[1:-1, 1:-1] * flow)
        u = u.at[0, :].set(u[1, :])
        return u.at[-1, :].set(u[-2, :]), None

    u, _ = lax.scan(step, u0, None, length=steps)
    return jnp.sum(u**2)


def wave(u0, speed, dt, steps):
    def step(state, _):
        before, now = state
        bend = (dt * speed[1:-1]) ** 2 * (now[2:] - 2.0 * now[1:-1] + now[:-2])
        return (now, (2.0 * now - before).at[1:-1].add(bend)), None

    (_, now), _ = lax.scan(step, (u0, u0), None, length=steps)
    return jnp.mean(now**2)


def shortest_paths(weight):
    def through(distance, k):
        return jnp.minimum(distance, distance[:, k][:, None] + distance[k, :][None, :]), None

    distance, _ = lax.scan(through, weight, jnp.arange(weight.shape[0]))
    return jnp.mean(distance)


def kalman(f, h, q, r, observed):
    def step(state, y):
        x, p = state
        x = f @ x
        p = f @ p @ f.T + q
        s = h @ p @ h.T + r
        innovation = y - h @ x
        loss = 0.5 * (innovation @ jnp.linalg.solve(s, innovation) + jnp.log(jnp.linalg.det(s)))
        gain = p @ h.T @ jnp.linalg.inv(s)
        return (x + gain @ innovation, p - gain @ h @ p), loss

    n = f.shape[0]
    _, losses = lax.scan(step, (jnp.zeros(n), jnp.eye(n)), observed)
    return jnp.sum(losses)
