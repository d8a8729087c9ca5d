"""Stencils: neighbours in space, loops in time, buffers that change places."""

import numpy as np

from tests.support.registry import program


def heat_1d_two_buffers(u, k, steps):
    v = u.copy()
    u = u.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            v[i] = u[i] + k * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        u, v = v, u
    return np.sum(u**2)


program(heat_1d_two_buffers, lambda rng: (rng.normal(size=8), 0.2, 5), (0, 1))


def nonlinear_diffusion_two_buffers(u, steps):
    v = np.zeros_like(u)
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            v[i] = u[i] + 0.1 * u[i] * (u[i - 1] - 2 * u[i] + u[i + 1])
        v[0] = u[0]
        v[-1] = u[-1]
        u, v = v, u
    return u


program(nonlinear_diffusion_two_buffers, lambda rng: (rng.uniform(0.5, 1.5, size=7), 4))


def heat_2d_slices(u, alpha, steps):
    u = u.copy()
    for _ in range(steps):
        new = u.copy()
        new[1:-1, 1:-1] = u[1:-1, 1:-1] + alpha * (
            u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        )
        u = new
    return u


program(heat_2d_slices, lambda rng: (rng.normal(size=(5, 6)), 0.1, 3), (0, 1))


def heat_in_place(u, steps):
    for _ in range(steps):
        u[1:-1] += 0.25 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.dot(u, u)


program(heat_in_place, lambda rng: (rng.normal(size=9), 4))


def burgers(u, dt, dx, nu, steps):
    un = np.empty_like(u)
    for _ in range(steps):
        un[:] = u
        u[1:-1] = (
            un[1:-1] - dt / dx * un[1:-1] * (un[1:-1] - un[:-2]) + nu * dt / dx**2 * (un[2:] - 2 * un[1:-1] + un[:-2])
        )
        u[0] = u[-2]
        u[-1] = u[1]
    return u


program(burgers, lambda rng: (1 + 0.3 * rng.normal(size=8), 0.01, 0.2, 0.07, 4), (0, 1, 2, 3))


def wave_three_buffers(u0, c, steps):
    previous = u0.copy()
    current = u0.copy()
    following = np.zeros(len(u0))
    for _ in range(steps):
        for i in range(1, len(u0) - 1):
            lap = current[i + 1] - 2 * current[i] + current[i - 1]
            following[i] = 2 * current[i] - previous[i] + c[i] ** 2 * lap
        previous, current, following = current, following, previous
    return np.sum(current**2)


program(wave_three_buffers, lambda rng: (rng.normal(size=7), rng.uniform(0.3, 0.7, size=7), 5), (0, 1))


