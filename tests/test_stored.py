"""Which products are computed in the place where they are stored."""

import re

import numpy as np

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
