"""Options and tables that stand outside of the program, and iterators over what has any length."""

import itertools

import numpy as np

from tests.support.registry import program

OPTIONS = {"scale": 2.0, "squared": True, "weights": np.array([0.5, 1.5])}
RATES = {"fast": 1.3, ("slow", 2): 0.4, 7: 0.2}


def _scaled(x, scale=1.0, squared=False, weights=None):
    y = scale * x * x if squared else scale * x
    return y if weights is None else y * weights


def options_from_outside(x):
    more = {**OPTIONS, "scale": x[0]}
    less = {k: v for k, v in OPTIONS.items() if k != "squared"}
    own = OPTIONS.copy()
    own.update(squared=False)
    own["scale"] = x[1]
    total = sum(np.sum(_scaled(x, **each)) for each in (more, less, own, dict(OPTIONS))) * len(OPTIONS)
    for place, key in enumerate(RATES):
        total += RATES[key] * x[0] ** (place + 1)
    return total + np.sum(_scaled(x, **OPTIONS)) + sum(RATES.values()) * x[1]


program(options_from_outside, lambda rng: (rng.normal(size=2),))


def neighbours_and_pairs(x):
    total = 0.0
    for a, b in itertools.pairwise(x):
        total = 0.9 * total + a * b * b
    for k, (i, j) in enumerate(itertools.pairwise(range(len(x)))):
        total += k * x[i] / (2.0 + x[j] ** 2)
    for i, j in itertools.product(range(len(x)), range(2)):
        total = 0.9 * total + x[i] ** (j + 1)
    for a, b in itertools.product(x, x[1:]):
        if a > b:
            continue
        total += a * b**2
        if total > 50.0:
            break
    for i, j, k in itertools.product(range(len(x)), repeat=3):
        total += x[i] * x[j] * x[k] * (i - k)
    few = sum(a for a, _ in itertools.pairwise(x[:1])) + sum(a for a, _ in itertools.product(x, x[:0]))
    return total + sum(a * b for a, b in itertools.pairwise([v * v for v in x])) + few


program(neighbours_and_pairs, lambda rng: (rng.normal(size=5),))


def parts_of_ranges(x):
    n = len(x)
    total = 0.0
    for i in range(n)[::-1]:
        total = 0.5 * total + x[i]
    for i in range(n - 1, -1, -2)[::-1]:
        total = 0.7 * total + x[i] ** 2
    for i in range(1, n)[-2:]:
        total = 0.7 * total + x[i]
    for i in range(5)[::-1][1:3]:
        total = 1.1 * total + x[i]
    for i in range(n)[n:]:
        total += 100.0 * x[i]
    return total + sum(x[i] * i for i in range(n)[:-1:2])


program(parts_of_ranges, lambda rng: (rng.normal(size=5),))


def words_of_a_text(x):
    total = 0.0
    for name, v in zip("mean spread mean".split(), x, strict=True):
        total += v * v if name == "mean" else v * len(name.split("r"))
    return total


program(words_of_a_text, lambda rng: (rng.normal(size=3),))
