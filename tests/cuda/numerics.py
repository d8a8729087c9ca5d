"""Kernels of the kinds that numerical programs have."""

from __future__ import annotations

import math

import numpy as np
from kernels import launch, normal, zeros
from numba import cuda, float64

from adcompiler.cuda import kernel

STARTS, COLUMNS = np.array([0, 2, 2, 5, 7]), np.array([0, 3, 1, 2, 3, 0, 1])
EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]])
CELLS = np.array([[0, 1], [2, 2], [1, 0], [0, 1], [2, 1]])


def positive(*shape: int) -> np.ndarray:
    return abs(normal(*shape)) + 0.3


def definite(count: int, size: int) -> np.ndarray:
    rows = normal(count, size, size)
    return rows @ rows.transpose(0, 2, 1) + np.eye(size)


@cuda.jit(device=True)
def phi(z):
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


@cuda.jit(device=True)
def d12(s, k, v, t):
    a = (math.log(s / k) + 0.5 * v * v * t) / (v * math.sqrt(t))
    return a, a - v * math.sqrt(t)


@kernel(active=("s", "vol"), outputs=("price",))
def black_scholes(s, strike, vol, t, price):
    # device functions, one of which gives two values
    i = cuda.grid(1)
    if i >= s.size:
        return
    a, b = d12(s[i], strike[i], vol[0], t)
    price[i] = s[i] * phi(a) - strike[i] * phi(b)


launch(black_scholes, 2, 4, positive(7), positive(7), np.array([0.3]), 1.5, zeros(7))


@kernel(active=("s0", "vol"), outputs=("out",))
def random_paths(s0, vol, seeds, out, steps):
    # a stream of random numbers of each thread
    i = cuda.grid(1)
    if i < seeds.shape[0]:
        state = seeds[i]
        v = s0[0]
        top = v
        for _k in range(steps):
            state = (1103515245 * state + 12345) & 0x7FFFFFFF
            u = state / 2147483648.0
            v = v * math.exp(vol * (u - 0.5))
            top = max(top, v)
        cuda.atomic.add(out, 0, top / seeds.shape[0])
        cuda.atomic.add(out, 1, v * v)


launch(random_paths, 2, 4, np.array([1.3]), 0.4, np.array([3, 99, 123, 7777, 5]), zeros(2), 9)


@kernel(active=("val", "x"), outputs=("y",))
def sparse_rows(ptr, col, val, x, y):
    # rows of any length, and an early end of an iteration
    r = cuda.grid(1)
    if r < y.shape[0]:
        s = 0.0
        for k in range(ptr[r], ptr[r + 1]):
            if col[k] == r:
                continue
            s += val[k] * math.tanh(x[col[k]] * s)
            s += x[col[k]]
        y[r] = s


launch(sparse_rows, 2, 3, STARTS, COLUMNS, normal(7), normal(4), zeros(4))


@kernel(active=("val", "x"), outputs=("y",))
def sparse_columns(ptr, col, val, x, y):
    # columns that several rows reach
    r = cuda.grid(1)
    if r < x.shape[0]:
        for k in range(ptr[r], ptr[r + 1]):
            cuda.atomic.add(y, col[k], val[k] * x[r] * x[r])


launch(sparse_columns, 2, 3, STARTS, COLUMNS, normal(7), normal(4), zeros(4))


@kernel(active=("a",), outputs=("root",))
def newton(a, root):
    # a loop that ends when it has converged
    i = cuda.grid(1)
    if i < a.shape[0]:
        x = 1.0 + a[i]
        for _it in range(50):
            f = x * x * x + a[i] * x - 2.0
            if abs(f) < 1e-13:
                break
            x -= f / (3.0 * x * x + a[i])
        root[i] = x


launch(newton, 2, 4, positive(6), zeros(6))


@cuda.jit(device=True)
def branchy(v, w):
    if v > 1.0:
        return v * w, w
    if v > 0.0:
        return math.sin(v), v * v
    return v, -v


@cuda.jit(device=True)
def outer(v, w):
    t = 0.0
    for k in range(3):
        a, b = branchy(v - k, w)
        t += a * b
    return t


