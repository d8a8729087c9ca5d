"""Reads and writes through every kind of index."""

import numpy as np

from tests.support.registry import program


def gather_with_repeats(x, idx):
    return np.sum(x[idx] ** 2 * np.arange(len(idx)))


program(gather_with_repeats, lambda rng: (rng.normal(size=5), np.array([0, 3, 3, 1, 3, -1])))


def scatter_by_loop(x, idx, n):
    out = np.zeros(n)
    for k in range(len(idx)):
        out[idx[k]] += x[k] * x[k]
    return out


program(scatter_by_loop, lambda rng: (rng.normal(size=6), np.array([2, 0, 2, 1, 2, 0]), 4))


def augmented_integer_array(x, v):
    x[np.array([0, 2, 2])] += v
    return x**2


program(augmented_integer_array, lambda rng: (rng.normal(size=4), rng.normal(size=3)), (0, 1))


def add_at_repeats(x, idx, v):
    out = x.copy()
    np.add.at(out, idx, v * v)
    return out


program(add_at_repeats, lambda rng: (rng.normal(size=4), np.array([1, 1, 3]), rng.normal(size=3)), (0, 2))


def assign_integer_array(x, idx, v):
    y = np.zeros(6)
    y[idx] = x
    y[idx[0]] = v
    return y


program(assign_integer_array, lambda rng: (rng.normal(size=3), np.array([4, 1, 5]), 0.7), (0, 2))


def paired_index_arrays(A, i, j):
    B = A.copy()
    B[i, j] = A[j, i] ** 2
    return B


program(paired_index_arrays, lambda rng: (rng.normal(size=(3, 3)), np.array([0, 2, 1]), np.array([1, 0, 1])))


def rows_by_index_array(A, rows):
    return np.tanh(A[rows]).sum() + np.sum(A[rows, 1])


program(rows_by_index_array, lambda rng: (rng.normal(size=(4, 3)), np.array([3, 0, 3])))


def mask_read(x):
    positive = x[x > 0]
    return np.sum(positive**2) / len(positive)


program(mask_read, lambda rng: (np.array([0.4, -0.7, 1.3, -0.2, 0.9]),))


def mask_write(x, slope):
    y = x.copy()
    y[y < 0] = 0.0
    y[x < 0] += slope * x[x < 0]
    return y


program(mask_write, lambda rng: (np.array([0.4, -0.7, 1.3, -0.2, 0.9]), 0.1), (0, 1))


def mask_scaled_in_place(x, factor):
    small = np.abs(x) < 1.0
    x[small] *= factor
    x[~small] = x[~small] ** 2
    return x


program(mask_scaled_in_place, lambda rng: (np.array([0.4, -1.7, 1.3, -0.2]), 0.6), (0, 1))


def mask_two_dimensional(A, keep):
    A = A.copy()
    A[keep] = np.sin(A[keep])
    return A[keep[:, 0]]


program(
    mask_two_dimensional,
    lambda rng: (rng.normal(size=(3, 2)), np.array([[True, False], [False, True], [True, True]])),
)


def negative_steps(x):
    return x[::-1] * x + x[-1::-2].sum() - x[4:1:-1][0]


program(negative_steps, lambda rng: (rng.normal(size=6),))


def stepped_slices(A):
    B = np.zeros((4, 6))
    B[::2, 1::2] = A[1::2, ::2]
    B[1::2, -1:0:-3] += A[::2, :2] ** 2
    return B


program(stepped_slices, lambda rng: (rng.normal(size=(4, 6)),))


