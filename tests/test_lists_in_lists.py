"""Lists that are items of lists hold copies too: neither their length nor their type may change under one name."""

from __future__ import annotations

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted


def list_written_after_it_is_an_item(x):
    rows, row = [], [0.0] * x.shape[0]
    for _ in range(x.shape[0]):
        rows.append(row)
    row[0] = x[0, 0]
    return rows[1][0]


def list_written_in_the_round_in_which_it_becomes_an_item(x):
    rows = []
    for t in range(x.shape[0]):
        row = [0.0] * x.shape[0]
        rows.append((t, row))
        row[0] = x[t, 0]
    return rows[1][1][0]


def list_shortened_after_it_is_an_item(x):
    rows, row = [], [1.0] * x.shape[0]
    for _ in range(x.shape[0]):
        rows.append(row)
    row.pop()
    return len(rows[1]) * x[0, 0]


def row_of_a_table_that_grows(x):
    rows = [[1.0] * x.shape[0] for _ in range(2)]
    for t in range(x.shape[0]):
        rows[t % 2].append(x[t, 0])
    return len(rows[1]) * x[0, 0]


def row_with_a_name_that_shrinks(x):
    rows = [[1.0] * x.shape[0] for _ in range(x.shape[0])]
    row = rows[0]
    if x[0, 0] > 0:
        row = rows[1]
    row.pop()
    return len(rows[1]) * x[0, 0]


REFUSED = (
    list_written_after_it_is_an_item,
    list_written_in_the_round_in_which_it_becomes_an_item,
    list_shortened_after_it_is_an_item,
    row_of_a_table_that_grows,
    row_with_a_name_that_shrinks,
)


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_a_list_that_is_an_item_keeps_its_length_and_type(f):
    with pytest.raises(ad.UnsupportedSyntax, match="item of another list"):
        ad.grad(f)(np.arange(1.0, 11.0).reshape(5, 2))


def repeated_in_place(x):
    def double(values):
        values *= 2

    held = {"a": [x[0], x[1]]}
    values = held["a"]
    double(values)
    held["a"] += [x[1]]
    values *= x.shape[0]
    return len(held["a"]) * x[0] * values[-1]


def test_a_list_is_repeated_under_all_its_names():
    x = np.array([2.0, 3.0, 5.0])
    with interpreted():
        np.testing.assert_allclose(ad.grad(repeated_in_place)(x), [45.0, 30.0, 0.0])


def items_of_mixed_types_beside_a_list_in_an_array(x):
    work, rows, total = [0.0] * x.shape[0], [], 0.0
    work[0] = x[0]
    for v in x:
        rows.append([2, 1.5 * v])
    for i in range(x.shape[0]):
        if isinstance(rows[i][0], int):
            total += rows[i][1]
    return total * work[0]


def test_numbers_of_a_list_of_mixed_types_keep_their_types():
    with interpreted():
        np.testing.assert_allclose(ad.grad(items_of_mixed_types_beside_a_list_in_an_array)(np.ones(3)), [6.0, 1.5, 1.5])
