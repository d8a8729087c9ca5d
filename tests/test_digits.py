"""Indices of flattened arrays: equal indices have equal digits, and nothing is said of rows that may overlap."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.analysis.dependence import dependence
from adcompiler.analysis.scope import sites
from adcompiler.ir.wengert import Loop
from tests.support.lowering import lowered

Y, LENGTHS = np.zeros(60), np.array([3, 2, 4])


def rows(y, n, m):
    for i in range(n):
        for j in range(m):
            y[i * m + j] = 1.0


def rows_from_their_ends(y, n, m):
    for i in range(n):
        for j in range(m):
            y[(i + 1) * m - 1 - j] = 1.0


def planes(y, n, m):
    for i in range(n):
        for j in range(m):
            for k in range(n):
                y[i * m * n + (j * n + k)] = 1.0


def inner_columns(y, n, m):
    for i in range(n):
        for j in range(1, m - 1):
            y[i * m + j - 1] = 1.0
            y[m * i + (j - 1)] += 1.0


def longer_rows(y, n, m):
    for i in range(n):
        for j in range(m + 1):
            y[i * m + j] = 1.0


def rows_before_the_first(y, n, m):
    for i in range(n):
        for j in range(-1, m - 1):
            y[i * m + j + n] = 1.0


def rows_of_two_lengths(y, n, m):
    for i in range(n):
        for j in range(m):
            y[i * m + j] = 1.0
        for j in range(n):
            y[i * n + j] = 1.0


def rows_of_any_length(y, n, lengths):
    for i in range(n):
        m = int(lengths[i])
        for j in range(m):
            y[i * m + j] = 1.0


def rows_of_a_shape(y, n, m):
    a = y.reshape(-1, 2 * m)
    for i in range(len(a)):
        for j in range(2 * m):
            a[i, j] = 1.0
        a[i, 1] += 2.0


def columns_of_a_shape(y, n, m):
    a = y.reshape(n, 5, m).reshape(15, 4)[:, 1:].T
    for i in range(15):
        a[0, i] = 1.0


def rows_of_two_shapes(y, n, m):
    a, b = y.reshape(15, m), y.reshape(20, n)
    for i in range(15):
        a[i, 0] = 1.0
        b[i, 0] = 1.0


def rows_of_a_shape_of_parts(y, n, m):
    a, b = y[m:].reshape(14, m), y[:-m].reshape(14, m)
    for i in range(14):
        a[i, 0] = 1.0
        b[i, 0] = 1.0


def rows_of_a_shape_from_the_end(y, n, m):
    a = y.reshape(15, m)
    for i in range(15):
        a[i - n, 0] = 1.0


@pytest.mark.parametrize(
    ("function", "length", "apart"),
    [
        (rows, 4, True),
        (rows_from_their_ends, 4, True),
        (planes, 2, True),
        (inner_columns, 4, True),
        (longer_rows, 4, False),
        (rows_before_the_first, 4, False),
        (rows_of_two_lengths, 4, False),
        (rows_of_any_length, LENGTHS, False),
        (rows_of_a_shape, 3, True),
        (columns_of_a_shape, 4, True),
        (rows_of_two_shapes, 4, False),
        (rows_of_a_shape_of_parts, 4, False),
        (rows_of_a_shape_from_the_end, 4, False),
    ],
)
def test_rows_of_a_flattened_array(function, length, apart: bool) -> None:
    fn = lowered(function, Y, 3, length)[0].func
    over = dependence(fn)
    path = next(path for stmt, path, _ in sites(fn.body) if isinstance(stmt, Loop))
    ((_, writes),) = over.writes.items()
    assert apart is not any(over.across(one, other, path) for one in writes for other in writes)
