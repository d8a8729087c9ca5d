"""Kernels of simulation and of signal processing, as they are published: slices of several arrays in loops."""

import math

import numpy as np

from tests.support.registry import program


def adi(u, v, steps):
    N = u.shape[0]
    p = np.zeros((N, N))
    q = np.zeros((N, N))
    a, b, d = -0.3, 1.6, -0.3
    for _t in range(1, steps + 1):
        v[0, 1 : N - 1] = 1.0
        p[1 : N - 1, 0] = 0.0
        q[1 : N - 1, 0] = v[0, 1 : N - 1]
        for j in range(1, N - 1):
            p[1 : N - 1, j] = -d / (a * p[1 : N - 1, j - 1] + b)
            q[1 : N - 1, j] = (
                -a * u[j, 0 : N - 2] + (1.0 + 2.0 * a) * u[j, 1 : N - 1] - d * u[j, 2:N] - a * q[1 : N - 1, j - 1]
            ) / (a * p[1 : N - 1, j - 1] + b)
        v[N - 1, 1 : N - 1] = 1.0
        for j in range(N - 2, 0, -1):
            v[j, 1 : N - 1] = p[1 : N - 1, j] * v[j + 1, 1 : N - 1] + q[1 : N - 1, j]
        u[1 : N - 1, 0] = 1.0
        p[1 : N - 1, 0] = 0.0
        q[1 : N - 1, 0] = u[1 : N - 1, 0]
        for j in range(1, N - 1):
            p[1 : N - 1, j] = -d / (a * p[1 : N - 1, j - 1] + b)
            q[1 : N - 1, j] = (v[0 : N - 2, j] - v[1 : N - 1, j] + 0.5 * v[2:N, j] - a * q[1 : N - 1, j - 1]) / (
                a * p[1 : N - 1, j - 1] + b
            )
        u[1 : N - 1, N - 1] = 1.0
        for j in range(N - 2, 0, -1):
            u[1 : N - 1, j] = p[1 : N - 1, j] * u[1 : N - 1, j + 1] + q[1 : N - 1, j]
    return np.sum(u**2) + np.sum(v)


program(
    adi,
    lambda rng: (
        rng.random((7, 7)),
        rng.random((7, 7)),
        3,
    ),
)


def cavity(u, v, p, nt):
    dt, dx, dy, rho, nu = 0.01, 0.25, 0.25, 1.0, 0.1
    un = np.empty_like(u)
    vn = np.empty_like(v)
    b = np.zeros_like(u)
    for _ in range(nt):
        un = u.copy()
        vn = v.copy()
        b[1:-1, 1:-1] = rho * (
            1 / dt * ((u[1:-1, 2:] - u[1:-1, 0:-2]) / (2 * dx) + (v[2:, 1:-1] - v[0:-2, 1:-1]) / (2 * dy))
            - ((u[1:-1, 2:] - u[1:-1, 0:-2]) / (2 * dx)) ** 2
            - 2 * ((u[2:, 1:-1] - u[0:-2, 1:-1]) / (2 * dy) * (v[1:-1, 2:] - v[1:-1, 0:-2]) / (2 * dx))
            - ((v[2:, 1:-1] - v[0:-2, 1:-1]) / (2 * dy)) ** 2
        )
        for _q in range(3):
            pn = p.copy()
            p[1:-1, 1:-1] = ((pn[1:-1, 2:] + pn[1:-1, 0:-2]) * dy**2 + (pn[2:, 1:-1] + pn[0:-2, 1:-1]) * dx**2) / (
                2 * (dx**2 + dy**2)
            ) - dx**2 * dy**2 / (2 * (dx**2 + dy**2)) * b[1:-1, 1:-1]
            p[:, -1] = p[:, -2]
            p[0, :] = p[1, :]
            p[:, 0] = p[:, 1]
            p[-1, :] = 0
        u[1:-1, 1:-1] = (
            un[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (un[1:-1, 1:-1] - un[1:-1, 0:-2])
            - vn[1:-1, 1:-1] * dt / dy * (un[1:-1, 1:-1] - un[0:-2, 1:-1])
            - dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, 0:-2])
            + nu * (dt / dx**2 * (un[1:-1, 2:] - 2 * un[1:-1, 1:-1] + un[1:-1, 0:-2]))
        )
        v[1:-1, 1:-1] = (
            vn[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (vn[1:-1, 1:-1] - vn[1:-1, 0:-2])
            - dt / (2 * rho * dy) * (p[2:, 1:-1] - p[0:-2, 1:-1])
        )
        u[0, :] = 0
        u[:, 0] = 0
        u[-1, :] = 1
        v[0, :] = 0
        v[-1, :] = 0
    return np.sum(u * u) + np.sum(v * v) + np.sum(p)


program(
    cavity,
    lambda rng: (
        rng.random((5, 5)),
        rng.random((5, 5)),
        rng.random((5, 5)),
        4,
    ),
)


def deriche(img, alpha):
    y1 = np.empty_like(img)
    y2 = np.empty_like(img)
    k = (1 - np.exp(-alpha)) ** 2 / (1 + alpha * np.exp(-alpha) - np.exp(2 * alpha))
    a1 = k
    a2 = k * np.exp(-alpha) * (alpha - 1)
    a3 = k * np.exp(-alpha) * (alpha + 1)
    a4 = -k * np.exp(-2 * alpha)
    b1 = 2**-alpha
    b2 = -np.exp(-2 * alpha)
    c1 = 1
    y1[:, 0] = a1 * img[:, 0]
    y1[:, 1] = a1 * img[:, 1] + a2 * img[:, 0] + b1 * y1[:, 0]
    for j in range(2, img.shape[1]):
        y1[:, j] = a1 * img[:, j] + a2 * img[:, j - 1] + b1 * y1[:, j - 1] + b2 * y1[:, j - 2]
    y2[:, -1] = 0.0
    y2[:, -2] = a3 * img[:, -1]
    for j in range(img.shape[1] - 3, -1, -1):
        y2[:, j] = a3 * img[:, j + 1] + a4 * img[:, j + 2] + b1 * y2[:, j + 1] + b2 * y2[:, j + 2]
    out = c1 * (y1 + y2)
    return (out**2).sum()


program(
    deriche,
    lambda rng: (
        rng.random((6, 8)),
        0.25,
    ),
)


def fdtd(ex, ey, hz, fict):
    for t in range(fict.shape[0]):
        ey[0, :] = fict[t]
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])
    return np.sum(hz**2) + np.sum(ex * ey)


