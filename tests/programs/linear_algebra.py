"""Programs built on factorisations, linear systems and sums of products."""

import numpy as np

from tests.support.registry import program


def positive(rng, n):
    a = rng.normal(size=(n, n))
    return a @ a.T / n + np.eye(n)


def gaussian_process_likelihood(x, y, scale, noise):
    d2 = (x[:, None] - x[None, :]) ** 2
    k = np.exp(-0.5 * d2 / scale**2) + noise**2 * np.eye(len(x))
    factor = np.linalg.cholesky(k)
    alpha = np.linalg.solve(factor.T, np.linalg.solve(factor, y))
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(factor))) + 0.5 * len(x) * np.log(2 * np.pi)


program(
    gaussian_process_likelihood,
    lambda rng: (np.sort(rng.normal(size=5)), rng.normal(size=5), 0.8, 0.4),
    (0, 1, 2, 3),
)


def kalman_filter(transition, observe, process, measure, y):
    state, spread = np.zeros(2), np.eye(2)
    total = 0.0
    for k in range(len(y)):
        state = transition @ state
        spread = transition @ spread @ transition.T + process
        seen = observe @ spread @ observe.T + measure
        miss = y[k] - observe @ state
        gain = spread @ observe.T @ np.linalg.inv(seen)
        state = state + gain @ miss
        spread = (np.eye(2) - gain @ observe) @ spread
        total += 0.5 * (np.linalg.slogdet(seen)[1] + miss @ np.linalg.solve(seen, miss))
    return total


program(
    kalman_filter,
    lambda rng: (
        np.array([[1.0, 0.3], [-0.2, 0.9]]),
        rng.normal(size=(2, 2)),
        0.1 * np.eye(2),
        0.3 * np.eye(2),
        rng.normal(size=(4, 2)),
    ),
    (0, 1, 2, 3, 4),
)


def principal_components(x):
    centred = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(x))
    scores = centred @ vectors[:, -2:]
    return np.sum(scores**4) / np.sum(values)


program(principal_components, lambda rng: (rng.normal(size=(6, 3)) * np.array([1.0, 2.0, 4.0]),))


def least_squares(a, y):
    x, residual, rank, values = np.linalg.lstsq(a, y, rcond=None)
    return np.sum(x**2) + residual[0] + 0.1 * rank * values[0]


program(least_squares, lambda rng: (rng.normal(size=(6, 3)), rng.normal(size=6)), (0, 1))


def ridge_regression(x, y, weight):
    w = np.linalg.solve(x.T @ x + weight * np.eye(x.shape[1]), x.T @ y)
    return np.mean((x @ w - y) ** 2)


program(ridge_regression, lambda rng: (rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), 0.3), (0, 1, 2))


def orthogonal_iteration(a):
    q = np.eye(len(a))[:, :2]
    for _ in range(4):
        q, r = np.linalg.qr(a @ q)
    return np.log(np.abs(np.diag(r)))


program(orthogonal_iteration, lambda rng: (positive(rng, 4) + np.diag([4.0, 2.0, 0.0, 0.0]),))


def low_rank_error(a):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    near = (u[:, :2] * s[:2]) @ vh[:2]
    return np.linalg.norm(a - near) + np.linalg.norm(a, 2) + np.linalg.norm(a, "nuc")


program(low_rank_error, lambda rng: (rng.normal(size=(5, 4)),))


def determinant_of_singular(a):
    return np.linalg.det(a) + np.sum(np.linalg.det(np.stack([a, a + np.eye(3)])))


program(determinant_of_singular, lambda rng: (np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.5, -1.0, 2.0]]),))


def degenerate_eigenvalues(a):
    values = np.linalg.eigvalsh(a)
    return np.sum(values**3)


program(degenerate_eigenvalues, lambda rng: (np.diag([2.0, 2.0, 2.0, 1.0]),))


def whitening(x):
    centred = x - np.mean(x, axis=0)
    factor = np.linalg.cholesky(centred.T @ centred / len(x))
    return np.linalg.inv(factor) @ centred.T


program(whitening, lambda rng: (rng.normal(size=(7, 3)),))


def normal_flow(a, b, v):
    p = np.linalg.pinv(a)
    return np.linalg.multi_dot([p, b, v]) + np.linalg.matrix_power(p @ a, 3)[0]


program(normal_flow, lambda rng: (rng.normal(size=(5, 3)), rng.normal(size=(5, 4)), rng.normal(size=4)), (0, 1, 2))


