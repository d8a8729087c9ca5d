"""What follows from records is recorded in their place: where both sweeps wait, and where it is no more."""

from __future__ import annotations

import math

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ad.gradient import gradient
from adcompiler.compile import LOWERING
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func, Load, Store
from adcompiler.optimise.elements.preaccumulate import preaccumulate
from adcompiler.optimise.elements.promotion import promote
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.programs import recurrences
from tests.support.interpret import run
from tests.support.lowering import lowered
from tests.support.nests import nest
from tests.support.printed import outcome
from tests.support.printed import same as same_results

# two recurrences, in the first elements of `s` and `r`; the second one reads what the first one has recorded
SWEEPS = """
    def f(x: 1, w: 1, out: 1):
        n = x.shape[0]
        c = w[0]
        s = zeros({states})
        r = zeros({states})
        log = zeros(n)
        s[0] = 0.7
        r[0] = 0.3
        a = empty(n)
        b = empty({length})
        for i in range(n):
            p = s[0] * x[i]
            q = p + 2.0
            a[i] = p
            {store}
            s[{at}] = p * q
        d = -c
        for i in range(n - 1, -1, -1):
            p1 = a[i]
            q1 = b[{read}]
            {beside}
            t = p1 + q1
            h = d * c
            u = t * h
            v = {result}
            {later}
            r[{end}] = r[0] * v + w[i]
        {behind}
        for i in range(n):
            out[i] = log[i]
        out[n] = s[0]
        out[n + 1] = r[0]
"""


def sweeps(**parts: str) -> Func:
    usual = dict.fromkeys(("beside", "later", "behind"), "")
    usual |= {"states": "1", "length": "n", "store": "b[i] = q", "at": "0", "read": "i", "result": "u", "end": "0"}
    text = SWEEPS.format(**(usual | parts))
    return verify(simplify(promote(drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip()))))))


def same(fn: Func) -> bool:
    """Whether the pass changes a function; both give the same numbers to the last bit."""
    changed = verify(preaccumulate(fn))
    for n in (1, 2, 5):
        x, w = np.random.default_rng(n).normal(size=(2, n))
        for special in (w[0], 0.0, math.inf, math.nan):
            w[0] = special
            outs = np.zeros((2, n + 2))
            for one, out in zip((fn, changed), outs, strict=True):
                run(one, x, w, out)
            np.testing.assert_array_equal(*outs)
    return changed != fn


def tapes(fn: Func) -> int:
    return sum(isinstance(s, Assign) and s.op == "empty" for s in walk(fn.body))


def test_one_record_of_what_follows_from_two() -> None:
    fn = sweeps()
    assert same(fn)
    after = preaccumulate(fn)
    assert (tapes(fn), tapes(after)) == (2, 1)
    (tape,) = (s.target for s in walk(after.body) if isinstance(s, Assign) and s.op == "empty")
    stored = [s for s in walk(after.body) if isinstance(s, Store) and s.array == tape]
    loaded = [s for s in walk(after.body) if isinstance(s, Load) and s.array == tape]
    assert [len(stored), len(loaded)] == [1, 1]


def test_what_is_read_beside_stays() -> None:
    """One of two values is read by others, and what follows from both takes the place of the other."""
    fn = sweeps(beside="log[i] = p1")
    assert same(fn)
    assert tapes(preaccumulate(fn)) == 2


def test_the_last_of_equal_records() -> None:
    """Where two numbers are needed in any case, those behind the products are recorded; no product is there twice."""
    fn = sweeps(beside="k = q1 * c", later="log[i] = k", result="p1 * d")
    assert same(fn)
    after = preaccumulate(fn)
    assert tapes(after) == 2
    assert products(after) == products(fn)


def products(fn: Func) -> int:
    return sum(isinstance(s, Assign) and s.op == "mul" for s in walk(fn.body))


@pytest.mark.parametrize(
    "parts",
    [
        {"states": "n", "at": "i", "end": "i"},
        {"states": "n", "end": "i"},
        {"states": "n", "at": "i"},
        {"store": "b[i] += q"},
        {"store": "b[i] = q\n            b[0] = c"},
        {"store": "if q > 0.0:\n                b[i] = q"},
        {"read": "n - 1 - i"},
        {"behind": "log[0] = a[0]"},
        {"beside": "log[i] = p1 * q1 + a[0]"},
        {"length": "n + 1"},
        {"beside": "log[i] = p1", "later": "log[0] = q1"},
        # a product of what is read beside it cannot be recorded before that is there
        {"beside": "k = q1 * c\n            log[i] = q1\n            log[0] = k", "result": "p1 * k"},
    ],
    ids=str,
)
def test_what_stays(parts: dict[str, str]) -> None:
    """Loops that do not wait, records filled or read elsewhere or twice, and records of which each is needed."""
    assert not same(sweeps(**parts))


def test_paths_through_a_table_record_their_shares() -> None:
    x, y = np.array([0.3, -0.8, 1.1, 0.7]), np.array([0.1, 0.9, -0.2])
    text = ad.grad(recurrences.soft_paths, (0, 1)).lowered_source(x, y, 0.7)
    assert "factor_tape" in text
    assert "exp_tape" not in text
    ad.gradcheck(recurrences.soft_paths, x, y, 0.7, argnums=(0, 1))


@pytest.mark.parametrize("gamma", [0.7, 1e-3, 1e-300, 1e300, 0.0])
def test_paths_of_any_softness(gamma: float) -> None:
    """Guards keep infinite factors from cotangents of zero before a record is made as well as behind it."""
    args = np.array([0.3, -0.8, 1.1, 0.7]), np.array([0.1, 0.9, -0.2]), gamma
    fn = gradient(simplify(lowered(recurrences.soft_paths, *args)[0].func), (0, 1), "one")
    for stage in (simplify, *LOWERING[: LOWERING.index(preaccumulate)]):
        fn = stage(fn)
    after = verify(preaccumulate(fn))
    assert after != fn
    same_results(outcome(lambda *a: run(after, *a), args), outcome(lambda *a: run(fn, *a), args), rtol=0.0)
