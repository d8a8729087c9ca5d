"""Arrays of zeros that a loop adds to all over begin with what it adds: where nothing has seen the zeros."""

from __future__ import annotations

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import map_targets, rename, walk
from adcompiler.ir.wengert import Assign, Func
from adcompiler.optimise.elements.first_stores import begin_with_sums
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.support.interpret import run
from tests.support.nests import nest

VECTOR = """
    def f(x: 1, out: 1, m: int):
        n = x.shape[0]
        g = zeros({length})
        {before}
        for i in range({range}):
            {first}
            g[{at}] += x[i] * 2.0
            {last}
        for i in range({length}):
            out[i] += g[i]
"""
MATRIX = """
    def f(x: 1, out: 1, m: int):
        n = x.shape[0]
        g = zeros(n, m)
        for i in range({rows}):
            for j in range({columns}):
                {inner}
        for i in range(n):
            for j in range(m):
                out[i] += g[i, j] * (j + 1.0)
"""


def named(text: str) -> Func:
    """The function with its array of zeros a derivative by its name."""
    fn = simplify(drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip()))))
    b = Builder.of(fn)
    (array,) = (s.target for s in walk(fn.body) if isinstance(s, Assign) and s.op == "zeros")
    bar = b.like(array, "g_bar")
    body = tuple(map_targets(s, lambda v: bar if v == array else v) for s in rename(fn.body, {array: bar}))
    return verify(with_body(fn, body, b))


def vector(**parts: str) -> Func:
    usual = dict.fromkeys(("before", "first", "last"), "") | {"length": "n", "range": "n", "at": "i"}
    return named(VECTOR.format(**(usual | parts)))


def matrix(rows: str = "n", columns: str = "m", inner: str = "g[i, j] += x[i] * j") -> Func:
    return named(MATRIX.format(rows=rows, columns=columns, inner=inner))


def begins(fn: Func) -> bool:
    """Whether the pass leaves no zeros; both give the same numbers, of arrays whose contents begin as none."""
    changed = verify(begin_with_sums(fn))
    for n in range(6):
        for m in range(4):
            x = np.random.default_rng(n).normal(size=n)
            outs = np.zeros((2, n + 3))
            for one, out in zip((fn, changed), outs, strict=True):
                run(one, x, out, m)
            np.testing.assert_array_equal(*outs)
    return not any(isinstance(s, Assign) and s.op == "zeros" for s in walk(changed.body))


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"range": "n - 1, -1, -1"},
        {"length": "max(n - 2, 0)", "range": "n - 2"},
        {"length": "max(n - 2, 0)", "range": "n - 3, -1, -1"},
        {"before": "out[0] = 1.0", "first": "out[i] += 1.0"},
    ],
    ids=str,
)
def test_a_vector_begins_with_what_is_added(parts: dict[str, str]) -> None:
    assert begins(vector(**parts))


@pytest.mark.parametrize(
    "parts",
    [
        {"range": "1, n"},
        {"range": "n - 1"},
        {"range": "n - 1, 0, -1"},
        {"range": "n - 2, -1, -1"},
        {"range": "0, n, 2"},
        {"length": "n + 1"},
        {"length": "n + 1", "at": "i + 1"},
        {"length": "max(n - 3, 0) + m", "range": "n - 3 + m"},
        {"length": "max(n - 3, 0) + m", "range": "n + m - 4, -1, -1"},
        {"at": "n - 1 - i"},
        {"at": "0"},
        {"before": "out[0] += g[0]", "length": "n + 1", "range": "n + 0"},
        {"before": "if m > 0:\n            g[m - m] += 1.0", "length": "n + 1"},
        {"first": "out[i] += g[i]"},
        {"last": "out[i] += g[0]"},
        {"last": "g[i] += 1.0"},
        {"last": "if x[i] > 0.5:\n                break"},
    ],
    ids=str,
)
def test_what_stays_zeros(parts: dict[str, str]) -> None:
    assert not begins(vector(**parts))


def test_a_matrix_begins_with_what_is_added_in_any_order() -> None:
    assert begins(matrix())
    assert begins(matrix("m", "n", "g[j, i] += x[j] * i"))
    assert begins(matrix("n - 1, -1, -1"))


