"""Which arguments a function writes into: their memory, not that of arrays that take their place in a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adcompiler as ad


def own_after_the_first_trip(x, y, n):
    now = x
    for _ in range(n):
        after = y * now
        after[1:] += now[:-1]
        now = after
    return np.sum(now**2)


def behind_a_view(x, y, n):
    part = x[1:]
    for _ in range(n):
        part = part * y[:2]
        row = part[:1]
        row[0] = row[0] * row[0]
    return np.sum(part)


def places_change(x, y, n):
    now, other = x.copy(), y
    for _ in range(n):
        other[:] = now * 2.0
        now, other = other, now
    return np.sum(now)


def one_of_two(x, y, n):
    now = y.copy()
    if n > 1:
        now = x
    now[0] = 2.0 * now[1]
    return np.sum(now)


@pytest.mark.parametrize(
    ("function", "written"),
    [
        (own_after_the_first_trip, set()),
        (behind_a_view, set()),
        (places_change, {"y"}),
        (one_of_two, {"x"}),
    ],
)
def test_arguments_that_are_written(function: Any, written: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    arrays = {name: np.array([0.5, 1.5, -0.75]) for name in "xy"}
    gradient = ad.grad(function, ("x", "y"))
    expected = gradient(**{name: array.copy() for name, array in arrays.items()}, n=3)
    for name, array in arrays.items():
        array.flags.writeable = False
        if name in written:
            with pytest.raises(ad.ADCompilerError, match=f"'{name}' is read-only, and the function writes into it"):
                gradient.primal(**arrays, n=3)
        else:
            assert gradient.primal(**{**arrays, **{w: arrays[w].copy() for w in written}}, n=3)
        array.flags.writeable = True
    found = gradient(**arrays, n=3)
    np.testing.assert_array_equal(found, expected)
    for array in arrays.values():
        np.testing.assert_array_equal(array, [0.5, 1.5, -0.75])
