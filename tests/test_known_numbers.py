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
    ("name", "copies"), [("list_written_at_known_places", 8), ("list_that_changes_as_it_is_read", 9)]
)
def test_numbers_that_must_be_known_have_a_copy_each(name, copies):
    _, found = lines_and_loops(name)
    assert found >= 2 * copies


def short(x):
    total = 0.0
    for a, b in programs.NEIGHBOURS:
        total += np.sin(x[a]) * x[b]
    return total


def at_five_points(x):
    total = 0.0
    for i in range(len(x) - 1):
        for at, weight in ((-0.9, 0.24), (-0.5, 0.48), (0.0, 0.57), (0.5, 0.48), (0.9, 0.24)):
            u = 0.5 * (1.0 - at) * x[i] + 0.5 * (1.0 + at) * x[i + 1]
            v = np.sin(3.0 * u) + 0.1 * u * u + np.exp(-u * u) * np.cos(2.0 * u)
            w = np.sqrt(1.0 + v * v) * np.tanh(u) + np.log(1.0 + u * u) * np.arctan(v)
            total += weight * (u * v + w * np.exp(-w * w) * np.sin(w + v) + 0.5 * v * (1.0 - v * v / 6.0))
    return total


def test_rules_of_integration_have_a_copy_for_each_point():
    func = ad.grad(at_five_points).view(np.arange(1.0, 4.0)).primal
    assert sum(isinstance(line, Loop) for line in walk(func.body)) == 1


def test_a_short_body_has_a_copy_for_each_number():
    func = ad.grad(short).view(np.arange(1.0, 4.0)).primal
    assert not any(isinstance(line, Loop) for line in walk(func.body))
