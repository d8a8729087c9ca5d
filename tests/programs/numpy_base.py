"""Models written as NumPy statements."""

import numpy as np

from tests.support.registry import program


def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def softmax_cross_entropy(w, x, labels):
    p = softmax(x @ w)
    return -np.mean(np.log(p[np.arange(len(labels)), labels]))


program(
    softmax_cross_entropy,
    lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(5, 3)), np.array([0, 3, 1, 1, 2])),
    (0, 1),
)


def logistic_regression(w, b, x, y):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.01 * np.sum(w**2)


program(
    logistic_regression,
    lambda rng: (rng.normal(size=3), 0.2, rng.normal(size=(6, 3)), rng.integers(0, 2, size=6)),
    (0, 1, 2),
)


def mlp(w1, b1, w2, b2, x, y):
    h = np.maximum(np.dot(x, w1) + b1, 0)
    out = np.tanh(h.dot(w2) + b2)
    return ((out - y) ** 2).mean()


program(
    mlp,
    lambda rng: (
        rng.normal(size=(3, 4)),
        rng.normal(size=4),
        rng.normal(size=(4, 2)),
        rng.normal(size=2),
        rng.normal(size=(5, 3)),
        rng.normal(size=(5, 2)),
    ),
    (0, 1, 2, 3, 4, 5),
)


def layer_norm(x, gain, bias, eps=1e-5):
    mu = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    return gain * (x - mu) / np.sqrt(var + eps) + bias


program(layer_norm, lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4)), (0, 1, 2))


def attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[-1])
    mask = np.tril(np.ones((len(q), len(k))))
    scores = np.where(mask == 1, scores, -1e9)
    return softmax(scores) @ v


program(attention, lambda rng: (rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), rng.normal(size=(3, 2))), (0, 1, 2))


def gaussian_kernel(x, y, scale):
    d2 = np.sum((x[:, None, :] - y[None, :, :]) ** 2, axis=2)
    return np.exp(-d2 / (2 * scale**2))


program(gaussian_kernel, lambda rng: (rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), 1.2), (0, 1, 2))


def cosine_similarities(a, b):
    na = np.sqrt(np.sum(a * a, axis=1))
    nb = np.sqrt((b**2).sum(1))
    return a @ b.T / np.outer(na, nb)


program(cosine_similarities, lambda rng: (rng.normal(size=(3, 2)), rng.normal(size=(4, 2))), (0, 1))


def clipped_and_chosen(x, y):
    a = np.clip(x, -0.5, 0.8)
    b = np.maximum(x, y) - np.minimum(x, 0.3)
    c = np.where(x > y, x**2, np.sin(y))
    return a * b + c


program(
    clipped_and_chosen,
    lambda rng: (np.array([-0.9, -0.1, 0.5, 1.4]), np.array([0.2, -0.6, 0.9, 0.1])),
    (0, 1),
)


def assembled_matrix(a, b):
    top = np.concatenate((a, b), axis=1)
    bottom = np.stack((a[0], b[0], a[1] * b[1]))
    return np.vstack([top, np.hstack((bottom[:2], bottom[1:]))]).T


program(assembled_matrix, lambda rng: (rng.normal(size=(2, 2)), rng.normal(size=(2, 2))), (0, 1))


def constructors(x, n):
    grid = np.linspace(0.0, 1.0, n)
    t = np.arange(n) / n
    basis = np.ones((2, n)) + np.zeros((1, n)) + np.full(n, 0.5) + np.eye(2, n)
    basis[1] *= grid
    out = np.empty(n)
    out[:] = x[0] * t + x[1] * basis[1]
    like = np.ones_like(out) * x[2] + np.zeros_like(x).sum() + np.full_like(out, 2.0)
    return out * like


program(constructors, lambda rng: (rng.normal(size=3), 5))


def array_from_scalars(x, y):
    v = np.array([x, y, x * y])
    A = np.array([[x, 1.0], [y, x]])
    return v @ v + np.sum(A @ np.array([y, x]))


program(array_from_scalars, lambda rng: (0.8, 1.3), (0, 1))


def reshaped_and_transposed(x):
    A = x.reshape((2, -1))
    B = np.reshape(x, (3, 2)).T
    C = np.transpose(x.reshape(1, 2, 3), (2, 0, 1))
    return A * B + C[:, 0, :].T @ np.ones((3, 3)) + np.ravel(A)[1]


program(reshaped_and_transposed, lambda rng: (rng.normal(size=6),))


def products_of_every_rank(A, x):
    return np.dot(x, A @ x) + np.sum(np.outer(x, x) * A) + np.inner(x, x) + np.vdot(A, A) + np.trace(A @ A.T)


program(products_of_every_rank, lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=3)), (0, 1))


def batched_products(A, B):
    return np.matmul(A, B) + A @ B[0]


program(batched_products, lambda rng: (rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 2, 4))), (0, 1))


def broadcast_shapes(a, b, c):
    return a * b + c / (1 + a**2) - b[:, :1]


program(broadcast_shapes, lambda rng: (rng.normal(size=4), rng.normal(size=(3, 4)), rng.normal(size=(3, 1))), (0, 1, 2))


def kernel_ridge(x, y, alpha):
    K = np.exp(-((x[:, None] - x[None, :]) ** 2))
    return y @ np.linalg.solve(K + alpha * np.eye(len(x)), y)


program(kernel_ridge, lambda rng: (rng.normal(size=4), rng.normal(size=4), 0.5), (0, 1, 2), refusable=True)


def gaussian_log_density(x, mean, L):
    S = L @ L.T + np.eye(len(mean))
    C = np.linalg.cholesky(S)
    z = np.linalg.solve(C, x - mean)
    return -0.5 * z @ z - np.sum(np.log(np.diag(C)))


program(
    gaussian_log_density,
    lambda rng: (rng.normal(size=3), rng.normal(size=3), rng.normal(size=(3, 3))),
    (0, 1, 2),
    refusable=True,
)


def elementwise_mixture(x, y):
    a = np.sin(x) * np.cos(y) + np.tan(0.3 * x) - np.arctan2(x, y) + np.hypot(x, y)
    b = np.exp(-(x**2)) + np.log1p(y**2) + np.sqrt(1 + x * x) + np.expm1(0.1 * x) + np.cbrt(1 + x * x)
    c = np.sinh(x) / np.cosh(y) + np.arcsin(0.4 * np.tanh(x)) + np.logaddexp(x, y) + np.abs(x) + np.square(y)
    return a * b + c


program(elementwise_mixture, lambda rng: (rng.normal(size=3), rng.uniform(0.5, 1.5, size=3)), (0, 1))


def gradient_of_images(img):
    gx = img[1:, :-1] - img[:-1, :-1]
    gy = img[:-1, 1:] - img[:-1, :-1]
    return np.sum(np.sqrt(gx**2 + gy**2 + 1e-3))


program(gradient_of_images, lambda rng: (rng.normal(size=(4, 4)),))


def matrix_exponential_series(A, terms):
    total = np.eye(A.shape[0])
    term = np.eye(A.shape[0])
    for k in range(1, terms):
        term = term @ A / k
        total = total + term
    return total


program(matrix_exponential_series, lambda rng: (0.5 * rng.normal(size=(3, 3)), 6))
