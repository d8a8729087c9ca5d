"""Kernels whose threads read elements of their neighbours, or of all: their adjoints gather."""

from __future__ import annotations

import math

import numpy as np
from kernels import LAUNCHES, launch, normal, zeros
from numba import cuda, float32

from adcompiler.cuda import kernel

BEFORE = set(LAUNCHES)


@kernel(active=("u", "c"), outputs=("out",))
def row(u, c, out):
    # more threads than elements, and a coefficient that each thread has of its own
    i = cuda.grid(1)
    if 0 < i < u.shape[0] - 1:
        out[i] = u[i] * u[i] + c[i] * (u[i - 1] * u[i + 1] - 2.0 * u[i]) + math.sin(u[i - 1])


launch(row, 3, 4, normal(9), normal(9), zeros(9))


@kernel(active=("u",), outputs=("out",))
def few_threads(u, out):
    # fewer threads than elements: those beyond the last thread count too, and those far beyond do not
    i = cuda.grid(1)
    if i + 3 < u.shape[0]:
        out[i] = math.exp(u[i]) * u[i + 3] + u[i + 1]


launch(few_threads, 2, 2, normal(11), zeros(11))


@kernel(active=("u", "w"), outputs=("out",))
def strided_row(u, w, out, last):
    for i in range(cuda.grid(1), last, cuda.gridsize(1)):
        left = u[i - 1] if i > 0 else 0.0
        right = u[i + 1] if i < u.shape[0] - 1 else w[i]
        out[i] = left * u[i] - math.cos(right) * w[i]


launch(strided_row, 2, 2, normal(9), normal(9), zeros(9), 9)


@kernel(active=("h", "v"), outputs=("flow", "rise"))
def staggered(h, v, flow, rise):
    # two fields, two outputs, rows along the second axis of the launch
    j, i = cuda.grid(2)
    n, m = h.shape
    if i >= n - 1 or j >= m or j == 0:
        return
    flow[i, j] = v[i, j] + float32(0.1) * (h[i + 1, j] - h[i, j]) * v[i + 1, j - 1]
    if i != 0:
        rise[i, j] = h[i, j] * (v[i, j] - v[i - 1, j])


def single(*shape: int) -> np.ndarray:
    return normal(*shape).astype(np.float32)


launch(staggered, (2, 1), (2, 5), single(4, 5), single(4, 5), single(4, 5) * 0, single(4, 5) * 0)


@kernel(active=("x", "q"), outputs=("pull",))
def strided_pairs(x, q, pull, n):
    for i in range(cuda.grid(1), n, cuda.gridsize(1)):
        for k in range(2):
            pull[i, k] = 0.0
        for j in range(n):
            if j != i:
                d0 = x[j, 0] - x[i, 0]
                d1 = x[j, 1] - x[i, 1]
                s = q[j] * q[i] / (d0 * d0 + d1 * d1 + 0.5)
                pull[i, 0] += s * d0
                pull[i, 1] += s * d1


launch(strided_pairs, 1, 3, normal(5, 2), normal(5), zeros(5, 2), 5)


@kernel(active=("x",), outputs=("y",))
def few_pairs(x, y):
    # fewer threads than terms
    i = cuda.grid(1)
    if i < x.shape[0]:
        total = x[i]
        for j in range(x.shape[0]):
            total += math.sin(x[j] * x[i])
        y[i] = total


launch(few_pairs, 1, 3, normal(5), zeros(5))


@kernel(active=("u", "x"), outputs=("out",))
def beside_a_while(u, x, out):
    # threads whose memory is too short run again; what is gathered is gathered once
    i = cuda.grid(1)
    if 0 < i < u.shape[0] - 1:
        v = abs(x[i]) + 0.5
        while v < 40.0:
            v = v * 1.02 + 0.01 * math.sin(v)
        out[i] = v + u[i - 1] * u[i + 1]


launch(beside_a_while, 2, 3, normal(6), normal(6), zeros(6))


@kernel(active=("u", "c"), outputs=("out",))
def flat_square(u, c, out, n, m):
    # a square in an array of one axis
    i, j = cuda.grid(2)
    if 0 < i < n - 1 and 0 < j < m - 1:
        at = i * m + j
        around = u[(i - 1) * m + j] + u[(i + 1) * m + j] + u[at - 1] * u[at + 1]
        out[at] = c[0] * u[at] * around


