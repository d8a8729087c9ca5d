"""Neighbours on a ring: their indices need no division, and additions to them are put off into loops without wraps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import adcompiler
from adcompiler.analysis.turns import Turn, turns
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Branch, Func, Loop, Store
from adcompiler.optimise.elements.scatter import put_off_additions
from adcompiler.optimise.lines.remainders import take_remainders
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import drop_bounds
from adcompiler.optimise.machine.undivided import drop_divisions
from tests.programs.stencils import torus
from tests.support.interpret import run
from tests.support.lowering import lowered
from tests.support.nests import nest

# what is divided by n, for i in range(n)
NUMBERS = {
    "i + 1": Turn(0, 0, 1, once=True, plain=True),
    "i - 1": Turn(0, 1, 0, once=True),
    "i - 1 + n": Turn(-1, 1, 0, once=True),
    "n + n + i": Turn(-2, 0, 0, once=False),
    "i - 2": Turn(0, 2, 0, once=False),
    "i + 2": Turn(0, 0, 2, once=False),
    "2 * i": Turn(0, 0, 1, once=False),
    "i + i - 1": Turn(0, 1, 1, once=False),
    "n - i": Turn(-1, 1, 0, once=False),
    "i + 5": None,
    "i - 4": None,
    "i + k": None,
    "4 * i": None,
}
LOADS = """
def loads(x: 1, y: 1, k: int):
    n = x.shape[0]
    for i in range(n):
        y[i] = x[({number}) % n]
"""
ADDS = """
def adds(x: 1, a: 1, k: int):
    n = x.shape[0]
    for i in range({start}, {stop}):
        t = x[i]
        a[({first}) % n] += 2.0 * t
        a[({second}) % n] += t * t
        a[{here}] += t
"""


def remainders(fn: Func) -> int:
    return sum(isinstance(s, Assign) and s.op == "mod" for s in walk(fn.body))


def same(before: Func, after: Func) -> None:
    verify(after)
    for n in range(8):
        x = np.random.default_rng(n).normal(size=n)
        mine, want = np.zeros(2 * n), np.zeros(2 * n)
        run(before, x, want, 3)
        run(after, x, mine, 3)
        np.testing.assert_allclose(mine, want, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("number", NUMBERS)
def test_remainders_near_the_divisor(number: str) -> None:
    fn = drop_bounds(nest(LOADS.format(number=number)))
    turn = NUMBERS[number]
    assert list(turns(fn).values()) == ([turn] if turn else [])
    after = drop_divisions(fn)
    # the machine compiler knows the first one
    assert remainders(after) == (turn is None or number == "i + 1")
    same(fn, after)


def test_a_number_that_stays_below_the_divisor_is_its_remainder() -> None:
    text = LOADS.replace("range(n)", "range(n - 1)")
    fn = drop_bounds(nest(text.format(number="i + 1")))
    assert remainders(drop_divisions(fn)) == 0
    same(fn, drop_divisions(fn))


def test_a_divisor_that_may_be_negative_divides() -> None:
    text = """
    def loads(x: 1, y: 1, k: int):
        for i in range(3, 5):
            y[0] = x[(i - 1) % k]
    """
    assert not turns(nest(text))


@pytest.mark.parametrize("first", NUMBERS)
@pytest.mark.parametrize(
    ("start", "stop", "here", "second"),
    [("0", "n", "i", "i - 1"), ("1", "n - 1", "i + 1", "i + 1"), ("2", "n", "i", "i - 4")],
)
def test_additions_around_a_ring(first: str, start: str, stop: str, here: str, second: str) -> None:
    fn = drop_bounds(nest(ADDS.format(start=start, stop=stop, here=here, first=first, second=second)))
    after = put_off_additions(fn)
    same(fn, after)
    same(fn, drop_divisions(simplify(after)))


def test_halves_have_no_remainder() -> None:
    fn = drop_bounds(nest(ADDS.format(start="0", stop="n", here="i", first="i - 1", second="i + 1")))
    after = simplify(put_off_additions(fn))
    first, *rest = (s for s in after.body if isinstance(s, (Loop, Branch)))
    assert [type(s) for s in rest].count(Branch) == [type(s) for s in rest].count(Loop) == 2
    assert remainders(after) == 0
    # in place stays what goes around nothing
    assert [s.add for s in walk([first]) if isinstance(s, Store)] == [True, False, False]


def test_a_divisor_that_the_loop_computes() -> None:
    fn = drop_bounds(
        nest("""
        def adds(x: 1, a: 1, k: int):
            n = x.shape[0]
            for i in range(n):
                m = n + n
                a[(i + n + 1) % m] += x[i]
                a[i] += 2.0
        """)
    )
    assert list(turns(fn).values()) == [Turn(0, 0, 1, once=True)]
    same(fn, put_off_additions(fn))


def test_a_neighbour_in_a_row_found_in_the_inner_loop() -> None:
    text = """
    def adds(x: 1, a: 2, k: int):
        n = a.shape[0]
        m = a.shape[1]
        for i in range(n):
            for j in range(m):
                a[(i + 1) % n, j] += 2.0
                a[i, (j + 1) % m] += 3.0
                a[i, j] += x[0]
    """
    fn = drop_bounds(nest(text))
    after = verify(put_off_additions(fn))
    assert sum(isinstance(s, Loop) for s in walk(after.body)) == 4
    for shape in ((1, 1), (1, 3), (2, 1), (3, 4), (0, 2), (2, 0)):
        want, mine = np.zeros(shape), np.zeros(shape)
        run(fn, np.ones(1), want, 0)
        run(after, np.ones(1), mine, 0)
        np.testing.assert_array_equal(mine, want)


def ahead(x, m):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i + 1 if i + 1 < len(x) else 0]
    return total


def reset(x, m):
    total = 0.0
    for i in range(len(x)):
        after = i + 1
        if after == len(x):
            after = 0
        total += x[i] * x[after]
    return total


def behind(x, m):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i - 1 if i > 0 else len(x) - 1]
    return total


def clamped(x, m):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i + 1 if i + 1 < len(x) else len(x) - 1]
    return total


def early(x, m):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i + 1 if i + 2 < len(x) else 0]
    return total


def skipping(x, m):
    total = 0.0
    for i in range(1, len(x)):
        total += x[i] * x[i + 1 if i + 1 < len(x) else 1]
    return total


def shorter(x, m):
    total = 0.0
    for i in range(m):
        total += x[i + 1 if i + 1 < len(x) else 0]
    return total


def chosen(x, m):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i - 1 if x[i] > 0.0 else 0]
    return total


@pytest.mark.parametrize("function", [ahead, reset, behind, clamped, early, skipping, shorter, chosen])
def test_choices_that_are_remainders(function: Callable[..., float]) -> None:
    fn = lowered(function, np.ones(3), 2)[0].func
    after = verify(take_remainders(fn))
    assert remainders(after) == (function in (ahead, reset, behind))
    for n in range(5):
        x = np.random.default_rng(n).normal(size=n)
        assert run(after, x, 0) == run(fn, x, 0)


def test_indices_on_a_ring_are_not_recorded() -> None:
    """The adjoint of an inner loop finds them again, in the loop that computes the value."""
    text = adcompiler.value_and_grad(torus).lowered_source(np.ones((4, 3)), 0.7)
    assert "tape" not in text and "raise" not in text
