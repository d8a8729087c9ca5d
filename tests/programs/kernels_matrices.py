"""Kernels of linear algebra and of data analysis, as they are published: loops over rows, products of parts of rows."""

import numpy as np

from tests.support.registry import program


def durbin(r):
    y = np.empty_like(r)
    alpha = -r[0]
    beta = 1.0
    y[0] = -r[0]
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return np.sum(y**2)


program(durbin, lambda rng: (rng.random(6) * 0.3,))


def ludcmp(A, b):
    x = np.zeros_like(b)
    y = np.zeros_like(b)
    for i in range(A.shape[0]):
        for j in range(i):
            A[i, j] -= A[i, :j] @ A[:j, j]
            A[i, j] /= A[j, j]
        for j in range(i, A.shape[0]):
            A[i, j] -= A[i, :i] @ A[:i, j]
    for i in range(A.shape[0]):
        y[i] = b[i] - A[i, :i] @ y[:i]
    for i in range(A.shape[0] - 1, -1, -1):
        x[i] = (y[i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return x @ x


program(
    ludcmp,
    lambda rng: (
        rng.random((6, 6)) + 6 * np.eye(6),
        rng.random(6),
    ),
)


def nussinov(score):
    N = score.shape[0]
    t = np.zeros((N, N))
    for i in range(N - 1, -1, -1):
        for j in range(i + 1, N):
            if j - 1 >= 0:
                t[i, j] = max(t[i, j], t[i, j - 1])
            if i + 1 < N:
                t[i, j] = max(t[i, j], t[i + 1, j])
            if j - 1 >= 0 and i + 1 < N:
                if i < j - 1:
                    t[i, j] = max(t[i, j], t[i + 1, j - 1] + score[i] * score[j])
                else:
                    t[i, j] = max(t[i, j], t[i + 1, j - 1])
            for k in range(i + 1, j):
                t[i, j] = max(t[i, j], t[i, k] + t[k + 1, j])
    return t[0, N - 1]


program(nussinov, lambda rng: (rng.random(10),))


def spmv(vals, rows, cols, x):
    y = np.empty(rows.size - 1, vals.dtype)
    for i in range(rows.size - 1):
        c = cols[rows[i] : rows[i + 1]]
        v = vals[rows[i] : rows[i + 1]]
        y[i] = v @ x[c]
    return np.sum(np.sin(y))


program(
    spmv,
    lambda rng: (
        rng.random(8),
        np.array([0, 2, 3, 6, 8], dtype=np.uint32),
        np.array([0, 1, 2, 0, 1, 2, 3, 3], dtype=np.uint32),
        rng.random(4),
    ),
)


def symm(A, B, C):
    temp = np.empty((C.shape[1],), dtype=C.dtype)
    C *= 1.2
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            C[:i, j] += 1.5 * B[i, j] * A[i, :i]
            temp[j] = B[:i, j] @ A[i, :i]
        C[i, :] += 1.5 * B[i, :] * A[i, i] + 1.5 * temp
    return np.sum(C**2)


program(
    symm,
    lambda rng: (
        rng.random((6, 6)),
        rng.random((6, 7)),
        rng.random((6, 7)),
    ),
)


def syrk(A, C):
    for i in range(A.shape[0]):
        C[i, : i + 1] *= 1.2
        for k in range(A.shape[1]):
            C[i, : i + 1] += 1.5 * A[i, k] * A[: i + 1, k]
    return np.sum(C**2)


program(
    syrk,
    lambda rng: (
        rng.random((6, 5)),
        rng.random((6, 6)),
    ),
)


def trmm(A, B):
    for i in range(B.shape[0]):
        for j in range(B.shape[1]):
            B[i, j] += np.dot(A[i + 1 :, i], B[i + 1 :, j])
    B *= 1.5
    return np.sum(B * B)


program(
    trmm,
    lambda rng: (
        rng.random((6, 6)),
        rng.random((6, 5)),
    ),
)


def azimint(data, radius, npt):
    rmax = radius.max()
    res = np.zeros(npt)
    for i in range(npt):
        r1 = rmax * i / npt
        r2 = rmax * (i + 1) / npt
        mask = np.logical_and((r1 <= radius), (radius < r2))
        values = data[mask]
        res[i] = values.mean() if values.size > 0 else 0.0
    return np.sum(res**2)


program(
    azimint,
    lambda rng: (
        rng.random(20),
        rng.random(20) * 3,
        4,
    ),
)


def doitgen(A, C4):
    for r in range(A.shape[0]):
        A[r, :, :] = np.reshape(np.reshape(A[r], (4, 1, 5)) @ C4, (4, 5))
    return np.sum(A**2)


program(
    doitgen,
    lambda rng: (
        rng.random((3, 4, 5)),
        rng.random((5, 5)),
    ),
)


def nbody(pos, vel, mass):
    def acc(pos, mass):
        x = pos[:, 0:1]
        y = pos[:, 1:2]
        z = pos[:, 2:3]
        dx = x.T - x
        dy = y.T - y
        dz = z.T - z
        inv = dx**2 + dy**2 + dz**2 + 0.1**2
        inv[inv > 0] = inv[inv > 0] ** (-1.5)
        ax = (dx * inv) @ mass
        ay = (dy * inv) @ mass
        az = (dz * inv) @ mass
        return np.stack((ax, ay, az), axis=1)

    a = acc(pos, mass)
    dt = 0.01
    for _i in range(3):
        vel += a * dt / 2.0
        pos += vel * dt
        a = acc(pos, mass)
        vel += a * dt / 2.0
    KE = 0.5 * np.sum(np.reshape(mass, (-1, 1)) * vel**2)
    return KE


program(
    nbody,
    lambda rng: (
        rng.random((9, 3)),
        rng.random((9, 3)),
        rng.random(9) + 0.5,
    ),
)


def arc(theta, phi):
    t = (
        np.sin((theta[1:] - theta[:-1]) / 2) ** 2
        + np.cos(theta[:-1]) * np.cos(theta[1:]) * np.sin((phi[1:] - phi[:-1]) / 2) ** 2
    )
    return np.sum(2 * np.arctan2(np.sqrt(t), np.sqrt(1 - t)))


program(
    arc,
    lambda rng: (
        rng.random(12),
        rng.random(12),
    ),
)


def correlation(data):
    M, N = data.shape
    mean = np.mean(data, axis=0)
    std = np.std(data, axis=0)
    std[std <= 0.1] = 1.0
    data -= mean
    data /= np.sqrt(float(M)) * std
    corr = np.eye(N, dtype=data.dtype)
    for i in range(N - 1):
        corr[i + 1 : N, i] = corr[i, i + 1 : N] = data[:, i] @ data[:, i + 1 : N]
    return np.sum(corr**2)


program(correlation, lambda rng: (rng.random((5, 4)),))


def gramschmidt(A):
    Q = np.zeros_like(A)
    Rr = np.zeros((A.shape[1], A.shape[1]))
    for k in range(min(A.shape)):
        nrm = np.dot(A[:, k], A[:, k])
        Rr[k, k] = np.sqrt(nrm)
        Q[:, k] = A[:, k] / Rr[k, k]
        for j in range(k + 1, A.shape[1]):
            Rr[k, j] = np.dot(Q[:, k], A[:, j])
            A[:, j] -= Q[:, k] * Rr[k, j]
    return np.sum(Rr**3) + np.sum(np.sin(Q))


program(gramschmidt, lambda rng: (rng.random((6, 7)),))
