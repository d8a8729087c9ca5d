"""What a later process finds compiled: it serves where all that was read from outside is the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler import cache
from tests.support.processes import Process, forget, place, process

__all__ = ["place", "process"]

WAYS = [
    "ad.grad(f)(X)",
    "ad.value_and_grad(f)(X)",
    "ad.grad(f).primal(X)",
    "ad.jvp(f, (X,), (X,))",
    "ad.vjp(f, X)[1](1.0)",
    "ad.grad(f, 'x')(x=X)",
    "ad.jacobian(f)(X)",
    "ad.hessian(f)(X)",
    "ad.hvp(f)(X, X)",
]


@pytest.mark.parametrize("call", WAYS)
def test_a_second_process_compiles_nothing(process: Process, call: str) -> None:
    text = "X = np.array([1.0, 2.0])\n\ndef f(x):\n    return np.sum(np.sin(x) * x)\n"
    first, compiled = process.run(text, call)
    assert compiled
    second, compiled = process.run(text, call)
    assert not compiled
    assert repr(second) == repr(first)


SAME = {
    "a global number": ("K = 3.0\n\ndef f(x):\n    return K * x * x\n", "ad.grad(f)(1.5)"),
    "a global array": ("K = np.ones(3)\n\ndef f(x):\n    return np.sum(K * x) * x\n", "ad.grad(f)(1.5)"),
    "a callee": ("def g(x, n=2):\n    return x ** n\n\ndef f(x):\n    return g(x) * x\n", "ad.grad(f)(1.5)"),
    "an array that is a default": (
        "def g(x, w=np.ones(2)):\n    return np.sum(w) * x\n\ndef f(x):\n    return g(x) * x\n",
        "ad.grad(f)(1.5)",
    ),
    "a compiled callee": (
        "@numba.njit\ndef g(x):\n    return x * x\n\ndef f(x):\n    return g(x)\n",
        "ad.grad(f)(1.5)",
    ),
    "a closure": (
        "def outer(k):\n    def g(x):\n        return k * x\n    return lambda x: g(x) * x\n",
        "ad.grad(outer(2.0))(1.5)",
    ),
    "a dictionary": ("P = {'k': 2.0}\n\ndef f(x):\n    return P['k'] * x if 'q' not in P else x\n", "ad.grad(f)(1.5)"),
    "a list": ("P = [2.0, 3.0]\n\ndef f(x):\n    return P[0] * x * P[1]\n", "ad.grad(f)(1.5)"),
    "a method": (
        "class Model:\n    def __init__(self):\n        self.k = 2.0\n    def square(self, x):\n        return x * x\n"
        "    def loss(self, x):\n        return self.k * self.square(x)\n",
        "ad.grad(Model().loss)(1.5)",
    ),
    "a derivative": ("def g(x):\n    return x ** 3\n\ndef f(x):\n    return ad.grad(g)(x) * x\n", "ad.grad(f)(1.5)"),
    "a derivative of one": ("def f(x):\n    return x ** 3\n", "ad.grad(ad.grad(f))(1.5)"),
    "a global derivative": (
        "def h(x):\n    return x ** 3\n\ng = ad.grad(h)\n\ndef f(x):\n    return g(x) * x\n",
        "ad.grad(f)(1.5)",
    ),
    "a partial function": ("def g(k, x):\n    return k * x * x\n", "ad.grad(functools.partial(g, 2.0))(1.5)"),
    "a function as an argument": (
        "def g(x):\n    return x * x\n\ndef f(x, h):\n    return h(x)\n",
        "ad.grad(f)(1.5, g)",
    ),
    "a number that must be known": (
        "def f(x, n):\n    return np.sum(np.ones((2, 3)), axis=n)[0] * x\n",
        "ad.grad(f)(1.5, 1)",
    ),
    "a checkpointed call": (
        "@ad.checkpoint\ndef cube(x):\n    return x**3\ndef f(x):\n    return cube(x) * x\n",
        "ad.grad(f)(1.5)",
    ),
    "a checkpointed loop": (
        "def f(x):\n    for _ in ad.checkpointed_range(4):\n        x = x * x\n    return x\n",
        "ad.grad(f)(1.5)",
    ),
    "SciPy's LAPACK": (
        "import scipy.linalg\n\ndef f(x):\n"
        "    return scipy.linalg.eigh(np.array([[x, 1.0], [1.0, x * x]]))[1][0, 0] ** 2\n",
        "ad.grad(f)(1.5)",
    ),
    "a stopped value": ("def f(x):\n    return ad.stop_gradient(x) * x\n", "ad.grad(f)(1.5)"),
    "an import inside": ("def f(x):\n    import math\n    return math.sin(x) * x\n", "ad.grad(f)(1.5)"),
}


@pytest.mark.parametrize("case", SAME)
def test_what_is_read_from_outside_is_found_again(process: Process, case: str) -> None:
    text, call = SAME[case]
    first, _ = process.run(text, call)
    second, compiled = process.run(text, call)
    assert not compiled
    assert second == first == eval(call.replace(")(1.5", ", cache=False)(1.5"), process.module(text).__dict__)


def test_another_compiler_keeps_its_own(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def f(x):\n    return x * x\n"
    process.run(text)
    present = cache.versions()
    monkeypatch.setattr(cache, "versions", lambda: present + " next")
    assert process.run(text) == (3.0, True)


def test_arguments_that_are_bound_beforehand_are_not_numbered(process: Process) -> None:
    text = (
        "class Model:\n    def loss(self, x, y):\n        return x * x * y\n\n"
        "def f(x, y):\n    return x * x * y\n\ndef of(self, x, y):\n    return x * x * y\n"
    )
    assert process.run(text, "ad.grad(f)(3.0, 2.0)")[0] == 12.0
    assert process.run(text, "ad.grad(functools.partial(f, 3.0))(2.0)")[0] == 9.0
    assert process.run(text, "ad.grad(functools.partial(f, y=2.0))(3.0)")[0] == 12.0
    assert process.run(text, "ad.grad(Model().loss)(3.0, 2.0)")[0] == 12.0
    assert process.run(text, "ad.grad(Model.loss, 1)(Model(), 3.0, 2.0)")[0] == 12.0
    assert process.run(text, "ad.grad(Model.loss, 2)(Model(), 3.0, 2.0)")[0] == 9.0


def test_arguments_that_share_memory_are_still_told(process: Process) -> None:
    text = "X = np.ones(3)\n\ndef f(x, y):\n    y[0] = 2.0\n    return np.sum(x * y)\n"
    process.run(text, "ad.grad(f)(X, X.copy())")
    assert not process.run(text, "ad.grad(f)(X, X.copy())")[1]
    with pytest.raises(ad.ADCompilerError, match="share memory") as caught:
        process.run(text, "ad.grad(f)(X, X)")
    assert caught.value.lineno is not None


@pytest.mark.parametrize("options", ["fastmath=False", "boundscheck=False"])
def test_options_have_code_of_their_own(process: Process, options: str) -> None:
    text = "def f(x):\n    return x[0] * x[0]\n"
    process.run(text, "ad.grad(f)(np.ones(2))")
    assert process.run(text, f"ad.grad(f, {options})(np.ones(2))")[1]
    assert not process.run(text, f"ad.grad(f, {options})(np.ones(2))")[1]


def test_forms_of_arguments_have_code_of_their_own(process: Process) -> None:
    text = "def f(x):\n    return np.sum(x * x)\n"
    forms = [
        "np.ones(2)",
        "np.ones(1)",
        "np.ones((2, 2))",
        "np.ones(4)[::2]",
        "np.float32(2.0)",
        "np.array(2.0)",
        "2.0",
    ]
    for form in forms:
        assert process.run(text, f"ad.grad(f)({form})")[1]
    for form in forms:
        value, compiled = process.run(text, f"ad.grad(f)({form})")
        plain = eval(f"ad.grad(f, cache=False)({form})", process.module(text).__dict__)
        assert not compiled
        assert type(value) is type(plain)
        np.testing.assert_array_equal(value, plain, strict=True)


def test_slices_are_what_they_hold(process: Process) -> None:
    text = "def f(x, s):\n    return np.sum(x[s] ** 2)\n"
    asked = [("slice(1, 3)", [0.0, 2.0, 4.0, 0.0]), ("slice(None, None, 3)", [0.0, 0.0, 0.0, 6.0])]
    for given, expected in asked:
        value, compiled = process.run(text, f"ad.grad(f)(np.arange(4.0), {given})")
        assert compiled
        np.testing.assert_array_equal(value, expected)
    for given, expected in asked:
        value, compiled = process.run(text, f"ad.grad(f)(np.arange(4.0), {given})")
        assert not compiled
        np.testing.assert_array_equal(value, expected)
    outside = "INNER = np.s_[{}:-1]\n\ndef f(x):\n    return np.sum(x[INNER] ** 2)\n"
    for first in (1, 2, 1):
        value, _ = process.run(outside.format(first), "ad.grad(f)(np.arange(5.0))")
        np.testing.assert_array_equal(value, 2.0 * np.arange(5.0) * (np.arange(5) >= first) * (np.arange(5) < 4))


def test_absent_text_is_made_again(process: Process, place: Path) -> None:
    text = "def f(x):\n    return x * x\n"
    process.run(text)
    for path in (place / "kept").glob("*.json"):
        path.unlink()
    assert process.run(text)[0] == 3.0
    assert process.run(text) == (3.0, False)


@pytest.mark.parametrize("content", [b"", b"no pickle"])
def test_content_that_cannot_be_read_is_ignored(process: Process, place: Path, content: bytes) -> None:
    text = "def f(x):\n    return x * x\n"
    process.run(text)
    folder = cache.folder()
    assert folder is not None
    (entry,) = (place / "kept").glob("*.calls")
    assert folder.store(entry.name, content)
    assert process.run(text) == (3.0, True)
    assert process.run(text) == (3.0, False)


def test_whatever_else_is_asked_is_made_then(process: Process) -> None:
    text = "K = 2.0\n\n@ad.grad\ndef f(x):\n    return K * x * x\n"
    process.run(text, "f(1.5)")
    forget()
    module = process.module(text)
    assert module.f(1.5) == 6.0
    assert process.compiled == 1
    assert "def f_grad" in module.f.adjoint_source()
    assert "front end" in module.f.explain()
    assert module.f.primal(1.5) == 4.5
    module.K = 3.0
    assert module.f(1.5) == 9.0


def test_inspection_after_a_change_is_refused(process: Process) -> None:
    other = "K = np.ones(3)\n\ndef other(x):\n    return np.sum(K) * x\n\n"
    text = other + "def g(x):\n    return x * x\n\n@ad.grad\ndef f(x):\n    return g(x)\n"
    process.run(text, "f(1.5)")
    forget()
    module = process.module(text)
    assert module.f(1.5) == 3.0
    module.g = module.other
    with pytest.raises(ad.ADCompilerError, match="has changed"):
        module.f.adjoint_source()
    assert module.f(1.5) == 3.0


LOADED = """
import json, sys
import numpy as np
import adcompiler as ad

