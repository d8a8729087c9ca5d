"""Which products are computed in the place where they are stored."""

import re
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.programs.linear_algebra import products_where_they_are_stored


def test_only_products_that_nothing_else_reads_and_whose_factors_stay() -> None:
    rng = np.random.default_rng(0)
    args = rng.normal(size=(5, 5)), rng.normal(size=(5, 5)), rng.normal(size=(2, 5, 5))
    inexact = ad.grad(products_where_they_are_stored, (0, 1, 2)).primal.lowered_source(*args)
    body = inexact[inexact.index("def products_where_they_are_stored") :]
    found = [(m[1], m[2]) for m in re.finditer(r"_dproduct_into\((.*), (True|False)\)", body)]
    assert found == [
        ("y[k], a, b", "False"),
        ("t_T, t, b", "True"),
        ("y[k, ::2], b[::2], a", "True"),
        ("a[1:], b[1:], b", "True"),
    ]
    exact = ad.grad(products_where_they_are_stored, (0, 1, 2), fastmath=False).primal.lowered_source(*args)
    assert "_dproduct_into(" not in exact


def read_again(f: Any, p: Any, count: int) -> Any:
    x, total = p, 0.0
    for _ in range(count):
        y = f @ x
        z = y @ y + x
        x = z @ y
        total += np.sum(x)
    return total


def test_products_and_sums_that_a_tape_keeps_are_read_there() -> None:
    rng = np.random.default_rng(0)
    args = 0.3 * rng.normal(size=(4, 4)), 0.3 * rng.normal(size=(4, 4)), 3
    gradient = ad.value_and_grad(read_again, (0, 1))
    body = gradient.lowered_source(*args)
    forward = body[body.index("def read_again_grad") : body.index("# reverse sweep")]
    calls = ["_dproduct_into(y_tape[_], f, p, False)", "_dproduct(y, y)", "_dproduct(z, y)"]
    assert re.findall(r"_dproduct.*", forward) == calls
    assert "y = y_tape[_]" in forward and "z = z_tape[_]" in forward and "z[" not in forward
    ad.gradcheck(read_again, *args, argnums=(0, 1))
    strictly = ad.value_and_grad(read_again, (0, 1), fastmath=False)
    assert "y_tape[_], f" not in strictly.lowered_source(*args)
    np.testing.assert_allclose(gradient(*args)[1], strictly(*args)[1], rtol=1e-13)


def changed_product(a: Any, b: Any, y: Any) -> Any:
    p = a @ b
    y[0] = p
    p[0, 0] += 1.0
    return np.sum(y[0] * y[0]) + np.sum(p @ p)


def changed_place(a: Any, b: Any, y: Any) -> Any:
    p = a @ b
    y[0] = p
    y[0, 0, 0] += 1.0
    return np.sum(y[0] * y[0]) + np.sum(p @ p)


def changed_factor(a: Any, b: Any, y: Any) -> Any:
    p = a @ b
    a[0, 0] += 1.0
    y[0] = p
    return np.sum(y[0] * y[0]) + np.sum(p @ p) + np.sum(a)


def read_before(a: Any, b: Any, y: Any) -> Any:
    p = a @ b
    q = p @ y[0]
    y[0] = p
    return np.sum(q) + np.sum(p @ p)


def carried(a: Any, b: Any, y: Any) -> Any:
    p, kept = a, np.zeros((2, 3, 3))
    for _ in range(2):
        p = p @ b
        kept[0] = p
    return np.sum(kept * y) + np.sum(p @ p)


def in_a_row_that_is_written_again(a: Any, b: Any, y: Any) -> Any:
    kept = np.zeros((2, 3, 3))
    for k in range(2):
        p = a @ b * (k + 1.0)
        kept[0] = p
        q = p @ b
        kept[0] = q
        y[k] += p @ q
    return np.sum(kept * y)


@pytest.mark.parametrize(
    "function",
    [changed_product, changed_place, changed_factor, read_before, carried, in_a_row_that_is_written_again],
)
def test_what_differs_from_what_is_stored_is_read_as_it_is(function: Any) -> None:
    rng = np.random.default_rng(1)
    args = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=(2, 3, 3))
    value, _ = ad.value_and_grad(function, (0, 1, 2))(*map(np.copy, args))
    assert value == pytest.approx(function(*map(np.copy, args)), rel=1e-12)
    ad.gradcheck(function, *args, argnums=(0, 1, 2))
