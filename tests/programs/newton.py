"""Iterations that stop by themselves."""

import math

import numpy as np

from tests.support.registry import program


def newton_sqrt(a):
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


program(newton_sqrt, lambda rng: (3.7,))


def newton_with_break(c, tol, max_iter):
    x = 1.0
    for _ in range(max_iter):
        f = x**3 + c * x - 2.0
        step = f / (3 * x * x + c)
        x -= step
        if abs(step) < tol:
            break
    return x


program(newton_with_break, lambda rng: (1.3, 1e-13, 50))


def newton_for_else(a, max_iter):
    x = 1.0
    for _ in range(max_iter):
        new = x - (math.exp(x) - a) / math.exp(x)
        if abs(new - x) < 1e-14:
            break
        x = new
    else:
        x = -1.0
    return x * x


program(newton_for_else, lambda rng: (2.9, 30))


def newton_not_converged(a):
    x = a
    for _ in range(2):
        x = x - math.cos(x) / -math.sin(x)
        if abs(math.cos(x)) < 1e-30:
            break
    else:
        x = x * a
    return x


program(newton_not_converged, lambda rng: (1.1,))


def bisection_then_newton(a, lo, hi):
    for _ in range(60):
        mid = 0.5 * (lo + hi)
        if hi - lo < 0.4:
            break
        if mid**3 - a > 0:
            hi = mid
        else:
            lo = mid
    x = mid
    for _ in range(2):
        x = x - (x**3 - a) / (3 * x**2)
    return x


program(bisection_then_newton, lambda rng: (5.3, 0.1, 4.0), (0, 1, 2))


def bisection_while_true(target, lo, hi):
    while True:
        mid = (lo + hi) / 2
        if hi - lo < 0.35:
            return mid * target
        if math.tanh(mid) < target:
            lo = mid
        else:
            hi = mid


program(bisection_while_true, lambda rng: (0.6, -1.0, 2.9), (0, 1, 2))


def secant(c):
    x0, x1 = 0.5, 1.5
    f0 = x0 * math.exp(x0) - c
    while True:
        f1 = x1 * math.exp(x1) - c
        if abs(f1) < 1e-13:
            return x1
        x0, x1, f0 = x1, x1 - f1 * (x1 - x0) / (f1 - f0), f1


program(secant, lambda rng: (2.2,))


def kepler_equation(mean_anomaly, eccentricity):
    E = mean_anomaly
    delta = 1.0
    while abs(delta) > 1e-13:
        delta = (E - eccentricity * math.sin(E) - mean_anomaly) / (1 - eccentricity * math.cos(E))
        E -= delta
    return 2 * math.atan2(math.sqrt(1 + eccentricity) * math.sin(E / 2), math.sqrt(1 - eccentricity) * math.cos(E / 2))


program(kepler_equation, lambda rng: (1.1, 0.4), (0, 1))


def fixed_point(a, b):
    x = np.zeros_like(b)
    count = 0
    while count < 200:
        new = 0.3 * np.tanh(a @ x) + b
        change = np.max(np.abs(new - x))
        x = new
        count += 1
        if change < 1e-15:
            break
    return x


program(fixed_point, lambda rng: (0.5 * rng.normal(size=(3, 3)), rng.normal(size=3)), (0, 1))


def normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def black_scholes_price(s, k, t, r, sigma):
    d1 = (math.log(s / k) + (r + sigma * sigma / 2) * t) / (sigma * math.sqrt(t))
    d2 = d1 - sigma * math.sqrt(t)
    return s * normal_cdf(d1) - k * math.exp(-r * t) * normal_cdf(d2)


program(black_scholes_price, lambda rng: (1.1, 1.0, 0.5, 0.03, 0.25), (0, 1, 2, 3, 4))


def implied_volatility(price, s, k, t, r):
    sigma = 0.3
    for _ in range(40):
        d1 = (math.log(s / k) + (r + sigma * sigma / 2) * t) / (sigma * math.sqrt(t))
        vega = s * math.sqrt(t) * math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
        error = black_scholes_price(s, k, t, r, sigma) - price
        if abs(error) < 1e-14:
            break
        sigma -= error / vega
    return sigma


program(implied_volatility, lambda rng: (0.16, 1.1, 1.0, 0.5, 0.03), (0, 1, 2, 3, 4))


def newton_system(p):
    x, y = 1.0, 1.0
    for _ in range(8):
        f = x * x + y * y - p[0]
        g = x * y - p[1]
        det = 2 * x * x - 2 * y * y + p[2]
        x, y = x - (x * f - 2 * y * g) / det, y - (2 * x * g - y * f) / det
    return x - y


program(newton_system, lambda rng: (np.array([2.4, 0.9, 1.5]),))


def gradient_descent_loop(A, b, rate, steps):
    x = np.zeros(len(b))
    for _ in range(steps):
        g = A @ x - b
        norm = math.sqrt(np.dot(g, g))
        if norm > 1.0:
            g = g / norm
        x -= rate * g
    return 0.5 * x @ A @ x - b @ x


program(
    gradient_descent_loop,
    lambda rng: (np.eye(3) + 0.2 * rng.normal(size=(3, 3)), rng.normal(size=3), 0.3, 6),
    (0, 1, 2),
)


def golden_section(c, a, b):
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    x1 = b - ratio * (b - a)
    x2 = a + ratio * (b - a)
    for _ in range(5):
        if (x1 - c) ** 2 < (x2 - c) ** 2:
            b, x2 = x2, x1
            x1 = b - ratio * (b - a)
        else:
            a, x1 = x1, x2
            x2 = a + ratio * (b - a)
    return 0.5 * (a + b) * c


program(golden_section, lambda rng: (0.83, -1.0, 2.4), (0, 1, 2))


def mandelbrot_escape(re, im, limit):
    x = y = 0.0
    for n in range(limit):  # noqa: B007
        x, y = x * x - y * y + re, 2 * x * y + im
        if x * x + y * y > 16.0:
            break
    return n + 1 - math.log(math.log(x * x + y * y)) / math.log(2.0)


program(mandelbrot_escape, lambda rng: (0.45, 0.31, 60), (0, 1))


def slow_iterations(x, rate):
    """Loops of many iterations, of which each keeps several numbers."""
    total = 0.0
    for i in range(x.shape[0]):
        y, v, steps = x[i], 1.0, 0
        while abs(v) > 1e-12 and steps < 400:
            if y > 0.0:
                v = rate * v - 0.02 * math.sin(y) * v * y
            else:
                v = rate * v * math.cos(y)
            y = y - 0.1 * v * math.exp(-y * y)
            steps += 1
        total += y * v + math.sin(y)
    return total


program(slow_iterations, lambda rng: (rng.uniform(0.3, 0.9, 4), 0.95), (0, 1))
