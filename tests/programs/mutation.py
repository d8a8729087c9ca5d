"""Programs that overwrite what they were given, or what they need again."""

import math

import numpy as np

from tests.support.registry import program


def square_in_place_twice(x):
    x *= x
    x *= x
    return np.sum(x)


program(square_in_place_twice, lambda rng: (rng.normal(size=4),))


def overwritten_but_needed(x):
    y = np.sin(x)
    z = y * x
    y[:] = z * y
    x[0] = y[1]
    return np.sum(x * y * z)


program(overwritten_but_needed, lambda rng: (rng.normal(size=3),))


def scalar_overwritten(x):
    y = x
    y *= y
    y += x
    y /= 1 + y
    y -= x * y
    y **= 2
    return y


program(scalar_overwritten, lambda rng: (0.7,))


def element_squared_repeatedly(x, n):
    for _ in range(n):
        x[0] = x[0] * x[1]
        x[1] = math.sin(x[0]) + x[1]
    return x


program(element_squared_repeatedly, lambda rng: (rng.uniform(0.5, 1, size=2), 5))


def standardise_in_place(x):
    x -= x.mean()
    x /= np.sqrt(np.mean(x**2))
    return x


program(standardise_in_place, lambda rng: (rng.normal(size=5),))


def result_parameter(x, out):
    for i in range(len(x)):
        out[i] += x[i] * out[i - 1]
    return np.sum(out**2)


program(result_parameter, lambda rng: (rng.normal(size=4), rng.normal(size=4)), (0, 1))


def sgd_epochs(w, x, y, rate):
    for _ in range(3):
        for i in range(len(y)):
            error = np.dot(w, x[i]) - y[i]
            w -= rate * error * x[i]
    return np.sum((x @ w - y) ** 2)


program(sgd_epochs, lambda rng: (rng.normal(size=2), rng.normal(size=(4, 2)), rng.normal(size=4), 0.1), (0, 1, 2, 3))


def arguments_exchange_places(u, v, n):
    for _ in range(n):
        for i in range(len(u)):
            v[i] = u[i] * v[i] + 0.1
        u, v = v, u
    return np.sum(u * u - v)


program(arguments_exchange_places, lambda rng: (rng.normal(size=3), rng.normal(size=3), 3), (0, 1))


def filled_then_read(x, c):
    work = np.ones(4)
    work.fill(c)
    work[1] = x[0]
    work[2:] = x[1:3] * work[:2]
    x[:] = 0.0
    return np.sum(work**2) + np.sum(x)


program(filled_then_read, lambda rng: (rng.normal(size=3), 0.9), (0, 1))


def work_array_reused(points, centres):
    distance = np.zeros(len(centres))
    total = 0.0
    for p in points:
        for k in range(len(centres)):
            distance[k] = (p - centres[k]) ** 2
        top = -distance.min()
        s = 0.0
        for k in range(len(centres)):
            distance[k] = math.exp(-distance[k] - top)
            s += distance[k]
        total += top + math.log(s)
    return total


program(work_array_reused, lambda rng: (rng.normal(size=5), np.array([-1.0, 0.2, 1.3])), (0, 1))


def accumulator_in_an_array(x):
    state = np.zeros(2)
    for i in range(len(x)):
        state[0] += x[i] * state[1]
        state[1] = state[0] + x[i] ** 2
    return state[0] * state[1]


program(accumulator_in_an_array, lambda rng: (rng.normal(size=5),))


def killed_before_use(x):
    y = x**2
    y = x * 3.0
    x[1] = 7.0
    z = np.empty(3)
    z[0] = x[0]
    z[0] = x[2]
    z[1] = y[1]
    z[2] = x[1] * y[0]
    return z


program(killed_before_use, lambda rng: (rng.normal(size=3),))


def matrix_powers_in_place(A, n):
    P = np.eye(len(A))
    for k in range(1, n + 1):
        P = P @ A
        P /= k
        A += 0.1 * P
    return np.trace(A)


