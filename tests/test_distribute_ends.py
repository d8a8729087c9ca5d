"""What stands behind the last loop of an iteration, and calls mathematical functions, runs in a loop of its own."""

from __future__ import annotations

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.compile import LOWERING
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Func
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import prove_bounds
from adcompiler.optimise.machine.distribute_middle import STRETCH, split_off_ends
from tests.support.interpret import run
from tests.support.lowering import lowered
from tests.support.row_programs import HEAD, function

ROWS = """
def f(x, y, out):
    total, last = 0.0, 0.0
    k = x.shape[1]
    z = np.ones(k + 1)
    for n in {rows}:
        s = y[n]
        {first}
        for i in range(k):
            s += {term}
        {end}
    return total + last
"""


def staged(**parts: str) -> Func:
    text = ROWS.format(**({"rows": "range(x.shape[0])", "first": "s += 1.0", "term": "x[n, i] ** 2"} | parts))
    made = function(HEAD + text, f"<ends {sorted(parts.items())}>")
    fn = simplify(prove_bounds(simplify(lowered(made, np.ones((3, 2)), np.ones(3), np.ones(3))[0].func)))
    for stage in LOWERING[: LOWERING.index(split_off_ends)]:
        fn = stage(fn)
    return fn


def outcome(fn: Func, rows: int, k: int, infinite: bool) -> list[object]:
    """The result, or the error, and what the caller's array holds then."""
    rng = np.random.default_rng(rows)
    given = rng.normal(size=(rows, k)), rng.normal(size=rows), np.ones(rows)
    if infinite and rows > 1:
        given[1][rows // 2] = 1e3
    try:
        return [*run(fn, *given), given[2].tolist()]
    except (ArithmeticError, ValueError) as error:
        return [str(error), given[2].tolist()]


@pytest.mark.parametrize(
    ("parts", "split"),
    [
        ({"end": "total += math.tanh(s)"}, True),
        ({"end": "total += math.exp(s)"}, True),
        ({"end": "if s > 1.0: total += math.log(s)"}, True),
        ({"end": "total += math.tanh(s) * y[n]; last = last + s * out[n]"}, True),
        ({"end": "total += math.tanh(s)", "rows": "range(1, x.shape[0])"}, True),
        ({"end": "last = math.tanh(s)"}, True),
        # the next iteration needs it, or somebody sees it
        ({"end": "total = math.tanh(s + total)"}, False),
        ({"end": "out[0] = math.tanh(s); total += s", "term": "x[n, i] * out[0]"}, False),
        ({"end": "z[0] = math.tanh(s); total += z[0]", "term": "x[n, i] * z[i]"}, False),
        ({"end": "total += math.exp(s)", "first": "out[n] = s"}, False),
        ({"end": "total += math.exp(s)", "first": "s = math.sqrt(s + 2.0)"}, False),
        ({"end": "out[0] += math.tanh(s); total += math.exp(s)"}, False),
        ({"end": "total += math.tanh(s)\n        if total > 3.0: break"}, False),
        ({"end": "total += math.tanh(s); print(n)"}, False),
        # nothing is gained
        ({"end": "total += s"}, False),
        ({"end": "total += math.tanh(s)", "rows": "range(0, x.shape[0], 2)"}, False),
        (
            {"end": "for j in range(2):\n            for i in range(k): s += x[n, i]\n        total += math.tanh(s)"},
            False,
        ),
    ],
    ids=str,
)
def test_ends(parts: dict[str, str], split: bool) -> None:
    fn = staged(**parts)
    after = verify(split_off_ends(fn))
    assert (after is not fn) == split
    for rows in (0, 1, 2, STRETCH, STRETCH + 1, 3 * STRETCH - 1):
        for k in (0, 1, 3):
            for infinite in (False, True):
                found, expected = outcome(after, rows, k, infinite), outcome(fn, rows, k, infinite)
                assert found[1:] == expected[1:]
                if isinstance(expected[0], str):
                    assert found == expected
                else:
                    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)


def logistic(w, x, y):
    total = 0.0
    for n in range(x.shape[0]):
        total += np.log1p(np.exp(-y[n] * np.dot(w, x[n])))
    return total


@pytest.mark.parametrize("target", ["cpu", "parallel"])
def test_values_of_regressions(target: str) -> None:
    rng = np.random.default_rng(0)
    for n, k in ((0, 3), (1, 3), (100, 3), (3, 5000)):
        args = rng.normal(size=k), rng.normal(size=(n, k)), np.sign(rng.normal(size=n))
        gradient = ad.value_and_grad(logistic, target=target)
        np.testing.assert_allclose(gradient.primal(*args), logistic(*args), rtol=1e-12)
        np.testing.assert_allclose(gradient(*args)[0], logistic(*args), rtol=1e-12)
    assert "for stretch in " in gradient.primal.lowered_source(*args)
