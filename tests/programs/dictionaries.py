"""Dictionaries that the program makes and changes; functions of iterables of known length."""

import functools
import itertools

import numpy as np

import adcompiler as ad
from tests.support.registry import program


def _parameters(rng):
    shapes = {"W0": (2, 2), "b0": (2,), "W1": (2, 2), "b1": (2,)}
    return {name: 0.5 * rng.normal(size=shape) for name, shape in shapes.items()}, rng.normal(size=(3, 2))


def named_layers(p, x):
    for i in range(2):
        x = np.tanh(x @ p[f"W{i}"] + p[f"b{i}"])
    return np.sum(x**2)


def trained_with_momentum(p, x, steps):
    m = {k: np.zeros_like(v) for k, v in p.items()}
    p = dict(p)
    for _ in range(steps):
        g = ad.grad(named_layers)(p, x)
        new = {}
        for k in sorted(p):
            m[k] = 0.9 * m[k] + g[k]
            new[k] = p[k] - 0.1 * m[k]
        for k, v in new.items():
            p[k] = v
    return named_layers(p, x)


program(trained_with_momentum, lambda rng: (*_parameters(rng), 2))


def every_way_to_change_a_dictionary(p, x):
    q = {**p, "extra": x * 2.0}
    q.update(other=x[0], b0=p["b0"] * 2.0)
    c = q.copy()
    c["b0"] = c["b0"] * 3.0
    d = p | {"b1": p["b1"] ** 2}
    s = q.pop("extra").sum() + q.get("missing", 1.0) + c.get("b0").sum()
    q.setdefault("new", p["b0"] * 5.0)
    del q["other"]
    e = dict(zip(["a", "b"], [x[0], x[1]]))  # noqa: B905
    e["a"] += 1.0
    e[1, 2] = x[2]
    for k, v in list(q.items()):
        if k.startswith("b"):
            s += np.sum(v)
    for i, (_, v) in enumerate(d.items()):
        s += i * np.sum(v)
    s += sum(np.sum(v) for v in d.values()) + len(d) + len(q.keys()) + ("new" in q)
    c |= e
    return s + np.sum(e["a"] * e[1, 2]) + len(c) + np.sum(c["b"])


program(every_way_to_change_a_dictionary, _parameters)


def dictionary_under_two_names(x):
    a = {"w": x}
    b = a
    b["w"] = x * 2.0
    if x[0] > 0.0:
        b["w"] = x * 3.0
    held = (b, 1)
    values = b.values()
    a["z"] = x * 4.0
    return sum(np.sum(v**2) for v in values) + np.sum(held[0]["z"])


program(dictionary_under_two_names, lambda rng: (rng.normal(size=3),))


def dictionaries_carried_by_a_loop(x):
    d = {"count": 0, "sum": 0.0}
    state = {"layer": {"h": np.zeros(2), "c": np.ones(2)}}
    for i in range(x.shape[0]):
        d["count"] += 1
        d["sum"] = d["sum"] + x[i, 0] * d["count"]
        state["layer"]["h"] = np.tanh(state["layer"]["h"] + x[i] * state["layer"]["c"])
    return d["sum"] / d["count"] + np.sum(state["layer"]["h"])


program(dictionaries_carried_by_a_loop, lambda rng: (rng.normal(size=(3, 2)),))


def layers_as_pairs(p, x):
    names = [("W0", "b0"), ("W1", "b1")]
    params = [tuple(p[name] for name in pair) for pair in names]
    new = []
    for (w, b), (gw, gb) in zip(params, params):  # noqa: B905
        new.append((w - 0.1 * gw, b - 0.1 * gb))
    for w, b in new[:-1]:
        x = np.tanh(x @ w + b)
    w, b = new[-1]
    return np.sum(x @ w + b)


program(layers_as_pairs, _parameters)


def functions_of_iterables(p, x):
    blocks = list(map(lambda k: p[k] * 2.0, ("b0", "b1")))
    chained = functools.reduce(lambda h, w: np.tanh(h @ w), [p["W0"], p["W1"]], x)
    sums = list(itertools.accumulate([x[0], x[1], x[2]]))
    products = list(itertools.accumulate(sums, lambda a, b: a * b))
    total = sum(np.sum(a * b) for a, b in itertools.pairwise(products))
    for (i, a), b in itertools.product(enumerate(blocks), sums):
        total += i * np.dot(a, b)
    for a, b in itertools.combinations(itertools.chain(blocks, sums[:1]), 2):
        total += np.dot(a, b)
    for name, value in sorted(p.items(), reverse=True):
        total += np.sum(value) * len(name)
    if any(k == "b0" for k in p) and all(len(k) == 2 for k in p):
        total *= 2.0
    return total + np.sum(chained)


program(functions_of_iterables, _parameters)
