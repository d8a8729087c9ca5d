"""What is recorded: how long the arrays are that hold it."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from benchmarks.programs import cholesky_logdet, lotka_volterra, n_body
from tests.programs import mutation, triangles
from tests.support.registry import PROGRAMS, load_programs

EXACT = ["rows_that_grow", "rows_that_may_be_empty", "pairs", "tetrahedra", "ragged_rows"]
GROWING = ["pointers_that_move", "triangle_behind_a_test", "triangle_left_early", "triangle_in_a_while"]


def of_an_array(p, c, steps):
    """An orbit whose gradient runs in reverse mode, since its parameters are an array."""
    return lotka_volterra.lotka_volterra(p[0], p[1], c, steps)


def source(name: str) -> str:
    """The generated gradient of a program."""
    load_programs()
    program = PROGRAMS[name]
    return ad.value_and_grad(program.function, program.argnums).adjoint_source(*program.args())


def tape_sizes(gradient: Any, *args: Any) -> dict[str, int]:
    """The number of elements of every tape at the end of a call."""
    tree = ast.parse(gradient.adjoint_source(*args))
    function = [node for node in tree.body if isinstance(node, ast.FunctionDef)][-1]
    names: dict[str, Any] = {}
    function.body[-1] = ast.parse("def f():\n    return locals()").body[0].body[0]  # type: ignore[attr-defined]
    exec(compile(tree, "<tapes>", "exec"), names)
    found = names[function.name](*(np.copy(a) if isinstance(a, np.ndarray) else a for a in args))
    return {name: value.size for name, value in found.items() if "_tape" in name}


@pytest.mark.parametrize("name", EXACT)
def test_a_nest_that_can_be_counted_has_tapes_that_never_grow(name: str) -> None:
    assert "_tape" in source(name)
    assert "= _grow(" not in source(name)


@pytest.mark.parametrize("name", GROWING)
def test_a_nest_that_cannot_be_counted_has_tapes_that_grow(name: str) -> None:
    assert "= _grow(" in source(name)


def test_tapes_of_a_triangle_have_the_length_of_the_triangle() -> None:
    sizes = tape_sizes(ad.value_and_grad(triangles.pairs), np.linspace(0.5, 1.5, 9), 2)
    assert sizes
    assert set(sizes.values()) == {2 * 9 * 8 // 2}


def test_row_pointers_out_of_bounds_are_reported_as_in_the_function() -> None:
    values, start, x = np.ones(9), np.array([0, 2, 20]), np.ones(2)
    with pytest.raises(IndexError):
        ad.grad(triangles.ragged_rows)(values, start, x)


def test_a_factor_written_once_is_read_again() -> None:
    """That the diagonal is written in one arm of a test and the rest in the other tells the elements apart."""
    matrix = np.eye(4) * 5.0 + 1.0
    assert not tape_sizes(ad.value_and_grad(cholesky_logdet.cholesky_logdet), matrix)


def test_a_test_within_a_loop_says_nothing_before_it() -> None:
    """Two elements that no iteration touches both are one element in some runs of the loop."""
    a, b = np.array([0.3, -1.2, 0.8]), np.array([1.0, -0.5, 2.0])
    value, _ = ad.value_and_grad(mutation.one_element_by_either_name)(a, b)
    assert np.isclose(value, mutation.one_element_by_either_name(a, b), rtol=1e-12)


def test_a_work_array_filled_by_each_iteration_is_recorded_for_one() -> None:
    """It may be read at any index: the loop over the samples runs both sweeps."""
    x, w, label = np.linspace(-1.0, 1.0, 7), np.linspace(0.5, 1.5, 3), np.zeros(7, dtype=np.int64)
    gradient = ad.value_and_grad(mutation.work_array_read_anywhere, (0, 1))
    assert "both sweeps of an iteration together" in gradient.adjoint_source(x, w, label)
    assert all(size <= 3 for size in tape_sizes(gradient, x, w, label).values())
    gradient = ad.value_and_grad(mutation.work_array_filled_in_part, (0, 1))
    assert "both sweeps of an iteration together" not in gradient.adjoint_source(x, w, label)


def test_what_an_iteration_hands_on_is_recorded_by_the_next() -> None:
    """The state at the start of each step, and one more behind the last; the differences are computed again."""
    sizes = tape_sizes(ad.value_and_grad(of_an_array), np.array([1.1, 0.4]), 0.1, 30)
    assert sorted(sizes.values()) == [31, 31]


def of_program(name: str) -> dict[str, int]:
    """The number of elements of every tape of a program's gradient."""
    load_programs()
    program = PROGRAMS[name]
    return tape_sizes(ad.value_and_grad(program.function, program.argnums), *program.args())