def jacobi_poisson(f, sweeps):
    n, m = f.shape
    p = np.zeros((n, m))
    q = np.zeros((n, m))
    for _ in range(sweeps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                q[i, j] = 0.25 * (p[i - 1, j] + p[i + 1, j] + p[i, j - 1] + p[i, j + 1] - f[i, j])
        p, q = q, p
    return np.sum(p * f)


program(jacobi_poisson, lambda rng: (rng.normal(size=(5, 5)), 4))


def upwind_in_place(q, a, steps):
    for _ in range(steps):
        for i in range(len(q) - 1, 0, -1):
            q[i] -= a * q[i] * (q[i] - q[i - 1])
    return q


program(upwind_in_place, lambda rng: (rng.uniform(0.5, 1.5, size=7), 0.2, 3), (0, 1))


def periodic_stencil(x, w):
    n = len(x)
    out = np.zeros(n)
    for i in range(n):
        for k in range(len(w)):
            out[i] += w[k] * x[(i + k - 1) % n]
    return out


program(periodic_stencil, lambda rng: (rng.normal(size=6), rng.normal(size=3)), (0, 1))


def torus(u, k):
    rows, columns = u.shape
    energy = 0.0
    for i in range(rows):
        for j in range(columns):
            around = (
                u[(i + 1) % rows, j] * u[i, (j + 1) % columns]
                - u[(i - 1) % rows, j] * u[i, (j + columns - 1) % columns]
            )
            energy += k * around * u[i, j] ** 2
    return energy


program(torus, lambda rng: (rng.normal(size=(4, 3)), 0.7), (0, 1))


def convolve_2d_loops(image, kernel):
    h, w = image.shape
    kh, kw = kernel.shape
    out = np.zeros((h - kh + 1, w - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            s = 0.0
            for a in range(kh):
                for b in range(kw):
                    s += image[i + a, j + b] * kernel[a, b]
            out[i, j] = s
    return out


program(convolve_2d_loops, lambda rng: (rng.normal(size=(5, 4)), rng.normal(size=(2, 3))), (0, 1))


def convolve_2d_windows(image, kernel):
    kh, kw = kernel.shape
    out = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return np.tanh(out)


program(convolve_2d_windows, lambda rng: (rng.normal(size=(4, 5)), rng.normal(size=(3, 2))), (0, 1))


def leapfrog_maxwell(e, h, c, steps):
    for _ in range(steps):
        h[:-1] += c * (e[1:] - e[:-1])
        e[1:] += c * (h[1:] - h[:-1])
        e[0] = 0.0
    return np.sum(e * e) + np.sum(h * h)


program(leapfrog_maxwell, lambda rng: (rng.normal(size=6), rng.normal(size=6), 0.4, 4), (0, 1, 2))


def game_of_life_score(board, weights, steps):
    n, m = board.shape
    score = 0.0
    for _ in range(steps):
        new = np.zeros_like(board)
        for i in range(n):
            for j in range(m):
                alive = 0
                for di in range(-1, 2):
                    for dj in range(-1, 2):
                        if di != 0 or dj != 0:
                            alive += board[(i + di) % n, (j + dj) % m]
                if alive == 3 or (board[i, j] == 1 and alive == 2):
                    new[i, j] = 1
                    score += weights[i, j] ** 2 * alive
        board = new
    return score


program(game_of_life_score, lambda rng: (rng.integers(0, 2, size=(5, 5)), rng.normal(size=(5, 5)), 3), (1,))


def gray_scott(u, v, feed, kill, steps):
    for _ in range(steps):
        lu = np.roll(u, 1) + np.roll(u, -1) - 2 * u
        lv = np.roll(v, 1) + np.roll(v, -1) - 2 * v
        uvv = u * v * v
        u = u + 0.16 * lu - uvv + feed * (1 - u)
        v = v + 0.08 * lv + uvv - (feed + kill) * v
    return np.sum(u * v)


program(
    gray_scott,
    lambda rng: (rng.uniform(0.4, 1, size=6), rng.uniform(0.1, 0.4, size=6), 0.035, 0.06, 4),
    (0, 1, 2, 3),
)


def max_pool(x, size):
    h, w = x.shape[0] // size, x.shape[1] // size
    out = np.full((h, w), -np.inf)
    for i in range(h * size):
        for j in range(w * size):
            if x[i, j] > out[i // size, j // size]:
                out[i // size, j // size] = x[i, j]
    return out


program(max_pool, lambda rng: (rng.permutation(20).reshape(4, 5) * 0.3, 2))


def loop_from_a_negative_start(x):
    n = len(x)
    y = np.zeros(n)
    for i in range(-2, n - 4):
        y[i + 2] = x[i + 2] * 2.0 + x[i + 3] * x[i + 3] + np.sin(x[i + 4])
    return np.sum(y * y)


program(loop_from_a_negative_start, lambda rng: (rng.normal(size=9),))


def reaction_on_a_plane(u, c, steps):
    n, m = u.shape
    u = u.copy()
    v = u.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                around = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j]
                v[i, j] = u[i, j] + c * around - 0.1 * u[i, j] ** 3
        u, v = v, u
    return np.sum(u**2)


program(reaction_on_a_plane, lambda rng: (rng.normal(size=(5, 6)), 0.1, 3))
program(
    reaction_on_a_plane, lambda rng: (rng.normal(size=(5, 6)), 0.1, 3), (0, 1), name="reaction_on_a_plane_and_its_rate"
)
