"""Work arrays lose the first axes along which each iteration uses elements of its own, and no other axes."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign
from adcompiler.optimise.elements.reused import reuse_rows
from tests.support.interpret import run
from tests.support.nests import nest

#: A loop nest, and the axes that are left of its work array.
NESTS = {
    "rows": (
        """
        def f(x: 2, y: 1):
            t = empty(3, 4)
            for i in range(3):
                for j in range(4):
                    t[i, j] = x[i, j] * 2.0
                for k in range(4):
                    y[k] += t[i, k] * t[i, 0]
        """,
        1,
    ),
    "downwards": (
        """
        def f(x: 2, y: 1):
            t = empty(3, 4)
            for i in range(2, -1, -1):
                for j in range(4):
                    t[i, j] = x[i, j]
                for k in range(4):
                    y[k] += t[i, k]
        """,
        1,
    ),
    "two loops": (
        """
        def f(x: 2, y: 1):
            t = empty(3, 4, 4)
            for i in range(3):
                for j in range(4):
                    for k in range(4):
                        t[i, j, k] = x[i, k]
                    for m in range(4):
                        y[m] += t[i, j, m]
        """,
        1,
    ),
    "the second loop again": (
        """
        def f(x: 2, y: 1):
            t = empty(3, 4, 4)
            for i in range(3):
                for j in range(4):
                    for k in range(4):
                        t[i, j, k] = x[i, k]
                for m in range(4):
                    y[m] += t[i, m, 0]
        """,
        2,
    ),
    "another row": (
        """
        def f(x: 2, y: 1):
            t = empty(3, 4)
            t[0, 0] = 1.0
            for i in range(3):
                for j in range(4):
                    t[i, j] = x[i, j]
                    y[j] += t[0, 0]
        """,
        2,
    ),
    "a loop before": (
        """
        def f(x: 2, y: 1):
            t = empty(3, 4)
            for i in range(3):
                t[i, 0] = x[i, 0]
            for k in range(3):
                y[k] += t[k, 0]
        """,
        2,
    ),
    "a loop that runs again": (
        """
        def f(x: 2, y: 1):
            t = empty(3, 4)
            for r in range(2):
                for i in range(3):
                    if r == 1:
                        y[i] += t[i, 0]
                    t[i, 0] = x[i, 1]
        """,
        2,
    ),
    "a while that runs again": (
        """
        def f(x: 2, y: 1):
            while y[3] < 2.0:
                t = empty(3, 4)
                y[3] += 1.0
                while x[0, 0] < 2.0:
                    for i in range(3):
                        if x[0, 0] > 0.0:
                            y[i] += t[i, 0]
                        t[i, 0] = x[i, 1]
                    x[0, 0] += 1.0
        """,
        2,
    ),
    "rows from the end": (
        """
        def f(x: 2, y: 1):
            t = empty(2, 4)
            for i in range(-2, 2):
                if i < 0:
                    t[i, 0] = x[0, i]
                if i > -1:
                    y[i] += t[i, 0]
        """,
        2,
    ),
    "zeros": (
        """
        def f(x: 2, y: 1):
            t = zeros(3, 4)
            for i in range(3):
                t[i, 0] += x[i, 0]
                y[i] = t[i, 0] + t[i, 1]
        """,
        2,
    ),
    "a column": (
        """
        def f(x: 2, y: 1):
            t = empty(4, 3)
            for i in range(3):
                t[0, i] = x[i, 0]
                y[i] += t[0, i]
        """,
        2,
    ),
    "a result": (
        """
        def f(x: 2, y: 1):
            t = empty(3, 1)
            for i in range(3):
                t[i, 0] = x[i, 0]
                y[i] += t[i, 0]
            return t
        """,
        2,
    ),
    "a row as such": (
        """
        def f(x: 2, y: 1):
            t = empty(3, 4)
            for i in range(3):
                for j in range(4):
                    t[i, j] = x[i, j]
                y[i] += sum(t[i])
        """,
        2,
    ),
}


@pytest.mark.parametrize("name", NESTS)
def test_axes_of_which_each_iteration_has_its_own(name: str) -> None:
    text, rank = NESTS[name]
    fn = verify(nest(text))
    after = verify(reuse_rows(fn))
    (made,) = [s for s in walk(after.body) if isinstance(s, Assign) and s.op in ("empty", "zeros")]
    assert len(made.args) == after.types[made.target.name].rank == rank
    found = []
    for function in (fn, after):
        x, y = np.arange(16.0).reshape(4, 4), np.zeros(4)
        result = run(function, x, y)
        found.append((y.tolist(), *map(np.ndarray.tolist, result or ())))
    assert found[0] == found[1]
