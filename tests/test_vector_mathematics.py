"""Mathematical functions of several numbers at once: exact to a few units in the last place, and only where allowed."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding
import mpmath
import numpy as np
import pytest

import adcompiler as ad
from adcompiler.backend import cpu
from adcompiler.emit.vector_functions import C_NAMES
from benchmarks import accuracy


def has_libmvec() -> bool:
    try:
        llvmlite.binding.load_library_permanently("libmvec.so.1")
    except RuntimeError:
        return False
    return bool(llvmlite.binding.address_of_symbol("_ZGVbN2v_tanh"))


needs_libmvec = pytest.mark.skipif(not has_libmvec(), reason="the C library has no vector functions")

ONE = [op for op in C_NAMES if op not in ("hypot", "pow", "arctan2", "erf", "erfc")]
OF_ONE: dict[str, Any] = {op: getattr(np, op) for op in ONE}
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, 1e-310, 1e308, -1e308, 710.0, -746.0, 1e5, 1e22]


def applied(f: Any, dtype: str) -> Any:
    """A function of each element, and the vector code that it has become."""
    names = {"f": f, "np": np}
    source = (
        "def each(x):\n    y = np.empty_like(x)\n    for i in range(len(x)):\n        y[i] = f(x[i])\n    return y\n"
    )
    exec(source, names)
    return ad.grad(names["each"], source=source).primal


def ulps(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference in units in the last place; infinities and NaN must be the same."""
    finite = np.isfinite(expected)
    assert np.array_equal(found[~finite], expected[~finite], equal_nan=True)
    if not finite.any():
        return 0.0
    with np.errstate(invalid="ignore"):
        return float(np.max(np.abs(found[finite] - expected[finite]) / np.spacing(np.abs(expected[finite]))))


@needs_libmvec
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("op", OF_ONE)
def test_values_are_exact_to_a_few_units(op: str, dtype: str, rng: np.random.Generator) -> None:
    f = OF_ONE[op]
    with np.errstate(all="ignore"):
        x = np.concatenate([rng.normal(size=203), rng.uniform(0.0, 1.0, 50), np.tile(SPECIAL, 9)]).astype(dtype)
        expected = f(x.astype("longdouble")).astype(dtype)
    each = applied(f, dtype)
    assert ulps(each(x), expected) <= 4.5
    assert f"_{C_NAMES[op]}(" in each.lowered_source(x)


@needs_libmvec
def test_errors_over_whole_domains() -> None:
    ops = ("exp", "tanh", "sin", "log1p", "pow")
    found = list(accuracy.run(ops, points=60))
    for one in found:
        assert {("float64", 0), ("float64", 128), ("float32", 128)} <= set(one.units)
        assert 0.0 < max(one.units.values()) <= 4.0 and not one.special
    head, rows = accuracy.table(found)
    assert {len(row) for row in rows} == {len(head)} and [row[0] for row in rows] == [*ops, "largest"]
    # a result that is wrong by a few units, or not finite, is seen
    exact = [mpmath.mpf(1), mpmath.mpf(2), None]
    assert accuracy.largest(np.array([1.0, 2.0 + 5 * np.spacing(2.0), 7.0]), exact) == 5.0
    assert accuracy.largest(np.array([np.nan, 2.0, 7.0]), exact) == np.inf
    assert {*accuracy.EXACT} == {*C_NAMES}


def two(x, y):
    z = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        z[i] = x[i] ** y[i] + math.hypot(x[i], y[i]) * np.arctan2(y[i], x[i]) + math.erf(x[i]) * math.erfc(y[i])
    return z


def test_functions_of_two_numbers(rng: np.random.Generator) -> None:
    x, y = rng.uniform(0.1, 3.0, 37), rng.normal(size=37)
    primal = ad.grad(two).primal
    assert np.allclose(primal(x, y), two(x, y), rtol=1e-14)
    assert {"_hypot(", "_atan2(", "_erf(", "_erfc("} <= {
        f"{n}(" for n in re.findall(r"\b_\w+", primal.lowered_source(x, y))
    }


def losses(x, y):
    return np.logaddexp(x, y)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sums_of_exponentials_without_branches(dtype: str, rng: np.random.Generator) -> None:
    with np.errstate(all="ignore"):
        special = np.array([*SPECIAL, 800.0, -800.0]).astype(dtype)
        x, y = (pairs.ravel() for pairs in np.meshgrid(special, special))
        expected = losses(x, y)
    primal = ad.grad(losses).primal
    assert "= np.logaddexp(" not in primal.lowered_source(x, y)
    tolerance = 1e-14 if dtype == "float64" else 1e-6
    assert np.allclose(primal(x, y), expected, rtol=tolerance, atol=0.0, equal_nan=True)
    x, y = (rng.normal(size=101).astype(dtype) for _ in range(2))
    assert np.allclose(primal(x, y), losses(x, y), rtol=tolerance, atol=tolerance)
    assert primal(x, y).dtype == dtype


