"""Sequential filters and time-series likelihoods."""

import math

import numpy as np

from tests.support.registry import program


def fir_filter(x, h):
    y = np.zeros(len(x))
    for n in range(len(x)):
        for k in range(min(len(h), n + 1)):
            y[n] += h[k] * x[n - k]
    return y


program(fir_filter, lambda rng: (rng.normal(size=8), rng.normal(size=3)), (0, 1))


def iir_biquad(x, b, a):
    y = np.zeros_like(x)
    x1 = x2 = y1 = y2 = 0.0
    for i in range(len(x)):
        y[i] = b[0] * x[i] + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2
        x2, x1 = x1, x[i]
        y2, y1 = y1, y[i]
    return y


program(iir_biquad, lambda rng: (rng.normal(size=8), rng.normal(size=3), np.array([-0.5, 0.3])), (0, 1, 2))


def exponential_smoothing(x, alpha):
    s = x[0]
    error = 0.0
    for v in x[1:]:
        error += (v - s) ** 2
        s = alpha * v + (1 - alpha) * s
    return error / (len(x) - 1)


program(exponential_smoothing, lambda rng: (rng.normal(size=9), 0.3), (0, 1))


def holt_winters(y, alpha, beta, gamma, season):
    m = len(season)
    season = season.copy()
    level, trend = y[0], 0.0
    sse = 0.0
    for t in range(1, y.shape[0]):
        forecast = level + trend + season[t % m]
        sse += (y[t] - forecast) ** 2
        last = level
        level = alpha * (y[t] - season[t % m]) + (1 - alpha) * (level + trend)
        trend = beta * (level - last) + (1 - beta) * trend
        season[t % m] = gamma * (y[t] - level) + (1 - gamma) * season[t % m]
    return sse


program(holt_winters, lambda rng: (rng.normal(size=10), 0.4, 0.2, 0.3, rng.normal(size=3)), (0, 1, 2, 3, 4))


def kalman_scalar(z, q, r, x0, p0):
    x, p = x0, p0
    loglik = 0.0
    for k in range(len(z)):
        p = p + q
        s = p + r
        innovation = z[k] - x
        loglik -= 0.5 * (np.log(2 * np.pi * s) + innovation**2 / s)
        gain = p / s
        x = x + gain * innovation
        p *= 1 - gain
    return loglik


program(kalman_scalar, lambda rng: (rng.normal(size=8), 0.2, 0.5, 0.1, 1.0), (0, 1, 2, 3, 4))


def kalman_matrix(zs, F, H, Q, R):
    n = F.shape[0]
    x = np.zeros(n)
    P = np.eye(n)
    for z in zs:
        x = F @ x
        P = F @ P @ F.T + Q
        S = H @ P @ H + R
        K = P @ H / S
        x = x + K * (z - H @ x)
        P = P - np.outer(K, H @ P)
    return x


program(
    kalman_matrix,
    lambda rng: (
        rng.normal(size=5),
        np.array([[1.0, 0.3], [0.0, 0.9]]),
        np.array([1.0, 0.2]),
        np.diag([0.1, 0.2]),
        0.4,
    ),
    (0, 1, 2, 3, 4),
)


def alpha_beta_tracker(z, dt, alpha, beta):
    xs = np.empty(len(z))
    x, v = z[0], 0.0
    for i, measured in enumerate(z):
        x += v * dt
        residual = measured - x
        x += alpha * residual
        v += beta * residual / dt
        xs[i] = x
    return xs


program(alpha_beta_tracker, lambda rng: (rng.normal(size=7), 0.5, 0.6, 0.2), (0, 1, 2, 3))


def moving_average_by_cumsum(x, w):
    c = np.zeros(len(x) + 1)
    for i in range(len(x)):
        c[i + 1] = c[i] + x[i]
    out = np.empty(len(x) - w + 1)
    for i in range(len(out)):
        out[i] = (c[i + w] - c[i]) / w
    return out**2


program(moving_average_by_cumsum, lambda rng: (rng.normal(size=8), 3))


def median_of_three_filter(x):
    y = x.copy()
    for i in range(1, len(x) - 1):
        a, b, c = x[i - 1], x[i], x[i + 1]
        y[i] = max(min(a, b), min(max(a, b), c))
    return y


program(median_of_three_filter, lambda rng: (rng.permutation(8) * 0.3,))


def garch_likelihood(r, omega, alpha, beta):
    s2 = r.var()
    nll = 0.0
    for t in range(len(r)):
        nll += 0.5 * (math.log(s2) + r[t] ** 2 / s2)
        s2 = omega + alpha * r[t] ** 2 + beta * s2
    return nll


program(garch_likelihood, lambda rng: (rng.normal(size=9), 0.1, 0.15, 0.7), (0, 1, 2, 3))


def lms_adaptive(x, d, mu, taps):
    w = np.zeros(taps)
    total = 0.0
    for n in range(taps, len(x)):
        window = x[n - taps : n][::-1]
        e = d[n] - np.dot(w, window)
        w += mu * e * window
        total += e * e
    return total


program(lms_adaptive, lambda rng: (rng.normal(size=9), rng.normal(size=9), 0.1, 3), (0, 1, 2))


def hmm_forward(log_pi, log_a, log_b, observations):
    n = len(log_pi)
    alpha = np.empty(n)
    for i in range(n):
        alpha[i] = log_pi[i] + log_b[i, observations[0]]
    for t in range(1, len(observations)):
        new = np.empty(n)
        for j in range(n):
            s = alpha + log_a[:, j]
            m = np.max(s)
            new[j] = m + np.log(np.sum(np.exp(s - m))) + log_b[j, observations[t]]
        alpha = new
    m = np.max(alpha)
    return m + np.log(np.sum(np.exp(alpha - m)))


program(
    hmm_forward,
    lambda rng: (rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=(3, 2)), np.array([0, 1, 1, 0, 1])),
    (0, 1, 2),
)


def one_pole_cascade(x, poles):
    y = x
    for p in poles:
        z = np.zeros_like(y)
        state = 0.0
        for i in range(len(y)):
            state = p * state + (1 - p) * y[i]
            z[i] = state
        y = z
    return y


program(one_pole_cascade, lambda rng: (rng.normal(size=6), np.array([0.3, 0.6, 0.8])), (0, 1))


def ring_buffer_delay(x, delay, feedback):
    buffer = np.zeros(delay)
    position = 0
    out = np.empty_like(x)
    for i in range(len(x)):
        delayed = buffer[position]
        buffer[position] = x[i] + feedback * delayed
        out[i] = x[i] + delayed * x[i]
        position = (position + 1) % delay
    return out


program(ring_buffer_delay, lambda rng: (rng.normal(size=9), 3, 0.6), (0, 2))
