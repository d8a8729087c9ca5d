"""A record of what another array keeps is dropped: where that one has every number when it is read."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func
from adcompiler.optimise.elements.doubled import read_doubles
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.support.interpret import run
from tests.support.nests import nest

# `r` records what is stored into `a` as well; both sweeps
SWEEPS = """
    def f(x: 2, a: 2, out: 2, m: int):
        n = x.shape[1]
        r = empty({extents})
        {before}
        for t in range({steps}):
            {first}
            for i in range(n):
                v = 2.0 * x[t, i]
                {test}
                    r[{at}] = v
                {between}
                a[{there}] = v
                {late}
            {last}
        {after}
        for t in range({back}):
            for i in range(n):
                out[t, i] += r[{read}] + x[t, i]
        {end}
"""


def sweeps(**parts: str) -> Func:
    usual = dict.fromkeys(("before", "first", "between", "late", "last", "after", "end"), "")
    usual |= {"extents": "m, n", "steps": "m", "back": "m - 1, -1, -1", "test": "if True:"}
    usual |= {"at": "t, i", "there": "t + 1, i", "read": "t, i"}
    text = SWEEPS.format(**(usual | parts)).replace("                if True:\n    ", "")
    return simplify(drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip()))))


def dropped(fn: Func, least: int = 3) -> bool:
    """Whether the pass drops the record; both functions give the same numbers."""
    changed = verify(read_doubles(fn))
    for n, m in ((4, 4), (5, 3), (4, least)):
        rng = np.random.default_rng(n)
        one = [rng.normal(size=(7, n)) for _ in range(3)]
        two = [array.copy() for array in one]
        run(fn, *one, m)
        run(changed, *two, m)
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)
    made = [sum(isinstance(s, Assign) and s.op == "empty" for s in walk(f.body)) for f in (fn, changed)]
    assert made[0] - made[1] == (changed.body != fn.body)
    return changed.body != fn.body


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"there": "t, i"},
        {"at": "i, t", "read": "i, t", "extents": "n, m", "there": "i + 2, t"},
        {"steps": "m - 1, -1, -1", "back": "m"},
        # what comes before does not count
        {"before": "a[1, 0] = 1.0", "first": "a[t + 1, 0] = 3.0"},
        {"between": "a[t + 1, i] = 5.0"},
        {"read": "m - 1 - t, i"},
        {"at": "t + 1, i", "extents": "m + 1, n", "read": "t + 1, i", "there": "t, i"},
    ],
    ids=str,
)
def test_a_number_that_is_kept_twice(parts: dict[str, str]) -> None:
    assert dropped(sweeps(**parts), least=0)


@pytest.mark.parametrize(
    "parts",
    [
        # the other array loses it
        {"there": "0, i"},
        {"late": "a[t + 1, 0] = 3.0"},
        {"last": "a[1, 0] = 3.0"},
        {"after": "a[2, 1] = 3.0"},
        {"end": "a[2, 1] = 3.0", "there": "t, i", "back": "m", "read": "t, i", "after": "a[1, 1] += 1.0"},
        {"there": "3 - t, i + 0", "steps": "0, m", "late": "a[t, i] = 1.0"},
        # it does not have it yet, or not at a place that an offset gives
        {"late": "out[t, i] += r[t, 0]"},
        {"there": "2 * t, i", "steps": "0, 3", "back": "0, 3"},
        {"at": "t, 0", "read": "t, 0"},
        # not all of what is read is recorded
        {"extents": "m + 1, n", "after": "r[m, 0] = 1.0"},
        {"test": "if x[t, i] > 0.0:", "before": "r[0, 0] = 1.0"},
        {"steps": "1, m", "after": "out[0, 0] += r[0, 1]", "back": "1, m"},
        {"back": "m + 1", "extents": "m + 1, n", "before": "q = 1.0"},
        {"last": "if x[t, 0] > 99.0: break"},
        # more than elements of it are read
        {"end": "return r"},
        {"after": "out[1, :] = r[1, :]"},
        # each iteration has another array of its own
        {"first": "c = empty(n)", "between": "c[i] = v", "there": "0, i", "late": "out[t, i] += c[0]"},
        # rows are columns there
        {"there": "i + 2, t"},
        # another number
        {"between": "r[t, i] += 1.0"},
        {"between": "v = 3.0 * x[t, i]"},
    ],
    ids=str,
)
def test_a_record_that_alone_has_a_number(parts: dict[str, str]) -> None:
    assert not dropped(sweeps(**parts))
