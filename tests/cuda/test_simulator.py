"""Batched functions as kernels, in Numba's simulator: against the CPU, and against differences."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ir.walk import all_defs
from tests.cuda.arrays import PROGRAMS
from tests.cuda.items import CASES
from tests.cuda.singles import singles, wide

HERE = Path(__file__).parent
OTHERS = [
    "by_a_library",
    "of_other_packages",
    "by_dlpack",
    "no_memory",
    "united_loops",
    "in_streams",
    "atomic_additions",
    "errors",
    "device_arrays",
    "more_items_than_threads",
    "host_loop",
    "nothing",
    "both_kinds",
]

SINGLES = singles("cuda")

if importlib.util.find_spec("numba.cuda") is None:
    pytest.skip("Numba has no simulator", allow_module_level=True)


def lines(script: str, *args: str, **environment: str) -> list[list[str]]:
    """What a script of this folder prints, run in a process of its own."""
    path = os.pathsep.join([str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")])
    known = {**os.environ, "PYTHONPATH": path, "ADCOMPILER_DISABLE_JIT": "1", **environment}
    done = subprocess.run(
        [sys.executable, HERE / script, *args], env=known, capture_output=True, text=True, timeout=600
    )
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "names",
    [list(CASES)[:7], list(CASES)[7:], list(PROGRAMS), list(SINGLES), OTHERS],
    ids=["first", "second", "whole arrays", "single precision", "others"],
)
def test_in_the_simulator(names: list[str]) -> None:
    said = dict(lines("in_simulator.py", *names, NUMBA_ENABLE_CUDASIM="1"))
    assert list(said) == names
    wrong = {name: trace for name, trace in said.items() if trace}
    assert not wrong, "\n".join(wrong.values())


def test_kernels_compile_for_a_gpu() -> None:
    if importlib.util.find_spec("numba_cuda") is None:
        pytest.skip("needs numba-cuda")
    found = lines("to_ptx.py", NUMBA_ENABLE_CUDASIM="0")
    assert {name for name, _, _ in found} >= {*CASES, *PROGRAMS, *SINGLES}
    for name, kernel, text in found:
        assert ".entry" in text
        # sums over blocks are added up with atomics, and so is what a thread reports
        if kernel == "gathered" and name not in ("heat", "heat_2d", "flat_square", "beside_a_while"):
            assert "atom." not in text and "red." not in text, name
        # what no text defines is missing when a GPU's driver links
        assert ".extern .func" not in text, (name, kernel)
        # the numbers of a range are computed in double precision
        single = kernel == "library" and name.endswith("float32") and not name.startswith("_count")
        if single or name in (
            *SINGLES,
            "single_precision",
            "single_extremes",
            "attraction",
            "fit_back",
            "misfit_1_kernel",
        ):
            assert not wide(text), (name, kernel, wide(text))


@pytest.mark.parametrize("name", SINGLES)
def test_kernels_of_single_precision_have_no_numbers_of_double_precision(name: str) -> None:
    gradient, args = SINGLES[name]
    for kernel in gradient.view(*args).plan.compiled.parts[1]:
        names = (*kernel.item.params, *all_defs(kernel.item.body))
        assert not [v for v in names if kernel.item.types[v.name].dtype == "float64"], gradient.lowered_source(*args)


def test_sums_for_which_a_program_asks_double_precision_have_it() -> None:
    def rows(x):
        return np.sum(np.sum(x, axis=1, dtype=np.float64) ** 2)

    text = ad.grad(rows, target="cuda").lowered_source(np.ones((4, 3), np.float32))
    assert "sum_1 = 0.0\n" in text and "sum_1 += np.float64(x[i, j])" in text, text


def test_quotients_of_integers_that_anything_else_reads_are_of_double_precision() -> None:
    def tapered(x, z, y):
        for k in range(1, len(y)):
            part, whole = 1 / k, 3 / k
            x = x + whole * np.sin(x)
            z = z + part * np.float64(np.sin(x * part))
            y[k] = 7 / k
        return x * z + np.sum(y)

    def loss(x, z):
        return tapered(x, z, np.zeros(4, np.float32))

    text = ad.batched(loss, target="cuda").lowered_source(np.ones(5, np.float32), np.ones(5))
    code = [line.strip() for line in text.splitlines() if "#" not in line]
    assert "part = 1 / k" in code and not any("3 / k" in line or "7 / k" in line for line in code), text
    assert "np.float32(3.0) / " in text and "np.float32(7.0) / " in text, text


def test_a_refused_loop_says_which_loop_in_it_cannot_be_a_kernel() -> None:
    def powers(x, steps):
        for _ in range(steps):
            for k in range(1, len(x)):
                x[k] = x[k] * x[k - 1]
        return np.sum(x)

    with pytest.raises(ad.UnsupportedSyntax, match=r"iterations meet in 'x.*'; nor the one in line") as caught:
        ad.grad(lambda x: powers(x.copy(), 3), target="cuda").lowered_source(np.ones(4))
    assert caught.value.lineno == powers.__code__.co_firstlineno + 1
    assert f"line {caught.value.lineno + 1}: iterations meet in 'x" in str(caught.value)


def test_elements_that_the_host_touches_are_those_of_kernels() -> None:
    function, args, argnums = PROGRAMS["boundaries"]
    text = ad.value_and_grad(function, argnums, target="cuda").lowered_source(*args)
    host = text[text.index("\ndef boundaries_grad(") :]
    assert re.search(r"\n +boundaries_grad_\d+\(0, 1, 1, ", host), host
    touched = {line.split("=")[0].strip() for line in host.splitlines() if re.match(r" +\w+\[", line)}
    assert all(re.search(r"_(tape|place)(_\d+)?\[", element) for element in touched), touched


def lengthened(x, n):
    for k in range(n):
        x = np.concatenate((x, x[:1] * k))
    return np.sum(x)


def each_element(x, n):
    s = 1.0
    for k in range(n):
        s = s * math.sin(x[k]) + 1.0
    return s


@pytest.mark.parametrize(
    ("function", "axes", "shape", "line", "what"),
    [
        (lengthened, (0, None), (3, 4), 1, "it hands on array 'x', and nothing proves that its length stays"),
        (each_element, None, (3,), 2, "an iteration needs 's' of the one before"),
    ],
)
def test_what_no_kernel_runs_is_refused_where_it_stands(function, axes, shape, line: int, what: str) -> None:
    called = function if axes is None else ad.batched(function, axes, target="cuda")
    with pytest.raises(ad.UnsupportedSyntax, match=what) as caught:
        ad.grad(lambda x, n: np.sum(called(x, n)), target="cuda").lowered_source(np.ones(shape), 3)
    assert (caught.value.filename, caught.value.lineno) == (__file__, function.__code__.co_firstlineno + line)


def test_each_element_of_a_product_has_a_thread() -> None:
    function, args, argnums = PROGRAMS["product"]
    text = ad.value_and_grad(function, argnums, target="cuda").lowered_source(*args)
    assert text.count("_item(k") == 3 and "_work" not in text, text


def test_without_a_gpu() -> None:
    from numba import cuda

    if cuda.is_available() or "simulator" in cuda.jit.__module__:
        pytest.skip("there is one")

    def square(x):
        return x * x

    with pytest.raises(ad.ADCompilerError, match="found no GPU") as caught:
        ad.batched(square, target="cuda")(np.ones(3))
    assert "NUMBA_ENABLE_CUDASIM=1" in caught.value.fix
    # what would run there can be read without one
    text = ad.batched(ad.grad(square), target="cuda").lowered_source(np.ones(3))
    assert "@cuda.jit(device=True, fastmath=FAST)\ndef square_1_item(" in text