launch(flat_square, (2, 2), (3, 2), normal(20), normal(1), zeros(20), 5, 4)


@kernel(active=("u",), outputs=("out",))
def flat_cube(u, out, n, m, d):
    # threads beyond the rows, and rows beyond the threads
    k, j, i = cuda.grid(3)
    if i < n and j < m and k < d:
        right = u[(i * m + j) * d + k + 1] if k < d - 1 else 0.0
        below = u[((i + 1) * m + j) * d + k] if i < n - 1 else 1.0
        out[(i * m + j) * d + k] = math.sin(right) * below * u[(i * m + j) * d + k]


launch(flat_cube, (1, 2, 1), (2, 2, 2), normal(36), zeros(36), 3, 4, 3)


@kernel(active=("u",), outputs=("out",))
def correlated(u, w, out):
    # a window that a loop counts
    i = cuda.grid(1)
    if i < out.shape[0]:
        total = 0.0
        for k in range(w.shape[0]):
            total += w[k] * math.sin(u[i + k])
        out[i] = total


launch(correlated, 2, 4, normal(9), normal(3), zeros(7))


@kernel(active=("u",), outputs=("out",))
def blurred(u, w, out, first):
    # a window on a square, fewer threads than elements, and an offset that an argument tells
    i, j = cuda.grid(2)
    if i + 2 < u.shape[0] and j + first + 1 < u.shape[1] and first >= 0:
        total = u[i, j]
        for a in range(w.shape[0]):
            row = i + a
            for b in range(2):
                total += w[a, b] * u[row, j + b + first] ** 2
        out[i, j] = total


launch(blurred, (1, 2), (3, 2), normal(6, 7), normal(2, 2), zeros(6, 7), 1)


@kernel(active=("u",), outputs=("out",))
def flat_window(u, w, out, n, m):
    i, j = cuda.grid(2)
    if i < n - 1 and j < m - 2:
        total = 0.0
        for a in range(2):
            for b in range(3):
                total += w[a * 3 + b] * u[(i + a) * m + j + b]
        out[i * m + j] = total * 2.0


launch(flat_window, (2, 2), (2, 2), normal(20), normal(6), zeros(20), 4, 5)


@kernel(active=("u",), outputs=("out",))
def strided_window(u, w, out):
    for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
        total = 0.0
        for k in range(3):
            total += w[k] * u[i + 2 * k]
        out[i] = total * w[0]


launch(strided_window, 1, 3, normal(11), normal(3), zeros(7))


GATHERED = [name for name in LAUNCHES if name not in BEFORE] + ["heat", "heat_2d", "bodies"]


# -- what is not gathered --------------------------------------------------------------------------------------------


@kernel(active=("u",), outputs=("out",))
def overridden(u, out):
    # what a thread reads of a cotangent depends on what it has set to zero
    i = cuda.grid(1)
    if 0 < i < u.shape[0] - 1:
        out[i] = u[i - 1] * u[i]
        if u[i] > 0.0:
            out[i] = u[i + 1] * u[i]


launch(overridden, 1, 8, np.array([0.4, -0.7, 1.3, 0.2, -0.5, 0.9]), zeros(6))


@kernel(active=("x", "centre"), outputs=("y",))
def few_centres(x, centre, y):
    # a loop shorter than the launch: its elements would leave most threads without work
    i = cuda.grid(1)
    if i < x.shape[0]:
        total = 0.0
        for j in range(centre.shape[0]):
            total += math.exp(-((x[i] - centre[j]) ** 2))
        y[i] = total * total


launch(few_centres, 2, 4, normal(7), normal(2), zeros(7))


@kernel(active=("u", "w"), outputs=("out",))
def window(u, w, out):
    # neighbours that a loop counts, and others from the end
    i = cuda.grid(1)
    if i < out.shape[0]:
        total = u[i - 1]
        for k in range(w.shape[0]):
            total += w[k] * u[i + k] * u[i]
        out[i] = total


launch(window, 2, 4, normal(9), normal(3), zeros(7))
