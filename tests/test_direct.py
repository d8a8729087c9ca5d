"""The short way of a call gives what the long way gives, and is left wherever something differs."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.calls.direct import MISSED


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")


def scaled(x, y, n):
    return np.sum(x * x) * y * n


ARGUMENTS = [
    (np.ones(3), 2.0, 3),
    (np.ones(3), 2.0, 2**63),
    (np.ones(3), 2.0, True),
    (np.ones(3), np.float32(2.0), 3),
    (np.ones(3), 2, 3),
    (np.ones(3), np.array(2.0), 3),
    (np.ones(1), 2.0, 3),
    (np.ones((3, 1)), 2.0, 3),
    (np.ones((3, 3)), 2.0, 3),
    (np.ones((3, 3)).T[::2], 2.0, 3),
    (np.ones(6)[::2], 2.0, 3),
    (np.ones(3, np.float32), 2.0, 3),
    (np.ones(3, ">f8"), 2.0, 3),
    (np.ones(3).view(type("Own", (np.ndarray,), {})), 2.0, 3),
    (np.ones(3), 2.0),
    ([1.0, 2.0], 2.0, 3),
    (None, 2.0, 3),
]


def outcome(g: Any, args: tuple[Any, ...]) -> Any:
    try:
        found = g(*args)
        return type(found), np.asarray(found).dtype, np.asarray(found).tolist()
    except (ad.ADCompilerError, TypeError) as error:
        return type(error), str(error)


def test_forms_of_arguments_one_after_the_other() -> None:
    # each on the long way, by itself
    expected = [outcome(ad.grad(scaled), args) for args in ARGUMENTS]
    for k, args in enumerate(ARGUMENTS):
        g = ad.grad(scaled)
        for _ in range(3):
            assert outcome(g, args) == expected[k]
        if g.direct is not None:
            assert all(g.direct(other, {}) is MISSED for j, other in enumerate(ARGUMENTS) if j != k)
        for other, wanted in zip(ARGUMENTS, expected, strict=True):
            assert outcome(g, other) == wanted


def test_machine_code_compares_the_forms_of_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADCOMPILER_DISABLE_JIT")
    g, (x, y, n) = ad.grad(scaled), ARGUMENTS[0]
    for _ in range(3):
        np.testing.assert_array_equal(g(x, y, n), np.full(3, 12.0))
    assert g.direct is not None
    np.testing.assert_array_equal(g.direct((np.arange(5.0), y, n), {}), 12.0 * np.arange(5.0))
    read_only = np.ones(3)
    read_only.flags.writeable = False
    unaligned = np.ones(25, np.uint8)[1:].view(float)
    for other in (read_only, unaligned, np.array(1.0), np.ones(3, "M8[s]"), np.ones((1,) * 7), np.ones((1, 3, 1))):
        assert g.direct((other, y, n), {}) is MISSED
    assert all(g.direct(args, {}) is MISSED for args in ARGUMENTS[1:])


K = 2.0
W = np.ones(2)
FLAG = True
NAMES = ["a", "b"]


class Part:
    k = 3.0


PART = Part()


def below(x, n=2):
    return x**n


def reads(x):
    c = abs(K) * np.sum(W) * PART.k * len(NAMES)
    return below(x) * c if FLAG else below(x)


CHANGES: list[tuple[str, Any]] = [
    ("K", 3.0),
    ("K", 3),
    ("W", np.ones(3)),
    ("W", np.ones((2, 2))),
    ("W", np.ones(2, np.float32)),
    ("FLAG", False),
    ("NAMES", ["a", "b", "c"]),
    ("PART", Part()),
    ("below", lambda x: x**3),
    ("abs", lambda x: 7.0 * x),
    ("math", None),
]


@pytest.mark.parametrize(("name", "value"), CHANGES, ids=[f"{name} {value}"[:12] for name, value in CHANGES])
def test_changes_around_the_function_are_seen(name: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    g = ad.grad(reads)
    before = [g(1.5) for _ in range(3)]
    assert before == [72.0] * 3 and g.direct is not None
    assert g.direct((1.5,), {}) == 72.0
    monkeypatch.setitem(globals(), name, value)
    (expected,) = {ad.grad(reads, cache=False)(1.5)}
    assert g(1.5) == expected
    monkeypatch.undo()
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    assert g(1.5) == 72.0


def test_attributes_defaults_lines_and_what_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    g = ad.grad(reads)
    assert [g(1.5) for _ in range(3)] == [72.0] * 3
    monkeypatch.setattr(PART, "k", 6.0, raising=False)
    assert g(1.5) == 144.0
    monkeypatch.setattr(below, "__defaults__", (3,))
    assert g(1.5) == 144.0 * 2.25
    monkeypatch.setattr(below, "__code__", (lambda x, n: x).__code__)
    assert [g(1.5) for _ in range(3)] == [48.0] * 3
    assert g.direct is not None
    monkeypatch.delitem(globals(), "W")
    assert g.direct((1.5,), {}) is MISSED
    with pytest.raises((ad.ADCompilerError, NameError)):
        g(1.5)


def test_results_errors_and_bound_arguments() -> None:
    class Model:
        k = 2.0

        def loss(self, x):
            if x < 0.0:
                raise ValueError("negative")
            return self.k * x * x, {"x": x, "name": "loss", "none": None}

    model = Model()
    g = ad.value_and_grad(model.loss, has_aux=True)
    for x in (1.0, 2.0, 3.0):
        assert g(x) == ((2.0 * x * x, {"x": x, "name": "loss", "none": None}), 4.0 * x)
    assert g.direct is not None
    with pytest.raises(ValueError, match="negative") as caught:
        g(-1.0)
    assert caught.traceback[-1].path.name == "test_direct.py"
    model.k = 3.0
    assert g(1.0)[1] == 6.0


def test_results_share_no_memory_with_arguments() -> None:
    def product(x, c):
        return np.sum(x * c)

    x, c = np.zeros(3), np.arange(3.0)
    for argnums in (0, (0, 1)):
        g = ad.grad(product, argnums)
        for _ in range(3):
            found = g(x, c)
            first = found[0] if isinstance(found, tuple) else found
            np.testing.assert_array_equal(first, c)
            assert not np.shares_memory(first, c)
        assert g.direct is not None


def test_written_arguments_go_the_long_way() -> None:
    def writes(x):
        x[0] = 2.0 * x[0]
        return np.sum(x * x)

    g, x = ad.grad(writes), np.ones(2)
    for _ in range(3):
        np.testing.assert_array_equal(g(x), [8.0, 2.0])
    assert g.direct is None
    np.testing.assert_array_equal(x, np.ones(2))


def test_a_number_that_must_be_known_may_change_in_its_place() -> None:
    def by_axis(x, n):
        return np.sum(x * x, axis=n)[0]

    g, x, n = ad.grad(by_axis), np.ones((2, 3)), np.array(0)
    for _ in range(3):
        np.testing.assert_array_equal(g(x, n), [[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    n[...] = 1
    np.testing.assert_array_equal(g(x, n), [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("number", [int, np.int64, np.int32])
def test_numbers_that_must_be_known_are_compared(number: Any) -> None:
    def by_axis(x, options):
        return np.sum(x * x, axis=options["axis"])[0]

    g, x = ad.grad(by_axis), np.ones((2, 3))
    for _ in range(3):
        np.testing.assert_array_equal(g(x, {"axis": number(0)}), [[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    assert g.direct is not None and g.direct((x, {"axis": number(1)}), {}) is MISSED
    np.testing.assert_array_equal(g(x, {"axis": number(1)}), [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]])


def keyed(x, /, y=2.0, *more, z=3.0, **options):
    s = x * x * y + z * x
    for v in more:
        s = s * v
    for name, value in options.items():
        s = s * value + (1.0 if name == "a" else 2.0) * x
    return s


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1.5,), {}),
    ((1.5, 4.0), {}),
    ((1.5,), {"y": 4.0}),
    ((1.5,), {"z": 4.0}),
    ((1.5,), {"z": 4.0, "y": 3.0}),
    ((1.5,), {"y": 4.0, "z": 3.0}),
    ((1.5, 4.0, 2.0, 5.0), {}),
    ((1.5, 4.0, 2.0), {"z": 5.0}),
    ((1.5,), {"a": 4.0, "b": 5.0}),
    ((1.5,), {"b": 4.0, "a": 5.0}),
    ((1.5,), {"b": 4.0, "a": 5}),
    ((1.5,), {"b": 4.0, "c": 5.0}),
    ((1.5, 2), {"z": 1.0, "a": 4.0}),
    ((1.5,), {"x": 4.0}),
    ((), {"x": 4.0}),
    ((1.5, 2.0), {"y": 4.0}),
]


def called(g: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    try:
        return repr(g(*args, **kwargs))
    except TypeError as error:
        return f"{type(error)} {error}"


def test_forms_of_calls_one_after_the_other() -> None:
    expected = [called(ad.grad(keyed), *call) for call in CALLS]
    assert expected[0] == repr(9.0)
    for k, (args, kwargs) in enumerate(CALLS):
        g = ad.grad(keyed)
        for _ in range(3):
            assert called(g, args, kwargs) == expected[k]
        assert (g.direct is None) == ("Error" in expected[k])
        if g.direct is not None:
            assert repr(g.direct(args, kwargs)) == expected[k]
            assert all(g.direct(*call) is MISSED for j, call in enumerate(CALLS) if j != k)
        for _ in range(3):
            assert [called(g, *call) for call in CALLS] == expected


def test_ways_to_write_the_same_values_each_have_a_short_way() -> None:
    g = ad.grad(scaled)
    for args, kwargs in [((3.0, 2.0, 4), {}), ((3.0, 2.0), {"n": 4}), ((), {"n": 4, "x": 3.0, "y": 2.0})]:
        for _ in range(3):
            assert g(*args, **kwargs) == 48.0
        assert g.direct is not None and g.direct(args, kwargs) == 48.0


def test_defaults_and_what_a_partial_function_brings_along(monkeypatch: pytest.MonkeyPatch) -> None:
    def scale(x, ps=(1.0, 2.0), *, k=3.0):
        return x * ps[0] * ps[1] * k

    g = ad.grad(scale)
    assert [g(1.0) for _ in range(3)] == [6.0] * 3
    assert g.direct is not None and g.direct((1.0,), {}) == 6.0
    monkeypatch.setattr(scale, "__defaults__", ([2.0, 2.0],))
    assert g.direct((1.0,), {}) is MISSED
    monkeypatch.setattr(scale, "__defaults__", ((2.0, 2.0),))
    assert g.direct((1.0,), {}) == 12.0
    monkeypatch.setattr(scale, "__defaults__", None)
    assert g.direct((1.0,), {}) is MISSED
    ps = [2.0, 5.0]
    g = ad.grad(functools.partial(scale, ps=ps, k=2.0))
    assert [g(1.0) for _ in range(3)] == [20.0] * 3
    assert g.direct is not None
    ps[0] = 3.0
    assert g(1.0) == 30.0
    ps[0] = 3
    assert g.direct((1.0,), {}) is MISSED
    assert g(1.0) == 30.0 and g(1.0, k=1.0) == 15.0 and g(1.0) == 30.0


def part(x, s):
    return np.sum(x[s] ** 2)


def test_slices_are_compared_by_what_they_hold():
    g, x = ad.grad(part), np.arange(6.0)
    for _ in range(3):
        for s in (slice(1, 3), slice(None, None, 2), slice(1, 3, None), slice(-2, None), np.s_[::-1]):
            expected = np.zeros(6)
            expected[s] = 2.0 * x[s]
            np.testing.assert_array_equal(g(x, s), expected)
    g(x, slice(1, 3))
    np.testing.assert_array_equal(g(x, 2), [0.0, 0.0, 4.0, 0.0, 0.0, 0.0])
