"""Sparse products, matrix products by loops, and sums over pairs of bodies."""

import math

import numpy as np

from tests.support.registry import program

ROWS = np.array([0, 2, 3, 3, 6])
COLS = np.array([0, 2, 1, 0, 2, 4])


def csr_matvec_loops(data, indices, indptr, x):
    n = len(indptr) - 1
    y = np.zeros(n)
    for i in range(n):
        for k in range(indptr[i], indptr[i + 1]):
            y[i] += data[k] * x[indices[k]]
    return y


program(csr_matvec_loops, lambda rng: (rng.normal(size=6), COLS.copy(), ROWS.copy(), rng.normal(size=5)), (0, 3))


def csr_matvec_slices(data, cols, rowptr, x):
    y = np.empty(rowptr.size - 1)
    for i in range(rowptr.size - 1):
        a, b = rowptr[i], rowptr[i + 1]
        y[i] = np.dot(data[a:b], x[cols[a:b]])
    return y


program(csr_matvec_slices, lambda rng: (rng.normal(size=6), COLS.copy(), ROWS.copy(), rng.normal(size=5)), (0, 3))


def csr_rayleigh_quotient(data, cols, rowptr, x):
    top = 0.0
    for i in range(len(rowptr) - 1):
        row = 0.0
        for a, j in zip(data[rowptr[i] : rowptr[i + 1]], cols[rowptr[i] : rowptr[i + 1]], strict=True):
            row += a * x[j]
        top += x[i] * row
    return top / np.sum(x**2)


program(csr_rayleigh_quotient, lambda rng: (rng.normal(size=6), COLS.copy(), ROWS.copy(), rng.normal(size=5)), (0, 3))


def coo_accumulate(rows, cols, values, x, n):
    y = np.zeros(n)
    for r, c, v in zip(rows, cols, values):  # noqa: B905
        y[r] += v * x[c] ** 2
    return y


program(
    coo_accumulate,
    lambda rng: (np.array([0, 1, 1, 3, 0]), np.array([2, 0, 0, 1, 2]), rng.normal(size=5), rng.normal(size=3), 4),
    (2, 3),
)


def matmul_triple_loop(A, B):
    n, m = A.shape
    p = B.shape[1]
    C = np.zeros((n, p))
    for i in range(n):
        for j in range(p):
            for k in range(m):
                C[i, j] += A[i, k] * B[k, j]
    return C


program(matmul_triple_loop, lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(4, 2))), (0, 1))


def matmul_blocked(A, B, block):
    n = A.shape[0]
    C = np.zeros((n, n))
    for i in range(0, n, block):
        for j in range(0, n, block):
            for k in range(0, n, block):
                C[i : i + block, j : j + block] += A[i : i + block, k : k + block] @ B[k : k + block, j : j + block]
    return C


program(matmul_blocked, lambda rng: (rng.normal(size=(5, 5)), rng.normal(size=(5, 5)), 2), (0, 1))


def nbody_energy(pos, mass):
    n = len(mass)
    energy = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            dx = pos[j, 0] - pos[i, 0]
            dy = pos[j, 1] - pos[i, 1]
            dz = pos[j, 2] - pos[i, 2]
            energy -= mass[i] * mass[j] / math.sqrt(dx * dx + dy * dy + dz * dz)
    return energy


program(nbody_energy, lambda rng: (rng.normal(size=(4, 3)), rng.uniform(0.5, 2, size=4)), (0, 1))


def nbody_steps(pos, vel, mass, dt, steps):
    n = mass.shape[0]
    pos = pos.copy()
    vel = vel.copy()
    for _ in range(steps):
        for i in range(n):
            acc = np.zeros(3)
            for j in range(n):
                if i == j:
                    continue
                d = pos[j] - pos[i]
                acc += mass[j] * d / (np.sum(d**2) + 0.1) ** 1.5
            vel[i] += dt * acc
        pos += dt * vel
    return pos, vel


program(
    nbody_steps,
    lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.uniform(0.5, 2, size=3), 0.05, 3),
    (0, 1, 2, 3),
)


def lennard_jones_cutoff(x, eps, sigma, cutoff):
    total = 0.0
    for i in range(len(x)):
        for j in range(i):
            r2 = ((x[i] - x[j]) ** 2).sum()
            if r2 > cutoff * cutoff:
                continue
            s6 = (sigma * sigma / r2) ** 3
            total += 4 * eps * (s6 * s6 - s6)
    return total


def _lattice(rng):
    grid = np.array([[i, j] for i in range(2) for j in range(3)], dtype=float)
    return grid * 1.2 + 0.05 * rng.normal(size=grid.shape)


program(lennard_jones_cutoff, lambda rng: (_lattice(rng), 0.9, 1.0, 2.1), (0, 1, 2))


def pairwise_forces_vectorised(x):
    d = x[:, None, :] - x[None, :, :]
    r2 = np.sum(d * d, axis=-1) + np.eye(len(x))
    return np.sum(d / r2[:, :, None] ** 1.5, axis=1)


program(pairwise_forces_vectorised, lambda rng: (rng.normal(size=(4, 2)),))


def neighbour_list_energy(x, neighbours, counts):
    e = 0.0
    for i in range(x.shape[0]):
        for k in range(counts[i]):
            j = neighbours[i, k]
            e += 0.5 * np.exp(-((x[i] - x[j]) ** 2))
    return e


program(
    neighbour_list_energy,
    lambda rng: (rng.normal(size=4), np.array([[1, 2], [0, 0], [0, 3], [2, 0]]), np.array([2, 1, 2, 0])),
)
