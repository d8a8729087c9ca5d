"""Random programs on which a derivative was once wrong, made small."""

import numpy as np

from tests.support.registry import program


def square_kept_in_a_row(x, rows):
    for _ in range(1):
        rows[2] = x * x
    x[:] = 0.5
    return np.sum(np.sin(rows))


program(
    square_kept_in_a_row,
    lambda rng: (rng.uniform(-0.9, 0.9, size=5), rng.uniform(-0.9, 0.9, size=(4, 5))),
    argnums=(0, 1),
)


def product_of_parts_in_an_arm(x):
    if x[-5]:
        x[4] += np.dot(x[0:3], x[0:3])
    return np.sum(x)


program(product_of_parts_in_an_arm, lambda rng: (rng.uniform(0.1, 0.9, size=6),))


def sum_of_an_array_and_one_built_of_its_elements(x):
    return np.sum(np.cos(x) + np.array([0.25, x[0], 0.5]))


program(sum_of_an_array_and_one_built_of_its_elements, lambda rng: (rng.uniform(-0.9, 0.9, size=3),))


def buffers_of_other_origin_exchanged(x, rounds):
    x *= 2.0
    w = np.full(6, 0.5)
    for j in range(rounds, 0, -1):
        w, x = x, w
        w[j] = np.sin(w[j - 1]) * x[j]
    return np.sum(np.sin(w)) + x[1] * x[2]


program(buffers_of_other_origin_exchanged, lambda rng: (rng.uniform(0.1, 0.9, size=6), 3))


def buffers_exchanged_in_an_inner_loop(x, y):
    total = 0.0
    for k in range(1, len(x)):
        v, w = np.sin(x[:k]), y[k : 2 * k]
        for _ in range(k):
            v, w = w * w, v
        total += v[0] * w[-1] * x[k]
    return total


program(
    buffers_exchanged_in_an_inner_loop,
    lambda rng: (rng.uniform(0.1, 0.9, size=5), rng.uniform(0.1, 0.9, size=10)),
    argnums=(0, 1),
)


def shorter_or_longer_in_turn(x, y):
    for k in range(3):
        x, y = y, 0.5 * x[: len(x) - 1] * (k + 1)
    return np.sum(x * x) + np.sum(np.sin(y))


program(
    shorter_or_longer_in_turn,
    lambda rng: (rng.uniform(0.1, 0.9, size=5), rng.uniform(0.1, 0.9, size=8)),
    argnums=(0, 1),
)


def many_records_of_a_loop_that_starts_at_one(x):
    for m in range(5):
        for _ in range(m, 6):
            w = np.mean(x)
            for r in range(1, len(x)):
                x[r] = 0.5 * x[r] * w + 0.1
    return np.sum(x)


program(many_records_of_a_loop_that_starts_at_one, lambda rng: (rng.uniform(0.1, 0.9, size=17),))


def argument_written_and_bound_again_in_turn(x):
    for k in range(3):
        x[k] -= 0.5 * x[k + 1]
        x = np.sin(x) * x[k]
    return np.sum(x)


program(argument_written_and_bound_again_in_turn, lambda rng: (rng.uniform(0.4, 0.9, size=5),))


def bound_in_one_loop_and_written_in_the_next(x):
    for _ in range(2):
        x = np.sin(x) + 0.1
    for k in range(1, len(x)):
        x[k] += x[k - 1] * x[k]
    return np.sum(x * x)


program(bound_in_one_loop_and_written_in_the_next, lambda rng: (rng.uniform(0.4, 0.9, size=5),))


def two_names_of_one_array_after_an_arm(x):
    w = x * 1.5
    x = x * 2.0
    s = 0.0
    for _ in range(4):
        x[0] += x[1] * x[1]
        s += np.sin(w[0]) * x[2]
        t = np.sin(x)
        if x[1] > 0:
            w = t
        x = t
    return np.sum(x * w) + s


program(two_names_of_one_array_after_an_arm, lambda rng: (rng.uniform(0.4, 0.9, size=3),), refusable=True)


def written_right_after_an_arm_has_named_it(x):
    w = x * 1.5
    u = x * 2.0
    v = w if x[0] > 0.1 else u
    w[1] = x[0] * x[0]
    return np.sum(v * x)


program(written_right_after_an_arm_has_named_it, lambda rng: (rng.uniform(0.4, 0.9, size=3),), refusable=True)


def places_counted_from_the_end(x):
    x[np.array([-3])] = 0.5 * x[np.array([-1])]
    return np.sum(np.sin(x))


program(places_counted_from_the_end, lambda rng: (rng.uniform(0.4, 0.9, size=5),))


def array_of_an_arm_written_after_it(x, y, s, n):
    if n:
        x = x * s
        for _ in range(n, 4):
            y *= x
    v = x
    v[1] = 0.5
    return y[0]


program(array_of_an_arm_written_after_it, lambda rng: (rng.normal(size=2), rng.normal(size=2), 0.4, 2), (0, 1, 2))


def extents_recorded_in_an_arm_of_one_iteration(x):
    for m in range(2):
        if m == 1:
            x[-3:0:-1] = 0.6 * x[2::2]
    return np.sum(np.sin(x))


program(extents_recorded_in_an_arm_of_one_iteration, lambda rng: (rng.normal(size=5),))
