"""Which loops keep copies of the arrays they overwrite, and which loads find their values there."""

from __future__ import annotations

import pytest

from adcompiler.ad.records.snapshots import complete, snapshots, with_snapshots
from adcompiler.analysis.dependence import dependence
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Func, Load
from tests.support.nests import nest

STEP = """
    def f(u: 1, new: 1, steps: int):
        n = u.shape[0]
        for k in range(steps):
            {first}
            for i in range(1, n - 1):
                new[i] = u[i] * u[i + 1]
            {between}
            for i in range({back}):
                u[i] = new[i]
            {last}
"""


def step(first: str = "", between: str = "", back: str = "1, n - 1", last: str = "") -> Func:
    lines = STEP.format(first=first, between=between, back=back, last=last).splitlines()
    return nest("\n".join(line for line in lines if line.strip()))


def held(fn: Func, array: str = "u") -> list[str]:
    """The indices of the loads that find their values in copies."""
    loads = with_snapshots(fn, [p for p in fn.params if p.name == array])[1]
    return [str(load.index[0]) for load in loads.values()]


def is_complete(fn: Func) -> bool:
    over = dependence(fn)
    return complete(over, fn.params[0], snapshots(over, fn.params[0]))


def test_loads_before_the_array_is_overwritten() -> None:
    fn = step()
    copied, loads = with_snapshots(fn, [fn.params[0]])
    verify(copied)
    assert len(loads) == 2
    assert all(isinstance(load, Load) and load.array.name != "u" for load in loads.values())
    assert is_complete(fn)


@pytest.mark.parametrize(
    "back,swept",
    [
        ("1, n - 1", True),
        ("n", True),
        ("n - 1, -1, -1", True),
        ("n - 8", True),
        ("n - 9", False),
        ("0, n, 2", False),
        ("steps", False),
        ("k", False),
    ],
)
def test_only_where_nearly_all_is_overwritten(back: str, swept: bool) -> None:
    assert bool(held(step(back=back))) == swept


def test_a_load_after_the_array_is_overwritten_is_not_held() -> None:
    fn = step(last="new[0] = u[2] * u[0]")
    assert len(held(fn)) == 3  # the first two, and the end that the loop leaves alone
    assert not is_complete(fn)


def test_a_load_that_meets_an_earlier_store_of_the_step_is_not_held() -> None:
    assert len(held(step(first="u[steps] = 1.0"))) == 0
    assert len(held(step(first="u[0] = 1.0"))) == 2
    assert len(held(step(first="u[n - 1] = 1.0"))) == 1
    assert len(held(step(between="u[steps] = 1.0"))) == 2


def test_a_load_that_an_earlier_trip_of_the_same_sweep_has_changed_is_not_held() -> None:
    fn = nest("""
        def f(u: 1, steps: int):
            n = u.shape[0]
            for k in range(steps):
                for i in range(1, n - 1):
                    u[i] = u[i - 1] * u[i] * u[i + 1]
    """)
    assert len(held(fn)) == 2
    assert not is_complete(fn)


def test_a_loop_that_stores_one_element_a_trip_copies_nothing() -> None:
    fn = nest("""
        def f(u: 1):
            n = u.shape[0]
            for i in range(1, n):
                u[i] = u[i - 1] * u[i]
    """)
    assert held(fn) == []


def test_a_store_behind_a_test_is_no_sweep() -> None:
    fn = nest("""
        def f(u: 1, new: 1, steps: int):
            n = u.shape[0]
            for k in range(steps):
                for i in range(n):
                    new[i] = u[i]
                for i in range(n):
                    if i > k:
                        u[i] = new[i]
    """)
    assert held(fn) == []


def test_each_load_finds_the_copy_of_the_innermost_loop() -> None:
    fn = nest("""
        def f(u: 1, new: 1, steps: int):
            n = u.shape[0]
            for k in range(steps):
                for l in range(2):
                    for i in range(n):
                        new[i] = u[i]
                    for i in range(n):
                        u[i] = new[i]
                for i in range(n):
                    u[i] = u[i] * 2.0
    """)
    assert sorted(s.loop for s in snapshots(dependence(fn), fn.params[0])) == [(2, 0, 0)]
