"""An iterator gives its items once: used where one place asks for them, refused where two might."""

from collections.abc import Callable
from itertools import accumulate, chain, count
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted

X = np.array([0.3, 0.5, -0.2, 0.7])


def zip_twice(x: Any) -> Any:
    pairs = zip(x, x[::-1], strict=False)
    total = 0.0
    for a, b in pairs:
        total += a * b
    for a, b in pairs:
        total += 10 * a * b
    return total


def generator_twice(x: Any) -> Any:
    squares = (v * v for v in x)
    return sum(squares) + sum(squares)


def enumerate_in_a_loop(x: Any) -> Any:
    items = enumerate(x)
    total = 0.0
    for _ in range(3):
        for i, v in items:
            total += i * v
    return total


def zip_handed_over(x: Any) -> Any:
    def added(pairs: Any) -> Any:
        return sum(a * b for a, b in pairs)

    pairs = zip(x, x, strict=False)
    return added(pairs) + added(pairs)


def reversed_by_a_lambda(x: Any) -> Any:
    items = reversed([x[0], x[1]])
    take = lambda: sum(items)  # noqa: E731
    return take() + take()


def named_once(x: Any) -> Any:
    pairs = zip(x, x[::-1], strict=False)
    total = 0.0
    for a, b in pairs:
        total += a * b
    for _ in range(2):
        items = enumerate(x)
        total += sum(i * v for i, v in items)
    return total


def in_place(x: Any) -> Any:
    rows = [sum(a * b for a, b in zip(x, x, strict=False)) * k for k in range(3)]
    return rows[2] + sum(v * w for v in x for w, _ in zip(x, x, strict=False)) + max(v for v in reversed(x))


@pytest.mark.parametrize("f", [zip_twice, generator_twice, enumerate_in_a_loop, zip_handed_over, reversed_by_a_lambda])
def test_what_two_places_may_use_up_is_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(ad.UnsupportedSyntax, match="an iterator that has a name"):
        ad.grad(f)(X)


@pytest.mark.parametrize("f", [named_once, in_place])
def test_what_one_place_uses_up(f: Callable[..., Any]) -> None:
    with interpreted():
        assert ad.value_and_grad(f)(X)[0] == pytest.approx(f(X), rel=1e-14)


def filtered_while_written(x: Any) -> Any:
    y, total = x.copy(), 0.0
    for k, a in enumerate(v * v for v in y if v > -9.0):
        y[(k + 1) % 4] = a
        total += a
    return total


def chained_while_changed(x: Any) -> Any:
    values, total = [x[0], x[1], x[2]], 0.0
    for k, a in enumerate(chain(values, values)):
        values[(k + 1) % 3] = 2.0 * a
        total += a
    return total


def accumulated_while_written(x: Any) -> Any:
    y, total = np.zeros(3), 0.0
    y[:] = x[:3]
    for k, a in enumerate(accumulate(y)):
        y[(k + 1) % 3] = 2.0 * a
        total += a
    return total


def filtered_by_what_changes(x: Any) -> Any:
    least, total = 0.0, 0.0
    for a in (v for v in x if v > least):
        least = a
        total += a
    return total


@pytest.mark.parametrize(
    "f", [filtered_while_written, chained_while_changed, accumulated_while_written, filtered_by_what_changes]
)
def test_items_made_at_once_of_what_the_loop_writes_are_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(ad.UnsupportedSyntax, match="changed in a loop that goes through it"):
        ad.grad(f)(X)


def written_elsewhere(x: Any) -> Any:
    values, squares = [x[0], x[1], x[2]], np.zeros(4)
    sums, y, now = [0.0, 0.0], x.copy(), 0.0
    for k, v in enumerate(v * v for v in x if v > -9.0):
        squares[k] = v
        now = now + v
    for k, v in enumerate(chain(values, values)):
        sums[k % 2] = sums[k % 2] + v * now
    for v in filter(lambda v: True, values):
        y[0] = y[0] + v
    for k, v in enumerate(accumulate(values)):
        y[k] = y[k] * v
    return sum(y) + sum(squares) + sums[0] * sums[1]


def test_items_made_at_once_while_the_loop_writes_other_memory() -> None:
    with interpreted():
        assert ad.value_and_grad(written_elsewhere)(X)[0] == pytest.approx(written_elsewhere(X.copy()), rel=1e-14)


NAMES = ("a", "b", "c")


def listed_by_name(x: Any) -> Any:
    return sum([v * len(name) for name, v in zip(NAMES, x, strict=False)])


def dictionary_by_name(x: Any) -> Any:
    return dict(zip(NAMES, x, strict=False))["a"]


def numbered_by_name(x: Any) -> Any:
    total = 0.0
    for k, (name, v) in enumerate(zip(NAMES, x, strict=False)):
        total += k * v * len(name)
    return total


@pytest.mark.parametrize("f", [listed_by_name, dictionary_by_name])
def test_an_array_beside_items_that_are_listed_is_not_shorter(f: Callable[..., Any]) -> None:
    g = ad.grad(f, cache=False)
    with interpreted():
        np.testing.assert_array_equal(g(X) != 0.0, [True, f is listed_by_name, f is listed_by_name, False])
        with pytest.raises(ValueError, match="an array is shorter than the 3 items beside it"):
            g(X[:2])


def test_a_loop_ends_with_the_shortest() -> None:
    g = ad.grad(numbered_by_name, cache=False)
    with interpreted():
        np.testing.assert_array_equal(g(X), [0.0, 1.0, 2.0, 0.0])
        np.testing.assert_array_equal(g(X[:2]), [0.0, 1.0])


def test_a_loop_over_count_needs_a_way_out() -> None:
    def f(x: Any) -> Any:
        for _ in count():
            x = np.sin(x)
        return x

    with pytest.raises(ad.UnsupportedSyntax, match="this loop never ends"):
        ad.grad(f)(1.0)


def test_count_gives_its_numbers_once() -> None:
    def f(x: Any) -> Any:
        numbers = count()
        for _ in range(2):
            for k in numbers:
                if k > 3:
                    break
                x = x * k
        return x

    with pytest.raises(ad.UnsupportedSyntax, match="an iterator that has a name"):
        ad.grad(f)(1.0)