def test_sums_over_pairs_record_the_points_of_each_step() -> None:
    """Roots, quotients and exponentials of n * n pairs a step are computed again from what n points hold."""
    assert list(of_program("repelling_charges").values()) == [3 * 5]
    args = n_body.PROGRAM.arguments((6, 4))
    assert list(tape_sizes(ad.value_and_grad(n_body.n_body, (0, 1)), *args).values()) == [4 * 6 * 3]


@pytest.mark.parametrize(
    ("name", "records", "size"),
    [
        ("on_a_circle", {"exp"}, 3 * 4 * 4),
        ("chain_through_all_pairs", {"sin", "cos", "exp"}, 3 * 4 * 4),
        ("two_neighbours", {"exp"}, 3 * 5 * 3),
    ],
)
def test_records_no_longer_than_arrays_that_are_there_anyway_spare_time(
    name: str, records: set[str], size: int
) -> None:
    """An argument has a number for each pair, or another record has, or a loop has but two iterations."""
    sizes = {tape.removesuffix("_tape"): found for tape, found in of_program(name).items()}
    assert {record: sizes[record] for record in records} == dict.fromkeys(records, size)


def test_explain_gives_the_size_of_every_tape_in_terms_of_the_arguments() -> None:
    def sizes(function: Any, *args: Any) -> list[str]:
        report = ad.value_and_grad(function).explain(*args)
        listed = report.split("\nrecords\n")[1].split("\n\n")[0]
        return sorted({re.split(r"  +", line.strip())[2] for line in listed.splitlines()})

    line = next(
        k for k, text in enumerate(inspect.getsource(triangles).splitlines(), 1) if "in range(i + 1, n)" in text
    )
    assert sizes(triangles.pairs, np.ones(4), 2) == [f"8 B x (max(steps, 0) * (iterations of line {line}))"]
    assert sizes(triangles.triangle_in_a_while, np.ones(4)) == ["8 B x (as often as it is made)"]
    assert sizes(of_an_array, np.array([1.1, 0.4]), 0.1, 30) == ["8 B x (max(steps, 0) + 1)"]


@pytest.mark.parametrize("name", ["ragged_rows", "rows_of_pairs"])
def test_rows_that_are_independent_use_one_tape_in_turn(name: str) -> None:
    text = source(name)
    made = [line for line in text.splitlines() if "_tape" in line and "np.empty(" in line]
    assert "both sweeps of an iteration together" in text
    assert made
    assert not any(line.startswith(" " * 8) for line in made)


def test_one_tape_for_all_rows_is_as_long_as_the_longest() -> None:
    values, start, x = np.ones(9), np.array([0, 2, 2, 7, 8, 9]), np.ones(5)
    assert list(tape_sizes(ad.value_and_grad(triangles.ragged_rows), values, start, x).values()) == [5]


def of_an_own_tape(x):
    reel_tape = np.empty(3)
    for k in range(3):
        reel_tape[k] = np.sin(x[k])
    return np.sum(reel_tape * x)


def test_an_array_of_the_users_is_no_record_whatever_its_name() -> None:
    assert "reel_tape  float64[:]" in (report := ad.grad(of_an_own_tape).explain(np.ones(3)))
    assert "records" not in report
