"""Single precision stays single precision; other layouts and types of arguments."""

import math

import numpy as np

from tests.support.registry import program


def _single(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def relu_float32(x):
    return np.maximum(x, 0.0) * 0.5 + np.where(x > 0, x, 0.0) ** 2.0


program(relu_float32, lambda rng: (_single(rng, 6),))


def recurrence_float32(x, a):
    y = np.zeros_like(x)
    for i in range(1, len(x)):
        y[i] = a * y[i - 1] + 0.5 * x[i] ** 2
    return y


program(recurrence_float32, lambda rng: (_single(rng, 6), 0.7), (0, 1))


def stencil_float32(u, steps):
    u = u.copy()
    v = np.empty(u.shape, dtype=u.dtype)
    for _ in range(steps):
        v[:] = u
        u[1:-1] = v[1:-1] + 0.1 * (v[2:] - 2 * v[1:-1] + v[:-2])
    return u


program(stencil_float32, lambda rng: (_single(rng, 7), 3))


def mlp_float32(w, b, x):
    h = np.tanh(x @ w + b)
    return np.mean(h**2) + 0.1 * np.sum(w * w)


program(mlp_float32, lambda rng: (_single(rng, 3, 2), _single(rng, 2), _single(rng, 4, 3)), (0, 1, 2))


def scalar_float32(x):
    y = x * 0.5
    return y * y + np.sin(y) / 3


program(scalar_float32, lambda rng: (np.float32(0.8),))


def sums_float32(A):
    rows = A.sum(axis=1)
    total = A.dtype.type(0)
    for r in rows:
        total += r * r
    return total


program(sums_float32, lambda rng: (_single(rng, 3, 4),))


def mixed_precision(a, b):
    return a * b + np.sum(a) * 2.0


program(mixed_precision, lambda rng: (_single(rng, 4), rng.normal(size=4)), (0, 1))


def float32_through_math(x):
    s = 0.0
    for v in x:
        s += math.exp(-v * v) * v
    return s


program(float32_through_math, lambda rng: (_single(rng, 5),))


def any_layout(A, x):
    total = 0.0
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            total += A[i, j] ** 2 * x[j]
    return total + np.sum(A @ x)


program(any_layout, lambda rng: (np.asfortranarray(rng.normal(size=(3, 4))), rng.normal(size=4)), (0, 1))
program(
    any_layout,
    lambda rng: (rng.normal(size=(6, 8))[::2, ::-2], rng.normal(size=4)[::-1]),
    (0, 1),
    name="strided_and_reversed",
)
program(
    any_layout,
    lambda rng: (rng.normal(size=(3, 4, 2)).transpose(2, 1, 0)[0].T, rng.normal(size=4)),
    (0, 1),
    name="transposed_slice",
)


def _frozen(x):
    x.flags.writeable = False
    return x


program(any_layout, lambda rng: (_frozen(rng.normal(size=(3, 4))), rng.normal(size=4)), (0, 1), name="read_only")


def integers_and_floats(counts, rates):
    total = 0.0
    for i in range(len(counts)):
        total += counts[i] * np.log(rates[i]) - rates[i] - math.lgamma(counts[i] + 1.0)
    return total + np.sum(counts / 2 * rates)


program(integers_and_floats, lambda rng: (np.array([2, 0, 5], dtype=np.int32), rng.uniform(0.5, 2, size=3)), (1,))


def boolean_argument(x, used, scale_up):
    y = np.where(used, x**2, x)
    if scale_up:
        y = y * 2
    return y


program(boolean_argument, lambda rng: (rng.normal(size=4), np.array([True, False, True, True]), True))


def weights_chosen_among_python_numbers(x):
    return np.sum(np.where(x > 0, 1.0, 0.5) * x * x)


program(weights_chosen_among_python_numbers, lambda rng: (rng.normal(size=5).astype(np.float32),))


def double_from_the_second_step_on(w, x):
    """A state in single precision meets arrays that NumPy makes in double precision."""
    h = np.tanh(w @ x)
    for _ in range(3):
        mixed = np.zeros((2, len(x)))
        mixed[0] = h
        mixed[1] = w @ h
        h = h * 0.5 + mixed[0] * mixed[1]
    return np.sum(h)


program(
    double_from_the_second_step_on,
    lambda rng: (rng.normal(size=(3, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32)),
    argnums=(0, 1),
)
