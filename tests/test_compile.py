"""The pipeline: its stages, its options, and how errors of the tools below it reach the user."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler import cache
from adcompiler.backend import cpu
from adcompiler.calls.subject import subject
from adcompiler.compile import Compiled
from adcompiler.ir.build import Builder
from adcompiler.ir.types import FLOAT
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Assign, Func, Var
from adcompiler.options import Derivative, Options

STAGES = ["wengert", "derivative", "readable", "lowered"]


def product() -> Func:
    """x * y"""
    b = Builder()
    x, y = b.var("x", FLOAT), b.var("y", FLOAT)
    return b.finish("product", [x, y], [b.emit("mul", x, y)])


def compiled(derivative: Derivative, **options: Any) -> Compiled:
    return Compiled(product(), derivative, Options(cache=False, **options), None)


@pytest.mark.parametrize(
    ("derivative", "args", "expected"),
    [
        (Derivative("primal"), (2.0, 3.0), 6.0),
        (Derivative("reverse", (0, 1)), (2.0, 3.0), (6.0, 3.0, 2.0)),
        (Derivative("reverse", (1,), "given"), (2.0, 3.0, 10.0), (6.0, 20.0)),
        (Derivative("forward", (0,)), (2.0, 3.0, 5.0), (6.0, 15.0)),
    ],
    ids=["primal", "gradient", "pullback", "tangent"],
)
def test_every_derivative(derivative: Derivative, args: tuple[float, ...], expected: Any) -> None:
    made = compiled(derivative, check=True)
    assert list(made.stages) == STAGES
    assert all(verify(fn) is fn for fn in made.stages.values())
    assert made.callable(*args) == expected
    assert cpu.python_function(made.readable, made.stages["readable"].name)(*args) == expected
    assert set(made.times) >= {*STAGES, "printing"}


def test_nothing_is_made_before_it_is_needed() -> None:
    made = compiled(Derivative("reverse", (0,)))
    assert made.times == {}
    assert "numba" not in made.times
    made.specialise((2.0, 3.0))
    assert made.times["numba"] > 0


def test_a_broken_stage_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets_a_name(fn: Func) -> Func:
        body = (*fn.body, Assign(Var("z"), "sin", (Var("nowhere"),), (), None))
        return Func(fn.name, fn.params, body, fn.results, {**fn.types, "z": FLOAT}, fn.shapes)

    monkeypatch.setattr("adcompiler.compile.simplify", forgets_a_name)
    with pytest.raises(AssertionError, match=r"after forgets_a_name \(wengert\)"):
        _ = compiled(Derivative("primal"), check=True).stages


def test_options_are_checked() -> None:
    assert Options.of("grad", {"fastmath": False}) == Options(fastmath=False)
    with pytest.raises(TypeError, match=r"grad\(\) got an unknown option 'jit'"):
        Options.of("grad", {"jit": True})
    with pytest.raises(TypeError, match=r"'fastmth'; did you mean 'fastmath'\?"):
        Options.of("grad", {"fastmth": True})
    with pytest.raises(TypeError, match="'source'"):
        Options.of("grad", {"source": 3})
    assert Options.of("grad", {"memory": 1_000}).memory == 1_000
    for wrong in (0, 1e6, "1 GB"):
        with pytest.raises(TypeError, match="number of bytes"):
            Options.of("grad", {"memory": wrong})


def test_check_can_be_switched_on_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_CHECK", "1")
    assert Options.of("grad", {}).check
    monkeypatch.setenv("ADCOMPILER_CHECK", "0")
    assert not Options.of("grad", {}).check


def test_the_primal_is_compiled_only_when_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def loss(x):
        return x * x

    g = ad.grad(loss, cache=False)
    assert g(3.0) == 6.0
    (lowerings,) = subject(loss, Options(cache=False)).lowerings.values()
    modes = {derivative.mode for derivative in lowerings[0].made}
    assert modes == {"reverse"}
    assert g.primal(3.0) == 9.0
    assert {derivative.mode for derivative in lowerings[0].made} == {"reverse", "primal"}


def test_equal_texts_are_compiled_once() -> None:
    class Model:
        def __init__(self, k: float) -> None:
            self.k = k

        @ad.grad
        def loss(self, x):
            return self.k * x * x

    models = [Model(1.0), Model(2.0)]
    assert [m.loss(3.0) for m in models] == [6.0, 12.0]
    first, second = (m.loss.view(3.0).plan.compiled.dispatcher for m in models)
    assert first is second


def test_what_numba_refuses_is_placed_on_the_users_function(monkeypatch: pytest.MonkeyPatch) -> None:
    def loss(x):
        return x * x

    monkeypatch.setattr("adcompiler.compile.emit", lambda *_: "def loss_grad(x):\n    return x.absent, set(x)\n")
    with pytest.raises(ad.TypeProblem) as caught:
        ad.grad(loss, cache=False)(3.0)
    assert (caught.value.filename, caught.value.lineno) == (__file__, loss.__code__.co_firstlineno)
    assert "lowered_source" in caught.value.fix
    assert type(caught.value.__cause__).__module__.startswith("numba")


def test_numbas_warnings_stay_inside() -> None:
    text = "import numpy as np\n\n\ndef product(x, y):\n    return np.dot(x, y)\n"
    strided = np.ones((6, 6))[::2, ::2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        function = cpu.numba_function(text, "product")
        cpu.specialise(function, (strided, strided), None)
        np.testing.assert_array_equal(function(strided, strided), np.full((3, 3), 3.0))


def test_compiled_code_follows_numpys_error_model_and_releases_the_lock() -> None:
    function = cpu.numba_function("def ratio(x, y):\n    return x / y\n", "ratio")
    assert function(1.0, 0.0) == np.inf
    assert function.targetoptions["nogil"]
    assert not function.targetoptions["boundscheck"]


def overflow(x):
    return np.sum(np.exp(x) / np.exp(x))


def quotient(x, n):
    total = 0.0
    for i in range(n):
        total += x[i] / (i + 1)
    return total


@pytest.mark.parametrize(("function", "args"), [(overflow, (np.array([1.0, 800.0]),)), (quotient, (np.arange(4.0), 3))])
def test_plain_python_gives_the_same_without_warnings(
    function: Callable[..., Any], args: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    jitted = ad.value_and_grad(function, cache=False)(*args)
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    interpreted = ad.value_and_grad(function, cache=True, fastmath=False)
    value, gradient = interpreted(*args)
    assert not hasattr(interpreted.view().plan.function, "py_func")
    np.testing.assert_array_equal(value, jitted[0])
    np.testing.assert_array_equal(gradient, jitted[1])
    assert type(value) is type(jitted[0])


def test_a_traceback_shows_the_generated_line() -> None:
    def fails(x):
        if x > 1.0:
            raise ValueError("too large")
        return x

    program = (
        "import adcompiler as ad, numpy as np\ndef loss(x, i):\n    return x[i] * 2.0\nad.grad(loss)(np.ones(3), 7)\n"
    )
    root = Path(ad.__file__).parents[1]
    script = Path(os.environ["ADCOMPILER_CACHE_DIR"]) / "script.txt"
    script.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(root), "ADCOMPILER_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "raise IndexError" in done.stderr
    assert "loss_grad_" in done.stderr
    with pytest.raises(ValueError, match="too large"):
        ad.grad(fails)(2.0)
    assert ad.grad(fails)(0.5) == 1.0


def test_the_key_of_the_cache_tells_options_and_derivatives_apart() -> None:
    def names() -> set[str]:
        found = cache.folder()
        assert found is not None
        return {path.name for path, _ in found.files() if path.suffix == ".json"}

    def pair(x, y):
        return x * y * 17.25

    before = names()
    assert ad.grad(pair)(2.0, 3.0) == 51.75
    assert ad.grad(pair, 1)(2.0, 3.0) == 34.5
    assert ad.grad(pair, fastmath=False)(2.0, 3.0) == 51.75
    assert len(names() - before) == 3
