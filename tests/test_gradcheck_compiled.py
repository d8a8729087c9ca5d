"""`gradcheck` and `benchmark` of compiled derivatives: every form of argument and result, both orders."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adcompiler as ad

pytestmark = pytest.mark.smoke


def layer(params: Any, x: Any) -> Any:
    return np.sum(np.tanh(x @ params["w"] + params["b"]) ** 2)


def orbit(x: Any, rate: Any) -> Any:
    """A recurrence that overwrites its argument."""
    for i in range(1, len(x)):
        x[i] = math.sin(rate * x[i - 1]) + 0.5 * x[i]
    return x


def test_numbers() -> None:
    report = ad.gradcheck(lambda x, n: x**n * math.exp(x), 1.5, 3)
    assert [row.label for row in report.rows] == ["x"]


def test_dictionaries_and_tuples(rng: np.random.Generator) -> None:
    params = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    report = ad.gradcheck(layer, params, rng.normal(size=(4, 3)))
    assert [row.label for row in report.rows] == ["params['w']", "params['b']", "x"]
    pair = ad.gradcheck(lambda p: p[0] * math.sin(p[1]), (2.0, 3.0))
    assert [row.label for row in pair.rows] == ["p[0]", "p[1]"]


def test_array_results_and_written_arguments(rng: np.random.Generator) -> None:
    x = rng.normal(size=6)
    before = x.copy()
    assert ad.gradcheck(orbit, x, 1.3).rows[0].entries == 6
    np.testing.assert_array_equal(x, before)


def test_float32(rng: np.random.Generator) -> None:
    report = ad.gradcheck(lambda x: np.sum(np.exp(x) * x), rng.normal(size=5).astype(np.float32))
    assert report.rows[0].dtype == np.float32


def test_strided_arguments(rng: np.random.Generator) -> None:
    assert ad.gradcheck(lambda x: np.sum(x * np.sin(x)), rng.normal(size=(6, 6))[::-2, 1::3]).rows[0].shape == (3, 2)


@pytest.mark.parametrize("modes", [("reverse",), ("forward",), ("reverse", "forward")])
def test_second_order(modes: tuple[str, ...], rng: np.random.Generator) -> None:
    report = ad.gradcheck(lambda x: np.sum(np.sin(x) * x), rng.normal(size=4), order=2, modes=modes)
    assert [row.order for row in report.rows] == [1, 2]
    assert all(row.within_error == 0 for row in report.rows)


def test_second_order_of_an_array_result(rng: np.random.Generator) -> None:
    report = ad.gradcheck(lambda x: np.sin(x) * x, rng.normal(size=3), order=2)
    assert [row.order for row in report.rows] == [1, 2]


def test_a_decorated_function_stands_for_the_one_it_differentiates(rng: np.random.Generator) -> None:
    decorated = ad.grad(layer)
    params = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    assert ad.gradcheck(decorated, params, rng.normal(size=(4, 3))).name == "layer"


def test_a_derivative_that_leaves_out_a_fiftieth_is_caught() -> None:
    def cube(x: float) -> float:
        return 0.98 * x**3 + 0.02 * ad.stop_gradient(x**3)

    with pytest.raises(ad.GradcheckFailed, match="with respect to x"):
        ad.gradcheck(cube, 2.0, modes=("reverse",))


def test_draws_are_the_same_at_every_point(rng: np.random.Generator) -> None:
    def noisy(x: Any, generator: np.random.Generator) -> Any:
        return np.sum(x * generator.normal(size=3))

    before = rng.bit_generator.state
    ad.gradcheck(noisy, np.ones(3), rng)
    assert rng.bit_generator.state == before


def test_benchmark(tmp_path: Path, rng: np.random.Generator) -> None:
    params = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    report = ad.benchmark(layer, params, rng.normal(size=(4, 3)))
    assert report.entries == 8
    assert report.error < 1e-7
    assert all(cost.seconds > 0 for cost in report.costs)
    assert report.differences.seconds == 2 * report.entries * report.value.seconds
    assert report.ratio == report.gradient.seconds / report.value.seconds
    assert "8 derivatives" in str(report)
    assert "value and gradient" in str(report)
    report.plot(tmp_path / "times.png")
    assert (tmp_path / "times.png").read_bytes().startswith(b"\x89PNG")
