"""Products of matrices are found in loops: where the order of the sums is all that changes."""

from __future__ import annotations

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.lowering.product_idioms import recognise_products
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.support.interpret import run
from tests.support.nests import nest

LOOPS = """
    def f(a: 2, b: 2, c: 2, d: 1):
        {before}
        for {one}:
            {first}
            for {two}:
                {early}
                for {three}:
                    {value}
                    {more}
                {late}
            {last}
        {after}
"""
ROWS, COLUMNS, INNER = "i in range(4)", "j in range(4)", "k in range(4)"


def loops(**parts: str) -> Func:
    usual = dict.fromkeys(("before", "first", "early", "more", "late", "last", "after"), "")
    usual |= {"one": ROWS, "two": INNER, "three": COLUMNS, "value": "c[i, j] += a[i, k] * b[k, j]"}
    text = LOOPS.format(**(usual | parts))
    return verify(simplify(drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip())))))


def found(fn: Func) -> int:
    """How many products the pass finds; the lines with them and those without give the same numbers."""
    changed = verify(recognise_products(fn))
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(5, 5)) for _ in range(3)] + [rng.normal(size=5)]
    outs = [[x.copy() for x in given] for _ in range(2)]
    for one, args in zip((fn, changed), outs, strict=True):
        run(one, *args)
    for mine, its in zip(*outs, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-13, atol=1e-13)
    return sum(isinstance(s, Assign) and s.op == "dot" for s in walk(changed.body))


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"two": COLUMNS, "three": INNER},
        {"one": INNER, "two": ROWS, "three": COLUMNS},
        {"one": COLUMNS, "two": INNER, "three": ROWS},
        {"value": "c[i, j] += b[k, j] * a[i, k]"},
        {"value": "c[j, i] += a[i, k] * b[k, j]"},
        {"value": "c[i, j] += a[k, i] * b[j, k]"},
        {"value": "c[i, j] += a[i, k] * a[k, j]"},
        {"one": "i in range(3, -1, -1)", "two": "k in range(4, 1, -1)"},
        {"one": "i in range(2, 5)", "two": "k in range(1, 3)", "three": "j in range(3, 5)"},
        {"two": "k in range(a.shape[0] - 5)"},
        {"one": "i in range(4, a.shape[0] - 3)"},
        # each element is complete when it is read, or not yet added to
        {"last": "d[i] += c[i, 2]"},
        {"last": "for m in range(4): c[i, m] = 2.0 * c[i, m]"},
        {"first": "for m in range(4): c[i, m] = 2.0 * c[i, m]"},
        {"first": "d[i] += c[i, 2]"},
        {"more": "d[j] += a[i, j] * b[k, j]"},
    ],
    ids=str,
)
def test_a_product_of_matrices(parts: dict[str, str]) -> None:
    assert found(loops(**parts)) == 1


def test_two_products_in_one_nest() -> None:
    fn = loops(
        before="g = zeros(5, 5)",
        value="g[i, k] += c[i, j] * b[k, j]",
        more="a[k, j] += c[i, j] * b[i, k]",
        after="d[0] += g[1, 2]",
    )
    assert found(fn) == 2


@pytest.mark.parametrize(
    "parts",
    [
        # sums are seen or changed before they are complete
        {"late": "d[i] += c[i, 2]"},
        {"more": "d[i] += c[i, j]"},
        {"more": "c[i, j] = 2.0 * c[i, j]"},
        {"late": "c[i, 2] = 1.0"},
        {"first": "d[i] += c[i, 2]", "last": "d[i] += c[i, 2]"},
        {"last": "d[i] += c[i, 2] + c[i + 1, 2]"},
        # a factor changes
        {"more": "a[i, k] = 1.0"},
        {"last": "b[i, 2] = 1.0"},
        {"value": "c[i, j] += c[i, k] * b[k, j]"},
        {"first": "w = zeros(5, 5)", "value": "c[i, j] += w[i, k] * b[k, j]"},
        # these are no three loops over all of it
        {"two": "k in range(i)"},
        {"three": "j in range(k, 4)"},
        {"one": "i in range(0, 4, 2)"},
        {"value": "if d[j] > 0.0: c[i, j] += a[i, k] * b[k, j]"},
        {"more": "if d[j] > 0.0: break"},
        {"more": "print(i)"},
        {"value": "c[i, j] = a[i, k] * b[k, j]"},
        {"value": "c[i, j] += a[i, k] + b[k, j]"},
        {"value": "c[i, j] += a[i, j] * b[i, j]"},
        {"value": "c[i, k] += a[i, k] * b[k, j]"},
        {"value": "c[i, j] += a[i, k] * b[k + 1, j]"},
        {"value": "c[i, i] += a[i, k] * b[k, j]"},
        {"value": "c[i, j] += a[i, k] * d[j]"},
        # what counts from the end is another part of a matrix
        {"one": "i in range(-1, 3)"},
    ],
    ids=str,
)
def test_other_loops_stay(parts: dict[str, str]) -> None:
    assert found(loops(**parts)) == 0


def test_a_gradient_is_made_of_products_unless_the_order_of_sums_is_to_stay() -> None:
    def product(a, b):
        n, p = a.shape
        c = np.zeros((n, b.shape[1]))
        for i in range(n):
            for k in range(p):
                for j in range(b.shape[1]):
                    c[i, j] += a[i, k] * b[k, j]
        return np.sum(c**2)

    a, b = np.ones((2, 3)), np.ones((4, 5))
    for fastmath, count in ((True, 3), (False, 0)):
        text = ad.grad(product, (0, 1), fastmath=fastmath).lowered_source(a, b)
        assert text[text.index("def product_grad") :].count("_dproduct(") == count