@kernel(active=("x", "w"), outputs=("y",))
def nested_device(x, w, y):
    # device functions in device functions, with early returns
    i = cuda.grid(1)
    if i < x.shape[0]:
        y[i] = outer(x[i], w[i]) + outer(y[i] * 0.0 + w[i], x[i])


launch(nested_device, 2, 4, normal(7) * 3, normal(7), zeros(7), workspace=True)


@kernel(active=("a", "b"), outputs=("x",))
def solve6(a, b, x):
    # six equations in local memory
    i = cuda.grid(1)
    m = cuda.local.array((6, 6), float64)
    v = cuda.local.array(6, float64)
    if i < a.shape[0]:
        for r in range(6):
            v[r] = b[i, r]
            for c in range(6):
                m[r, c] = a[i, r, c]
        for k in range(6):
            for r in range(k + 1, 6):
                f = m[r, k] / m[k, k]
                for c in range(k, 6):
                    m[r, c] -= f * m[k, c]
                v[r] -= f * v[k]
        for k in range(5, -1, -1):
            for c in range(k + 1, 6):
                v[k] -= m[k, c] * v[c]
            v[k] /= m[k, k]
        for r in range(6):
            x[i, r] = v[r]


launch(solve6, 1, 3, normal(3, 6, 6) + 6 * np.eye(6), normal(3, 6), zeros(3, 6))


@kernel(active=("a",), outputs=("lower", "logdet"))
def cholesky(a, lower, logdet):
    # a factor that overwrites an output while it reads it
    i = cuda.grid(1)
    if i < a.shape[0]:
        s = 0.0
        for j in range(a.shape[1]):
            for k in range(j + 1):
                t = a[i, j, k]
                for m in range(k):
                    t -= lower[i, j, m] * lower[i, k, m]
                if j == k:
                    lower[i, j, j] = math.sqrt(t)
                    s += math.log(lower[i, j, j])
                else:
                    lower[i, j, k] = t / lower[i, k, k]
        logdet[i] = 2 * s


launch(cholesky, 1, 4, definite(3, 4), zeros(3, 4, 4), zeros(3), workspace=True)


@cuda.jit(device=True)
def lotka(y, p, out):
    out[0] = p[0] * y[0] - p[1] * y[0] * y[1]
    out[1] = p[2] * y[0] * y[1] - p[3] * y[1]


@kernel(active=("p", "y0"), outputs=("loss",))
def runge_kutta(p, y0, seen, loss, n, h):
    # differential equations, with a device function that writes into local memory
    i = cuda.grid(1)
    y = cuda.local.array(2, float64)
    k1 = cuda.local.array(2, float64)
    k2 = cuda.local.array(2, float64)
    z = cuda.local.array(2, float64)
    if i < y0.shape[0]:
        for c in range(2):
            y[c] = y0[i, c]
        err = 0.0
        for s in range(n):
            lotka(y, p, k1)
            for c in range(2):
                z[c] = y[c] + 0.5 * h * k1[c]
            lotka(z, p, k2)
            for c in range(2):
                y[c] += h * k2[c]
                err += (y[c] - seen[i, s, c]) ** 2
        loss[i] = err


launch(runge_kutta, 2, 2, positive(4), positive(3, 2), normal(3, 5, 2), zeros(3), 5, 0.1)


@kernel(active=("u",), outputs=("out",))
def tile_with_halo(u, out):
    # a tile whose ends come from other blocks
    s = cuda.shared.array(6, float64)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    n = u.shape[0]
    s[t + 1] = u[i] if i < n else 0.0
    if t == 0:
        s[0] = u[i - 1] if 0 < i and i - 1 < n else 0.0
    if t == 3:
        s[5] = u[i + 1] if i + 1 < n else 0.0
    cuda.syncthreads()
    if i < n:
        out[i] = math.sin(s[t]) * s[t + 1] + s[t + 2] ** 2


launch(tile_with_halo, 3, 4, normal(10), zeros(10))


