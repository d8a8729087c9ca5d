"""Recurrences: each value is computed from the one before."""

import math

import numpy as np

from tests.support.registry import program


def logistic_map(r, x0, n):
    x = x0
    for _ in range(n):
        x = r * x * (1.0 - x)
    return x


program(logistic_map, lambda rng: (2.9, 0.3, 12), (0, 1))


def logistic_maps(r, x, steps):
    total = 0.0
    orbit = np.zeros(steps)
    for i in range(r.shape[0]):
        y = x[i]
        for k in range(steps):
            y = r[i] * y * (1.0 - y)
            orbit[k] = y
        for k in range(steps):
            y = 0.5 * y + orbit[k] * orbit[k]
        total += y * (i + 1)
    return total


program(logistic_maps, lambda rng: (rng.uniform(1.5, 3.4, size=6), rng.uniform(0.1, 0.9, size=6), 5), (0, 1))


def linear_recurrence(a, x):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = a * y[i - 1] + x[i]
    return y


program(linear_recurrence, lambda rng: (0.8, rng.normal(size=9)), (0, 1))


def weighted_fibonacci(a, b, c, n):
    for _ in range(n):
        a, b = b, a + c * b
    return a * b


program(weighted_fibonacci, lambda rng: (0.4, 0.7, 0.9, 7), (0, 1, 2))


def horner(coeffs, x):
    result = 0.0
    for c in coeffs[::-1]:
        result = result * x + c
    return result


program(horner, lambda rng: (rng.normal(size=6), 0.7), (0, 1))


def continued_fraction(a):
    n = len(a)
    value = a[n - 1]
    for i in range(n - 2, -1, -1):
        value = a[i] + 1.0 / value
    return value


program(continued_fraction, lambda rng: (rng.uniform(1, 2, size=7),))


def clenshaw(c, x):
    b1 = 0.0
    b2 = 0.0
    for k in range(len(c) - 1, 0, -1):
        b1, b2 = 2.0 * x * b1 - b2 + c[k], b1
    return x * b1 - b2 + c[0]


program(clenshaw, lambda rng: (rng.normal(size=7), 0.35), (0, 1))


def running_products(x):
    out = np.empty_like(x)
    p = 1.0
    for i in range(x.shape[0]):
        p *= x[i]
        out[i] = p
    return out


program(running_products, lambda rng: (rng.uniform(0.5, 1.5, size=8),))


def streaming_logsumexp(x):
    m = x[0]
    s = 1.0
    for i in range(1, x.size):
        if x[i] > m:
            s = s * math.exp(m - x[i]) + 1.0
            m = x[i]
        else:
            s += math.exp(x[i] - m)
    return m + math.log(s)


program(streaming_logsumexp, lambda rng: (rng.normal(size=11),))


def kahan_sum(x):
    total = 0.0
    compensation = 0.0
    for v in x:
        y = v - compensation
        t = total + y
        compensation = (t - total) - y
        total = t
    return total * total


program(kahan_sum, lambda rng: (rng.normal(size=10),))


def welford_variance(x):
    mean = 0.0
    m2 = 0.0
    for i, value in enumerate(x):
        delta = value - mean
        mean += delta / (i + 1)
        m2 += delta * (value - mean)
    return m2 / (len(x) - 1)


program(welford_variance, lambda rng: (rng.normal(size=9),))


def arithmetic_geometric_mean(a, b):
    while abs(a - b) > 1e-13:
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return a


program(arithmetic_geometric_mean, lambda rng: (1.7, 0.6), (0, 1))


def elman_network(x, w, u, b):
    steps, size = x.shape[0], u.shape[0]
    h = np.zeros(size)
    loss = 0.0
    for t in range(steps):
        new = np.zeros(size)
        for i in range(size):
            a = b[i]
            for j in range(x.shape[1]):
                a += w[i, j] * x[t, j]
            for j in range(size):
                a += u[i, j] * h[j]
            new[i] = np.tanh(a)
        h = new
        loss += np.sum(h**2)
    return loss


program(
    elman_network,
    lambda rng: (rng.normal(size=(5, 2)), rng.normal(size=(3, 2)), 0.5 * rng.normal(size=(3, 3)), rng.normal(size=3)),
    (0, 1, 2, 3),
)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def lstm_loop(x, wx, wh, b):
    n = wh.shape[1]
    h = np.zeros(n)
    c = np.zeros(n)
    for t in range(len(x)):
        z = wx @ x[t] + wh @ h + b
        i = sigmoid(z[:n])
        f = sigmoid(z[n : 2 * n])
        o = sigmoid(z[2 * n : 3 * n])
        g = np.tanh(z[3 * n :])
        c = f * c + i * g
        h = o * np.tanh(c)
    return np.sum(h * h)


