"""Loops and calls that run again in the reverse sweep."""

import numpy as np

from adcompiler import checkpoint, checkpointed_range
from tests.support.registry import program


def checkpointed_scalar_chain(x, p, n):
    total = 0.0
    for i in checkpointed_range(n, snapshots=3):
        x = np.sin(x * p) + 0.1 * i
        total += x * x
    return total


program(checkpointed_scalar_chain, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_array_values(u, k, n):
    """A new array in each iteration."""
    for _ in checkpointed_range(n, snapshots=2):
        u = u + k * np.tanh(np.roll(u, 1) - u)
    return np.sum(u**2)


program(checkpointed_array_values, lambda rng: (rng.uniform(0.2, 0.9, 6), 0.3, 13), (0, 1))


def checkpointed_in_place(u, k, n):
    u = u.copy()
    for t in checkpointed_range(n, snapshots=4):
        for i in range(1, len(u)):
            u[i] = u[i] * np.cos(u[i - 1]) + k[t % 3]
    return np.sum(u * u)


program(checkpointed_in_place, lambda rng: (rng.uniform(0.2, 0.9, 6), rng.uniform(0.1, 0.3, 3), 13), (0, 1))


def checkpointed_exchanged(a, c, n):
    u = a.copy()
    v = np.zeros(len(a))
    for _ in checkpointed_range(n, snapshots=3):
        for i in range(1, len(u) - 1):
            v[i] = u[i] + c * (u[i - 1] * u[i + 1] - u[i] ** 2)
        u, v = v, u
    return np.sum(u * u)


program(checkpointed_exchanged, lambda rng: (rng.uniform(0.2, 0.9, 6), 0.37, 13), (0, 1))


def checkpointed_parameter_written(u, n):
    for _ in checkpointed_range(n, snapshots=3):
        u[1:] = np.sin(u[:-1]) * u[1:]
    return np.sum(u)


program(checkpointed_parameter_written, lambda rng: (rng.uniform(0.2, 0.9, 6), 13), (0,))


def checkpointed_later_overwritten(u, w, n):
    w = w.copy()
    s = 0.0
    for t in checkpointed_range(n, snapshots=3):
        s = s * w[t % len(w)] + np.sin(w[t % len(w)] + s)
    w[:] = s * w
    return np.sum(w) + s


program(checkpointed_later_overwritten, lambda rng: (rng.uniform(0.2, 0.9, 6), rng.uniform(0.2, 0.9, 6), 13), (0, 1))


def checkpointed_trajectory(x, p, n):
    traj = np.zeros((n + 1, 2))
    traj[0, 0] = x
    for i in checkpointed_range(n, snapshots=3):
        traj[i + 1, 0] = traj[i, 0] + 0.1 * traj[i, 1] * p
        traj[i + 1, 1] = traj[i, 1] - 0.1 * np.sin(traj[i, 0])
    return np.sum(traj**2)


program(checkpointed_trajectory, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_nested_plain(x, p, n):
    for k in range(3):
        for i in checkpointed_range(n, snapshots=2):
            x = np.sin(x * p) + 0.1 * i * k
        x = x * x + p
    return x


program(checkpointed_nested_plain, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_nested_both(x, p, n):
    for k in checkpointed_range(4, snapshots=2):
        for i in checkpointed_range(n, snapshots=2):
            x = np.sin(x * p) + 0.1 * i * k
        x = x * x + p
    return x


program(checkpointed_nested_both, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_nested_arrays(u, p, n):
    for k in range(3):
        w = np.zeros(len(u))
        for j in range(len(u)):
            w[j] = u[j] * p + k
        for _ in checkpointed_range(n, snapshots=2):
            u[1:] = np.sin(u[:-1] * w[1:])
            w[0] = 0.5 * w[0] + 0.1 * u[1] * w[1]
        u = u * w
    return np.sum(u)


program(checkpointed_nested_arrays, lambda rng: (rng.uniform(0.2, 0.9, 6), 1.2, 13), (0, 1))


def checkpointed_with_break(x, p, n):
    for _ in checkpointed_range(n, snapshots=3):
        x = np.sin(x * p) + 1.0
        if x > 1.9:
            break
        x = x * 1.1
    return x * x


program(checkpointed_with_break, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_with_continue(x, p, n):
    for i in checkpointed_range(n, snapshots=3):
        if i % 3 == 1:
            continue
        x = np.sin(x * p) + 1.0
    return x * x


program(checkpointed_with_continue, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_with_return(x, p, n):
    for _ in checkpointed_range(n, snapshots=3):
        x = np.sin(x * p) + 1.0
        if x > 1.95:
            return x * p
    return x * x


program(checkpointed_with_return, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_inner_while(x, p, n):
    for _ in checkpointed_range(n, snapshots=3):
        y = x
        while y > 0.3:
            y = y * p
            x = x + np.sin(y)
    return x * x


program(checkpointed_inner_while, lambda rng: (0.37, 0.6, 13), (0, 1))


def checkpointed_branch_around(x, p, n):
    if p > 1.0:
        for _ in checkpointed_range(n, snapshots=3):
            x = np.sin(x * p)
    else:
        x = x * p
    return x


program(checkpointed_branch_around, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_work_array(u, p, n):
    w = np.zeros(len(u))
    s = 0.0
    for _ in checkpointed_range(n, snapshots=3):
        for j in range(len(u)):
            w[j] = u[j] * p + s
        for j in range(1, len(u)):
            s = 0.5 * s + 0.1 * np.sin(w[j] * w[j - 1])
    return s


program(checkpointed_work_array, lambda rng: (rng.uniform(0.2, 0.9, 6), 1.2, 13), (0, 1))


def checkpointed_views_outside(u, p, n):
    u = u.copy()
    a = u[:3]
    c = u[1:]
    for _ in checkpointed_range(n, snapshots=3):
        a[0] = np.sin(a[1]) * p
        c[0] = a[0] * c[1]
    return np.sum(u)


program(checkpointed_views_outside, lambda rng: (rng.uniform(0.2, 0.9, 6), 1.2, 13), (0, 1))


def checkpointed_no_trip(x, p, n):
    for _ in checkpointed_range(n - 100, snapshots=3):
        x = np.sin(x * p)
    return x * p


program(checkpointed_no_trip, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_state_of_ints(x, p, n):
    k = 0
    for _ in checkpointed_range(n, snapshots=3):
        if np.sin(x) > 0.2:
            k += 1
        x = np.sin(x * p) + k
    return x * k


program(checkpointed_state_of_ints, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_default_snapshots(x, p, n):
    for _ in checkpointed_range(n):
        x = np.sin(x * p)
    return x


program(checkpointed_default_snapshots, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_in_bytes(u, p, n):
    for _ in checkpointed_range(n, memory=2 * 8 * len(u) + 50):
        u = np.sin(u * p)
    return np.sum(u)


program(checkpointed_in_bytes, lambda rng: (rng.uniform(0.2, 0.9, 6), 1.2, 13), (0, 1))


def checkpointed_two_loops(x, p, n):
    for _ in checkpointed_range(n, snapshots=2):
        x = np.sin(x * p)
    for _ in checkpointed_range(n, snapshots=4):
        x = np.cos(x * p)
    return x


program(checkpointed_two_loops, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_matrix_state(a, p, n):
    q = np.eye(3)
    for _ in checkpointed_range(n, snapshots=2):
        q = q @ a + p * np.sin(q)
    return np.sum(q * q)


program(checkpointed_matrix_state, lambda rng: (rng.uniform(0.1, 0.5, (3, 3)), 1.2, 13), (0, 1))


def checkpointed_columns(f, p, n):
    for _ in checkpointed_range(n, snapshots=2):
        f[1:, :] = np.sin(f[:-1, :]) * p + f.T[:1, 1:]
    return np.sum(f * f)


program(checkpointed_columns, lambda rng: (np.asfortranarray(rng.uniform(0.1, 0.5, (4, 3))), 1.2, 13), (0, 1))


def checkpointed_lasting_nested(x, p, n):
    traj = np.zeros((4, n + 1))
    traj[:, 0] = x
    for k in range(4):
        for i in checkpointed_range(n, snapshots=3):
            traj[k, i + 1] = np.sin(traj[k, i] * p) + 0.1
    return np.sum(traj**2)


program(checkpointed_lasting_nested, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_lasting_then_lost(x, p, n):
    traj = np.zeros(n + 1)
    traj[0] = x
    for i in checkpointed_range(n, snapshots=3):
        traj[i + 1] = np.sin(traj[i] * p) + 0.1
    traj[3] = 2.0 * traj[4]
    return np.sum(traj**2)


program(checkpointed_lasting_then_lost, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_passing_partly(u, p, n):
    w = np.ones(len(u))
    s = 0.1
    for _ in checkpointed_range(n, snapshots=3):
        for j in range(1, len(u)):
            w[j] = u[j] * p + s
        for j in range(len(u)):
            s = 0.5 * s + 0.1 * np.sin(w[j] * p)
        w[0] = s
    return s


program(checkpointed_passing_partly, lambda rng: (rng.uniform(0.2, 0.9, 6), 1.2, 13), (0, 1))


def checkpointed_passing_nested(u, p, n):
    w = np.ones(len(u))
    s = 0.1
    for _ in range(2):
        for _ in checkpointed_range(n, snapshots=3):
            w[:] = u * p + s
            s = 0.5 * s + 0.1 * np.sum(np.sin(w))
        s = s * w[1]
    return s


program(checkpointed_passing_nested, lambda rng: (rng.uniform(0.2, 0.9, 6), 1.2, 13), (0, 1))


def checkpointed_inner_lasting(u, p, n):
    s = 0.1
    for k in checkpointed_range(3, snapshots=2):
        traj = np.zeros(n + 1)
        traj[0] = s * u[k]
        for i in checkpointed_range(n, snapshots=3):
            traj[i + 1] = np.sin(traj[i] * p) + 0.1
        s = s + np.sum(traj * traj)
    return s


program(checkpointed_inner_lasting, lambda rng: (rng.uniform(0.2, 0.9, 6), 1.2, 13), (0, 1))


def checkpointed_added(u, p, n):
    h = np.zeros(len(u))
    for i in checkpointed_range(n, snapshots=3):
        h[i % 3] += np.sin(u[i % 4] * p)
        h[1] = h[0] * h[2]
    return np.sum(h)


program(checkpointed_added, lambda rng: (rng.uniform(0.2, 0.9, 6), 1.2, 13), (0, 1))


def checkpointed_output_only(x, p, n):
    out = np.zeros(n)
    for i in checkpointed_range(n, snapshots=3):
        x = np.sin(x * p)
        out[i] = x * x
    return np.sum(out)


program(checkpointed_output_only, lambda rng: (0.37, 1.2, 13), (0, 1))


def checkpointed_recurrent_layer(x, w, b):
    n = len(b) // 2
    c = np.zeros(n)
    h = np.zeros(n)
    for t in checkpointed_range(len(x), snapshots=2):
        z = w[:, :n] @ h + b * x[t]
        c = np.tanh(z[:n]) * c + np.sin(z[n : 2 * n])
        h = c * np.cos(h)
    return np.sum(h * h)


program(
    checkpointed_recurrent_layer,
    lambda rng: (rng.uniform(0.2, 0.9, 5), rng.uniform(-0.9, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)


def checkpointed_covariance(a, p, n):
    s = np.eye(3)
    for _ in checkpointed_range(n, snapshots=3):
        s = (np.eye(3) - p * 0.1 * s) @ (a @ s @ a.T + np.eye(3))
    return np.sum(s * s)


program(checkpointed_covariance, lambda rng: (rng.uniform(0.1, 0.5, (3, 3)), 1.2, 7), (0, 1))


@checkpoint
def layer(x, w, b):
    h = np.tanh(w @ x + b)
    return h * h


def checkpointed_call_network(x, w, b):
    for _ in range(3):
        x = layer(x, w, b)
    return np.sum(x)


def checkpointed_call_inside(x, w, b):
    def part(x):
        return np.sin(w @ x) * b

    y = checkpoint(part)(x)
    z = checkpoint(lambda y: y * x)(y)
    return np.sum(y * z)


@checkpoint
def pair(a, k=2.0, *, s=1.0):
    return a * k, {"s": s * a.sum(), "n": 3}


def checkpointed_call_several(x, w, b):
    p, q = pair(x, 3.0, s=b[0])
    return np.sum(p) * q["s"] * q["n"]


@checkpoint
def scale(v, c):
    v *= c
    v[0] = np.sin(v[1])


def checkpointed_call_writes(x, w, b):
    x = x.copy()
    scale(x, b[0])
    scale(x, b[1])
    return np.sum(x * x)


@checkpoint
def grown(x, w):
    return np.concatenate((x, w[0] * x))


def checkpointed_call_new_size(x, w, b):
    y = grown(x, w)
    return np.sum(y * y)


@checkpoint
def early(x):
    if x[0] > 0.0:
        return np.sum(np.exp(x))
    return x[1]


def checkpointed_call_exits(x, w, b):
    return early(x) * b[0]


class Model:
    def __init__(self, c):
        self.c = c

    @checkpoint
    def part(self, x):
        return self.c * x**3


def checkpointed_call_method(x, w, b):
    m = MODEL
    return np.sum(m.part(x) * b)


MODEL = Model(2.0)


def checkpointed_call_overwritten(x, w, b):
    x = x.copy()
    y = layer(x, w, b)
    x[:] = y * x
    return np.sum(x)


def checkpointed_call_of_numpy(x, w, b):
    y = checkpoint(np.sin)(x)
    return np.sum(w @ y * b)


def checkpointed_call_swaps(x, w, b):
    u = x.copy()
    v = np.zeros(len(x))
    for _ in checkpointed_range(1):
        for i in range(1, len(u)):
            v[i] = np.sin(u[i] * u[i - 1]) + b[i]
            u[i] = v[i] * u[i]
        u, v = v, u
    return np.sum(u * v)


program(
    checkpointed_call_network,
    lambda rng: (rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)
program(
    checkpointed_call_inside,
    lambda rng: (rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)
program(
    checkpointed_call_several,
    lambda rng: (rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)
program(
    checkpointed_call_writes,
    lambda rng: (rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)
program(
    checkpointed_call_new_size,
    lambda rng: (rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)
program(
    checkpointed_call_exits,
    lambda rng: (rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)
program(
    checkpointed_call_method,
    lambda rng: (rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)
program(
    checkpointed_call_overwritten,
    lambda rng: (rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)
program(
    checkpointed_call_of_numpy,
    lambda rng: (rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)
program(
    checkpointed_call_swaps,
    lambda rng: (rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 4)),
    (0, 1, 2),
)
