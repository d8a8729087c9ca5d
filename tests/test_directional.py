"""`vjp` and `jvp`: cotangents and tangents of every form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adcompiler as ad

SCALE = np.array([2.0, 3.0])


def outputs(x, n):
    """Return a dictionary of everything."""
    return {"square": x * x, "parts": (np.sum(x), x[0] * 3.0, n), "list": [x], "name": "all"}


def test_cotangent_has_the_structure_of_the_output() -> None:
    x = np.array([1.0, 2.0])
    out, pullback = ad.vjp(outputs, x, 4)
    assert out["name"] == "all"
    assert out["parts"] == (3.0, 3.0, 4)
    cotangent = {"square": np.array([1.0, 0.5]), "parts": (10.0, 100.0, None), "list": [np.zeros(2)], "name": None}
    entries = pullback(cotangent)
    np.testing.assert_array_equal(entries[0], [2.0 + 10.0 + 300.0, 2.0 + 10.0])
    assert entries[1] is None
    # None stands for zeros, and a passive result may be given a zero
    fewer = {"square": None, "parts": (10.0, None, 0), "list": None, "name": None}
    np.testing.assert_array_equal(pullback(fewer)[0], [10.0, 10.0])
    np.testing.assert_array_equal(pullback(cotangent)[0], entries[0])


@pytest.mark.parametrize(
    ("cotangent", "words"),
    [
        ((1.0, 2.0), ("a tuple of 2", "a dict of 4")),
        ({"square": 1.0}, ("a dict of 1", "a dict of 4")),
        ({"square": np.ones(3), "parts": None, "list": None, "name": None}, ("(3,)", "(2,)", "'square'")),
        ({"square": None, "parts": (None, None, 2), "list": None, "name": None}, ("int", "'parts'")),
        ({"square": None, "parts": None, "list": [["a", "b"]], "name": None}, ("numbers", "'list'")),
    ],
)
def test_cotangent_that_does_not_fit(cotangent: Any, words: tuple[str, ...]) -> None:
    _, pullback = ad.vjp(outputs, np.array([1.0, 2.0]), 4)
    with pytest.raises(ad.ADCompilerError) as caught:
        pullback(cotangent)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_single_precision_and_memory_order() -> None:
    x = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    out, pullback = ad.vjp(lambda x: x.T * x.T, x)
    assert out.dtype == np.float32
    (gradient,) = pullback([[1, 2], [3, 4], [5, 6]])
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, 2 * x * np.array([[1, 2], [3, 4], [5, 6]]).T)
    _, tangent = ad.jvp(lambda x: x.T * x.T, (x,), ([[1, 2, 3], [4, 5, 6]],))
    assert tangent.dtype == np.float32
    np.testing.assert_array_equal(tangent, (2 * x * np.array([[1, 2, 3], [4, 5, 6]])).T)


def test_a_scalar_output_has_a_scalar_cotangent() -> None:
    out, pullback = ad.vjp(lambda x: x[0] * x[1], (3.0, np.float32(4.0)))
    assert out == 12.0
    (entry,) = pullback(2)
    assert entry == (8.0, np.float32(6.0))
    assert [type(e) for e in entry] == [float, np.float32]
    with pytest.raises(ad.ADCompilerError, match=r"\(1,\)"):
        pullback(np.ones(1))


def test_pullback_of_a_function_that_writes_its_argument_and_reads_a_global(monkeypatch: pytest.MonkeyPatch) -> None:
    def update(x):
        x *= SCALE
        x[0] += x[1] ** 2
        return x

    x = np.array([1.0, 2.0])
    out, pullback = ad.vjp(update, x)
    np.testing.assert_array_equal(out, [2.0 + 36.0, 6.0])
    np.testing.assert_array_equal(x, [1.0, 2.0])
    expected = [2.0, 3.0 * 12.0 + 3.0]
    np.testing.assert_array_equal(pullback(np.ones(2))[0], expected)
    # later changes of what was read do not reach the pullback, those of its results neither
    out[:] = x[:] = 0.0
    monkeypatch.setitem(globals(), "SCALE", np.array([7.0, 7.0]))
    np.testing.assert_array_equal(pullback(np.ones(2))[0], expected)


def test_auxiliary_results_come_third() -> None:
    def loss(x):
        return x * x, {"twice": 2.0 * x}

    out, pullback, aux = ad.vjp(loss, 3.0, has_aux=True)
    assert (out, pullback(1.0), aux) == (9.0, (6.0,), {"twice": 6.0})
    assert ad.jvp(loss, (3.0,), (1.0,), has_aux=True) == (9.0, 6.0, {"twice": 6.0})


def test_arguments_left_to_their_defaults() -> None:
    def power(x, k=3.0):
        return x * k

    assert ad.vjp(power, 2.0)[1](1.0) == (3.0,)
    assert ad.vjp(power, 2.0, 5.0)[1](1.0) == (5.0, 2.0)
    with pytest.raises(ad.NotDifferentiable, match="'k' was not passed"):
        ad.vjp(power, 2.0, argnums="k")


def test_any_number_of_arguments() -> None:
    def total(first, *rest):
        result = first
        for part in rest:
            result = result * part
        return result

    assert ad.vjp(total, 2.0, 3.0, 5.0)[1](1.0) == (15.0, 10.0, 6.0)
    assert ad.vjp(total, 2.0, 3.0, 5.0, argnums=-1)[1](1.0) == (None, None, 6.0)
    assert ad.jvp(total, (2.0, 3.0, 5.0), (None, 1.0, None)) == (30.0, 10.0)


def test_tangents_of_structures() -> None:
    def loss(p, n):
        return p["a"] * p["b"][0] * n, n

    p, moved = {"a": 2.0, "b": [np.array([1.0, 3.0])]}, {"a": 1.0, "b": [None]}
    (value, count), (tangent, none) = ad.jvp(lambda p, n: (np.sum(loss(p, n)[0]), n), (p, 3), (moved, None))
    assert (value, count, tangent, none) == (24.0, 3, 12.0, None)
    _, tangent = ad.jvp(lambda p: p["a"] * p["b"][0], (p,), ({"a": None, "b": [[1, 1]]},))
    np.testing.assert_array_equal(tangent, [2.0, 2.0])


def test_nothing_moves() -> None:
    assert ad.jvp(lambda x, y: x * y, (2.0, 3.0), (None, None)) == (6.0, 0.0)


@pytest.mark.parametrize(
    ("primals", "tangents", "argnums", "error", "words"),
    [
        ((1.0, 2), (1.0,), None, TypeError, ("2 tangents", "1")),
        ((1.0, 2), 1.0, None, TypeError, ("2 tangents", "float")),
        ((1.0, 2), (1.0, 1), None, ad.NotDifferentiable, ("n is of type int",)),
        ((1.0, 2), (1.0,), (0, 1), TypeError, ("2 tangents",)),
        ((1.0, 2), 1.0, 1, ad.NotDifferentiable, ("argument 'n'",)),
        ((np.ones(3), 2), (np.ones(2), None), None, ad.TypeProblem, ("(2,)", "(3,)", "tangent of x")),
        (([1.0], 2), ((1.0,), None), None, ad.TypeProblem, ("a tuple of 1", "a list of 1")),
    ],
)
def test_tangents_that_do_not_fit(
    primals: Any, tangents: Any, argnums: Any, error: type[Exception], words: tuple[str, ...]
) -> None:
    def scaled(x, n):
        return np.sum(x[0]) * n if isinstance(x, list) else np.sum(x) * n

    with pytest.raises(error) as caught:
        ad.jvp(scaled, primals, tangents, argnums=argnums)
    assert all(word in str(caught.value) for word in words), str(caught.value)
