"""Rows pass through matrices in batches: where nothing tells that they do, but the order of sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ad.gradient import gradient
from adcompiler.compile import LOWERING
from adcompiler.ir.ops import STORED
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.lowering import batchrows
from adcompiler.optimise.lowering.batches import run_in_batches
from adcompiler.optimise.lowering.matvecs import spell_matvecs
from adcompiler.optimise.machine.bounds import prove_bounds
from benchmarks.programs.mlp_loops import PROGRAM
from tests.support.interpret import run
from tests.support.lowering import lowered
from tests.support.row_programs import HEAD, arguments, function, program

LAYER = """
def f(x, w, d, out):
    n = x.shape[0]
    k = d.shape[0]
    total = 0.0
    y = np.empty(k)
    {before}
    for r in {rows}:
        {first}
        for h in {outer}:
            s = d[h]
            for i in {inner}:
                {value}
            {more}
            y[h] = s
        {last}
        for h in range(k):
            out[r, h] = y[h] * y[h]
    return total
"""


def staged(made: Callable[..., Any], args: tuple[Any, ...], argnums: tuple[int, ...] = ()) -> Func:
    """A function, or its gradient, as the pass receives it."""
    fn = simplify(lowered(made, *args)[0].func)
    if argnums:
        fn = gradient(fn, argnums, "one")
    for stage in (simplify, prove_bounds, *LOWERING[: LOWERING.index(run_in_batches)]):
        fn = stage(fn)
    return fn


def outcome(fn: Func, args: tuple[Any, ...]) -> list[Any]:
    """The results and the arguments afterwards, or the exception."""
    given = [np.array(a, copy=True) for a in args]
    try:
        return [*run(fn, *given), *given]
    except (ArithmeticError, AssertionError, LookupError, ValueError) as error:
        return [f"{type(error).__name__}: {error}", *given]


def same(fn: Func, changed: Func, args: tuple[Any, ...]) -> None:
    for mine, its in zip(outcome(changed, args), outcome(fn, args), strict=True):
        if isinstance(its, str):
            assert mine == its
        else:
            finite = np.abs(its)[np.isfinite(its)] if np.ndim(its) else np.abs(its)
            scale = max(1.0, float(np.max(finite, initial=0.0)))
            np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-11 * scale, equal_nan=True)


def products(fn: Func) -> int:
    """How many products of batches there are: they are stored where they are computed."""
    return sum(isinstance(s, Assign) and s.op == "dot" and STORED in s.params for s in walk(fn.body))


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of so few rows that there are several."""
    monkeypatch.setattr(batchrows, "ROWS", (2, 2))


def layer(**parts: str) -> Callable[..., Any]:
    usual = dict.fromkeys(("before", "first", "more", "last"), "") | {
        "rows": "range(n)",
        "outer": "range(k)",
        "inner": "range(k)",
        "value": "s += w[h, i] * x[r, i]",
    }
    lines = LAYER.format(**(usual | parts)).splitlines()
    return function(HEAD + "\n".join(line for line in lines if line.strip()) + "\n", f"<layer {sorted(parts.items())}>")