def smooth(x):
    return math.tanh(x) if x > 0.0 else x

import math

def loss(w, x):
    total = 0.0
    for i in range(x.shape[0]):
        total += smooth(w[i % 2] * x[i]) ** 2
    return total + np.sum(w * w)

imported = sorted(sys.modules)
value, grads = ad.value_and_grad(loss)(np.array([1.0, 2.0]), np.linspace(0.0, 1.0, 5))
print(json.dumps({"imported": imported, "called": sorted(sys.modules), "value": value, "gradient": grads.tolist()}))
"""
COMPILER = ("frontend", "ad", "analysis", "optimise", "emit", "rules")
UNUSED = (*COMPILER, "compile", "inspect", "export", "inside", "tools")


def test_a_warm_call_imports_no_compiler(place: Path) -> None:
    script = place / "script.py"
    script.write_text(LOADED, encoding="utf-8")

    def run() -> dict[str, Any]:
        environment = {**os.environ, "PYTHONPATH": str(Path(ad.__file__).parents[1])}
        done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, check=True)
        return dict(json.loads(done.stdout))

    cold, warm = run(), run()
    assert (warm["value"], warm["gradient"]) == (cold["value"], cold["gradient"])
    assert {f"adcompiler.{part}" for part in COMPILER} <= set(cold["called"])
    for modules in (cold["imported"], warm["called"]):
        assert not [m for m in modules if m.startswith("adcompiler.") and m.split(".")[1] in UNUSED]
        assert not [m for m in modules if m.split(".")[0] in ("networkx", "astor") or m.startswith("scipy.linalg")]
    # nor does the call fill Numba's tables of functions
    assert "numba.np.arraymath" in cold["called"] and "numba.np.arraymath" not in warm["called"]
