"""Ordinary differential equations stepped by hand."""

import math

import numpy as np

from tests.support.registry import program


def lotka_volterra(y, a, b, c, d):
    return np.array([a * y[0] - b * y[0] * y[1], -c * y[1] + d * y[0] * y[1]])


def rk4_lotka_volterra(y0, a, b, c, d, dt, steps):
    y = y0.copy()
    for _ in range(steps):
        k1 = lotka_volterra(y, a, b, c, d)
        k2 = lotka_volterra(y + 0.5 * dt * k1, a, b, c, d)
        k3 = lotka_volterra(y + 0.5 * dt * k2, a, b, c, d)
        k4 = lotka_volterra(y + dt * k3, a, b, c, d)
        y = y + dt / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


program(rk4_lotka_volterra, lambda rng: (np.array([1.2, 0.8]), 1.1, 0.4, 0.5, 0.3, 0.05, 6), (0, 1, 2, 3, 4))


def fit_to_observations(parameters, observed, dt):
    a, b, c, d = parameters
    x, y = observed[0]
    loss = 0.0
    for k in range(1, observed.shape[0]):
        for _ in range(3):
            x, y = x + dt * (a * x - b * x * y), y + dt * (d * x * y - c * y)
        loss += (math.log(x) - math.log(observed[k, 0])) ** 2 + (math.log(y) - math.log(observed[k, 1])) ** 2
    return loss


program(fit_to_observations, lambda rng: (rng.uniform(0.3, 0.9, size=4), rng.uniform(0.5, 2, size=(5, 2)), 0.1), (0, 1))


def van_der_pol(t, y, mu):
    return y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]


def rk2_tuples(x, v, mu, h, n):
    t = 0.0
    for _ in range(n):
        a1, b1 = van_der_pol(t, (x, v), mu)
        a2, b2 = van_der_pol(t + h, (x + h * a1, v + h * b1), mu)
        x += h * (a1 + a2) / 2
        v += h * (b1 + b2) / 2
        t += h
    return x * v


program(rk2_tuples, lambda rng: (1.5, 0.2, 0.8, 0.05, 8), (0, 1, 2, 3))


def verlet_pendulum(theta, omega, length, dt, steps):
    g = 9.81
    acc = -g / length * math.sin(theta)
    for _ in range(steps):
        theta = theta + omega * dt + 0.5 * acc * dt * dt
        new = -g / length * math.sin(theta)
        omega = omega + 0.5 * (acc + new) * dt
        acc = new
    return theta, omega


program(verlet_pendulum, lambda rng: (0.6, 0.1, 1.3, 0.02, 10), (0, 1, 2, 3))


def verlet_chain(x, v, k, dt, steps):
    n = len(x)
    f = np.zeros(n)
    trajectory = np.zeros((steps, n))
    for s in range(steps):
        f[:] = 0.0
        for i in range(n - 1):
            stretch = x[i + 1] - x[i] - 1.0
            f[i] += k * stretch
            f[i + 1] -= k * stretch
        v += dt * f
        x += dt * v
        trajectory[s] = x
    return trajectory


program(
    verlet_chain,
    lambda rng: (np.arange(4.0) + 0.1 * rng.normal(size=4), 0.1 * rng.normal(size=4), 2.0, 0.1, 4),
    (0, 1, 2, 3),
)


def lorenz_euler(state, sigma, rho, beta, dt, steps):
    x, y, z = state
    for _ in range(steps):
        dx = sigma * (y - x)
        dy = x * (rho - z) - y
        dz = x * y - beta * z
        x, y, z = x + dt * dx, y + dt * dy, z + dt * dz
    return x + y + z


program(lorenz_euler, lambda rng: (np.array([1.0, 0.5, 2.0]), 10.0, 28.0, 2.6, 0.01, 6), (0, 1, 2, 3))


def implicit_euler_newton(y, lam, dt, steps):
    for _ in range(steps):
        z = y
        for _ in range(5):
            residual = z - y + dt * lam * z**3
            z = z - residual / (1.0 + 3.0 * dt * lam * z * z)
        y = z
    return y


program(implicit_euler_newton, lambda rng: (1.4, 2.0, 0.1, 4), (0, 1, 2))


def adams_bashforth(y0, rate, dt, n):
    history = np.zeros(n + 1)
    slopes = np.zeros(n + 1)
    history[0] = y0
    slopes[0] = -rate * y0 * y0
    for i in range(n):
        if i == 0:
            history[i + 1] = history[i] + dt * slopes[i]
        else:
            history[i + 1] = history[i] + dt * (1.5 * slopes[i] - 0.5 * slopes[i - 1])
        slopes[i + 1] = -rate * history[i + 1] ** 2
    return history


program(adams_bashforth, lambda rng: (1.3, 0.7, 0.1, 7), (0, 1, 2))


def sir_epidemic(beta, gamma, infected, days):
    s, i, r = 1.0 - infected, infected, 0.0
    peak = 0.0
    for _ in range(days):
        new = beta * s * i
        recovered = gamma * i
        s -= new
        i += new - recovered
        r += recovered
        if i > peak:
            peak = i
    return peak + 0.1 * r


program(sir_epidemic, lambda rng: (0.9, 0.25, 0.05, 12), (0, 1, 2))


def euler_until(t_end, y, k):
    t = 0.0
    while t < t_end:
        h = min(0.1, t_end - t)
        y = y + h * (k * math.sin(t) - y)
        t = t + h
    return y


program(euler_until, lambda rng: (0.537, 1.1, 0.8), (1, 2))


def kepler_leapfrog(q, p, dt, steps):
    energy = 0.0
    for _ in range(steps):
        p = p - 0.5 * dt * q / np.sum(q**2) ** 1.5
        q = q + dt * p
        p = p - 0.5 * dt * q / np.sum(q**2) ** 1.5
        energy += 0.5 * np.sum(p**2) - 1.0 / np.sqrt(np.sum(q**2))
    return energy / steps


program(kepler_leapfrog, lambda rng: (np.array([1.0, 0.1]), np.array([0.05, 0.9]), 0.05, 5), (0, 1))


def states_that_begin_as_integers(p, n):
    """Initial states are written without a point; steps make them floats."""
    y, v = np.array([1, 0]), np.array([0, 2])
    path = [y]
    for i in range(n):
        y, v = y + 0.1 * v, v - 0.1 * p[0] * y
        if i % 2:
            y = y * p[1]
        path.append(y)
    z = np.array([3, 1, 2])
    if n > 2:
        z = z * p[1]
    t = 0.0
    while t < 1.0:
        z = z + 0.25 * p[0] * (z[::-1] - z)
        t += 0.25
    return np.sum(y * v) + sum(np.sum(q * q) for q in path) + z[0]


program(states_that_begin_as_integers, lambda rng: (np.array([0.7, 0.9]), 4))
