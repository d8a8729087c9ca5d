"""Calls with tuples, lists, dictionaries and records among the arguments take the short way, and leave it in time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.calls.direct import MISSED


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")


class Pair(NamedTuple):
    u: Any
    v: Any


class Other(NamedTuple):
    u: Any
    v: Any


@dataclass
class Record:
    p: Any
    q: Any = 2.0


class Child(Record):
    pass


class Mine(list):
    pass


def total(tree, x):
    """The sum over the leaves of any tree, each with a factor of its own."""
    s, k = 0.0, 1.0
    for part in tree["layers"]:
        for leaf in part:
            s, k = s + k * np.sum(leaf * leaf * x), k + 1.0
    pair, record = tree["pair"], tree["record"]
    if tree["name"] == "twice":
        s = 2.0 * s
    return s + pair.u * np.sum(pair.v) + record.p * record.q * tree["n"] + (np.sum(x) if tree["flag"] else 0.0)


def tree_of(**parts: Any) -> dict[str, Any]:
    a, b = np.arange(3.0), np.ones(3)
    return {
        "layers": [(a, b), (b, 3.0)],
        "pair": Pair(2.0, a),
        "record": Record(5.0),
        "n": 2,
        "flag": True,
        "name": "once",
        "empty": (),
    } | parts


X, S = np.ones(3), np.full(3, 2.0)
SUBCLASS = np.ones(3).view(type("Own", (np.ndarray,), {}))
FORMS: list[dict[str, Any]] = [
    tree_of(),
    tree_of(layers=[(X, S), (S, 3.0), (S, S)]),
    tree_of(layers=[(X, S)]),
    tree_of(layers=[]),
    tree_of(layers=((X, S), (S, 3.0))),
    tree_of(layers=Mine([(X, S), (S, 3.0)])),
    tree_of(layers=[[X, S], (S, 3.0)]),
    tree_of(layers=[(X, S), (S, 3)]),
    tree_of(layers=[(X, S), (S, np.float32(3.0))]),
    tree_of(layers=[(X, S), (S, np.array(3.0))]),
    tree_of(layers=[(X, S.astype(np.float32)), (S, 3.0)]),
    tree_of(layers=[(X, np.arange(3)), (S, 3.0)]),
    tree_of(layers=[(X, np.ones((3, 3))), (S, 3.0)]),
    tree_of(layers=[(X, np.ones(6)[::2]), (S, 3.0)]),
    tree_of(layers=[(X, np.ones(1)), (S, 3.0)]),
    tree_of(layers=[(X, SUBCLASS), (S, 3.0)]),
    tree_of(layers=[(X, None), (S, 3.0)]),
    tree_of(layers={"a": (X, S), "b": (S, 3.0)}),
    tree_of(pair=Other(2.0, X)),
    tree_of(pair=(2.0, X)),
    tree_of(pair=Pair(True, X)),
    tree_of(record=Child(5.0)),
    tree_of(record=Record(5.0, 2)),
    tree_of(n=2**63),
    tree_of(n=2.0),
    tree_of(flag=False),
    tree_of(flag=1),
    tree_of(name="twice"),
    tree_of(name=b"once"),
    tree_of(empty=[]),
    tree_of(more=1.0),
    {key: value for key, value in tree_of().items() if key != "empty"},
    dict(reversed(tree_of().items())),
    {key.replace("empty", "other"): value for key, value in tree_of().items()},
    OrderedDict(tree_of()),
]


def text_of(g: Any, *args: Any) -> str:
    try:
        return repr(g(*args))
    except (ad.ADCompilerError, TypeError, AttributeError) as error:
        return f"{type(error)} {error}"


def test_forms_of_trees_one_after_the_other() -> None:
    expected = [text_of(ad.grad(total), tree, X) for tree in FORMS]
    for k, tree in enumerate(FORMS):
        g = ad.grad(total)
        for _ in range(3):
            assert text_of(g, tree, X) == expected[k]
        if k == 0:
            assert g.direct is not None
        if g.direct is not None:
            assert repr(g.direct((tree, X), {})) == expected[k]
            assert all(g.direct((other, X), {}) is MISSED for j, other in enumerate(FORMS) if j != k)
            assert [text_of(g, other, X) for other in FORMS] == expected


def test_machine_code_compares_the_leaves_of_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    def layers(ps, x):
        return sum([np.sum(w * x) * b for w, b in ps])

    monkeypatch.delenv("ADCOMPILER_DISABLE_JIT")
    g, x = ad.grad(layers, (0, 1)), np.ones(3)
    ps = [(np.arange(3.0), 2.0), (np.ones(3), 3.0)]
    for _ in range(3):
        found, by_x = g(ps, x)
        np.testing.assert_array_equal(by_x, [3.0, 5.0, 7.0])
        assert [(w.tolist(), b) for w, b in found] == [([2.0] * 3, 3.0), ([3.0] * 3, 3.0)]
    short = g.direct
    assert short is not None
    read_only = np.ones(3)
    read_only.flags.writeable = False
    for other in (read_only, np.ones(3, np.float32), np.ones(6)[::2], np.ones((3, 3)), np.ones(1), np.array(1.0), 1.0):
        assert short(([ps[0], (other, 3.0)], x), {}) is MISSED
        assert repr(g([ps[0], (other, 3.0)], x)) == repr(ad.grad(layers, (0, 1))([ps[0], (other, 3.0)], x))


def test_what_is_put_into_a_list_or_a_dictionary_between_calls_is_seen() -> None:
    def weighted(ps, d):
        s = d["a"] * 1.0
        for p in ps:
            s = s + np.sum(p * p) * d["a"]
        return s

    g, ps, d = ad.grad(weighted, (0, 1)), [np.ones(2), np.ones(2)], {"a": 2.0}
    changes = [
        lambda: ps.append(np.ones(2)),
        lambda: ps.__setitem__(0, 2.0),
        lambda: ps.__setitem__(0, 2),
        lambda: ps.__setitem__(slice(None), [np.full(2, 3.0), np.full(3, 4.0)]),
        lambda: ps[0].__setitem__(0, 7.0),
        lambda: d.__setitem__("a", 3),
        lambda: d.__setitem__("b", 3.0),
        lambda: (d.clear(), d.update(b=1.0, a=2.0)),
        lambda: ps.clear(),
    ]
    for change in changes:
        for _ in range(3):
            assert text_of(g, ps, d) == text_of(ad.grad(weighted, (0, 1)), ps, d)
        change()
    assert text_of(g, ps, d) == text_of(ad.grad(weighted, (0, 1)), ps, d)


def test_one_array_at_several_leaves() -> None:
    def product(ps, d):
        return np.sum(ps[0] * ps[1] * d["a"])

    def scales(ps, d):
        ps[0][0] = 3.0 * ps[0][0]
        return np.sum(ps[0] * ps[1] * d["a"])

    x, y = np.arange(3.0), np.ones(3)
    g = ad.grad(product, (0, 1))
    for a, b, c in [(x, y, x), (x, y, x), (x, x, x), (y, x, x), (x, x, y)]:
        (first, second), by_d = g([a, b], {"a": c})
        for found, expected in zip((first, second, by_d["a"]), (b * c, a * c, a * b), strict=True):
            np.testing.assert_array_equal(found, expected)
            assert not any(np.shares_memory(found, array) for array in (x, y))
    assert g.direct is not None
    written = ad.grad(scales)
    for _ in range(3):
        np.testing.assert_array_equal(written([x, y], {"a": y})[0], [3.0, 1.0, 1.0])
    assert written.direct is None and x[0] == 0.0
    with pytest.raises(ad.ADCompilerError, match="share memory"):
        written([x, x], {"a": y})


def test_iterators_are_not_advanced() -> None:
    def product(ps):
        return ps[0] * ps[1]

    g = ad.grad(product)
    for _ in range(3):
        assert g([2.0, 3.0]) == [3.0, 2.0]
    assert g.direct is not None
    for other in (iter([2.0, 3.0]), (v for v in [2.0, 3.0])):
        assert g.direct((other,), {}) is MISSED
        assert list(other) == [2.0, 3.0]
