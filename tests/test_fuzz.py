"""Random programs: plain Python's value, one derivative in both modes, and that of differences."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.checks import Skipped, check
from tests.fuzz.forms import plain_and_lowered
from tests.fuzz.programs import generate

SEEDS = st.integers(0, 2**32)


def checked(seed: int) -> None:
    """Check the program of a seed, as plain Python."""
    with plain_and_lowered():
        try:
            check(generate(seed))
        except Skipped:
            pass


@pytest.mark.parametrize("seed", range(40))
def test_program_of_a_seed(seed: int) -> None:
    checked(seed)


@pytest.mark.parametrize("seed", range(40, 44))
def test_compiled_program_of_a_seed(seed: int) -> None:
    try:
        check(generate(seed))
    except Skipped as nothing:
        pytest.skip(str(nothing))


@pytest.mark.fuzz
@settings(max_examples=10_000)
@given(SEEDS)
def test_many_programs(seed: int) -> None:
    checked(seed)


@pytest.mark.fuzz
@settings(max_examples=10_000)
@given(SEEDS)
def test_many_more_programs(seed: int) -> None:
    checked(seed + 2**33)


@pytest.mark.fuzz
@settings(max_examples=1000)
@given(SEEDS)
def test_many_compiled_programs(seed: int) -> None:
    try:
        check(generate(seed))
    except Skipped:
        pass
