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
