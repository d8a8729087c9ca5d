"""Loops that walk down columns are exchanged: where every element is still changed by the same in the same order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from adcompiler.ir.verify import verify
from adcompiler.ir.walk import map_blocks, walk
from adcompiler.ir.wengert import Assign, Block, Check, Func, Loop
from adcompiler.optimise.elements.interchange import walk_rows
from adcompiler.optimise.elements.promotion import promote
from adcompiler.optimise.elements.sharing import share_loads
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.support.interpret import run
from tests.support.nests import nest

# an adjoint of `y[j] += w[i] * x[i, j]`, in a loop over time steps
STEP = """
    def f(x: 2, w: 1, y: 1, a: 2, b: 1, d: 1, flag: int):
        n = x.shape[0]
        {made}
        for s in range(3):
            for j in range({columns}):
                g = y[j]
                {before}
                p = 2.0 * g
                {test}
                    {arm}
                    for i in range({rows}):
                        {first}
                        t = a[{at}]
                        a[{at}] = t + p * w[i]
                        {sums}
                        {last}
                {behind}
        {end}
"""


def step(**parts: str) -> Func:
    usual = dict.fromkeys(("made", "before", "arm", "first", "last", "behind", "end"), "")
    usual |= {"columns": "n", "rows": "n", "test": "if 0 == 0:", "at": "i, j", "sums": "b[i] += p * x[i, j]"}
    text = STEP.format(**(usual | parts))
    return simplify(raising(drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip())))))


def raising(fn: Func) -> Func:
    """The function with a check where it compares."""

    def block(lines: Block) -> Block:
        checked = [map_blocks(s, block) for s in lines]
        found = [(s, Check(s.target, "ValueError", "too large", None)) for s in checked if _compares(s)]
        added = dict((id(s), check) for s, check in found)
        return tuple(line for s in checked for line in (s, added.get(id(s))) if line is not None)

    return replace(fn, body=block(fn.body))


def _compares(stmt: object) -> bool:
    return isinstance(stmt, Assign) and stmt.op == "gt"


def arguments(n: int, flag: int) -> tuple[object, ...]:
    rng = np.random.default_rng(n)
    shapes = (n, n), n, n, (n, n), n, n
    return *(rng.normal(size=shape) for shape in shapes), flag


def exchanged(fn: Func, least: int = 3) -> bool:
    """Whether the pass changes a function; both give the same numbers, to the last bit."""
    changed = verify(walk_rows(fn))
    for n in range(least, 6):
        flag = n % 3
        one, two = arguments(n, flag), arguments(n, flag)
        run(fn, *one)
        run(changed, *two)
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)
    return changed.body != fn.body


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"columns": "n - 1, -1, -1"},
        {"rows": "n - 1, -1, -1", "columns": "1, n"},
        {"rows": "s, n", "columns": "n - s"},
        # the branch takes the same arm in all iterations
        {"test": "if 1 < flag + s:"},
        {"test": "if s < flag and 1 < n:", "behind": "d[j] += p"},
        # what stands before is handed on in rows, or done again
        {"before": "d[j] = g + w[j]", "last": "b[i] += g"},
        {"before": "k = n - 1 - j", "at": "i, k"},
        {"before": "y[j] = 0.0", "behind": "y[j] += w[j] + p"},
        # elements of other rows in other iterations, but never of other columns
        {"rows": "1, n", "first": "a[i, j] = a[i - 1, j] + p"},
        {"sums": "b[i] = b[i] * 0.5 + p * x[i, j]"},
    ],
    ids=str,
)
def test_columns_become_rows(parts: dict[str, str]) -> None:
    fn = step(**parts)
    assert exchanged(fn, least=0)
    innermost = [s for s in walk(walk_rows(fn).body) if isinstance(s, Loop) and not _loops(s.body)]
    assert not any(str(s.index).startswith("i") for s in innermost)


def _loops(block: Block) -> bool:
    return any(isinstance(s, Loop) for s in walk(block))


@pytest.mark.parametrize(
    "parts",
    [
        # an iteration before sees, or changes, what another part of a later one does
        {"before": "w[j] = g"},
        {"before": "b[j] = g"},
        {"last": "d[i] += p", "before": "q = d[j]", "sums": "b[i] += x[i, j] * q"},
        {"behind": "b[n - 1] = g"},
        {"behind": "y[n - 1] = g"},
        {"behind": "d[j] += b[0] + p"},
        {"first": "y[i] += p"},
        # elements that iterations meet in another order
        {"rows": "1, n", "columns": "0, n - 1", "first": "a[i - 1, j + 1] = p"},
        {"sums": "b[0] = b[0] * 0.5 + x[i, j]"},
        {"rows": "1, n", "sums": "b[i - 1] = b[i] + x[i, j]"},
        {"rows": "n // 2", "columns": "n // 2", "sums": "b[i + j] = b[i + j] * 0.5 + x[i, j]"},
        # the branch, or the length of the inner loop, depends on the column
        {"test": "if flag < j:"},
        {"test": "if y[flag] < 1.0:", "behind": "y[flag] += 1.0"},
        {"rows": "j"},
        # rows already, or columns in either order
        {"at": "j, i", "sums": "b[i] += p"},
        {"sums": "b[i] += p * x[j, i]"},
        # too short to gain anything
        {"columns": "0, 2"},
        {"rows": "0, 2"},
        {"before": "print(g)"},
        {"behind": "if 1.0 < p: break"},
    ],
    ids=str,
)
def test_what_iterations_could_tell_stays(parts: dict[str, str]) -> None:
    assert not exchanged(step(**parts))


# a product of a vector and a matrix, whose sums become scalars
PRODUCT = """
    def f(x: 2, w: 1, y: 1, a: 2, b: 1, d: 1, flag: int):
        n = x.shape[0]
        {made}
        for j in range(n):
            {before}
            for i in range(n):
                {sum}
            {behind}