program(matrix_powers_in_place, lambda rng: (0.5 * rng.normal(size=(3, 3)), 3))


def momentum_buffers(w, rate):
    m = np.zeros_like(w)
    v = np.zeros_like(w)
    for t in range(1, 4):
        g = np.cos(w) + w
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g * g
        w -= rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8)
    return w


program(momentum_buffers, lambda rng: (rng.normal(size=3), 0.05), (0, 1))


def nested_loops_overwrite(A, n):
    for k in range(n):
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                A[i, j] = math.tanh(A[i, j] + A[i - 1, j] * A[i, j - 1])
        A[k % A.shape[0], 0] = 0.5
    return A


program(nested_loops_overwrite, lambda rng: (rng.normal(size=(3, 3)), 3))


def one_element_by_either_name(a, b):
    """Which of two indices is used depends on whether they are different: no iteration touches both elements."""
    n = len(a)
    a = a.copy()
    for p in range(n):
        for q in range(n):
            for j in range(len(b)):
                if p >= q:
                    a[q] -= 0.2 * b[j]
                if p < q:
                    a[p] += 0.1 * b[j] * a[p]
    return np.sum(a * a)


program(one_element_by_either_name, lambda rng: (rng.normal(size=3), rng.normal(size=4)), (0, 1))


def diagonal_last(a):
    """The diagonal of a row is written after the elements that it is made of, and read by later rows."""
    n = a.shape[0]
    f = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = a[i, j]
            for k in range(j):
                s -= f[i, k] * f[j, k]
            if i != j:
                f[i, j] = s / f[j, j]
            else:
                f[i, j] = math.sqrt(3.0 + s * s)
    return f


program(diagonal_last, lambda rng: (rng.normal(size=(5, 5)),))


def overwritten_unless_equal(x):
    """What is read for one index is overwritten in the iteration of another."""
    n, s = len(x), 0.0
    for i in range(n):
        for j in range(n):
            if i == j:
                s += x[i] * x[i]
            else:
                x[j] = math.sin(x[j])
    return s


program(overwritten_unless_equal, lambda rng: (rng.normal(size=4),))


def work_array_read_anywhere(x, w, label):
    """Each sample fills a work array before any of its elements is read."""
    logit, total = np.empty(len(w)), 0.0
    for n in range(len(x)):
        for c in range(len(w)):
            logit[c] = math.sin(w[c] * x[n])
        total += logit[label[n]] * logit[0] ** 2
    return total


program(
    work_array_read_anywhere,
    lambda rng: (rng.normal(size=5), rng.normal(size=4), np.array([0, 3, -1, 2, -4])),
    (0, 1),
)


def work_array_filled_in_part(x, w, label):
    """The first element keeps what the sample before has left there."""
    logit, total = np.ones(len(w)), 0.0
    for n in range(len(x)):
        for c in range(1, len(w)):
            logit[c] = math.sin(w[c] * x[n])
        total += logit[label[n]] ** 2
        logit[0] = total
    return total


program(
    work_array_filled_in_part,
    lambda rng: (rng.normal(size=5), rng.normal(size=4), np.array([0, 3, -1, -4, 0])),
    (0, 1),
)


def whole_arrays_updated(x, s):
    v = x[1:]
    x *= s
    v *= x[:-1]
    x[:] = np.sin(x[::-1])
    v[:] = v * v
    x[:] += x * v.sum()
    x[...] = x / (1.0 + x**2)
    x *= x
    x[:] = np.cumsum(x)
    return np.dot(x, np.cos(v[0] * x))


program(whole_arrays_updated, lambda rng: (rng.normal(size=6), 0.7), (0, 1))


def whole_array_read_by_a_view(x):
    v = x[:]
    w = v[::2]
    x[:] = v * np.sin(x)
    w *= 2.0
    v /= 1.0 + x * x
    x[:] = w.sum() * v
    return np.sum(v**2) + w[0]


program(whole_array_read_by_a_view, lambda rng: (rng.normal(size=5),))
