"""Additions to neighbours in several rows are gathered once all rows are done, where that means the same."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func, Store
from adcompiler.optimise.elements.scatter import put_off_additions
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.support.interpret import run
from tests.support.nests import nest

FOUR = "a[i - 1, j] += v; a[i + 1, j] += v; a[i, j - 1] += v; a[i, j + 1] += v"


def plane(additions: str, rows: str = "1, n - 1", columns: str = "1, right", value: str = "2.0 * x[i, j]") -> Func:
    lines = "\n                ".join(additions.split("; "))
    text = f"""
    def f(a: 2, x: 2, low: int, high: int):
        n = a.shape[0]
        m = a.shape[1]
        right = m - 1
        for i in range({rows}):
            for j in range({columns}):
                v = {value}
                a[i, j] += 3.0 * v
                {lines}
    """
    return drop_bounds(nest(text))


def ranks_of_work(fn: Func) -> list[int]:
    return [len(s.args) for s in walk(fn.body) if isinstance(s, Assign) and s.op in ("zeros", "empty")]


def agree(fn: Func, after: Func, shape: tuple[int, int] = (5, 6), low: int = 1, high: int = 4) -> None:
    rng = np.random.default_rng(1)
    a, x = rng.normal(size=shape), rng.normal(size=shape)
    plain, gathered = a.copy(), a.copy()
    run(fn, plain, x, low, high)
    run(after, gathered, x, low, high)
    np.testing.assert_allclose(gathered, plain, rtol=1e-13, atol=1e-13)


def test_one_value_for_four_neighbours_is_gathered() -> None:
    fn = plane(FOUR)
    after = verify(put_off_additions(fn))
    assert ranks_of_work(after) == [2]
    assert sum(isinstance(t, Store) and t.add for t in walk(after.body)) == 2
    for shape in ((5, 6), (3, 3), (3, 9)):
        agree(fn, after, shape)


@pytest.mark.parametrize(
    "additions",
    [
        "a[i - 1, j - 1] += v; a[i + 1, j + 1] += v; a[i + 1, j - 1] += v",
        "a[i + 1, j] += v; a[i + 1, j - 1] += v; a[i, j + 1] += v",
        "a[i - 1, j] += v; a[i - 1, j - 1] += v; a[i + 1, j] += v; a[i, j + 1] += x[i, j]",
        f"{FOUR}; a[i + 1, j + 1] += x[i, j]; a[i - 1, j - 1] += x[i, j]; a[i, j - 1] += x[i, j]",
    ],
)
def test_other_neighbours(additions: str) -> None:
    fn = plane(additions)
    after = verify(put_off_additions(fn))
    assert 2 in ranks_of_work(after)
    for shape in ((5, 6), (3, 4), (6, 3)):
        agree(fn, after, shape)


@pytest.mark.parametrize("low,high", [(1, 4), (2, 2), (3, 1), (1, 2)])
def test_ranges_from_names_that_may_be_empty(low: int, high: int) -> None:
    for rows, columns in (("low, high", "1, right"), ("1, n - 1", "low, high"), ("low, high", "low, high")):
        fn = plane(FOUR, rows, columns)
        after = verify(put_off_additions(fn))
        assert ranks_of_work(after) == [2]
        agree(fn, after, (6, 6), low, high)
        agree(fn, after, (2, 2), 1, 1)
        agree(fn, after, (2, 2), 2, 2)


@pytest.mark.parametrize(
    "additions,value",
    [
        (FOUR, "x[i, j] + a[i, j]"),
        ("a[i - 1, j] += v; a[i + 1, j] += v", "x[i, j]"),
        ("a[i, j - 1] += v; a[i, j + 1] += v; a[i, j + 2] += v", "x[i, j]"),
        ("a[j, i] += v; a[i + 1, j] += v; a[i - 1, j] += v", "x[i, j]"),
        ("a[i - 1, j] += v; a[i + 1, i] += v; a[i + 1, j] += v", "x[i, j]"),
        ("a[i - 1, j] += v; a[i + j, j] += v; a[i + 1, j] += v", "x[i, j]"),
        ("a[i - 1, j] += v; a[i - 1, j] += v; a[i + 1, j] += v; a[i, j + 1] += v", "x[i, j]"),
        ("a[i - 1, j] += v; a[2 * i, j] += v; a[i + 1, j] += v", "x[i, j]"),
    ],
)
def test_what_is_not_gathered(additions: str, value: str) -> None:
    fn = plane(additions, rows="1, 3", columns="1, 3", value=value)
    after = verify(put_off_additions(fn))
    assert 2 not in ranks_of_work(after)
    agree(fn, after, (6, 6))


def test_rows_between_which_something_else_happens() -> None:
    fn = drop_bounds(
        nest("""
    def f(a: 2, x: 2, low: int, high: int):
        right = a.shape[1] - 1
        for i in range(1, a.shape[0] - 1):
            x[0, i] = a[i, 1]
            for j in range(1, right):
                v = x[i, j]
                a[i - 1, j] += v
                a[i + 1, j] += v
                a[i, j + 1] += v
    """)
    )
    after = verify(put_off_additions(fn))
    assert 2 not in ranks_of_work(after)
    agree(fn, after, (5, 5))


def test_a_third_axis_has_to_stay() -> None:
    for third, gathered in (("low", True), ("i * j", False), ("i - 1", False)):
        fn = drop_bounds(
            nest(f"""
        def f(a: 3, x: 2, low: int):
            right = a.shape[1] - 1
            for i in range(1, a.shape[0] - 1):
                for j in range(1, right):
                    k = {third}
                    v = x[i, j]
                    a[i - 1, j, k] += v
                    a[i + 1, j, k] += v
                    a[i, j + 1, k] += v
        """)
        )
        after = verify(put_off_additions(fn))
        assert (2 in ranks_of_work(after)) == gathered
        x, found = np.arange(20.0).reshape(4, 5), [np.ones((4, 5, 7)) for _ in range(2)]
        run(fn, found[0], x, 3)
        run(after, found[1], x, 3)
        np.testing.assert_allclose(found[1], found[0], rtol=1e-13)


@pytest.mark.parametrize("rows", ["1, bottom", "low, high"])
@pytest.mark.parametrize(
    "others",
    ["a[i, j + 1] += v", "c[i, j] += w; c[i + 1, j] += w; c[i + 1, j + 1] += w", "c[i, j] += w; c[i + 2, j] += w"],
)
def test_planes_that_are_used_again(rows: str, others: str) -> None:
    lines = "\n                    ".join(others.split("; "))
    fn = drop_bounds(
        nest(
            f"""
        def f(a: 2, x: 2, c: 2, low: int, high: int):
            right = a.shape[1] - 1
            bottom = a.shape[0] - 2
            for s in range(3):
                for i in range({rows}):
                    for j in range(1, right):
                        v = x[i, j] + s
                        w = 2.0 * v
                        a[i - 1, j] += v
                        a[i + 1, j] += v
                        a[i, j - 1] += v
                        {lines}
        """.replace("\n                    c[", "\n                        c[")
        )
    )
    after = verify(put_off_additions(fn))
    assert 2 in ranks_of_work(after)
    rng = np.random.default_rng(3)
    for n, low, high in ((3, 1, 1), (4, 1, 2), (5, 1, 3), (9, 2, 5), (9, 5, 3)):
        a, x = rng.normal(size=(n, 5)), rng.normal(size=(n, 5))
        found = [[a.copy(), x, np.zeros((n, 5))] for _ in range(2)]
        run(fn, *found[0], low, high)
        run(after, *found[1], low, high)
        np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(found[1][2], found[0][2], rtol=1e-13, atol=1e-13)
