"""The benchmark programs: hand-written and generated gradients against finite differences and each other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from benchmarks import growth, plots, registry, report, sizes
from benchmarks.cheap_gradient import central_differences, chain
from benchmarks.derivatives import Case, Cost, cases
from benchmarks.first_calls import FirstCalls
from benchmarks.harness import Result, disagreement, measure, parts
from benchmarks.program import Program
from benchmarks.rod import ARGNUMS, rod
from benchmarks.tape import tape_bytes
from benchmarks.timing import Times

NAMES = registry.names()
STEPS = (1e-4, 1e-5, 1e-6)


def numbers(program: Program) -> tuple[int, ...]:
    return program.argnums if isinstance(program.argnums, tuple) else (program.argnums,)


def moved(args: tuple[Any, ...], number: int, index: tuple[int, ...], step: float) -> list[Any]:
    """The arguments with one entry of one argument changed."""
    direction = np.zeros(np.shape(args[number]))
    direction[index] = step
    return [arg + direction[()] if k == number else arg for k, arg in enumerate(args)]


def differences(program: Program, args: tuple[Any, ...], number: int) -> Iterator[np.ndarray]:
    """Central differences in every entry of one argument, with several steps."""
    shape = np.shape(args[number])
    for h in STEPS:
        found = np.empty(shape)
        for index in np.ndindex(shape):
            ahead, behind = (program.function(*moved(args, number, index, s * h)) for s in (1.0, -1.0))
            found[index] = (ahead - behind) / (2.0 * h)
        yield found


def test_there_are_programs_of_every_kind() -> None:
    assert len(NAMES) >= 14
    assert [registry.load(name).name for name in NAMES] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_hand_written_gradients_agree_with_differences(name: str) -> None:
    program = registry.load(name)
    args = program.arguments(program.small)
    value = program.function(*args)
    assert np.isclose(program.primal(*args), value, rtol=1e-12)
    for derivative in filter(None, (program.adjoint, program.tangent)):
        found_value, *gradients = parts(derivative(*args))
        assert np.isclose(found_value, value, rtol=1e-12)
        for number, gradient in zip(numbers(program), gradients, strict=True):
            assert gradient.shape == np.shape(args[number])
            assert np.isfinite(gradient).all()
            errors = [np.abs(gradient - d) / (1.0 + np.abs(gradient)) for d in differences(program, args, number)]
            assert np.minimum.reduce(errors).max() < 1e-8


@pytest.mark.parametrize("name", NAMES)
def test_generated_gradients_agree_with_hand_written_ones(name: str) -> None:
    program = registry.load(name)
    args = program.arguments(program.small)
    found = ad.value_and_grad(program.function, program.argnums)(*args)
    assert all(np.isfinite(part).all() for part in parts(found))
    assert disagreement(found, program.adjoint(*args)) < 1e-11


def test_the_tape_of_a_recurrence_grows_with_its_length() -> None:
    program = registry.load("logistic_map")
    gradient = ad.value_and_grad(program.function)
    short, long = (tape_bytes(gradient, (np.array([2.0, 3.0]), steps)) for steps in (10, 1000))
    assert 0 < short < long


def test_a_sum_records_nothing() -> None:
    program = registry.load("elementwise_sum")
    assert tape_bytes(ad.value_and_grad(program.function), program.arguments(program.small)) == 0


def test_a_measurement_fills_a_row_of_the_table() -> None:
    program = registry.load("elementwise_sum")
    result = measure(program, budget=0.01)
    head, rows = report.programs([result])
    assert [row[0] for row in rows] == ["elementwise_sum", "geometric mean"]
    assert {len(row) for row in rows} == {len(head)}
    assert result.difference < 1e-12


def test_the_page_keeps_what_surrounds_the_measurements(tmp_path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.FIRST}\nold\n{report.LAST}\nafter\n")
    report.write(page, "new")
    assert page.read_text() == f"before\n{report.FIRST}\nnew\n{report.LAST}\nafter\n"


def test_the_chain_of_the_cost_figure(rng: np.random.Generator) -> None:
    x = rng.normal(size=5)
    value, gradient = ad.value_and_grad(chain)(x)
    assert np.isclose(value, chain(x), rtol=1e-12)
    assert np.allclose(gradient, central_differences(chain, x), rtol=1e-7)


def test_the_rod_of_the_first_calls() -> None:
    # away from zero heat, where the clamp has a kink
    args = [np.linspace(0.05, 1.0, 6), np.full(6, 0.4), np.full(6, 0.1), 0.1, 3]
    value, gradients = ad.value_and_grad(rod, ARGNUMS)(*args)
    assert np.isclose(value, rod(*args), rtol=1e-12)
    for number, gradient in enumerate(gradients):
        found = central_differences(lambda x, k=number: rod(*args[:k], x, *args[k + 1 :]), args[number])
        assert np.isfinite(gradient).all()
        assert np.allclose(gradient, found, rtol=1e-6, atol=1e-9)


def test_a_wrong_gradient_is_not_timed() -> None:
    program = registry.load("elementwise_sum")
    wrong = replace(program, adjoint=lambda x: (program.adjoint(x)[0], 2.0 * program.adjoint(x)[1]))
    with pytest.raises(ArithmeticError, match="elementwise_sum"):
        measure(wrong, budget=0.01)


def test_a_gradient_with_a_nan_disagrees() -> None:
    found = disagreement((1.0, (np.ones(2), np.array([np.nan, 1.0]))), (1.0, (np.ones(2), np.ones(2))))
    assert np.isnan(found)


def test_ratios_are_by_the_columns_of_the_table() -> None:
    took = {"primal": 1.0, "value": 9.0, "adjoint": 2.0, "gradient": 4.0, "strict": 8.0}
    times = {name: Times(least, 3.0 * least, 7) for name, least in took.items()}
    for table in (report.programs, report.medians):
        _, rows = table([Result("one", times, 0, 0, 0.0)])
        assert [cell for cell in rows[0] if cell.replace(".", "").isdigit()] == ["2.00", "4.00", "4.00", "0.44"]


def test_disturbed_programs_are_named() -> None:
    adjoint = Times(1.0, 1.0, 7)
    quiet = Result("quiet", {"adjoint": adjoint, "gradient": Times(2.0, 2.1, 7)}, 0, 0, 0.0)
    noisy = Result("noisy", {"adjoint": adjoint, "gradient": Times(3.0, 1.5, 7)}, 0, 0, 0.0)
    assert "`noisy` (3.00 and 1.50)" in report.disturbed([quiet, noisy])
    assert "quiet" not in report.disturbed([quiet, noisy])
    assert "noisy" not in report.disturbed([quiet])


def test_programs_that_take_longer_than_by_hand_are_named() -> None:
    def result(name: str, took: float) -> Result:
        return Result(name, {"adjoint": Times(1.0, 1.0, 7), "gradient": Times(took, took, 7)}, 0, 0, 0.0)

    both = [result("brief", 0.5), result("long", 1.2), result("longer", 1.3)]
    assert report.slowest(both).endswith(
        "in 2 of 3 programs; the largest ratios are those of `longer` (1.30), `long` (1.20)."
    )
    assert report.slowest(both[:1]).endswith("in 0 of 1 programs.")


def test_missed_targets_are_named() -> None:
    found = FirstCalls("one", 20, njit=1.0, gradient=3.5, njit_warm=0.2, gradient_warm=0.1, imported=0.4)
    _, rows = report.targets(found)
    assert [row[-1] for row in rows] == ["missed", "met", "missed"]


def test_ratios_of_first_calls() -> None:
    found = FirstCalls("one", 20, njit=1.0, gradient=3.5, njit_warm=0.2, gradient_warm=0.1, imported=0.4)
    _, rows = report.first_calls([found])
    assert [rows[0][4], rows[0][7]] == [rows[1][4], rows[1][7]] == ["3.5", "0.5"]


def test_derivatives_of_each_case() -> None:
    for case in cases(observations=20, poses=3, nodes=9):
        for found in (case.derivative(), case.unit()):
            for part in found if isinstance(found, tuple) else (found,):
                assert np.isfinite(part.data if hasattr(part, "indptr") else part).all()


def test_the_table_of_derivatives() -> None:
    case = Case("a Hessian", "gradient", dict, dict, 3.0)
    head, rows = report.derivatives([Cost(case, 2e-3, 1e-3), Cost(case, 4e-3, 1e-3)])
    assert [row[-3:] for row in rows] == [["2.00", "3", "met"], ["4.00", "3", "missed"]]
    assert len(head) == len(rows[0])


def test_sizes_have_rows_and_pictures(tmp_path: Path) -> None:
    assert set(sizes.SIZES) <= set(NAMES)
    for _, part, size in sizes.SIZES.values():
        assert np.prod(size(10**6 // part)) == 10**4 * np.prod(size(100 // part))
    point = sizes.measure("recurrence", "steps", 20, (20,), 0.01)
    assert {"primal", "adjoint", "gradient"} <= set(point.times) and set(point.memory) == set(point.times)
    longer = replace(point, count=10 * point.count, memory=dict.fromkeys(point.memory, 5000))
    head, rows = report.sizes([point, longer])
    assert {len(row) for row in rows} == {len(head)} and [row[1] for row in rows] == ["20 steps", "200 steps"]
    for draw in (plots.sizes, plots.memory):
        draw([point, longer], tmp_path / "picture.png")
        assert (tmp_path / "picture.png").stat().st_size > 1000
        (tmp_path / "picture.png").unlink()


def test_growth_of_compilations_is_judged_by_the_part_that_is_ours() -> None:
    points = [growth.Point(100 * 2**k, 0.5 * 2.1**k, 2.5**k) for k in range(3)]
    assert report.growth(points)[1][-1] == ["twice the lines", "times 2.10", "times 2.50", "", "met"]
    points[-1] = growth.Point(400, 9.0, 1.0)
    assert report.growth(points)[1][-1][-1] == "missed"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads as Linux lists them")
def test_jax_computes_in_one_thread() -> None:
    pytest.importorskip("jax")
    program = "from benchmarks.arrays.suite import programs; from benchmarks.peers import jax_peer; import pathlib\n"
    program += "p = programs()['mlp_wide']; jax_peer.contender(p, p.arguments(p.small))()\n"
    program += "print(*(t.read_text().strip() for t in pathlib.Path('/proc/self/task').glob('*/comm')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split().count("tf_XLAEigen") == 1
