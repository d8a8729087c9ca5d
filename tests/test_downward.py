"""Indices that count down are hidden from LLVM where they move rows of an innermost loop, and nowhere else."""

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.emit.text import emit
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func
from adcompiler.optimise.machine.downward import OPAQUE, hide_downward
from tests.programs.overwritten import copied_back
from tests.support.interpret import run
from tests.support.nests import nest


def hidden(fn: Func) -> list[str]:
    return [str(s.target) for s in walk(fn.body) if isinstance(s, Assign) and OPAQUE in s.params]


NEST = """
    def f(x: 1, tape: 2, c: int):
        n = tape.shape[0]
        for k in range({range}):
            for i in range(x.shape[0]):
                {line}
"""


@pytest.mark.parametrize(
    "range,line,expected",
    [
        ("n - 1, -1, -1", "x[i] += tape[k, i]", ["k"]),
        ("n - 1, -1, -2", "x[i] += tape[k, i]", ["k"]),
        ("n - 1, 0, -1", "tape[k - 1, i] = x[i]", ["k"]),
        ("n", "x[i] += tape[k, i]", []),
        ("n - 1, -1, -1", "x[i] += tape[n - 1 - k, i]", []),
        ("n - 1, -1, -1", "x[i] += tape[0, i]", []),
        ("n - 1, -1, -1", "y = tape[k, i] * x[i]", []),
    ],
)
def test_only_rows_that_move_down(range, line, expected):
    fn = nest(NEST.format(range=range, line=line))
    after = verify(hide_downward(fn))
    assert hidden(after) == expected
    x, tape = np.arange(3.0), np.arange(12.0).reshape(4, 3)
    plain, same = (x.copy(), tape.copy()), (x.copy(), tape.copy())
    run(fn, *plain, 1)
    run(after, *same, 1)
    np.testing.assert_array_equal(same[0], plain[0])
    np.testing.assert_array_equal(same[1], plain[1])


def test_loops_behind_tests_count_and_loops_within_loops_do_not():
    behind = nest("""
        def f(x: 1, tape: 2):
            for k in range(tape.shape[0] - 1, -1, -1):
                if k > 1:
                    for i in range(x.shape[0]):
                        x[i] += tape[k, i]
    """)
    assert hidden(hide_downward(behind)) == ["k"]
    within = nest("""
        def f(x: 1, tape: 3):
            for k in range(tape.shape[0] - 1, -1, -1):
                for j in range(tape.shape[1]):
                    for i in range(x.shape[0]):
                        x[i] += tape[k, j, i]
    """)
    assert hidden(hide_downward(within)) == []


def test_the_text_says_so_to_numba_alone():
    fn = hide_downward(nest(NEST.format(range="n - 1, -1, -1", line="x[i] += tape[k, i]")))
    assert "_same(k" in emit(fn, "numba")
    assert "_same" not in emit(fn, "python")


def test_a_compiled_gradient():
    gradient, u = ad.grad(copied_back), np.sin(np.arange(9.0))
    assert "_same(" in gradient.lowered_source(u, 0.1, 5)
    values = gradient(u, 0.1, 5)
    for k in range(9):
        h = 1e-6 * np.eye(9)[k]
        difference = (copied_back(u + h, 0.1, 5) - copied_back(u - h, 0.1, 5)) / 2e-6
        assert abs(values[k] - difference) < 1e-8