@pytest.mark.parametrize(
    "parts",
    [
        {"inner": "g[i, 0] += x[i]", "columns": "min(m, 1)"},
        {"columns": "m - 1"},
        {"columns": "min(m, 2)"},
        {"inner": "if x[i] > 0.0:\n                    g[i, j] += x[i]"},
        {"inner": "for k in range(2):\n                    g[i, j] += x[i]"},
        {"inner": "g[i, j] = g[i, j] + x[i]"},
    ],
    ids=str,
)
def test_what_of_a_matrix_stays_zeros(parts: dict[str, str]) -> None:
    assert not begins(matrix(**parts))


ARM = """
    def f(x: 1, out: 1, m: int):
        n = x.shape[0]
        g = zeros(n, m)
        for i in range(n):
            if x[i] > 0.0:
                for j in range(m):
                    g[i, j] += x[i] * j
                {also}
        for i in range(n):
            for j in range(m):
                out[i] += g[i, j] * (j + 1.0)
"""
AROUND = """
    def f(x: 1, out: 1, m: int):
        n = x.shape[0]
        g = zeros(n, m)
        if m != 2:
            for i in range(n):
                for j in range({columns}):
                    g[i, j] += x[i] * j
        for i in range(n):
            for j in range(m):
                out[i] += g[i, j] * (j + 1.0)
"""


def test_what_a_branch_passes_over_is_cleared() -> None:
    assert begins(named(ARM.format(also="")))
    assert begins(named(AROUND.format(columns="m")))


def test_what_a_branch_does_not_reach_all_over_stays_zeros() -> None:
    assert not begins(named(ARM.format(also="for j in range(m):\n                    g[i, j] += 1.0")))
    assert not begins(named(ARM.format(also="out[i] += 1.0")))
    assert not begins(named(AROUND.format(columns="m - 1")))


def hinge(x, w, b):
    t = b
    for i in range(len(x)):
        t += np.exp(np.sin(x[i])) * w
    return max(t, 0.0)


def best_path(gains, w):
    value = np.zeros(len(w))
    for t in range(len(gains)):
        after = np.zeros(len(w))
        for j in range(len(w)):
            best = value[0] + w[0, j]
            for k in range(1, len(w)):
                if value[k] + w[k, j] > best:
                    best = value[k] + w[k, j]
            after[j] = best + gains[t, j]
        value = after
    return np.max(value)


def test_cotangents_of_zero_are_passed_over_nevertheless(rng: np.random.Generator) -> None:
    """What adds zeros has no effect, and what stores them has one: which loops run is decided before."""
    x = rng.normal(size=5)
    text = ad.grad(hinge).lowered_source(x, 0.7, -1.0)
    assert "x_bar = np.empty(n_x)" in text
    assert "if some:\n        for i in range(n_x):\n" in text
    assert "    else:\n        for i in range(n_x):\n            x_bar[i] = 0.0\n" in text
    for b in (-1.0, -100.0):
        ad.gradcheck(hinge, x, 0.7, b, argnums=(0, 1, 2))
    gains, w = rng.normal(size=(4, 3)), rng.normal(size=(3, 3))
    text = ad.grad(best_path).lowered_source(gains, w)
    assert "gains_bar = np.zeros(" in text
    assert text.index("if some:") < text.index("gains_bar[")
    ad.gradcheck(best_path, gains, w, argnums=(0, 1))


def test_what_is_stored_all_over_was_not_cleared() -> None:
    text = VECTOR.format(before="", first="", last="", length="n", range="n", at="i").replace("g[i] += x", "g[i] = x")
    assert begins(drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip()))))
    assert begins(matrix(inner="g[i, j] = x[i] * j"))
    assert not begins(named(text.replace("in range(n)", "in range(1, n)", 1)))


def test_a_users_array_keeps_its_zeros() -> None:
    """Zero and the negative of zero are zero, and their sum begins as one."""
    text = VECTOR.format(before="", first="", last="", length="n", range="n", at="i")
    fn = drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip())))
    assert begin_with_sums(fn) is fn


def test_a_gradient_is_written_once() -> None:
    def energy(x):
        total = 0.0
        for i in range(x.shape[0]):
            total += x[i] ** 2
        return total

    x = np.array([1.0, -2.0, 3.0])
    text = ad.grad(energy).lowered_source(x)
    assert "x_bar = np.empty(" in text
    assert "x_bar[i] = 2 * t" in text
    np.testing.assert_array_equal(ad.grad(energy)(x), 2.0 * x)
