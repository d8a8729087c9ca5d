"""Comprehensions, enumerate, zip and reversed."""
# ruff: noqa: B905

import functools

import numpy as np

from tests.support.registry import program


def array_from_a_comprehension(x):
    y = np.array([v**2 + i for i, v in enumerate(x)])
    return np.sum(y * x)


program(array_from_a_comprehension, lambda rng: (rng.normal(size=4),))


def filtered_comprehension(x, n):
    kept = [x[i] ** 2 for i in range(n) if i % 2 == 0]
    total = 0.0
    for k in kept:
        total += k * kept[0]
    return total


program(filtered_comprehension, lambda rng: (rng.normal(size=5), 5))


def nested_comprehension(x):
    A = np.array([[a * b for b in x] for a in x])
    return A @ x


program(nested_comprehension, lambda rng: (rng.normal(size=3),))


def enumerate_with_start(x):
    total = 0.0
    for k, v in enumerate(x, 1):
        total += v**k
    return total


program(enumerate_with_start, lambda rng: (rng.uniform(0.5, 1.5, size=4),))


def zip_of_three(a, b, c):
    total = 0.0
    for x, y, z in zip(a, b, c[::-1]):
        total += x * y - z * x
    return total


program(zip_of_three, lambda rng: (rng.normal(size=4), rng.normal(size=4), rng.normal(size=5)), (0, 1, 2))


def enumerate_of_zip(a, b):
    out = np.zeros(len(a))
    for i, (x, y) in enumerate(zip(a, b)):
        out[i] = x * y + out[i - 1]
    return out


program(enumerate_of_zip, lambda rng: (rng.normal(size=4), rng.normal(size=4)), (0, 1))


def reversed_elements(x):
    state = 0.0
    for v in reversed(x):
        state = 0.5 * state + v * v
    return state


program(reversed_elements, lambda rng: (rng.normal(size=5),))


def list_grown_by_append(x):
    values = []
    v = x
    for _ in range(4):
        v = np.sin(v) + x
        values.append(v * v)
    return sum(values)


program(list_grown_by_append, lambda rng: (0.8,))


def list_of_fixed_length(x):
    state = [x[0], x[1], 0.0]
    for _ in range(3):
        state[2] = state[0] * state[1]
        state[0], state[1] = state[1], state[2]
    return state[0] + state[1] * state[2]


program(list_of_fixed_length, lambda rng: (rng.normal(size=2),))


def rows_of_a_matrix(A):
    total = 0.0
    for i, row in enumerate(A):
        for j, a in enumerate(row):
            total += a * row[i] * (j + 1)
    return total


program(rows_of_a_matrix, lambda rng: (rng.normal(size=(3, 3)),))


def comprehension_over_rows(A):
    norms = np.array([np.sqrt(np.sum(row**2)) for row in A])
    return norms / sum([n for n in norms])


program(comprehension_over_rows, lambda rng: (rng.normal(size=(3, 2)),))


def ndindex_by_hand(x):
    out = np.zeros_like(x)
    for i in range(len(x)):
        for j, k in zip(range(i, -1, -1), range(len(x))):
            out[i] += x[j] * x[k]
    return out


program(ndindex_by_hand, lambda rng: (rng.normal(size=5),))


def step_along_a_dictionary(params, directions, rate):
    moved = {name: p - rate * directions[name] for name, p in params.items() if name != "fixed"}
    squares = {2 * k: np.sum(value**2) for k, value in enumerate(moved.values())}
    pairs = {a + b: moved[a][0] * moved[b][1] for a in moved for b in ("w", "b")}
    return squares[0] * squares[2] + pairs["wb"] - pairs["bb"] + params["fixed"][0]


program(
    step_along_a_dictionary,
    lambda rng: (
        {"w": rng.normal(size=3), "fixed": rng.normal(size=1), "b": rng.normal(size=2)},
        {"w": rng.normal(size=3), "b": rng.normal(size=2)},
        0.3,
    ),
    (0, 1, 2),
)


