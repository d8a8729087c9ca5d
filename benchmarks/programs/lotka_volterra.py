"""Lotka-Volterra by Runge-Kutta, differentiated in two of its rates.

The adjoint records the state at the start of each step and recomputes the slopes. With two inputs
forward mode does less work and stores nothing, so a hand-written tangent stands beside it.
"""

import numpy as np

from benchmarks.program import Program, hand


def lotka_volterra(alpha, beta, h, steps):
    gamma, delta = 0.8, 0.3
    x, y = 1.2, 0.7
    loss = 0.0
    for _ in range(steps):
        k1x = x * (alpha - beta * y)
        k1y = y * (delta * x - gamma)
        x2, y2 = x + 0.5 * h * k1x, y + 0.5 * h * k1y
        k2x = x2 * (alpha - beta * y2)
        k2y = y2 * (delta * x2 - gamma)
        x3, y3 = x + 0.5 * h * k2x, y + 0.5 * h * k2y
        k3x = x3 * (alpha - beta * y3)
        k3y = y3 * (delta * x3 - gamma)
        x4, y4 = x + h * k3x, y + h * k3y
        k4x = x4 * (alpha - beta * y4)
        k4y = y4 * (delta * x4 - gamma)
        x += h / 6.0 * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
        y += h / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y)
        loss += h * (x - y) ** 2
    return loss


@hand
def slopes(x, y, alpha, beta):
    return x * (alpha - beta * y), y * (0.3 * x - 0.8)


@hand
def slopes_bar(x, y, alpha, beta, kx_bar, ky_bar):
    """The cotangents of x, y, alpha and beta."""
    g = kx_bar * x
    x_bar = kx_bar * (alpha - beta * y) + 0.3 * y * ky_bar
    y_bar = ky_bar * (0.3 * x - 0.8) - beta * g
    return x_bar, y_bar, g, -g * y


@hand
def adjoint(alpha, beta, h, steps):
    xs, ys = np.empty(steps + 1), np.empty(steps + 1)
    x, y, loss = 1.2, 0.7, 0.0
    half, sixth = 0.5 * h, h / 6.0
    for n in range(steps):
        xs[n], ys[n] = x, y
        k1x, k1y = slopes(x, y, alpha, beta)
        k2x, k2y = slopes(x + half * k1x, y + half * k1y, alpha, beta)
        k3x, k3y = slopes(x + half * k2x, y + half * k2y, alpha, beta)
        k4x, k4y = slopes(x + h * k3x, y + h * k3y, alpha, beta)
        x += sixth * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
        y += sixth * (k1y + 2.0 * k2y + 2.0 * k3y + k4y)
        loss += h * (x - y) ** 2
    xs[steps], ys[steps] = x, y
    x_bar = y_bar = alpha_bar = beta_bar = 0.0
    for n in range(steps - 1, -1, -1):
        g = 2.0 * h * (xs[n + 1] - ys[n + 1])
        x_bar += g
        y_bar -= g
        x, y = xs[n], ys[n]
        k1x, k1y = slopes(x, y, alpha, beta)
        x2, y2 = x + half * k1x, y + half * k1y
        k2x, k2y = slopes(x2, y2, alpha, beta)
        x3, y3 = x + half * k2x, y + half * k2y
        k3x, k3y = slopes(x3, y3, alpha, beta)
        x4, y4 = x + h * k3x, y + h * k3y
        sx, sy = sixth * x_bar, sixth * y_bar
        px, py, pa, pb = slopes_bar(x4, y4, alpha, beta, sx, sy)
        qx, qy, qa, qb = slopes_bar(x3, y3, alpha, beta, 2.0 * sx + h * px, 2.0 * sy + h * py)
        rx, ry, ra, rb = slopes_bar(x2, y2, alpha, beta, 2.0 * sx + half * qx, 2.0 * sy + half * qy)
        tx, ty, ta, tb = slopes_bar(x, y, alpha, beta, sx + half * rx, sy + half * ry)
        x_bar += px + qx + rx + tx
        y_bar += py + qy + ry + ty
        alpha_bar += pa + qa + ra + ta
        beta_bar += pb + qb + rb + tb
    return loss, (alpha_bar, beta_bar)


@hand
def slopes_dot(x, y, alpha, beta, x_a, y_a, x_b, y_b):
    """The slopes and their tangents in both directions."""
    u, v = alpha - beta * y, 0.3 * x - 0.8
    fx_a = x_a * u + x * (1.0 - beta * y_a)
    fx_b = x_b * u - x * (y + beta * y_b)
    fy_a = y_a * v + y * 0.3 * x_a
    fy_b = y_b * v + y * 0.3 * x_b
    return x * u, y * v, fx_a, fy_a, fx_b, fy_b


@hand
def tangent(alpha, beta, h, steps):
    x, y, xa, ya, xb, yb = 1.2, 0.7, 0.0, 0.0, 0.0, 0.0
    loss = loss_a = loss_b = 0.0
    for _ in range(steps):
        sum_x = sum_y = sum_xa = sum_ya = sum_xb = sum_yb = 0.0
        fx = fy = fxa = fya = fxb = fyb = 0.0
        for reach, weight in ((0.0, 1.0), (0.5, 2.0), (0.5, 2.0), (1.0, 1.0)):
            d = reach * h
            fx, fy, fxa, fya, fxb, fyb = slopes_dot(
                x + d * fx, y + d * fy, alpha, beta, xa + d * fxa, ya + d * fya, xb + d * fxb, yb + d * fyb
            )
            sum_x += weight * fx
            sum_y += weight * fy
            sum_xa += weight * fxa
            sum_ya += weight * fya
            sum_xb += weight * fxb
            sum_yb += weight * fyb
        w = h / 6.0
        x, y = x + w * sum_x, y + w * sum_y
        xa, ya = xa + w * sum_xa, ya + w * sum_ya
        xb, yb = xb + w * sum_xb, yb + w * sum_yb
        gap = x - y
        loss += h * gap**2
        loss_a += 2.0 * h * gap * (xa - ya)
        loss_b += 2.0 * h * gap * (xb - yb)
    return loss, (loss_a, loss_b)


PROGRAM = Program(
    function=lotka_volterra,
    argnums=(0, 1),
    primal=hand(lotka_volterra),
    adjoint=adjoint,
    inputs=lambda rng, steps: (1.1, 0.4, 20.0 / steps, steps),
    small=(50,),
    large=(100_000,),
    tape=lambda alpha, beta, h, steps: 16 * (steps + 1),
    tangent=tangent,
)
