"""Indices proven not to be negative become unsigned where that pays, and nowhere else."""

import re

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func
from adcompiler.optimise.machine.bounds import prove_bounds
from adcompiler.optimise.machine.unsigned import unsigned_indices
from tests.support.interpret import run
from tests.support.nests import nest


def casts(fn: Func) -> list[str]:
    return [str(s.args[0]) for s in walk(fn.body) if isinstance(s, Assign) and s.op == "cast"]


def through(text: str) -> tuple[Func, Func]:
    before = prove_bounds(nest(text))
    return before, verify(unsigned_indices(before))


def test_the_innermost_index_of_an_elimination():
    before, after = through("""
        def lu(A: 2):
            n = A.shape[0]
            for k in range(n):
                for i in range(k + 1, n):
                    A[i, k] = A[i, k] / A[k, k]
                    for j in range(k + 1, n):
                        A[i, j] -= A[i, k] * A[k, j]
    """)
    assert casts(after) == ["i", "j"]
    given = np.arange(16.0).reshape(4, 4) % 5 + 9 * np.eye(4)
    plain, cast = given.copy(), given.copy()
    run(before, plain)
    run(after, cast)
    np.testing.assert_array_equal(cast, plain)


@pytest.mark.parametrize(
    "ranges,item,expected",
    [
        ("n", "k", 0),
        ("n", "k + 1", 0),
        ("n", "k - 1", 0),
        ("1, n", "k - 1", 1),
        ("n - 1, -1, -1", "k", 1),
        ("c, n", "k", 0),
        ("c, n", "c", 0),
        ("max(c, 0), n", "k", 1),
        ("n", "n - 1 - k", 1),
        ("n", "k - c", 0),
        ("c", "k + c", 1),
    ],
)
def test_only_what_is_proven_and_not_plain(ranges, item, expected):
    before, after = through(f"""
        def f(x: 1, c: int):
            n = x.shape[0] - 1
            for k in range({ranges}):
                x[{item}] += 1.0 + x[0]
    """)
    assert len(casts(after)) == expected
    for c in (-1, 0, 1):
        results = []
        for fn in (before, after):
            x = np.arange(5.0)
            run(fn, x, c)
            results.append(x)
        np.testing.assert_array_equal(*results)


def pairs(x, steps):
    x = x.copy()
    for _ in range(steps):
        for i in range(x.shape[0]):
            for j in range(i + 1, x.shape[0]):
                x[i] += 0.1 * np.exp(np.sin(x[j]))
    return x[0]


def test_records_that_lie_end_to_end():
    text = ad.grad(pairs).lowered_source(np.ones(3), 2)
    places = dict(re.findall(r"(n_u\w*) = np\.uint64\((.*place.*)\)", text))
    accesses = re.findall(r"\w+_tape\[(.+?)\] *", text)
    assert len(accesses) == 2
    assert all(a in places or re.match(r"np\.uint64\(.*place", a) for a in accesses), accesses
