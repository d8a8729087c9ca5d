"""An array that every iteration copies to a tape lives in the tape: where nothing else can tell."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Func
from adcompiler.optimise.elements.history import live_in_tapes
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.support.interpret import run
from tests.support.nests import nest

VECTOR = """
    def f(u0: 1, out: 1, steps: int):
        n = u0.shape[0]
        m = max(steps, 0)
        u = {make}(n)
        {early}
        tape = {kind}({rows}, n)
        for i in range(n):
            u[i] = u0[i]
        {between}
        for s in range({trips}):
            {before}
            for i in range({copied}):
                tape[{row}, i] = u[i]
            {inside}
            for i in range({written}):
                u[{at}] {op} 2.0 * tape[s, i] + s
            {after}
        for i in range(n):
            out[i] += u[i]
        for s in range(steps):
            for i in range(n):
                out[i] += tape[s, i]
        {last}
"""


def vector(**parts: str) -> Func:
    usual = dict.fromkeys(("early", "between", "before", "inside", "after", "last"), "")
    usual |= {
        "make": "empty",
        "kind": "empty",
        "rows": "m",
        "trips": "steps",
        "row": "s",
        "at": "i",
        "op": "=",
        "copied": "n",
    }
    text = VECTOR.format(**(usual | {"written": "1, n - 1"} | parts))
    return unchecked("\n".join(line for line in text.splitlines() if line.strip()))


def unchecked(text: str) -> Func:
    """A nest as it is where all indices are proven, with what does not change before the loops."""
    return verify(simplify(drop_bounds(nest(text))))


def same(fn: Func, *shape: int) -> bool:
    """Whether the pass changes a function; both give the same numbers, those that nobody has set aside."""
    changed = verify(live_in_tapes(fn))
    rng = np.random.default_rng(0)
    for n in range(1, 6):
        for steps in (0, 1, 3):
            u0, given = rng.normal(size=(n, *shape)), rng.normal(size=(n, *shape))
            outs = given.copy(), given.copy()
            for one, out in zip((fn, changed), outs, strict=True):
                run(one, u0, out, steps)
            np.testing.assert_array_equal(*outs)
    return changed.body != fn.body


@pytest.mark.parametrize("written", ["n", "1, n - 1", "2, n", "n - 2, n", "3, n - 3", "1, n"])
def test_a_state_that_is_copied_each_step(written: str) -> None:
    assert same(vector(written=written))
    assert same(vector(written=written, inside="for j in range(1, n):\n                u[j] = 0.5"))


@pytest.mark.parametrize(
    "parts",
    [
        {"make": "zeros"},
        {"kind": "zeros"},
        {"early": "u[0] = 1.0"},
        {"between": "for j in range(min(m, n)):\n            tape[j, 0] = 0.0"},
        {"between": "v = u[0:2]", "last": "out[0] += v[0]"},
        {"before": "u[0] = 3.0"},
        {"inside": "out[0] = u[0]"},
        {"after": "out[0] += u[0]"},
        {"after": "tape[s, 0] = 2.0"},
        {"op": "+="},
        {"at": "n - 1 - i"},
        {"written": "s, n - 1"},
        {"written": "0, n, 2"},
        {"trips": "1, steps"},
        {"trips": "0, steps, 2"},
        {"row": "m - 1 - s"},
        {"copied": "n - 1"},
        {"last": "return u"},
        {"rows": "m + 1"},
        {"last": "out[0] += sum(u)"},
    ],
)
def test_a_state_that_something_else_uses(parts: dict[str, str]) -> None:
    assert not same(vector(**parts))


def test_a_part_written_only_sometimes_is_copied() -> None:
    sometimes = "if s > 1:\n                for j in range(n):\n                    u[j] = 0.5"
    assert same(vector(after=sometimes))
    assert not same(vector(after=sometimes, written="0, n, 2"))


PLANE = """
    def f(u0: 2, out: 2, steps: int):
        n = u0.shape[0]
        k = u0.shape[1]
        m = max(steps, 0)
        u = empty(n, k)
        tape = empty(m, n, k)
        for i in range(n):
            for j in range(k):
                u[i, j] = u0[i, j]
        for s in range(steps):
            for i in range(n):
                for j in range(k):
                    tape[s, i, j] = u[i, j]
            for i in range({rows}):
                for j in range({columns}):
                    u[{at}] = 2.0 * tape[s, i, j] + s
        for i in range(n):
            for j in range(k):
                out[i, j] += u[i, j]
        for s in range(steps):
            for i in range(n):
                for j in range(k):
                    out[i, j] += tape[s, i, j]
"""


@pytest.mark.parametrize("rows", ["n", "1, n - 1", "3, n - 3", "2, n"])
@pytest.mark.parametrize("columns", ["k", "1, k - 1", "3, k - 3"])
def test_the_edges_of_a_plane_are_copied(rows: str, columns: str) -> None:
    assert same(unchecked(PLANE.format(rows=rows, columns=columns, at="i, j")), 4)


def test_a_plane_written_across_its_axes_is_left_alone() -> None:
    assert not same(unchecked(PLANE.format(rows="min(n, k)", columns="min(n, k)", at="j, i")), 4)
