"""A loop gathers what the loop behind it would: where each element and each work array allows it."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Func, Loop
from adcompiler.optimise.elements.delays import delay
from adcompiler.optimise.elements.scatter import put_off_additions
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.support.interpret import run
from tests.support.nests import nest
from tests.test_scatter import additions, stencil

GATHER = """
    def f(x: 1, y: 1, z: 1):
        n = x.shape[0]
        m = n - 1
        w = {make}(n + 8)
        {before}
        for k in range(2):
            for i in range(1, {stop}):
                {first}
                w[{at}] = 2.0 * x[i] + k
                {other}
            {between}
            if {test}:
                for i in range({start}, {stop} + {longer}):
                    y[i {shift}] {op} w[i + 1] + w[i - {back}]
                    {inside}
        {after}
"""


def gather(**parts: str) -> Func:
    usual = dict.fromkeys(("before", "first", "other", "between", "inside", "after"), "")
    usual |= {"make": "zeros", "at": "i + 1", "test": "1 < m", "start": "1", "longer": "2", "shift": "- 1", "op": "+="}
    text = GATHER.format(**(usual | {"back": "1", "stop": "m"} | parts))
    fn = drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip())))
    # a sum that nothing reads stays, to stand between the loops
    return verify(fn if "sum(y)" in text else simplify(fn))


def same(fn: Func) -> bool:
    """Whether the pass changes a function; both give the same numbers."""
    changed = verify(delay(fn))
    for n in range(2, 8):
        rng = np.random.default_rng(n)
        x, y, z = (rng.normal(size=n + extra) for extra in (0, n + 8, n + 8))
        outs = [(y.copy(), z.copy()) for _ in range(2)]
        for one, out in zip((fn, changed), outs, strict=True):
            run(one, x, *out)
        for mine, its in zip(*outs, strict=True):
            np.testing.assert_allclose(mine, its, rtol=1e-14, atol=1e-14)
    return changed.body != fn.body


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"first": "y[i] = 3.0 * y[i]"},
        {"first": "y[i + 1] = 3.0 * y[i - 1]"},
        {"longer": "0"},
        {"longer": "4"},
        {"at": "i + 3", "back": "0"},
        {"at": "i + 3", "back": "1", "stop": "m"},
        {"other": "z[i] = y[i]"},
        {"before": "t = sum(y)"},
    ],
)
def test_a_loop_gathers_what_it_has_computed(parts: dict[str, str]) -> None:
    fn = gather(**parts)
    assert same(fn)
    loops = [sum(isinstance(s, Loop) for s in walk(f.body)) for f in (fn, delay(fn))]
    assert loops == [3, 2]


@pytest.mark.parametrize(
    "parts",
    [
        {"first": "y[i - 2] = 3.0 * y[i]", "before": "y[0] = 1.0"},
        {"first": "z[i] = y[i - 2]"},
        {"make": "empty", "before": "for j in range(n + 8):\n            w[j] = 0.0"},
        {"before": "w[2] = 1.0"},
        {"after": "y[0] += w[2]"},
        {"between": "y[0] += w[2]"},
        {"between": "t = sum(y)"},
        {"between": "y[0] = 2.0 * y[0]"},
        {"test": "2 < m"},
        {"start": "0"},
        {"longer": "5"},
        {"op": "="},
        {"at": "i"},
        {"at": "i + 1", "back": "i"},
        {"inside": "z[i] = y[i]"},
        {"inside": "z[i] = 1.0"},
        {"inside": "y[i] += z[i]"},
        {"shift": "* 2"},
        {"make": "empty"},
        {"after": "y[0] += sum(w)"},
        {"before": "v = y[1:n + 2]", "first": "v[i - 1] = 2.0 * v[i]"},
        {"stop": "(m - k)", "test": "1 < m - k"},
    ],
)
def test_where_an_element_is_changed_in_between_the_loops_stay_two(parts: dict[str, str]) -> None:
    assert not same(gather(**parts))


UNLIKE = """
    def f(x: 1, y: 2):
        n = x.shape[0]
        w = zeros(n + 4)
        for k in range(2):
            for i in range(1, n):
                y[{row}, i {ahead}] = x[i]
                w[i + 1] = 2.0 * x[i]
            {test}
                for i in range(1, n + {longer}):
                    y[1, i - 1] += w[i + 1]
"""


@pytest.mark.parametrize(
    "row,ahead,test,longer,joins",
    [
        ("1", "- 1", "if 1 < n:", 2, True),
        ("1", "", "if 1 < n:", 2, True),
        ("k", "- 1", "if 1 < n:", 2, False),
        ("0", "- 1", "if 1 < n:", 2, False),
        ("1", "", "for j in range(1):", 0, False),
        ("1", "", "", 0, True),
        ("1", "", "", 1, False),
    ],
)
def test_rows_of_a_plane_and_loops_that_run_in_any_case(
    row: str, ahead: str, test: str, longer: int, joins: bool
) -> None:
    text = UNLIKE.format(row=row, ahead=ahead, test=test, longer=longer)
    if not test:
        *head, loop, line = [one for one in text.splitlines() if one.strip()]
        text = "\n".join([*head, loop[4:], line[4:]])
    fn = verify(simplify(drop_bounds(nest(text))))
    joined = verify(delay(fn))
    assert (joined.body != fn.body) == joins
    for n in range(1, 6):
        outs = np.ones((2, 2, n + 2))
        for one, out in zip((fn, joined), outs, strict=True):
            run(one, np.random.default_rng(n).normal(size=n), out)
        np.testing.assert_allclose(outs[0], outs[1], rtol=1e-14)


def test_a_stencil_is_one_loop_again() -> None:
    fn = put_off_additions(stencil(1, reads=False))
    joined = verify(delay(fn))
    assert [sum(isinstance(s, Loop) for s in walk(f.body)) for f in (fn, joined)] == [2, 1]
    for n in range(1, 7):
        x = np.random.default_rng(n).normal(size=n)
        np.testing.assert_allclose(run(joined, x)[0], run(fn, x)[0], rtol=1e-15)


def test_random_neighbours() -> None:
    changed = 0
    for seed in range(60):
        fn = put_off_additions(additions(seed))
        joined = verify(delay(fn))
        changed += joined.body != fn.body
        for n in range(7):
            x = np.random.default_rng(n).normal(size=n)
            np.testing.assert_allclose(run(joined, x)[0], run(fn, x)[0], rtol=1e-14, atol=1e-14)
    assert changed > 2