def found(made: Callable[..., Any]) -> int:
    """How many products the pass finds; with them and without the results and the arguments are the same."""
    rng = np.random.default_rng(1)
    args = rng.normal(size=(5, 4)), rng.normal(size=(4, 4)), rng.normal(size=4), np.zeros((5, 4))
    fn = staged(made, args)
    changed = verify(run_in_batches(fn))
    for rows, width in ((5, 4), (4, 3), (1, 4), (0, 4), (5, 0), (2, 1)):
        x, w, d, out = args
        same(fn, changed, (x[:rows, :width].copy(), w[:width, :width].copy(), d[:width].copy(), out[:rows].copy()))
    return products(changed)


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"value": "s += x[r, i] * w[h, i]"},
        {"value": "s += w[i, h] * x[r, i]"},
        {"value": "s -= w[h, i] * x[r, i]"},
        {"value": "s = w[h, i] * x[r, i] + s"},
        {"value": "w[h, i] += s * x[r, i]"},
        {"inner": "range(k - 1, -1, -1)", "outer": "range(k - 1, -1, -1)", "more": "total += s"},
        {"inner": "range(1, k)", "rows": "range(1, n)"},
        {"rows": "range(n - 1, -1, -1)"},
        {"rows": "range(n - 1, 0, -1)", "more": "total += s"},
        {"inner": "range(2, 0, -1)", "before": "assert k > 2"},
        # what a row reads of others, or of itself, is there
        {
            "before": "z = np.zeros((n, k))",
            "first": "for h in range(k): z[r, h] = x[r, h] ** 2",
            "value": "s += w[h, i] * z[r, i]",
        },
        {
            "before": "z = np.empty(k)",
            "first": "for h in range(k): z[h] = x[r, h] ** 2",
            "value": "s += w[h, i] * z[i]",
        },
        {"first": "y = np.zeros(k)"},
        {"first": "z = np.empty(k); y = np.empty(k)", "more": "z[h] = s", "last": "total += np.sum(z)"},
        {"first": "t = x[r, 0] if k > 0 else 0.0", "last": "total += t"},
        # both parts add to a sum
        {"first": "total += x[r, 0]", "last": "total += y[0]", "before": "assert k > 0"},
        {"first": "total += x[r, 0]", "more": "total += s", "before": "assert k > 0"},
        {
            "first": "if x[r, 0] > 0.0: total += x[r, 0]",
            "last": "for h in range(k): total -= y[h]",
            "before": "assert k > 0",
        },
        {
            "first": "for h in range(k): total -= x[r, h]",
            "last": "if y[0] > 0.0: total += y[0]",
            "before": "assert k > 0",
        },
        {
            "first": "total = np.maximum(total, x[r, 0])",
            "last": "total = np.maximum(total, y[0])",
            "before": "assert k > 0",
        },
        {"more": "s = math.tanh(s) if s > 0.0 else 0.5 * s"},
        {"first": "b = x[r, 0] > 0.0 if k > 0 else False", "last": "total += 1.0 if b else 2.0"},
    ],
    ids=str,
)
def test_a_layer(parts: dict[str, str]) -> None:
    assert found(layer(**parts)) == 1


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize(
    "parts",
    [
        # a row needs the one before
        {"value": "s += w[h, i] * x[r, i] + y[0]", "before": "y[:] = 1.0"},
        {"before": "y[:] = 1.0", "value": "s += w[h, i] * y[i]"},
        {"value": "s += w[h, i] * x[r - 1, i]", "last": "for h in range(k): x[r, h] = y[h]", "rows": "range(1, n)"},
        # or the matrix, or the row, changes meanwhile
        {"last": "w[0, 0] += 1.0", "before": "assert k > 0"},
        {"more": "x[r, h] = s"},
        {"value": "w[h, i] += s * x[r, i]", "more": "x[r, h] = s"},
        {
            "before": "z = np.zeros(k)",
            "first": "z[:] = 0.0",
            "value": "z[i] += s * w[h, i]",
            "more": "total += z[h]",
        },
        {"first": "w[h0, 0] = x[r, 0]", "before": "h0 = 0; assert k > 0"},
        {
            "before": "z = np.zeros((k, k))",
            "first": "for i in range(k):\n            for h in range(k): z[h, i] = x[r, h]",
            "value": "s += z[h, i] * x[r, i]",
        },
        {
            "before": "z, q = np.zeros((k, k)), np.zeros(k)",
            "first": "q[:] = 0.0\n        for i in range(k):\n            for h in range(k): z[h, i] = x[r, h]",
            "value": "q[i] += s * z[h, i]",
            "last": "for h in range(k): total += q[h] ** 2",
        },
        # a number that is no sum goes on in another part
        {"first": "total = 0.5 * total", "last": "total += y[0]", "before": "assert k > 0"},
        {"first": "total += x[r, 0]", "last": "total = np.maximum(total, y[0])", "before": "assert k > 0"},
        {"first": "total += x[r, 0]; d[0] = total", "last": "total += y[0]", "before": "assert k > 0"},
        {"first": "t = total + x[r, 0]", "last": "total = t if y[0] > 0.0 else total", "before": "assert k > 0"},
        # these are no rows and no matrices
        {"inner": "range(h)"},
        {
            "before": "z = np.zeros((k, k))",
            "first": "for i in range(k):\n            for h in range(k): z[h, i] = 0.0",
            "value": "z[h, i] += s * x[r, i]",
            "last": "for h in range(k): total += z[h, 0] * z[0, h]",
        },
        {"value": "s += w[h, i] * x[r, h]"},
        {"value": "s += w[h, i] * d[i]"},
        {"value": "s += w[h, i] + x[r, i]"},
        {"value": "s += w[i, i] * x[r, i]"},
        {"first": "y[:] = 0.0", "value": "j = k - 1 - i; y[j] += w[h, i] * x[r, i]"},
        {"value": "s = s * (w[h, i] * x[r, i])"},
        {"value": "s += w[h, i] * x[r, i]; total += s"},
        {"value": "total += s; s += w[h, i] * x[r, i]"},
        {"value": "t = w[h, i] * x[r, i]; s += t; total += t"},
        {"value": "w[h, i] += s * x[r, i]; s += x[r, i]"},
        {"inner": "range(-1, k - 1)"},
        {"inner": "range(3)", "outer": "range(4)", "before": "assert k > 3"},
        {"rows": "range(0, n, 2)"},
        {"rows": "range(n - 1, -1, -2)"},
        {"rows": "range(n - 1, -1, -1)", "last": "total += math.log(y[0] + 3.0)", "before": "assert k > 0"},
        {"last": "if y[0] > 1e3: break", "before": "assert k > 0"},
        {"last": "print(r)"},
        # this is a product of two matrices
        {"value": "out[r, h] += w[h, i] * x[r, i]"},
        # what fails first is told, and what the caller sees then
        {"first": "total += math.sqrt(x[r, 0])", "last": "total += math.sqrt(y[0])", "before": "assert k > 0"},
        {"last": "total += math.log(y[0] + 3.0)", "before": "assert k > 0"},
    ],
    ids=str,
)
def test_other_rows_stay(parts: dict[str, str]) -> None:
    assert found(layer(**parts)) == 0