def mapped_and_folded(x, a):
    pairs = list(map(lambda r: (r[0], r[1] * a), x))
    sizes = list(map(np.linalg.norm, x))
    total = functools.reduce(lambda p, q: p * q + a, sizes) + functools.reduce(max, sizes, 0.1)
    for u in map(lambda p, q: p[0] * p[1] * q, pairs, sizes):
        total += u
    return total + sum(map(abs, x[0])) + functools.reduce(lambda p, q: p @ q, [x[:2, :2], np.ones((2, 2))])[0, 1]


program(mapped_and_folded, lambda rng: (rng.uniform(0.5, 1.0, size=(4, 2)) * [1.0, -1.0], 0.3))


def weights_beside_an_array(x, weights):
    products = [w * v for w, v in zip(weights, x)]
    values = np.array([f(v) for f, v in zip((np.sin, np.cos), x)])
    first, second = map(lambda f, v: f(v) * v, (np.tanh, np.exp), x)
    return sum(products) * values[1] + first * second


program(weights_beside_an_array, lambda rng: (rng.normal(size=3), [0.5, 0.3]), (0, 1))


def numbered_pairs_beside_an_array(x):
    total = 0.0
    for k, ((f, scale), v) in enumerate(zip([(np.sin, 2.0), (np.cos, 3.0)], x), start=1):
        total += k * f(scale * v)
    for (f, v), w in zip(zip([np.tanh, np.exp], x), x[::-1]):
        total += f(v) * w
    return total + sum(k * f(v) for k, (f, v) in enumerate(zip([np.sin, np.cos], x)))


program(numbered_pairs_beside_an_array, lambda rng: (rng.normal(size=3),))


def parameters_by_name(theta, t):
    p = dict(zip(("rate", "scale", "shift"), theta))
    q = {name: value * value for name, value in zip(["a", "b"], theta)}
    return np.sum(p["scale"] * np.exp(-p["rate"] * t) + p["shift"]) + q["a"] * q["b"]


program(parameters_by_name, lambda rng: (rng.uniform(0.5, 1, size=3), np.linspace(0.0, 2.0, 5)))


def names_bound_by_elements(x):
    last, seen = 1.0, 0.0
    total = sum((last := v * v) * last for v in x)
    halved = [last := 0.5 * last + v for v in x]
    kept = [w * v for v in x if (w := v + seen) > 0.0]
    found = any((seen := v) > 0.4 for v in x)
    return total * last + halved[1] + seen * found + sum(kept) * sum(seen + (y := v) * y for v in x)


program(names_bound_by_elements, lambda rng: (np.array([0.2, -0.4, 0.7, 0.9]),))


def comprehensions_as_loops(x):
    positive = [v for v in (x[0], x[1] * x[2], x[3]) if v > 0]
    few = [x[k] * w for k, w in zip(range(3), (1.0, 2.0, 3.0)) if x[k] < 0.5]
    pairs = [u * v for u in x for v in positive if u > v]
    table = np.array([x[i] * x[j] for i in range(len(x)) for j in range(i)])
    return sum(positive) * sum(few) + sum(pairs) + np.sum(table**2) * len(pairs)


program(comprehensions_as_loops, lambda rng: (np.array([0.2, -0.4, -0.7, 0.9]),))


def kept_of_a_tuple(x):
    kept = []
    for k, scale in zip((0, 2, 3, 1), (1.0, 2.0, 3.0, 4.0)):
        if x[k] > 0:
            kept.append(scale * x[k])
    for k, v in enumerate((x[1], x[3] * x[0])):
        if v > 0:
            kept.append(v * k)
            x[k] *= 2.0
    return sum(kept) * x[0] * x[1] + len(kept)


program(kept_of_a_tuple, lambda rng: (np.array([0.2, -0.4, 0.7, 0.9]),))
