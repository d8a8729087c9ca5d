"""Kernels as users of `numba.cuda` write them, with arguments, and how to launch them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda, float32, float64, int64

from adcompiler.cuda import Kernel, kernel

RNG = np.random.default_rng(11)
DT = 0.05
TERMS, SIZE = 3, 4


@dataclass(frozen=True)
class Launch:
    """A kernel, its configuration and arguments; whether its adjoint needs a workspace."""

    kernel: Kernel
    grid: Any
    block: Any
    args: tuple[Any, ...]
    workspace: bool = False


LAUNCHES: dict[str, Launch] = {}


def launch(made: Kernel, grid: Any, block: Any, *args: Any, workspace: bool = False) -> None:
    LAUNCHES[made.name] = Launch(made, grid, block, args, workspace)


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape)


def zeros(*shape: int) -> Any:
    return np.zeros(shape)


@cuda.jit(device=True)
def rate(v, a, b):
    if v > 0.5:
        return a * math.sin(v) - b * v * v
    return a * math.exp(-v * v) + b * math.tanh(v)


@kernel(active=("x", "p"), outputs=("y",))
def settle(x, p, y, n):
    i = cuda.grid(1)
    if i < x.shape[0]:
        v = x[i]
        for _ in range(n):
            v = v + DT * rate(v, p[0], p[1])
        y[i] = v


launch(settle, 2, 4, normal(6), normal(2), zeros(6), 7)


@kernel(active=("x",), outputs=("y",))
def slow_while(x, y, limit):
    # some threads take more trips than their memory first has room for
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if i >= x.shape[0]:
        return
    v = abs(x[i]) + 0.5
    while v < limit:
        v = v * (1.0 + 0.05 / (1.0 + v)) + 0.01 * math.sin(v)
    y[i] = v * v


launch(slow_while, 1, 6, normal(5), zeros(5), 8.0)


@kernel(active=("x", "y"), outputs=("y",))
def while_in_place(x, y, limit):
    # threads whose memory is too short have changed y by then
    i = cuda.grid(1)
    if i < x.shape[0]:
        while y[i] < limit:
            y[i] = y[i] * 1.01 + 0.1 * x[i] * math.sin(y[i]) + 0.1


launch(while_in_place, 1, 4, normal(3), np.array([1.0, 40.0, 70.0]), 80.0, workspace=True)


@kernel(active=("x",), outputs=("y",))
def own_sums(x, y):
    # additions to memory of a thread's own, at a place that is the same for all
    i = cuda.grid(1)
    own = cuda.local.array(3, float64)
    for k in range(3):
        own[k] = x[i] * k
    own[1] += x[i] * x[i]
    total = 0.0
    for k in range(3):
        total += own[k] * own[(k * x.shape[0]) % 3]
    y[i] = total


launch(own_sums, 2, 3, normal(6), zeros(6))


@kernel(active=("x",), outputs=("y",))
def scaled_in_place(x, y):
    i = cuda.grid(1)
    if i < x.shape[0]:
        y[i] = x[i]
        y[i] *= math.sin(x[i])
        y[i] *= y[i]


launch(scaled_in_place, 1, 6, normal(5), zeros(5))


@kernel(active=("x",), outputs=("y",))
def overwritten(x, y):
    i = cuda.grid(1)
    if i < x.shape[0]:
        y[i] = x[i] * x[i]
        x[i] = 1.0


launch(overwritten, 1, 6, normal(5), zeros(5), workspace=True)


@kernel(active=("a", "b"), outputs=("a", "b"))
def both_in_place(a, b):
    i = cuda.grid(1)
    if i < a.shape[0]:
        b[i] = b[i] + a[i] * a[i]
        a[i] = math.sin(a[i]) * b[i]
        a[i] *= a[i]


launch(both_in_place, 1, 6, normal(5), normal(5), workspace=True)


@kernel(active=("x", "w"), outputs=("y",))
def local_memory(x, w, y):
    i = cuda.grid(1)
    if i >= x.shape[0]:
        return
    a = cuda.local.array(SIZE, float64)
    a[0] = x[i]
    for k in range(TERMS):
        a[k + 1] = a[k] * a[k] * w[k] + x[i]
        a[k] = a[k + 1] * a[k]
    total = 0.0
    for k in range(TERMS + 1):
        total += a[k]
    y[i] = total


launch(local_memory, 1, 6, normal(5), normal(3), zeros(5))


@kernel(active=("x", "rows"), outputs=("y",))
def nested_counts(x, rows, counts, y):
    i = cuda.grid(1)
    if i < x.shape[0]:
        v = x[i]
        for k in range(counts[i]):
            if rows[k] > 1.0:
                continue
            for j in range(k + 2):
                v = v + 0.1 * math.sin(v * rows[k] + j)
            if v > 3.0:
                break
        y[i] = v


launch(nested_counts, 2, 3, normal(5), normal(4), np.array([3, 0, 4, 1, 2]), zeros(5))


@kernel(active=("w", "q"), outputs=("out",))
def edges(src, dst, w, q, out):
    e = cuda.grid(1)
    if e < w.shape[0]:
        d = q[src[e]] - q[dst[e]]
        f = w[e] * math.sin(d) / (1.0 + d * d)
        cuda.atomic.add(out, dst[e], f)
        cuda.atomic.sub(out, src[e], f)


launch(edges, 2, 6, RNG.integers(0, 4, 9), RNG.integers(0, 4, 9), normal(9), normal(4), zeros(4))


@kernel(active=("k", "pos"), outputs=("force",))
def springs(first, second, k, rest, pos, force):
    s = cuda.grid(1)
    if s < k.shape[0]:
        a, b = first[s], second[s]
        dx = pos[b, 0] - pos[a, 0]
        dy = pos[b, 1] - pos[a, 1]
        length = math.sqrt(dx * dx + dy * dy + 1e-3)
        pull = k[s] * (length - rest) / length
        cuda.atomic.add(force, (a, 0), pull * dx)
        cuda.atomic.add(force, (a, 1), pull * dy)
        cuda.atomic.sub(force, (b, 0), pull * dx)
        cuda.atomic.sub(force, (b, 1), pull * dy)


launch(springs, 1, 8, np.array([0, 1, 2, 3, 0]), np.array([1, 2, 3, 0, 2]), normal(5), 0.7, normal(4, 2), zeros(4, 2))


@kernel(active=("pos", "mass"), outputs=("acc",))
def bodies(pos, mass, acc):
    i = cuda.grid(1)
    if i < mass.shape[0]:
        ax = 0.0
        ay = 0.0
        for j in range(mass.shape[0]):
            dx = pos[j, 0] - pos[i, 0]
            dy = pos[j, 1] - pos[i, 1]
            r2 = dx * dx + dy * dy + 0.1
            s = mass[j] / (r2 * math.sqrt(r2))
            ax += s * dx
            ay += s * dy
        acc[i, 0] = ax
        acc[i, 1] = ay


launch(bodies, 1, 6, normal(5, 2), normal(5), zeros(5, 2))


@kernel(active=("origin", "centre", "radius"), outputs=("depth",))
def ray_sphere(origin, ray, centre, radius, depth):
    i = cuda.grid(1)
    if i >= depth.shape[0]:
        return
    b = 0.0
    c = -radius * radius
    for k in range(3):
        d = origin[i, k] - centre[k]
        b += d * ray[i, k]
        c += d * d
    disc = b * b - c
    if disc < 0.0:
        depth[i] = 10.0
        return
    depth[i] = -b - math.sqrt(disc)


def rays() -> Any:
    way = RNG.normal(size=(5, 3)) * 0.2 + np.array([1.0, 0.0, 0.0])
    return way / np.sqrt((way**2).sum(axis=1))[:, None]


launch(ray_sphere, 1, 6, normal(5, 3) * 0.3, rays(), np.array([3.0, 0.1, -0.2]), 1.2, zeros(5))


@kernel(active=("spot", "sigma", "start"), outputs=("payoff",))
def asian_option(draws, spot, sigma, start, payoff):
    i = cuda.grid(1)
    if i < draws.shape[0]:
        s = start * spot[0]
        total = 0.0
        for k in range(draws.shape[1]):
            s *= math.exp(sigma * draws[i, k] - 0.5 * sigma * sigma)
            total += s
        cuda.atomic.add(payoff, 0, max(total / draws.shape[1] - 0.9, 0.0))


launch(asian_option, 2, 4, normal(6, 5), np.array([1.1]), 0.2, 1.0, zeros(1))


@kernel(active=("u", "c"), outputs=("out",))
def heat(u, c, out):
    i = cuda.grid(1)
    n = u.shape[0]
    if i > 0 and i < n - 1:
        out[i] = u[i] + c * (u[i - 1] - 2.0 * u[i] + u[i + 1]) * u[i]
    elif i < n:
        out[i] = u[i]


launch(heat, 2, 4, normal(7), 0.3, zeros(7))


@kernel(active=("u", "c"), outputs=("out",))
def heat_2d(u, c, out):
    i, j = cuda.grid(2)
    h, w = u.shape
    if i >= h or j >= w:
        return
    if i == 0 or j == 0 or i == h - 1 or j == w - 1:
        out[i, j] = u[i, j]
        return
    v = u[i, j]
    lap = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * v
    out[i, j] = v + c[0] * lap * (1.0 + v * v)


launch(heat_2d, (2, 2), (3, 2), normal(5, 4), np.array([0.2]), zeros(5, 4))


@kernel(active=("f", "omega"), outputs=("g",))
def lattice(f, omega, g):
    # one direction of flow each way and one at rest, on a ring
    i = cuda.grid(1)
    n = f.shape[1]
    if i >= n:
        return
    left = (i + n - 1) % n
    right = (i + 1) % n
    rest = f[0, i]
    ahead = f[1, left]
    back = f[2, right]
    rho = rest + ahead + back
    u = (ahead - back) / rho
    g[0, i] = rest - omega * (rest - rho * (2.0 / 3.0) * (1.0 - 1.5 * u * u))
    g[1, i] = ahead - omega * (ahead - rho / 6.0 * (1.0 + 3.0 * u + 3.0 * u * u))
    g[2, i] = back - omega * (back - rho / 6.0 * (1.0 - 3.0 * u + 3.0 * u * u))


launch(lattice, 2, 4, np.abs(normal(3, 6)) + 0.5, 0.8, zeros(3, 6))


@kernel(active=("x", "p"), outputs=("y", "total"))
def strides(x, p, y, total, n):
    for i in range(cuda.grid(1), n, cuda.gridsize(1)):
        a = x[i]
        for j in range(n):
            a += p[j] * math.sin(x[j] - x[i])
        y[i] = a
        cuda.atomic.add(total, 0, a * a * p[0])


launch(strides, 1, 3, normal(7), normal(7), zeros(7), zeros(1), 7)


@kernel(active=("x", "p"), outputs=("y", "total"))
def strides_by_hand(x, p, y, total):
    # the number of threads is computed, and loops count by hand
    i = cuda.threadIdx.x + cuda.blockIdx.x * cuda.blockDim.x
    while i < x.shape[0]:
        a = x[i]
        j = p.shape[0] - 1
        while j > 0:
            a += p[j] * math.sin(a * x[j])
            j -= 2
        y[i] = a
        cuda.atomic.add(total, 0, a * a * p[0])
        i += cuda.blockDim.x * cuda.gridDim.x


launch(strides_by_hand, 2, 2, normal(7), normal(6), zeros(7), zeros(1))


@kernel(active=("x", "w"), outputs=("total", "count"))
def both_precisions(x, w, total, count):
    # threads add numbers of double precision to elements of single precision, and integers
    i = cuda.grid(1)
    if i < x.shape[0]:
        cuda.atomic.add(total, i % 2, math.sin(x[i]) * w[i])
        cuda.atomic.sub(total, 0, w[i])
        cuda.atomic.add(count, 0, i)


launch(both_precisions, 2, 4, normal(6), normal(6).astype(np.float32), np.zeros(2, np.float32), np.zeros(1, np.float32))


@kernel(active=("x", "p"), outputs=("y",))
def single_precision(x, p, y, n):
    i = cuda.grid(1)
    if i < x.shape[0]:
        v = float32(0.5) * x[i]
        for _ in range(n):
            v = v + float32(0.1) * math.sin(v) * p[0] + 0.05 * v * v
            v += 0.01 * math.atan2(v, p[0]) + 0.01 * math.radians(v) + 0.01 * math.log(abs(v) + 1.0)
        y[i] = v / math.sqrt(1.0 + v * v)


launch(single_precision, 1, 6, normal(5).astype(np.float32), normal(1).astype(np.float32), np.zeros(5, np.float32), 4)


@kernel(active=("x",), outputs=("y",))
def rows_of_blocks(x, y):
    b, t = cuda.blockIdx.x, cuda.threadIdx.x
    if t < x.shape[1]:
        y[b, t] = math.exp(x[b, t]) * x[b, 0]


launch(rows_of_blocks, 3, 4, normal(3, 4), zeros(3, 4))


@cuda.jit(device=True)
def weighted(row, w):
    total = 0.0
    for k in range(row.shape[0]):
        total += row[k] * math.sin(w[k])
    return total


@kernel(active=("x", "w"), outputs=("x", "y"))
def rows(x, w, y):
    # views, and elements written through them
    i = cuda.grid(1)
    if i >= x.shape[0]:
        return
    mine = x[i]
    into = y[i]
    for k in range(mine.shape[0]):
        into[k] = mine[k] * weighted(x[i], w)
    mine[0] = into[1] * mine[0]


launch(rows, 2, 3, normal(4, 3), normal(3), zeros(4, 3), workspace=True)


@kernel(active=("x", "p"), outputs=("y",))
def guarded_element(x, p, y, k):
    # no thread reaches the element of p
    i = cuda.grid(1)
    if i < x.shape[0]:
        y[i] = x[i] * x[i]
        if k < p.shape[0]:
            y[i] = x[i] * p[k]


launch(guarded_element, 1, 6, normal(5), normal(2), zeros(5), 5)


LEVELS = 3


@kernel(active=("x", "k"), outputs=("total",))
def reduced(x, k, total):
    # a tree in the memory of a block, of a combination that is not linear
    part = cuda.shared.array(8, float64)
    i = cuda.grid(1)
    t = cuda.threadIdx.x
    if i < x.shape[0]:
        part[t] = math.sin(x[i])
    else:
        part[t] = 0.0
    cuda.syncthreads()
    m = 4
    for _ in range(LEVELS):
        if t < m:
            part[t] = part[t] + part[t + m] + k * part[t] * part[t + m]
        cuda.syncthreads()
        m //= 2
    if t == 0:
        cuda.atomic.add(total, 0, part[0])


launch(reduced, 2, 8, normal(13), 0.3, zeros(1))


@kernel(active=("u", "c"), outputs=("out",))
def tiled_heat(u, c, out):
    tile = cuda.shared.array(6, float64)
    i = cuda.grid(1)
    t = cuda.threadIdx.x + 1
    n = u.shape[0]
    if i < n:
        tile[t] = u[i]
        if t == 1 and i > 0:
            tile[0] = u[i - 1]
        if t == 4 and i + 1 < n:
            tile[5] = u[i + 1]
    cuda.syncthreads()
    if i > 0 and i < n - 1:
        v = tile[t]
        out[i] = v + c * (tile[t - 1] - 2.0 * v + tile[t + 1]) * (1.0 + v * v)
    elif i < n:
        out[i] = tile[t]


launch(tiled_heat, 3, 4, normal(10), 0.2, zeros(10))


@kernel(active=("a", "b"), outputs=("c",))
def tiled_product(a, b, c):
    # products of matrices, with a tile of each in the memory of a block
    left = cuda.shared.array((2, 2), float64)
    right = cuda.shared.array((2, 2), float64)
    i, j = cuda.grid(2)
    ti, tj = cuda.threadIdx.x, cuda.threadIdx.y
    total = 0.0
    for k in range(a.shape[1] // 2):
        left[ti, tj] = a[i, 2 * k + tj]
        right[ti, tj] = b[2 * k + ti, j]
        cuda.syncthreads()
        for s in range(2):
            total += left[ti, s] * right[s, tj]
        cuda.syncthreads()
    c[i, j] = total * total


launch(tiled_product, (2, 2), (2, 2), normal(4, 6), normal(6, 4), zeros(4, 4))


@kernel(active=("x", "p"), outputs=("y",))
def slow_sum(x, p, y, square):
    # `square` is known when the kernel is compiled
    i = cuda.grid(1)
    if i < x.shape[0]:
        v = abs(x[i]) + 0.5
        while v < 9.0:
            v = v * (1.05 + 0.01 * p[0]) + 0.01 * math.sin(v)
        if square:
            y[i] = v * v


launch(slow_sum, 1, 6, normal(5), normal(1), zeros(5), True)


@kernel(active=("x",), outputs=("y",))
def counted(x, b, y):
    # additions to the memory of a block
    sums = cuda.shared.array(3, float64)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    if t < 3:
        sums[t] = 0.0
    cuda.syncthreads()
    cuda.atomic.add(sums, b[i], x[i] * x[i])
    cuda.syncthreads()
    y[i] = math.sin(sums[b[i]]) * x[i]


launch(counted, 2, 5, normal(10), RNG.integers(0, 3, 10), zeros(10))


@kernel(active=("x",), outputs=("y",))
def steps_of_a_block(x, order, y, steps):
    # memory of a block overwritten in turns, and a table in it
    u = cuda.shared.array(6, float64)
    places = cuda.shared.array(6, int64)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    u[t] = x[i]
    places[t] = order[t]
    cuda.syncthreads()
    for _ in range(steps):
        new = u[t] + 0.3 * math.sin(u[places[t]]) * u[t] - 0.1 * u[(t + 5) % 6] ** 2
        cuda.syncthreads()
        u[t] = new
        cuda.syncthreads()
    y[i] = u[t] * u[5 - t]


launch(steps_of_a_block, 2, 6, normal(12), np.array([1, 2, 3, 4, 5, 0]), zeros(12), 3)


@kernel(active=("x", "y"), outputs=("y",))
def one_thread(x, y):
    # an element that all could name, and one thread does
    if cuda.grid(1) == 0:
        for k in range(x.shape[0]):
            y[0] = y[0] * x[k] + math.sin(y[0])


launch(one_thread, 2, 3, normal(4), normal(2), workspace=True)


@kernel(active=("x",), outputs=("y",))
def rows_of_neighbours(x, y):
    # rows that several threads read, elements of them in loops
    i = cuda.grid(1)
    if i >= x.shape[0]:
        return
    mine = x[i]
    next_row = x[(i + 1) % x.shape[0]]
    for k in range(x.shape[1]):
        for j in range(2):
            y[i, k] += mine[k] * next_row[j] * (j + 1) * mine[0]


launch(rows_of_neighbours, 2, 2, normal(3, 3), zeros(3, 3))


@kernel(active=("x",), outputs=("y",))
def levels_of_a_block(x, y):
    # a number that is the same for all threads decides about barriers, beside one that is not
    part = cuda.shared.array(4, float64)
    t = cuda.threadIdx.x
    part[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    v = 0.0
    m = 1
    for _ in range(LEVELS):
        v += part[(t + m) % 4] * math.cos(v)
        cuda.syncthreads()
        if m > 1:
            part[t] += v * v
            cuda.syncthreads()
        m += 1
    y[cuda.grid(1)] = v


launch(levels_of_a_block, 2, 4, normal(8), zeros(8))


@kernel(active=("x",), outputs=("y",))
def total_of_each_block(x, y):
    part = cuda.shared.array(4, float64)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    part[t] = math.sin(x[i]) * x[i] if i < x.shape[0] else 0.0
    cuda.syncthreads()
    for level in range(2):
        half = 2 >> level
        if t < half:
            part[t] = part[t] + part[t + half] * part[t]
        cuda.syncthreads()
    if t == 0:
        y[cuda.blockIdx.x] = part[0]


launch(total_of_each_block, 2, 4, normal(7), zeros(2))


@kernel(active=("x",), outputs=("y",))
def from_the_end(x, y, n):
    i = cuda.grid(1)
    if i < n:
        y[n - 1 - i] = x[i] * x[i]


launch(from_the_end, 2, 4, normal(7), zeros(7), 7)


@kernel(active=("u", "w"), outputs=("out",))
def flattened(u, w, out, rows, columns, depth):
    # elements of one axis that stand for three, and rows from their ends
    i, j, k = cuda.grid(3)
    if i < rows and j < columns - 1 and k < depth:
        at = (i * columns + j) * depth + k
        out[at] = u[at] * math.sin(w[j * depth + (depth - 1 - k)])
        if j == 0:
            out[(i * columns + columns - 1) * depth + k] = u[at] * u[at]


launch(flattened, (1, 2, 1), (2, 2, 3), normal(24), normal(9), zeros(24), 2, 4, 3)


@kernel(active=("u",), outputs=("out",))
def sorted_out(u, out):
    # elements that a branch chooses, at places that it computes
    i = cuda.grid(1)
    if i < u.shape[0]:
        s = u[i] * u[i]
        if s > 0.5:
            out[2 * i + 1] = math.log(s)
        elif u[i] > 0.0:
            out[2 * i] = s * s
        else:
            out[2 * i + 1] = s


launch(sorted_out, 2, 4, normal(7), zeros(14))


@kernel(active=("x",), outputs=("total",))
def summed_in_steps(x, total):
    # each thread adds up in steps, then threads of a block do in a tree
    part = cuda.shared.array(4, float64)
    t = cuda.threadIdx.x
    mine = 0.0
    for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
        mine += math.exp(-x[i] * x[i]) * math.sqrt(x[i] * x[i] + 1.0)
    part[t] = mine
    cuda.syncthreads()
    m = 2
    for _ in range(2):
        if t < m:
            part[t] = math.sqrt(part[t] * part[t] + part[t + m] * part[t + m])
        cuda.syncthreads()
        m >>= 1
    if t == 0:
        cuda.atomic.add(total, 0, part[0])


launch(summed_in_steps, 2, 4, normal(19), zeros(1))


@kernel(active=("x", "w"), outputs=("y", "z"))
def passes_in_steps(x, w, y, z):
    # a thread goes twice over elements of its own
    first, step = cuda.grid(1), cuda.gridsize(1)
    for i in range(first, x.shape[0], step):
        y[i] = math.sin(x[i]) * w[i]
    for i in range(first, x.shape[0], step):
        z[i] = y[i] * y[i] * x[i]


launch(passes_in_steps, 2, 3, normal(11), normal(11), zeros(11), zeros(11), workspace=True)


@kernel(active=("x",), outputs=("y",))
def squares_in_steps(x, y):
    # steps along two axes, and an element where none is taken
    i0, j0 = cuda.grid(2)
    n, m = cuda.gridsize(2)
    for i in range(i0, x.shape[0], n):
        for j in range(j0, x.shape[1], m):
            y[i, j] = x[i, j] * x[i, 0]
    for j in range(j0, x.shape[1], m):
        if i0 < x.shape[0]:
            y[i0, j] *= 2.0


launch(squares_in_steps, (1, 2), (2, 2), normal(5, 6), zeros(5, 6), workspace=True)


@kernel(active=("x",), outputs=("y",))
def halved_while(x, y, turns):
    # loops of which only the launch tells the length, and a number: a block ends, and runs again, as one
    part = cuda.shared.array(8, float64)
    t = cuda.threadIdx.x
    part[t] = math.sin(x[cuda.grid(1)])
    cuda.syncthreads()
    k = turns
    while k > 1:
        new = 0.3 * part[(t + 1) % 8] + 0.7 * math.sin(part[t])
        cuda.syncthreads()
        part[t] = new
        cuda.syncthreads()
        k -= 1
    m = cuda.blockDim.x // 2
    while m > 0:
        if t < m:
            part[t] += part[t] * part[t + m]
        cuda.syncthreads()
        m //= 2
    if t == 0:
        y[cuda.blockIdx.x] = part[0]


launch(halved_while, 2, 8, normal(16), zeros(2), 40)


@kernel(active=("x",), outputs=("y",))
def rows_of_a_block(x, turns, y):
    # a block takes several rows, each for a number of turns of its own
    part = cuda.shared.array(4, float64)
    t = cuda.threadIdx.x
    for r in range(cuda.blockIdx.x, x.shape[0], cuda.gridDim.x):
        part[t] = x[r, t]
        cuda.syncthreads()
        for k in range(turns[cuda.blockIdx.x]):
            new = part[(t + 1) % 4] * part[t] + 0.1 * k
            cuda.syncthreads()
            part[t] = new
            cuda.syncthreads()
        y[r, t] = part[(t + 1) % 4] * x[r, t]
        cuda.syncthreads()


launch(rows_of_a_block, 2, 4, normal(5, 4), np.array([2, 3]), zeros(5, 4))


@kernel(active=("x", "w"), outputs=("y",))
def elements_of_a_block(x, w, y):
    for r in range(cuda.blockIdx.x, x.shape[0], cuda.gridDim.x):
        for k in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
            y[r, k] = math.sin(x[r, k]) * w[k]


launch(elements_of_a_block, 2, 3, normal(5, 7), normal(7), zeros(5, 7))


@kernel(active=("x",), outputs=("y",))
def barriers_in_branches(x, y, flag, mode):
    part = cuda.shared.array(4, float64)
    t = cuda.threadIdx.x
    part[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    if flag > 0:
        a = part[(t + 1) % 4] * part[t]
        if mode > cuda.blockIdx.x:
            cuda.syncthreads()
            part[t] = a
            cuda.syncthreads()
            a += part[(t + 2) % 4] * a
        else:
            a = a * a
        cuda.syncthreads()
        part[t] = a
        cuda.syncthreads()
    y[cuda.grid(1)] = part[3 - t] * part[t]


launch(barriers_in_branches, 2, 4, np.cos(np.arange(8.0)), zeros(8), 1, 1)
