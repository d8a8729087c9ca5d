"""Direct and iterative solvers written as loops."""

import numpy as np

from tests.support.registry import program


def _dominant(rng, n):
    return rng.normal(size=(n, n)) + 2.0 * n * np.eye(n)


def _positive(rng, n):
    m = rng.normal(size=(n, n))
    return m @ m.T + n * np.eye(n)


def forward_substitution(L, b):
    x = np.zeros_like(b)
    for i in range(len(b)):
        s = b[i]
        for j in range(i):
            s -= L[i, j] * x[j]
        x[i] = s / L[i, i]
    return x


program(forward_substitution, lambda rng: (_dominant(rng, 4), rng.normal(size=4)), (0, 1))


def back_substitution(U, b):
    n = U.shape[0]
    x = b.copy()
    for i in range(n - 1, -1, -1):
        x[i] -= U[i, i + 1 :] @ x[i + 1 :]
        x[i] /= U[i, i]
    return x


program(back_substitution, lambda rng: (_dominant(rng, 4), rng.normal(size=4)), (0, 1))


def lu_in_place(a):
    n = a.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    return a


program(lu_in_place, lambda rng: (_dominant(rng, 4),))


def lu_slices(a):
    a = a.copy()
    for k in range(len(a) - 1):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return a


program(lu_slices, lambda rng: (_dominant(rng, 4),))


def gauss_with_pivots(A, b):
    A = A.copy()
    b = b.copy()
    n = len(b)
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(A[i, k]) > abs(A[p, k]):
                p = i
        if p != k:
            for j in range(n):
                A[k, j], A[p, j] = A[p, j], A[k, j]
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            m = A[i, k] / A[k, k]
            A[i, k:] = A[i, k:] - m * A[k, k:]
            b[i] -= m * b[k]
    x = np.empty(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - np.dot(A[i, i + 1 :], x[i + 1 :])) / A[i, i]
    return x


program(gauss_with_pivots, lambda rng: (_dominant(rng, 4)[::-1].copy(), rng.normal(size=4)), (0, 1))


def cholesky_loops(A):
    n = A.shape[0]
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, j] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return L


program(cholesky_loops, lambda rng: (_positive(rng, 4),))


def log_determinant(A):
    A = A.copy()
    n = len(A)
    logdet = 0.0
    for k in range(n):
        pivot = A[k, k]
        logdet += np.log(pivot)
        for i in range(k + 1, n):
            factor = A[i, k] / pivot
            for j in range(k, n):
                A[i, j] -= factor * A[k, j]
    return logdet


program(log_determinant, lambda rng: (_positive(rng, 4),))


def gauss_seidel(A, b, sweeps):
    x = np.zeros(b.shape[0])
    for _ in range(sweeps):
        for i in range(len(b)):
            sigma = 0.0
            for j in range(len(b)):
                if j != i:
                    sigma += A[i, j] * x[j]
            x[i] = (b[i] - sigma) / A[i, i]
    return x


program(gauss_seidel, lambda rng: (_dominant(rng, 4), rng.normal(size=4), 3), (0, 1))


def sor(A, b, omega, tol):
    x = np.zeros_like(b)
    for _ in range(100):
        largest = 0.0
        for i in range(b.size):
            old = x[i]
            r = b[i] - A[i, :i] @ x[:i] - A[i, i + 1 :] @ x[i + 1 :]
            x[i] = (1 - omega) * old + omega * r / A[i, i]
            largest = max(largest, abs(x[i] - old))
        if largest < tol:
            break
    return x


program(sor, lambda rng: (_dominant(rng, 4), rng.normal(size=4), 1.1, 1e-13), (0, 1))


def thomas(a, b, c, d):
    n = len(d)
    cp = np.zeros(n)
    dp = np.zeros(n)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i] * cp[i - 1]
        cp[i] = c[i] / m
        dp[i] = (d[i] - a[i] * dp[i - 1]) / m
    x = np.zeros(n)
    x[n - 1] = dp[n - 1]
    for i in range(n - 2, -1, -1):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return x


program(
    thomas,
    lambda rng: (rng.normal(size=6), 4 + rng.normal(size=6), rng.normal(size=6), rng.normal(size=6)),
    (0, 1, 2, 3),
)


def thomas_in_place(a, b, c, d):
    n = len(d)
    for i in range(1, n):
        w = a[i] / b[i - 1]
        b[i] -= w * c[i - 1]
        d[i] -= w * d[i - 1]
    d[-1] /= b[-1]
    for i in reversed(range(n - 1)):
        d[i] = (d[i] - c[i] * d[i + 1]) / b[i]
    return d


program(
    thomas_in_place,
    lambda rng: (rng.normal(size=5), 5 + rng.normal(size=5), rng.normal(size=5), rng.normal(size=5)),
    (0, 1, 2, 3),
)


def conjugate_gradient(A, b, steps):
    x = np.zeros_like(b)
    r = b - A @ x
    p = r.copy()
    rs = r @ r
    for _ in range(steps):
        ap = A @ p
        alpha = rs / (p @ ap)
        x += alpha * p
        r -= alpha * ap
        new = r @ r
        p = r + (new / rs) * p
        rs = new
    return x


program(conjugate_gradient, lambda rng: (_positive(rng, 4), rng.normal(size=4), 2), (0, 1))


def gram_schmidt(A):
    Q = A.copy()
    for k in range(A.shape[1]):
        for j in range(k):
            Q[:, k] -= np.dot(Q[:, j], A[:, k]) * Q[:, j]
        Q[:, k] /= np.sqrt(np.sum(Q[:, k] ** 2))
    return Q


program(gram_schmidt, lambda rng: (rng.normal(size=(4, 3)),))


def gauss_jordan_inverse(A):
    n = A.shape[0]
    M = np.concatenate((A, np.eye(n)), axis=1)
    for k in range(n):
        M[k] = M[k] / M[k, k]
        for i in range(n):
            if i != k:
                M[i] -= M[i, k] * M[k]
    return M[:, n:]


program(gauss_jordan_inverse, lambda rng: (_dominant(rng, 3),))


def householder_triangle(A):
    R = A.copy()
    n = R.shape[1]
    for k in range(n):
        x = R[k:, k].copy()
        x[0] += np.sign(x[0]) * np.sqrt(np.sum(x**2))
        x /= np.sqrt(np.sum(x**2))
        R[k:, k:] -= 2.0 * np.outer(x, x @ R[k:, k:])
    return R[:n]


program(householder_triangle, lambda rng: (rng.normal(size=(4, 3)) + np.eye(4, 3),))