program(
    fdtd,
    lambda rng: (
        rng.random((5, 6)),
        rng.random((5, 6)),
        rng.random((5, 6)),
        rng.random(4),
    ),
)


def heat3(A, B, T):
    for _t in range(1, T):
        B[1:-1, 1:-1, 1:-1] = (
            0.125 * (A[2:, 1:-1, 1:-1] - 2.0 * A[1:-1, 1:-1, 1:-1] + A[:-2, 1:-1, 1:-1])
            + 0.125 * (A[1:-1, 2:, 1:-1] - 2.0 * A[1:-1, 1:-1, 1:-1] + A[1:-1, :-2, 1:-1])
            + A[1:-1, 1:-1, 1:-1]
        )
        A[1:-1, 1:-1, 1:-1] = (
            0.125 * (B[2:, 1:-1, 1:-1] - 2.0 * B[1:-1, 1:-1, 1:-1] + B[:-2, 1:-1, 1:-1]) + B[1:-1, 1:-1, 1:-1]
        )
    return np.sum(A * A)


def relu(x):
    return np.maximum(x, 0)


def conv2d(input, weights):
    K = weights.shape[0]
    N = input.shape[0]
    H = input.shape[1] - K + 1
    W = input.shape[2] - K + 1
    C = weights.shape[3]
    out = np.empty((N, H, W, C), dtype=input.dtype)
    for i in range(H):
        for j in range(W):
            out[:, i, j, :] = np.sum(
                input[:, i : i + K, j : j + K, :, np.newaxis] * weights[np.newaxis, :, :, :], axis=(1, 2, 3)
            )
    return out


def maxpool2d(x):
    out = np.empty([x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]], dtype=x.dtype)
    for i in range(x.shape[1] // 2):
        for j in range(x.shape[2] // 2):
            out[:, i, j, :] = np.max(x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, :], axis=(1, 2))
    return out


program(
    heat3,
    lambda rng: (
        rng.random((5, 5, 5)),
        rng.random((5, 5, 5)),
        3,
    ),
)


def lenet(x, c1, b1, c2, w, b):
    h = relu(conv2d(x, c1) + b1)
    h = maxpool2d(h)
    h = relu(conv2d(h, c2))
    h = maxpool2d(h)
    h = np.reshape(h, (h.shape[0], h.shape[1] * h.shape[2] * h.shape[3]))
    z = h @ w + b
    z = z - np.max(z, axis=-1, keepdims=True)
    e = np.exp(z)
    s = e / np.sum(e, axis=-1, keepdims=True)
    return -np.mean(np.log(s[:, 1]))


program(
    lenet,
    lambda rng: (
        rng.random((2, 10, 10, 1)),
        rng.random((3, 3, 1, 2)) - 0.5,
        rng.random(2),
        rng.random((3, 3, 2, 3)) - 0.3,
        rng.random((3, 5)),
        rng.random(5),
    ),
)


def channel(u, w):
    out = np.zeros((4, 6))
    for b in range(u.shape[0]):
        for t in range(u.shape[2] - 2):
            acc = 0.0
            for c in range(3):
                for k in range(3):
                    acc += u[b, c, t + k] * w[k, c, b]
            out[b, t] = math.tanh(acc)
    return float(np.sum(out))


program(
    channel,
    lambda rng: (
        rng.random((4, 3, 8)),
        rng.random((3, 3, 4)) * 0.4,
    ),
)