@kernel(active=("x", "w"), outputs=("h",))
def histogram(x, w, h):
    # two bins of each item
    i = cuda.grid(1)
    if i < x.shape[0]:
        b = int(x[i] * 4.0) % 4
        f = x[i] * 4.0 - math.floor(x[i] * 4.0)
        cuda.atomic.add(h, b, w[i] * (1.0 - f))
        cuda.atomic.add(h, (b + 1) % 4, w[i] * f)


launch(histogram, 2, 4, np.random.default_rng(3).uniform(0, 1, 7), normal(7), zeros(4))


@kernel(active=("q",), outputs=("grid",))
def deposit(cell, q, grid):
    # places of two indices
    i = cuda.grid(1)
    if i < q.shape[0]:
        cuda.atomic.add(grid, (cell[i, 0], cell[i, 1]), q[i] ** 3)
        cuda.atomic.sub(grid, (cell[i, 1], cell[i, 0]), q[i])


launch(deposit, 2, 4, CELLS, normal(5), zeros(3, 3))


@kernel(active=("x", "v", "k"), outputs=("x", "v"))
def leapfrog(x, v, k, steps, h):
    # two arrays that are overwritten in each step
    i = cuda.grid(1)
    if i < x.shape[0]:
        for _s in range(steps):
            v[i] -= h * math.sin(x[i]) * k[0]
            x[i] += h * v[i] * v[i]
            x[i] *= 1.0 + 0.1 * v[i]


launch(leapfrog, 2, 4, normal(5), normal(5), np.array([0.8]), 6, 0.1, workspace=True)


@kernel(active=("pos", "k"), outputs=("force",))
def cloth(edges, rest, k, pos, force):
    # springs in space
    e = cuda.grid(1)
    if e < edges.shape[0]:
        a, b = edges[e, 0], edges[e, 1]
        d = cuda.local.array(3, float64)
        n2 = 0.0
        for c in range(3):
            d[c] = pos[b, c] - pos[a, c]
            n2 += d[c] * d[c]
        n = math.sqrt(n2)
        f = k[0] * (n - rest[e]) / n
        for c in range(3):
            cuda.atomic.add(force, (a, c), f * d[c])
            cuda.atomic.add(force, (b, c), -f * d[c])


launch(cloth, 2, 4, EDGES, positive(5), np.array([3.0]), normal(4, 3), zeros(4, 3))


@kernel(active=("f", "tau"), outputs=("g",))
def lattice_row(f, tau, g, n):
    # a ring of cells
    i = cuda.grid(1)
    if i < n:
        left = f[0, (i + 1) % n]
        c = f[1, i]
        right = f[2, (i - 1 + n) % n]
        rho = left + c + right
        u = (right - left) / rho
        g[0, i] = left - (left - rho * (1.0 - 3 * u + 3 * u * u) / 6.0) / tau
        g[1, i] = c - (c - rho * (2.0 - 3 * u * u) / 3.0) / tau
        g[2, i] = right - (right - rho * (1.0 + 3 * u + 3 * u * u) / 6.0) / tau


launch(lattice_row, 2, 4, positive(3, 6), 1.3, zeros(3, 6), 6)


@kernel(active=("x",), outputs=("y",))
def nested_while(x, y, limit):
    # loops whose lengths only they tell, with continue and break
    i = cuda.grid(1)
    if i < x.shape[0]:
        v = x[i]
        n = 0
        while v < limit:
            w = v
            while w > 0.5:
                w = w * 0.7
                n += 1
                if n % 3 == 0:
                    continue
                v += 0.01 * w * w
            v = v * 1.3 + 0.1 + w
            if n > 40:
                break
        y[i] = v * n


launch(nested_while, 2, 4, positive(6), zeros(6), 5.0)


@kernel(active=("knots", "table", "x"), outputs=("y",))
def interpolate(knots, table, x, y):
    # a search for the interval
    i = cuda.grid(1)
    if i < x.shape[0]:
        lo = 0
        hi = knots.shape[0] - 1
        while hi - lo > 1:
            mid = (lo + hi) // 2
            if knots[mid] <= x[i]:
                lo = mid
            else:
                hi = mid
        t = (x[i] - knots[lo]) / (knots[lo + 1] - knots[lo])
        y[i] = table[lo] * (1 - t) + table[lo + 1] * t