def equal_ones(x, k):
    """Elements whose results are those of one of them, in lanes and beside the loop."""
    results = np.exp(x) + np.tanh(x) * np.sin(x) + np.abs(x) ** 1.7 + np.logaddexp(x, 0.3)
    one = np.exp(x[k]) + np.tanh(x[k]) * np.sin(x[k]) + np.abs(x[k]) ** 1.7 + np.logaddexp(x[k], 0.3)
    return np.sum(results == results[0]) + np.sum(np.exp(x) == np.exp(x[k])) + 0.0 * one


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_equal_numbers_have_equal_results(dtype: str, rng: np.random.Generator) -> None:
    primal = ad.grad(equal_ones).primal
    for count in (1, 5, 16, 37):
        for value in rng.normal(size=20).astype(dtype):
            assert primal(np.full(count, value), count // 2) == 2 * count


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16"])
def test_integers_have_the_results_of_equal_floats(dtype: str) -> None:
    def both(s: float, k: np.ndarray) -> Any:
        x = k * (np.float32(1.0) if k.dtype == np.int16 else 1.0)
        alone, beside = [np.exp(k) == np.exp(x), np.sin(k) == np.sin(x)], [np.arctan2(k, 3) == np.arctan2(x, 3)]
        total = 0.0
        for i in range(len(k)):
            total += np.cosh(k[i]) - np.cosh(x[i]) + np.tanh(i) - np.tanh(1.0 * i) + np.exp(s)
        return s * total, [np.sum(equal) for equal in alone + beside]

    k = np.arange(-40, 41).astype(dtype)
    (total, equal), _ = ad.jvp(both, (1.0, k), (1.0, None))
    assert equal == [len(k)] * 3
    assert total == pytest.approx(len(k) * math.e, rel=1e-13)


@pytest.mark.parametrize("variable", ["NUMBA_CPU_NAME=generic", "NUMBA_CPU_NAME=znver4", "NUMBA_ENABLE_AVX=0"])
def test_code_for_another_processor_than_this_one(variable: str) -> None:
    """Vectors are as long as what Numba compiles for has them."""
    if variable.endswith("znver4") and not llvmlite.binding.get_host_cpu_features().get("avx512f"):
        pytest.skip("no such processor")
    lines = (
        "import numpy as np, adcompiler as ad",
        "from tests.test_vector_mathematics import equal_ones, waves",
        "assert ad.grad(equal_ones, cache=False).primal(np.full(37, 0.3), 5) == 74.0",
        "x = np.linspace(0.0, 1.0, 33)",
        "assert abs(ad.grad(waves, cache=False).primal(x) - waves(x)) < 1e-12",
    )
    name, value = variable.split("=")
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=root, env={**os.environ, name: value}, check=True)


def waves(x):
    return np.sum(np.sin(x) * np.exp(-x * x))


@needs_libmvec
def test_loops_of_the_adjoint_are_vectorised() -> None:
    x = np.linspace(0.0, 1.0, 33)
    g = ad.grad(waves)
    text = g.lowered_source(x)
    dispatcher = cpu.numba_function(text, "waves_grad", keep=False)
    dispatcher(x)
    (assembly,) = dispatcher.inspect_asm().values()
    assert {"sin", "cos", "exp"} <= {name.split("_")[-1] for name in re.findall(r"_ZGV\w+", assembly)}
    if llvmlite.binding.get_host_cpu_features().get("avx2"):
        # what waits on the stack during a call lies in one line of the cache
        assert re.search(r"andq\s+\$-(32|64), %rsp", assembly)


def test_strict_code_calls_for_one_number_at_a_time() -> None:
    x = np.linspace(0.0, 1.0, 33)
    assert "_sin(" not in ad.grad(waves, fastmath=False).lowered_source(x)


def recurrence(x, n):
    y = np.empty(n)
    s = x
    for i in range(n):
        s = math.sin(s) + 1.0
        y[i] = s
    return y[n - 1]


def test_a_recurrence_is_left_alone() -> None:
    assert "_sin(" not in ad.grad(recurrence, (0,)).primal.lowered_source(0.5, 10)


def test_names_of_the_user_are_kept_apart() -> None:
    def f(x):
        _sin, llvmlite, cgutils = x * 2.0, 2.0, 3.0
        return np.sum(np.sin(_sin) * llvmlite * cgutils)

    x = np.linspace(0.0, 1.0, 5)
    assert np.allclose(ad.grad(f)(x), 12.0 * np.cos(2.0 * x))


WITHOUT = """
import sys
import llvmlite.binding as binding
if sys.argv[1] == "without":
    def missing(name):
        raise RuntimeError(name)
    binding.load_library_permanently = missing
import numpy as np
import adcompiler as ad
from tests.test_vector_mathematics import waves
gradient = ad.grad(waves)
print(repr(float(gradient(np.linspace(0.0, 1.0, 33)).sum())))
"""


@needs_libmvec
def test_machine_code_of_a_process_that_had_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_CACHE_DIR", str(tmp_path))
    found = []
    for way in ("with", "without", "with"):
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT, way],
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(float(done.stdout))
    assert np.allclose(found, found[0], rtol=1e-14)


def test_an_exported_module_stands_alone(tmp_path: Path) -> None:
    x = np.linspace(0.0, 1.0, 33)
    g = ad.grad(waves)
    path = tmp_path / "exported.py"
    g.export(path, x)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import numpy as np, exported; print(float(exported.grad(np.linspace(0.0, 1.0, 33)).sum()))",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert math.isclose(float(done.stdout), float(g(x).sum()), rel_tol=1e-13)