def one_matrix_for_several_systems(a, b):
    x = b
    for _ in range(3):
        x = np.linalg.solve(a, x) + b
    back = np.linalg.solve(a.T, x)
    return back @ np.linalg.solve(a, b) + np.linalg.slogdet(a)[1] * x[0]


program(
    one_matrix_for_several_systems,
    lambda rng: (np.asfortranarray(rng.normal(size=(4, 4))[::-1] + 3 * np.eye(4)[:, ::-1]), rng.normal(size=4)),
    (0, 1),
)


def implicit_steps(x, stiff, steps):
    for k in range(steps):
        if k % 2 == 0:
            stiff[k, k] += 0.5 * x[k]
        jacobian = np.eye(len(x)) + 0.1 * (stiff + np.diag(x**2))
        x = np.linalg.solve(jacobian, x)
    return x


program(implicit_steps, lambda rng: (rng.normal(size=4), rng.normal(size=(4, 4)), 4), (0, 1))


def stacks_of_systems(a, b):
    x = np.linalg.solve(a, b)
    return np.sum(x * np.linalg.inv(a)[:, :, :2], axis=(1, 2)) + np.linalg.slogdet(a)[1]


program(
    stacks_of_systems,
    lambda rng: (rng.normal(size=(2, 3, 3)) + 3 * np.eye(3), rng.normal(size=(2, 3, 2))),
    (0, 1),
)


def attention_by_einsum(q, k, v):
    scores = np.einsum("bihd,bjhd->bhij", q, k) / np.sqrt(q.shape[-1])
    scores = np.where(np.tril(np.ones((q.shape[1], k.shape[1]))) > 0, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.einsum("bhij,bjhd->bihd", weights, v)


program(
    attention_by_einsum,
    lambda rng: (rng.normal(size=(2, 3, 2, 2)), rng.normal(size=(2, 3, 2, 2)), rng.normal(size=(2, 3, 2, 2))),
    (0, 1, 2),
)


def sums_of_products(a, b, v):
    c = np.einsum("ij,jk,k->i", a, b, v)
    t = np.tensordot(np.kron(a, b).reshape(3, 3, 3, 3), a, axes=([1, 2], [0, 1]))
    return c * np.einsum("ii->i", a) + np.einsum("ij->i", t) + np.vecdot(a, b)


program(
    sums_of_products,
    lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)),
    (0, 1, 2),
)


def single_precision_solve(a, b):
    return np.linalg.solve(a, b) + np.linalg.cholesky(a @ a.T) @ b


program(
    single_precision_solve,
    lambda rng: ((rng.normal(size=(3, 3)) + 3 * np.eye(3)).astype(np.float32), rng.normal(size=3).astype(np.float32)),
    (0, 1),
)


def products_where_they_are_stored(a, b, y):
    for k in range(y.shape[0]):
        y[k] = a @ b
        y[k].T[...] += np.sin(a) @ b
        y[k, ::2] += b[::2] @ a
        p = a @ y[k]
        y[k] = p
        q = b @ a
        a *= 0.5
        y[k] += q
        r = a @ b
        y[k] -= r
        y[k] += r
    b[:] = b @ a
    b += b @ a
    a[1:] += b[1:] @ b
    y[0] += a @ y[1]
    return np.sum(y**2) + np.sum(a * b)


program(
    products_where_they_are_stored,
    lambda rng: (rng.normal(size=(5, 5)), rng.normal(size=(5, 5)), rng.normal(size=(2, 5, 5))),
    (0, 1, 2),
)


def normal_densities(x, spread):
    """A determinant, an inverse and systems of one matrix, before and after it changes in place."""
    total = 0.0
    for k in range(x.shape[0]):
        total += np.log(np.linalg.det(spread)) + x[k] @ np.linalg.solve(spread, x[k])
        nearest = np.linalg.inv(spread)
        spread[k, k] += 0.3 * x[k, 0] ** 2 + 0.1
        total -= np.linalg.det(spread) * np.sum(np.linalg.inv(spread) @ nearest)
        if total > 0.0:
            total -= np.sum(np.linalg.inv(spread)[0] * x[k])
    return total


program(
    normal_densities,
    lambda rng: (rng.normal(size=(3, 3)), 0.2 * rng.normal(size=(3, 3)) + 2 * np.eye(3)),
    (0, 1),
)