ROWS = """
def f(x, w, d, out):
    total = 0.0
    for n in range(x.shape[0]):
        y = {product}
        z = np.tanh(y + d)
        {last}
        total += np.sum(z ** 2)
    return total
"""


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize(
    ("product", "last", "count"),
    [
        ("w @ x[n]", "", 1),
        ("w.T @ x[n]", "", 1),
        ("x[n] @ w", "", 1),
        ("np.dot(w, x[n])", "z = w.T @ z", 2),
        ("w[1:, 1:] @ x[n, 1:] if d.shape[0] < 2 else w @ x[n]", "", 0),
        ("w[:, 1:] @ x[n, 1:]", "", 0),
        ("w[:, ::-1] @ x[n, ::-1]", "", 0),
        ("w @ (x[n] + d)", "", 1),
        ("w @ x[n]", "total += (x[n] - d) @ (w @ (x[n] - d))", 2),
        ("w @ x[0]", "", 0),
        ("w @ x[n]", "w[0, 0] += z[0]", 0),
        ("w @ x[n]", "d[0] += z[0]", 0),
        ("w @ x[n]", "z = (w @ out.T[:, :4]) @ z if out.shape[0] > 3 else z", 0),
    ],
)
def test_products_of_numpy(product: str, last: str, count: int) -> None:
    made = function(HEAD + ROWS.format(product=product, last=last), f"<rows {product} {last}>")
    rng = np.random.default_rng(1)
    args = rng.normal(size=(5, 4)), rng.normal(size=(4, 4)), rng.normal(size=4), np.zeros((5, 4))
    fn = staged(made, args)
    changed = verify(run_in_batches(fn))
    for rows, width in ((5, 4), (4, 3), (1, 4), (0, 4), (5, 1)):
        x, w, d, out = args
        same(fn, changed, (x[:rows, :width].copy(), w[:width, :width].copy(), d[:width].copy(), out[:rows].copy()))
    assert products(changed) == count


VECTORS = """
def f(x, w, d, out):
    total = 0.0
    z = np.empty(d.shape[0])
    {before}
    for n in range(x.shape[0]):
        y = np.empty(d.shape[0])
        for h in range(d.shape[0]):
            y[h] = {product}
        {last}
        for h in range(d.shape[0]):
            z[h] = math.tanh(y[h] + d[h])
            total += z[h] ** 2
    return total
"""


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize(
    ("product", "last", "count"),
    [
        ("w[h] @ x[n]", "", 1),
        ("np.dot(x[n], w[h])", "", 1),
        ("w[:, h] @ x[n]", "", 1),
        ("np.dot(w[h, :3], x[n, :3])", "", 1),
        ("np.sum(w[h] * x[n])", "", 1),
        ("w[h] @ x[n]", "for h in range(d.shape[0]): z[h] = w[h] @ y\n        y[:] = z", 2),
        ("w[h] @ x[n]", "for h in range(d.shape[0]): z[h] = w[h] @ y; y[h] = z[h]", 1),
        ("w[h] @ x[n]", "y = w.T @ y", 2),
        ("w[h] @ x[n]", "w[0, 0] += y[0]", 0),
        ("w[h] @ x[n]", "x[n, 0] += y[0]", 1),
        ("w[h] @ x[n]", "d[0] += y[0]", 0),
        ("w[h] @ x[n]", "total += x[n] @ x[n]", 1),
        ("w[h] @ x[0]", "", 0),
        ("w[0] @ x[n]", "", 0),
        ("w[h, ::-1] @ x[n, ::-1]", "", 0),
        ("w[h] @ x[h]", "total += x[n, 0]", 0),
    ],
)
def test_products_of_vectors(product: str, last: str, count: int) -> None:
    text = VECTORS.format(product=product, last=last, before="assert d.shape[0] > 0 and d.shape[0] == x.shape[1]")
    made = function(HEAD + text, f"<vectors {product} {last}>")
    rng = np.random.default_rng(1)
    args = rng.normal(size=(5, 4)), rng.normal(size=(4, 4)), rng.normal(size=4), np.zeros((5, 4))
    fn = staged(made, args)
    changed = verify(run_in_batches(fn))
    for rows, width in ((5, 4), (4, 3), (1, 4), (0, 4), (5, 1)):
        x, w, d, out = args
        same(fn, changed, (x[:rows, :width].copy(), w[:width, :width].copy(), d[:width].copy(), out[:rows].copy()))
    assert products(changed) == count