program(
    lstm_loop,
    lambda rng: (
        rng.normal(size=(4, 2)),
        rng.normal(size=(12, 2)),
        0.4 * rng.normal(size=(12, 3)),
        rng.normal(size=12),
    ),
    (0, 1, 2, 3),
)


def power_iteration(a, v, n):
    for _ in range(n):
        v = a @ v
        v = v / np.sqrt(np.sum(v * v))
    return v @ (a @ v)


def _symmetric(rng, n):
    m = rng.normal(size=(n, n))
    return m @ m.T / n


program(power_iteration, lambda rng: (_symmetric(rng, 4), rng.uniform(0.5, 1, size=4), 6), (0, 1))


def legendre_table(x, degree):
    p = np.empty((degree + 1, x.shape[0]))
    p[0] = 1.0
    p[1] = x
    for k in range(1, degree):
        p[k + 1] = ((2 * k + 1) * x * p[k] - k * p[k - 1]) / (k + 1)
    return p


program(legendre_table, lambda rng: (rng.uniform(-0.9, 0.9, size=4), 5))


def state_and_next_state(x, y, n, m):
    """What an iteration hands on is used with what it was handed, in loops of every kind of range."""
    total = 0.0
    for _ in range(n):
        for k in range(7, m, -2):
            u, v = x + 0.1 * x * y, y - 0.2 * math.sin(x * y) / (k + 1)
            total += (u - v) ** 2 * k
            x, y = u, v
        for k in range(3, m + 2):
            u = x * y + 0.1 * k
            total += math.exp(-u * u)
            x, y = y, u
    return total


program(state_and_next_state, lambda rng: (0.4, 0.7, 3, 1), (0, 1))
program(state_and_next_state, lambda rng: (0.4, 0.7, 2, 8), (0, 1), name="state_and_next_state_one_empty")
program(state_and_next_state, lambda rng: (0.4, 0.7, 1, 4), (0, 1), name="state_and_next_state_both")


def next_state_left_early(x, rate, n):
    """The loop may end before its range does, and what it hands on last counts as well."""
    total = 0.0
    for k in range(1, n):
        y = x + rate * math.sin(x) * k
        total += (y - x) * y * y
        x = y
        if total > 3.0:
            break
    return total * x + 0.1 * x * rate


program(next_state_left_early, lambda rng: (0.5, 0.3, 9), (0, 1))
program(next_state_left_early, lambda rng: (0.5, 0.3, 1), (0, 1), name="next_state_without_a_loop")


def sines_and_a_factor(u, a):
    x = 0.5
    for k in range(u.shape[0]):
        x = a * math.sin(x) + u[k]
    return x


program(sines_and_a_factor, lambda rng: (rng.normal(size=6), 0.9), (0, 1))


def cosines_in_an_arm(u, a):
    x = 0.5
    for k in range(u.shape[0]):
        if u[k] > 0.0:
            x = a * np.cos(x) * x + u[k]
        else:
            x = x * np.sin(a * x)
    return x


program(cosines_in_an_arm, lambda rng: (rng.normal(size=8), 0.9), (0, 1))


def sines_until_it_is_small(x, a):
    while abs(x) > 0.3:
        x = 0.9 * a * math.sin(x) * math.sin(x)
    return x


program(sines_until_it_is_small, lambda rng: (1.2, 0.9), (0, 1))


def soft_paths(x, y, gamma):
    """Every path through a table, weighted; each element waits for three that come before it."""
    n, m = x.shape[0], y.shape[0]
    cost = np.full((n + 1, m + 1), 50.0)
    cost[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            a, b, c = cost[i, j], cost[i, j + 1], cost[i + 1, j]
            low = min(a, b, c)
            s = math.exp((low - a) / gamma) + math.exp((low - b) / gamma) + math.exp((low - c) / gamma)
            root = math.sqrt(max(x[i] * y[j], 0.0))
            cost[i + 1, j + 1] = abs(x[i] - y[j]) + 0.3 * root + low - gamma * math.log(s)
    return cost[n, m]


program(soft_paths, lambda rng: (rng.normal(size=4), rng.normal(size=3), 0.6))