launch(interpolate, 2, 4, np.linspace(0, 1, 6), normal(6), np.random.default_rng(5).uniform(0.05, 0.95, 7), zeros(7))


@kernel(active=("x", "y"), outputs=("z",))
def functions(x, y, z):
    # the functions of math
    i = cuda.grid(1)
    if i < x.shape[0]:
        a, b = abs(x[i]) + 0.5, abs(y[i]) + 0.5
        t = math.hypot(a, b) + math.atan2(a, b) + math.erf(a) + math.lgamma(a) + math.log1p(b) + math.expm1(a)
        t += math.pow(a, b) + a**3 + a**-2 + math.fabs(x[i]) + math.copysign(a, -b) + min(a, b) + max(a, b, 1.0)
        t += math.asin(0.3 * math.tanh(a)) + math.acosh(a + 1) + math.fmod(a, 0.7) + math.floor(b) + round(b)
        t += math.log2(a) + math.log10(b) + (a if a < b else b * b)
        z[i] = t


launch(functions, 2, 4, normal(6), normal(6), zeros(6))


@kernel(active=("x", "y"), outputs=("z",))
def functions_of_single_numbers(x, y, z):
    # those with domains, and those that give integers
    i = cuda.grid(1)
    if i < x.shape[0]:
        a = abs(x[i]) + y[i] * y[i]
        t = math.asin(a / (a + 1)) + math.acos(a / (a + 2)) + math.atanh(a / (a + 3)) + math.sqrt(a) + math.log(a)
        t += math.floor(a) * a + math.ceil(a) * y[i] + int(a) * a
        z[i] = t * math.fmod(a, 2)


launch(functions_of_single_numbers, 2, 4, *(normal(6).astype(np.float32) for _ in range(2)), np.zeros(6, np.float32))


@kernel(active=("w", "x"), outputs=("out",))
def hidden_layer(w, b, x, out):
    # matrices that all threads read
    i = cuda.grid(1)
    h = cuda.local.array(4, float64)
    if i < x.shape[0]:
        for r in range(4):
            s = b[r]
            for c in range(x.shape[1]):
                s += w[r, c] * x[i, c]
            h[r] = math.tanh(s)
        t = 0.0
        for r in range(4):
            t += h[r] * h[r]
        out[i] = t


launch(hidden_layer, 2, 3, normal(4, 3), normal(4), normal(5, 3), zeros(5))


@kernel(active=("x",), outputs=("y",))
def softmax_block(x, y):
    # a row for each block
    s = cuda.shared.array(4, float64)
    t = cuda.threadIdx.x
    b = cuda.blockIdx.x
    s[t] = math.exp(x[b, t])
    cuda.syncthreads()
    total = 0.0
    for k in range(4):
        total += s[k]
    y[b, t] = s[t] / total


launch(softmax_block, 3, 4, normal(3, 4), zeros(3, 4))


@kernel(active=("x",), outputs=("y",))
def scan_block(x, y):
    # sums of all before, in place
    s = cuda.shared.array(8, float64)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    d = 1
    for _level in range(3):
        add = s[t - d] * 0.5 if t >= d else 0.0
        cuda.syncthreads()
        s[t] += add * s[t]
        cuda.syncthreads()
        d *= 2
    y[cuda.grid(1)] = s[t]


launch(scan_block, 2, 8, normal(16), zeros(16))


@kernel(active=("x",), outputs=("y",))
def ring(x, y, steps):
    # the values of three steps, in turns
    i = cuda.grid(1)
    past = cuda.local.array(3, float64)
    if i < x.shape[0]:
        for k in range(3):
            past[k] = x[i] * k
        for s in range(steps):
            past[s % 3] = math.sin(past[(s + 1) % 3]) + past[(s + 2) % 3] * x[i]
        y[i] = past[0] * past[1]


launch(ring, 2, 4, normal(6), zeros(6), 7)