@pytest.mark.parametrize(
    ("product", "spelled"),
    [("w[1:] @ x[n]", 1), ("w[::2] @ x[n]", 0), ("w @ x[n, ::-1]", 0), ("x[n] @ w[:, None, 0]", 0)],
)
def test_parts_of_matrices_are_read_where_they_lie(product: str, spelled: int) -> None:
    text = ROWS.format(product=product, last="")
    args = np.ones((5, 4)), np.ones((4, 4)), np.ones(4), np.zeros((5, 4))
    fn = simplify(lowered(function(HEAD + text, f"<parts {product}>"), *args)[0].func)
    assert len(spell_matvecs(fn)[1]) == spelled


@pytest.mark.usefixtures("batches")
def test_elements_without_terms_need_not_be_there() -> None:
    made = function(
        HEAD
        + """def f(x, w, rows):
    total, y = 0.0, np.zeros(2)
    for r in range(x.shape[0]):
        y[:] = 0.0
        for h in range(rows.shape[0]):
            for i in range(x.shape[1]):
                y[h] += w[h, i] * x[r, i]
        total += y[0] * y[1]
    return total
""",
        "<none>",
    )
    rng = np.random.default_rng(3)
    fn = staged(made, (rng.normal(size=(5, 4)), rng.normal(size=(2, 4)), np.zeros(2)))
    changed = verify(run_in_batches(fn))
    assert products(changed) == 1
    for width, rows in ((4, 2), (0, 2), (0, 5), (4, 5)):
        same(fn, changed, (rng.normal(size=(5, width)), rng.normal(size=(2, width)), np.zeros(rows)))


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize("rows", ["range(first, last)", "range(last - 1, first - 1, -1)"])
def test_rows_counted_from_the_end(rows: str) -> None:
    made = function(
        HEAD
        + f"""def f(x, w, first, last):
    total = 0.0
    for r in {rows}:
        for h in range(w.shape[0]):
            s = 0.0
            for i in range(w.shape[1]):
                s += w[h, i] * x[r, i]
            total += s * s
    return total
""",
        f"<ends {rows}>",
    )
    rng = np.random.default_rng(4)
    args = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), -5, 5
    fn = staged(made, args, (0, 1))
    changed = verify(run_in_batches(fn))
    assert products(changed) == 3
    for first, last in ((-5, 5), (-5, 0), (-5, -2), (-2, 3), (-1, -1), (0, 5), (2, 5), (3, 1)):
        same(fn, changed, (*args[:2], first, last))


