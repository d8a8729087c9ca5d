"""Loops over numbers that are written down: long ones stay loops, short ones have a copy of the body for each."""

from __future__ import annotations

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Loop
from tests.programs import known_numbers as programs
from tests.support.registry import PROGRAMS


def lines_and_loops(name):
    case = PROGRAMS[name]
    lines = list(walk(ad.jacobian(case.function).view(*case.args()).primal.body))
    return len(lines), sum(isinstance(line, Loop) for line in lines)


@pytest.mark.parametrize(
    ("name", "loops"),
    [
        ("particles_in_cells", 5),
        ("elements_of_a_mesh", 1),
        ("numbers_of_two_types_beside_a_range", 3),
        ("neighbours_from_outside", 3),
    ],
)
def test_a_long_body_is_written_once(name, loops):
    lines, found = lines_and_loops(name)
    assert lines < 200
    assert found >= loops


@pytest.mark.parametrize(
    ("name", "copies"), [("list_written_at_known_places", 6), ("list_that_changes_as_it_is_read", 6)]
)
def test_numbers_that_must_be_known_have_a_copy_each(name, copies):
    _, found = lines_and_loops(name)
    assert found >= 2 * copies


def short(x):
    total = 0.0
    for a, b in programs.NEIGHBOURS:
        total += np.sin(x[a]) * x[b]
    return total


def test_a_short_body_has_a_copy_for_each_number():
    func = ad.grad(short).view(np.arange(1.0, 4.0)).primal
    assert not any(isinstance(line, Loop) for line in walk(func.body))
