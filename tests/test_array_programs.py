"""The array programs of the benchmarks: gradients against finite differences, and what is measured of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import adcompiler as ad
from benchmarks.arrays import elementwise, networks, suite, tables
from benchmarks.peers.as_written import as_written
from benchmarks.timing import Times

PROGRAMS = suite.programs()


def test_there_are_programs_of_every_kind() -> None:
    assert len(PROGRAMS) >= 20
    assert {p.kind for p in PROGRAMS.values()} == {"elementwise", "reduction", "stencil", "network", "gemm", "matrices"}


@pytest.mark.parametrize("name", PROGRAMS)
def test_generated_gradients_agree_with_differences(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    program = PROGRAMS[name]
    ad.gradcheck(program.function, *program.arguments(program.tiny), argnums=program.argnums, modes=("reverse",))


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_compiled_gradients_agree_with_differences(name: str) -> None:
    program = PROGRAMS[name]
    args = program.arguments(program.tiny)
    gradient = ad.value_and_grad(program.function, program.argnums)
    suite.check(program, args, gradient)


def test_a_measurement_fills_the_tables() -> None:
    results = list(suite.measure(replace(elementwise.PROGRAMS[0], large=(2000,)), budget=0.01))
    for table in (tables.times, tables.means, tables.compiled):
        head, rows = table(results)
        assert {len(row) for row in rows} == {len(head)}
    assert [row[2] for row in tables.times(results)[1]] == ["1000", "2000"]


def test_ratios_are_by_the_better_value() -> None:
    times = {name: Times(least, least, 7) for name, least in {"numpy": 4.0, "njit": 8.0, "value": 2.0}.items()}
    found = suite.Result("one", "gemm", (3,), times | {"gradient": Times(3.0, 3.0, 7), "jax": Times(6.0, 6.0, 7)}, {})
    assert found.value_ratio() == 0.5
    assert found.gain() == 2.0
    assert suite.Result("one", "gemm", (3,), times, {}).gain() is None


def test_a_wrong_gradient_is_not_timed() -> None:
    program = elementwise.PROGRAMS[0]
    args = program.arguments(program.tiny)
    value, (x_bar, y_bar) = ad.value_and_grad(program.function, program.argnums)(*args)
    with pytest.raises(ArithmeticError, match="chain"):
        suite.check(program, args, lambda *_: (value, (1.01 * x_bar, y_bar)))


def test_functions_get_another_library_with_those_they_call() -> None:
    class Library:
        sqrt = staticmethod(lambda x: 2.0 * np.sqrt(x))

    found = as_written(networks.normalised, {"np": Library})
    block = as_written(networks.transformer_block, {"np": Library})
    x = np.array([[1.0, 3.0]])
    assert np.allclose(2.0 * found(x, 1.0), networks.normalised(x, 1.0))
    assert np.allclose(2.0 * block.__globals__["normalised"](x, 1.0), networks.normalised(x, 1.0))