@pytest.mark.usefixtures("batches")
def test_what_fails_is_told_as_before() -> None:
    made = function(
        HEAD
        + """def f(x, w, d):
    total = 0.0
    for r in range(x.shape[0]):
        t = 0.0
        for h in range(d.shape[0]):
            s = d[h]
            for i in range(d.shape[0]):
                s += w[h, i] * x[r, i]
            t += s
        total += math.log(t + 6.0) + math.sqrt(x[r, 0] + 2.0)
    return total
""",
        "<fails>",
    )
    rng = np.random.default_rng(2)
    seen = set[str]()
    for _ in range(12):
        args = rng.normal(size=(6, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
        fn = staged(made, args, (0, 1, 2))
        changed = verify(run_in_batches(fn))
        assert products(changed) == 3
        same(fn, changed, args)
        seen.add(str(outcome(fn, args)[0])[:10])
    assert len(seen) > 1


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize(
    ("rows", "seen", "count"),
    [
        ("range(n)", "", 1),
        ("range(n - 1, -1, -1)", "", 0),
        ("range(n)", "d[0] += t", 0),
        ("range(n)", "x[r, 0] = t", 0),
    ],
)
def test_the_caller_sees_what_rows_before_the_one_that_fails_have_done(rows: str, seen: str, count: int) -> None:
    made = function(
        HEAD
        + f"""def f(x, w, d):
    n = x.shape[0]
    total = 0.0
    assert d.shape[0] > 0 and x.shape[1] > 0
    for r in {rows}:
        t = 0.0
        for h in range(w.shape[0]):
            s = 0.0
            for i in range(w.shape[1]):
                s += w[h, i] * x[r, i]
            t += s
        total += math.log(t + 4.0)
        {seen}
    return total
""",
        f"<seen {rows} {seen}>",
    )
    rng = np.random.default_rng(2)
    for turn in range(4):
        args = rng.normal(size=(6, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
        fn = staged(made, args)
        changed = verify(run_in_batches(fn))
        assert products(changed) == count
        args[0][turn] = np.nan if turn % 2 else 0.0
        same(fn, changed, args)


@pytest.mark.parametrize("seed", range(40))
def test_gradients_of_random_programs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batchrows, "ROWS", (seed % 3 + 1,) * 2)
    made = program(seed)
    fn = staged(made, arguments(seed, 5, 3), tuple(range(6)))
    changed = verify(run_in_batches(fn))
    for rows, width in ((5, 3), (7, 2), (1, 1), (0, 3), (5, 0)):
        same(fn, changed, arguments(seed, rows, width))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compiled(dtype: str) -> None:
    def kind(a: Any) -> Any:
        return a.astype(dtype) if a.dtype == np.float64 else a

    args = tuple(map(kind, PROGRAM.arguments((150, 9, 7, 5))))
    got = ad.value_and_grad(PROGRAM.function, PROGRAM.argnums)(*args)
    wide = tuple(a.astype(np.float64) if a.dtype == np.float32 else a for a in args)
    expected = PROGRAM.adjoint(*wide)
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    np.testing.assert_allclose(got[0], expected[0], rtol=tolerance)
    for mine, its in zip(got[1], expected[1], strict=True):
        assert mine.dtype == dtype
        np.testing.assert_allclose(mine, its, rtol=tolerance, atol=tolerance)


def test_a_strict_gradient_keeps_the_order_of_sums() -> None:
    args = PROGRAM.arguments(PROGRAM.small)
    for fastmath in (True, False):
        text = ad.grad(PROGRAM.function, PROGRAM.argnums, fastmath=fastmath).lowered_source(*args)
        assert ("_dproduct_into(" in text[text.index("def mlp_loops_grad") :]) == fastmath


def test_threads_share_batches_whose_rows_only_add() -> None:
    def squares(x, w):
        out = np.empty((x.shape[0], w.shape[0]))
        for n in range(x.shape[0]):
            for h in range(w.shape[0]):
                s = 0.0
                for i in range(w.shape[1]):
                    s += w[h, i] * x[n, i]
                out[n, h] = np.tanh(s)
        return np.sum(out**2)

    args = PROGRAM.arguments((3000, 16, 32, 10))
    shared = ad.value_and_grad(PROGRAM.function, PROGRAM.argnums, target="parallel")
    text = shared.lowered_source(*args)
    assert "for batch in range(" in text[: text.index("def mlp_loops_grad")]
    got, expected = shared(*args), PROGRAM.adjoint(*args)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-12)
    for mine, its in zip(got[1], expected[1], strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-10, atol=1e-13)
    few = args[4], args[0]
    assert "for batch in " in ad.grad(squares, (0, 1)).lowered_source(*few)
    assert "for batch in " not in ad.grad(squares, (0, 1), target="parallel").lowered_source(*few)


def test_a_zero_that_meets_what_is_not_finite() -> None:
    def weighted(w, x, weight):
        total = 0.0
        for n in range(x.shape[0]):
            for h in range(w.shape[0]):
                s = 0.0
                for i in range(w.shape[1]):
                    s += w[h, i] * x[n, i]
                total += np.where(weight[n] > 0.0, weight[n] * np.sqrt(s), 0.0)
        return total

    x, w, weight = np.ones((3, 2)), np.full((4, 2), 0.1), np.array([1.0, 0.0, 2.0])
    expected = ad.grad(weighted)(w, x[[0, 2]], weight[[0, 2]])
    assert np.all(np.isfinite(expected))
    for infinite in (np.inf, np.nan):
        x[1, 0] = infinite
        np.testing.assert_allclose(ad.grad(weighted)(w, x, weight), expected, rtol=1e-14)
    assert "isfinite" in ad.grad(weighted).lowered_source(w, x, weight)