def slices_past_the_end(x):
    return np.sum(x[2:100] ** 2) + np.sum(x[-100:3]) + np.sum(x[5:2]) + x[-2:].sum() * x[: len(x) // 2].sum()


program(slices_past_the_end, lambda rng: (rng.normal(size=6),))


def ellipsis_reads(x):
    return x[..., 0] * x[0, ..., 1].sum() + x[..., -1, :].sum()


program(ellipsis_reads, lambda rng: (rng.normal(size=(2, 3, 2)),))


def ellipsis_writes(x):
    y = np.empty_like(x)
    y[...] = x
    y[..., 1:] *= x[..., :-1]
    y[0, ...] = 2.0
    return y


program(ellipsis_writes, lambda rng: (rng.normal(size=(3, 2, 3)),))


def newaxis_table(x, y):
    return x[:, np.newaxis] * y[None, :] + x[:, None] ** 2


program(newaxis_table, lambda rng: (rng.normal(size=3), rng.normal(size=4)), (0, 1))


def overlapping_shift_forward(x):
    x[1:] += x[:-1]
    x[2:] = x[:-2] * x[1:-1]
    return x


program(overlapping_shift_forward, lambda rng: (rng.normal(size=6),))


def overlapping_shift_backward(x):
    x[:-1] *= x[1:]
    x[:] = x[::-1]
    x[::2] -= x[1::2]
    return x


program(overlapping_shift_backward, lambda rng: (rng.normal(size=6),))


def overlapping_rows(A):
    A[1:] -= A[:-1]
    A[:, :-1] += A[:, 1:] ** 2
    return A


program(overlapping_rows, lambda rng: (rng.normal(size=(4, 3)),))


def index_and_slice_mixed(A):
    total = 0.0
    for i in range(A.shape[0]):
        total += np.sum(A[i, 1:] * A[i, :-1]) + A[i, -1] ** 3
    for j in range(A.shape[1]):
        total += A[:, j] @ A[:, 0]
    return total


program(index_and_slice_mixed, lambda rng: (rng.normal(size=(3, 4)),))


def column_updates(A, b):
    for j in range(1, A.shape[1]):
        A[:, j] -= A[:, j - 1] * b[j]
        A[j - 1, :] *= b
    return A


program(column_updates, lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=3)), (0, 1))


def whole_array_assignment(A, x):
    B = np.zeros((3, 4))
    B[:] = A
    B[:, :] *= 2.0
    B[1] = x
    B[:, 2] = 1.5
    B[-1, -2:] = A[0, :2] ** 2
    return B


program(whole_array_assignment, lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=4)), (0, 1))


def broadcast_in_assignment(x, s):
    A = np.empty((3, 4))
    A[:] = x
    A[:, 1:3] += s
    A[0:2] = A[0:2] * np.array([[2.0], [3.0]])
    return A


program(broadcast_in_assignment, lambda rng: (rng.normal(size=4), 0.4), (0, 1))


def diagonal_by_loop(A):
    n = len(A)
    trace = 1.0
    for i in range(n):
        trace *= A[i][i]
        A[i][n - 1 - i] += trace
    return A


program(diagonal_by_loop, lambda rng: (rng.normal(size=(4, 4)),))


def nested_index(x, p, q):
    total = 0.0
    for k in range(len(p)):
        total += x[p[q[k]]] * x[q[p[k]]]
    return total


program(nested_index, lambda rng: (rng.normal(size=4), np.array([2, 0, 3, 1]), np.array([1, 1, 0, 2])))


def windows_by_slices(x, width):
    out = np.zeros(len(x) - width + 1)
    for i in range(len(out)):
        window = x[i : i + width]
        out[i] = np.sum((window - window.mean()) ** 2)
    return out


program(windows_by_slices, lambda rng: (rng.normal(size=7), 3))


def three_dimensional_loops(x):
    n, m, k = x.shape
    out = np.zeros((k, n))
    for i in range(n):
        for j in range(m):
            for l in range(k):  # noqa: E741
                out[l, i] += x[i, j, l] * x[i, j - 1, l]
    return out


program(three_dimensional_loops, lambda rng: (rng.normal(size=(2, 3, 2)),))


def where_as_indices(x):
    (found,) = np.where(x > 0)
    total = 0.0
    for i in found:
        total += x[i] ** 2 * i
    return total + np.sum(x[np.nonzero(x < 0)])


program(where_as_indices, lambda rng: (np.array([0.4, -0.7, 1.3, -0.2, 0.9]),))
