"""Several names for the same memory."""

import numpy as np

from tests.support.registry import program


def write_through_a_view(y):
    v = y[1:3]
    v[0] = y[0] ** 2
    v *= 3.0
    return y


program(write_through_a_view, lambda rng: (rng.normal(size=4),))


def read_through_a_view(y):
    v = y[1:4]
    y[2] = y[0] * y[3]
    return np.sum(v**2)


program(read_through_a_view, lambda rng: (rng.normal(size=4),))


def view_of_a_view(x):
    v = x[::2]
    w = v[1:]
    w[0] *= x[0]
    x[2] += w[1]
    return x * np.sum(v)


program(view_of_a_view, lambda rng: (rng.normal(size=7),))


def rows_as_views(A):
    for i in range(1, A.shape[0]):
        row = A[i]
        above = A[i - 1]
        row -= above * row[0]
        row[0] = above[1] ** 2
    return A


program(rows_as_views, lambda rng: (rng.normal(size=(4, 3)),))


def rows_by_iteration(A):
    for row in A:
        row *= row[0]
        row[1:] += row[:-1]
    return A


program(rows_by_iteration, lambda rng: (rng.normal(size=(3, 4)),))


def rows_swapped_as_views(A):
    A[0], A[1] = A[1], A[0]
    return A * A


program(rows_swapped_as_views, lambda rng: (rng.normal(size=(3, 2)),))


def rows_swapped_by_index(A):
    A[[0, 2]] = A[[2, 0]]
    return A * np.arange(9.0).reshape(3, 3)


program(rows_swapped_by_index, lambda rng: (rng.normal(size=(3, 3)),))


def rows_swapped_with_copy(A, w):
    t = A[0].copy()
    A[0] = A[1]
    A[1] = t
    return np.sum(w * A)


program(rows_swapped_with_copy, lambda rng: (rng.normal(size=(2, 3)), rng.normal(size=(2, 3))), (0, 1))


def second_name_updated(x):
    y = x
    y += 1.0
    y[0] = y[1] * x[2]
    return x * y


program(second_name_updated, lambda rng: (rng.normal(size=4),))


def second_name_rebound(x):
    y = x
    y = y + 1.0
    y[0] = x[1]
    return x * y


program(second_name_rebound, lambda rng: (rng.normal(size=4),))


def transposed_view(A):
    B = A.T
    B[0] = A[1] * 2.0
    B[:, 2] += A[2]
    return A


program(transposed_view, lambda rng: (rng.normal(size=(3, 3)),))


def reshaped_view(x):
    A = x.reshape(2, 3)
    A[1] = A[0] ** 2
    x[0] = 5.0
    return np.sum(A * A) + x[4]


program(reshaped_view, lambda rng: (rng.normal(size=6),))


def raveled_view(A):
    flat = A.ravel()
    for i in range(1, flat.size):
        flat[i] = flat[i - 1] * flat[i]
    return A


program(raveled_view, lambda rng: (rng.normal(size=(2, 3)),))


def flattened_copy(A):
    flat = A.flatten()
    flat[0] = 100.0
    A[0, 1] = flat[2]
    return A * flat.reshape(A.shape)


program(flattened_copy, lambda rng: (rng.normal(size=(2, 3)),))


def view_chosen_by_flag(a, b, flag):
    v = a if flag else b
    v[0] = v[1] ** 2
    return np.sum(a * b)


program(view_chosen_by_flag, lambda rng: (rng.normal(size=3), rng.normal(size=3), True), (0, 1))
program(
    view_chosen_by_flag,
    lambda rng: (rng.normal(size=3), rng.normal(size=3), False),
    (0, 1),
    name="view_not_chosen_by_flag",
)


def view_chosen_by_data(a, b):
    total = 0.0
    for i in range(len(a)):
        v = a if a[i] > b[i] else b
        v[i] *= a[i]
        total += v[i] * a[0]
    return total + np.sum(a * b)


program(
    view_chosen_by_data,
    lambda rng: (np.array([0.5, 1.2, -0.4]), np.array([0.9, 0.3, 0.8])),
    (0, 1),
    refusable=True,
)


def buffers_swapped_in_a_loop(x, n):
    a = x.copy()
    b = np.empty_like(x)
    for step in range(n):
        b[0] = a[-1]
        b[1:] = a[:-1] * a[1:]
        a, b = b, a
        if step == 1:
            a[0] = x[0] ** 2
    return a - b


program(buffers_swapped_in_a_loop, lambda rng: (rng.normal(size=4), 3))


def history_of_views(x, n):
    y = np.zeros((n + 1, len(x)))
    y[0] = x
    for k in range(n):
        now = y[k]
        following = y[k + 1]
        following[:] = np.sin(now)
        following[0] += now[1]
    return y


program(history_of_views, lambda rng: (rng.normal(size=3), 3))


def copy_is_separate(x):
    saved = x.copy()
    x *= 2.0
    x[0] = saved[1]
    other = np.array(x)
    other[1] = saved[0] * x[2]
    return x * saved + other


program(copy_is_separate, lambda rng: (rng.normal(size=3),))


def two_views_overlap(x):
    left = x[:4]
    right = x[2:]
    left += right
    right *= left
    return x


program(two_views_overlap, lambda rng: (rng.normal(size=6),))


def returned_view(x):
    x[1] = x[0] * x[2]
    return x[1:3]


program(returned_view, lambda rng: (rng.normal(size=4),))


def returned_argument(x):
    return x


program(returned_argument, lambda rng: (rng.normal(size=4),))


def state_with_doses(x, doses, times):
    state = x.copy()
    t, given, exposure = 0.0, 0, 0.0
    while t < 2.0:
        if given < len(doses) and times[given] <= t:
            state[0] += doses[given]
            given += 1
            continue
        for _ in range(3):
            state = state + 0.1 * np.array([-state[0], state[0] - state[1] ** 2])
        exposure += state[1]
        t += 0.4
    return exposure


program(
    state_with_doses,
    lambda rng: (rng.uniform(0.5, 1, size=2), rng.uniform(1, 2, size=2), np.array([0.5, 1.3])),
    (0, 1),
)


def relaxed_on_one_path(x, n):
    y = x * x[0]
    if x[1] > -5.0:
        for _ in range(n):
            y = y + 0.3 * np.sin(y)
    y[0] *= 2.0
    return y


program(relaxed_on_one_path, lambda rng: (rng.normal(size=3), 3))
