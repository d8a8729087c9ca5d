"""Exceptions of compiled code carry the numbers that NumPy's messages have."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad


def element(x, k, n, m, index):
    return x[k]


def first_of_a_loop(x, k, n, m, index):
    s = 0.0
    for i in range(n):
        s += x[i]
    return s


def in_a_row(x, k, n, m, index):
    s = 0.0
    for i in range(len(index)):
        s += x.reshape(5, 1)[index[i], 0]
    return s


def through_an_array(x, k, n, m, index):
    return x[index].sum()


def added(x, k, n, m, index):
    return (x + np.ones(m)).sum()


def last_of_a_loop(x, k, n, m, index):
    s = 0.0
    for i in range(0, n, 2):
        s += x[2 * i]
    return s


GIVEN: tuple[Any, ...] = (np.ones(5), -7, 9, 4, np.array([1, 8]))


@pytest.mark.parametrize("interpreted", [False, True])
def test_numbers_in_messages(monkeypatch: pytest.MonkeyPatch, interpreted: bool) -> None:
    if interpreted:
        monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    as_numpy: list[Callable[..., Any]] = [element, first_of_a_loop, in_a_row, through_an_array]
    for function in as_numpy:
        with pytest.raises(IndexError) as wanted:
            function(*GIVEN)
        with pytest.raises(IndexError) as caught:
            ad.grad(function)(*GIVEN)
        assert str(caught.value) == str(wanted.value)
        line, same = (traceback.extract_tb(error.value.__traceback__)[-1].line for error in (caught, wanted))
        assert line == same
    with pytest.raises(IndexError, match=r"^index out of bounds for axis 0 with size 5$"):
        ad.grad(last_of_a_loop)(*GIVEN)
    gradient = ad.grad(added)
    with pytest.raises(ValueError, match=r"extents differ: 5 and 4$"):
        gradient(*GIVEN)
    with pytest.raises(ValueError, match="extents differ: 5 and 1; an extent that is 1 only at run time is not"):
        gradient(GIVEN[0], 1, 1, 1, GIVEN[4])
    np.testing.assert_array_equal(gradient(GIVEN[0], 1, 1, 5, GIVEN[4]), np.ones(5))
