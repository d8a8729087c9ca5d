"""Random control flow: the lines give what the plain program gives, with its writes and its exceptions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adcompiler.errors import ADCompilerError
from tests.support.lowering import check
from tests.support.random_programs import random_program

ARGUMENTS = ((0.7, 3, 0, [0.5, -1.0, 2.0, 0.25]), (-1.2, 0, 2, [1.5, -2.0, 0.1, 3.0]))
# what may be refused in a random program: it raises on every path
REFUSED = ("always raises",)


def agree(seed: int) -> int:
    """Check one program for two sets of arguments; how many were compiled."""
    function, text = random_program(seed)
    compiled = 0
    for x, n, m, y in ARGUMENTS:
        try:
            check(function, x, n, m, np.array(y), kinds=False)
            compiled += 1
        except ADCompilerError as error:
            assert any(part in error.what for part in REFUSED), f"{error}\n{text}"
        except AssertionError as error:
            raise AssertionError(f"seed {seed}\n{text}") from error
    return compiled


@pytest.mark.fuzz
@settings(max_examples=settings().max_examples // 4)
@given(st.integers(0, 10**6))
def test_random_programs(seed: int) -> None:
    agree(seed)


def test_random_programs_are_compiled() -> None:
    assert sum(agree(seed) for seed in range(10)) > 10