"""


def product(**parts: str) -> Func:
    usual = {"made": "c = empty(n)", "before": "c[j] = 0.5", "behind": "d[j] = c[j] * y[j]"}
    usual |= {"sum": "c[j] += w[i] * x[i, j]"}
    text = PRODUCT.format(**(usual | parts))
    return verify(
        share_loads(promote(drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip())))))
    )


@pytest.mark.parametrize(
    ("parts", "changes"),
    [
        ({}, True),
        ({"sum": "c[j] = max(c[j], w[i] * x[i, j])"}, True),
        ({"behind": "b[0] += c[j]"}, True),
        # in the one where the program keeps them
        ({"behind": "d[j] = c[j]"}, True),
        ({"behind": "d[j] = c[j]; b[j] += c[j]"}, True),
        # in another one
        ({"behind": "d[j] += c[j]"}, True),
        ({"behind": "d[0] = c[j]"}, True),
        ({"behind": "d[j] = c[j]", "sum": "c[j] += x[i, j]\n                if w[i] < 0.5: a[i, j] = d[j]"}, True),
        # no fold: each term depends on those before it
        ({"sum": "c[j] = c[j] * 0.5 + w[i] * x[i, j]"}, False),
        # one sum for all columns
        (
            {"made": "c = zeros(1)", "before": "", "sum": "c[0] += w[i] * x[i, j]", "behind": "b[j] = c[0]"},
            False,
        ),
    ],
    ids=str,
)
def test_sums_of_columns_lie_in_a_row(parts: dict[str, str], changes: bool) -> None:
    fn = product(**parts)
    assert any(isinstance(s, Loop) and s.carried for s in walk(fn.body))
    assert exchanged(fn) == changes


def test_the_array_that_keeps_the_sums_is_their_row() -> None:
    made = [s for s in walk(walk_rows(product(behind="d[j] = c[j]")).body) if isinstance(s, Assign) and s.op == "empty"]
    assert len(made) == 1


@pytest.mark.parametrize(
    ("parts", "changes"),
    [
        ({"made": "c = empty(n); d = empty(n)", "behind": "bad = y[j] > 9.0; d[j] = c[j]"}, True),
        # the caller would find what later columns left, or not what earlier ones did
        ({"behind": "bad = y[j] > 9.0; d[j] = c[j]"}, False),
        # the check needs the sum
        ({"made": "c = empty(n); d = empty(n)", "behind": "bad = c[j] > 9.0; d[j] = c[j]"}, False),
    ],
    ids=str,
)
def test_checks_are_made_first(parts: dict[str, str], changes: bool) -> None:
    fn = raising(product(**parts))
    assert any(isinstance(s, Check) for s in walk(fn.body))
    assert exchanged(fn) == changes


def test_a_check_in_an_arm_stays_where_it_is() -> None:
    own = {"made": "a = zeros(n, n); b = zeros(n)", "test": "if 0 < flag:", "end": "d[0] = a[1, 2] + b[1]"}
    assert exchanged(step(**own))
    assert not exchanged(step(**own, arm="bad = y[j] > 9.0"))
