"""What only an extent at run time refuses is refused on the user's line, with what to write instead."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad


def singular_values(x: Any) -> Any:
    y = 2.0 * x
    return np.sum(np.linalg.svd(y)[1])


def plane_product(x: Any) -> Any:
    y = 2.0 * x
    return np.sum(np.cross(y[0, :2], y[1, :2]))


REFUSED: dict[Callable[[Any], Any], str] = {singular_values: "full_matrices=False", plane_product: "write a[0] * b[1]"}


@pytest.mark.parametrize("function", REFUSED)
def test_the_line_of_the_call_is_shown(function: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError) as caught:
        ad.grad(function)(np.ones((3, 4)))
    assert REFUSED[function] in str(caught.value)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno) == (__file__, function.__code__.co_firstlineno + 2)
