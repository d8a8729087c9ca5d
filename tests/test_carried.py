"""Transformed functions in other processes: found by name, or made again of their text."""

from __future__ import annotations

import copy
import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adcompiler as ad

SENT = """
import linecache, pickle, sys
import numpy as np
import adcompiler as ad

K = 2.0
X = np.array([1.0, 2.0])

def callee(x):
    return K * x * x

def f(x):
    return callee(x) * x

def vector(x):
    return x * np.arange(1.0, 3.0) * np.sum(x)

def total(x):
    return np.sum(vector(x) ** 2)

@ad.grad
def decorated(x):
    return callee(x)

@ad.checkpoint
def again(x):
    return callee(x)

@ad.custom_vjp
def by_adjoint(x):
    return x * x

by_adjoint.defvjp(lambda x: (x * x, x), lambda x, y_bar: (7.0 * y_bar,))

@ad.custom_jvp
def by_tangent(x):
    return x * x

by_tangent.defjvp(lambda primals, tangents: (primals[0] * primals[0], 7.0 * tangents[0]))

def by_formula(x):
    return x * x

ad.rule("by_formula(x)", by_formula, x="7")

@ad.grad
def itself(x):
    return x * x * x if isinstance(itself, ad.grad(f).__class__) else x

def closure(k):
    w = np.ones(2)
    def inner(x):
        return k * x
    return lambda x: inner(x) * np.sum(w) * x

CELL = "def in_a_cell(x):\\n    return callee(x) * x\\n"
linecache.cache["<cell 1>"] = (len(CELL), None, CELL.splitlines(keepends=True), "<cell 1>")
exec(compile(CELL, "<cell 1>", "exec"))

CASES = {
    "gradient": (ad.grad(f), 2.0),
    "value and gradient": (ad.value_and_grad(f), 2.0),
    "primal": (ad.grad(f).primal, 2.0),
    "decorated": (decorated, 2.0),
    "primal of a decorated one": (decorated.primal, 2.0),
    "jacobian": (ad.jacobian(vector), X),
    "hessian": (ad.hessian(total), X),
    "product": (ad.hvp(total), X, X),
    "batched": (ad.batched(f), X),
    "batched gradient": (ad.batched(ad.grad(f)), X),
    "gradient of a gradient": (ad.grad(ad.grad(f)), 2.0),
    "jacobian of a gradient": (ad.jacobian(ad.grad(total)), X),
    "gradient of a jacobian": (ad.grad(lambda x: np.sum(ad.jacobian(vector)(x) ** 2)), X),
    "checkpointed": (again, 2.0),
    "gradient of it": (ad.grad(lambda x: again(x) * x), 2.0),
    "adjoint": (ad.grad(lambda x: by_adjoint(x) * x), 2.0),
    "tangent": (ad.grad(lambda x: by_tangent(x) * x), 2.0),
    "formula": (ad.grad(lambda x: by_formula(x) * x), 2.0),
    "closure": (ad.grad(closure(3.0)), 2.0),
    "parallel": (ad.grad(total, target="parallel"), X),
    "pullback": (ad.vjp(f, 2.0)[1], 1.0),
    "cell": (ad.grad(in_a_cell), 2.0),
    "recursion": (itself, 2.0),
}
sent = {}
for name, (g, *args) in CASES.items():
    sent[name] = pickle.dumps((g, args, g(*args)))
assert pickle.loads(pickle.dumps(decorated)) is decorated
with open(sys.argv[1], "wb") as file:
    pickle.dump(sent, file)
"""

RECEIVED = """
import pickle, sys
import numpy as np

with open(sys.argv[1], "rb") as file:
    sent = pickle.load(file)
for name, one in sent.items():
    g, args, expected = pickle.loads(one)
    np.testing.assert_equal(g(*args), expected, err_msg=name)
    # and on to the next process
    assert pickle.loads(pickle.dumps(g))(*args) is not None
print(len(sent))
"""


def python(*args: str) -> str:
    """What a fresh process prints, of generated text run as plain Python."""
    root = str(Path(ad.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, "ADCOMPILER_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, *args], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_kind_of_function_of_a_script_reaches_a_process_without_it(tmp_path: Path) -> None:
    script, sent = tmp_path / "script.py", tmp_path / "sent"
    script.write_text(SENT, encoding="utf-8")
    python(str(script), str(sent))
    script.unlink()
    assert python("-c", RECEIVED, str(sent)).strip() == "23"


class Model:
    """A user's class."""

    def __init__(self) -> None:
        self.k = 2.0
        self.slope = ad.grad(self.cubic)

    def cubic(self, x):
        return self.k * x**3

    @ad.grad
    def loss(self, x):
        return self.k * x**3

    @ad.hessian
    def curvature(self, x):
        return self.k * x**3

    @ad.batched
    def each(self, x):
        return self.k * x**3


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")


def test_methods_keep_their_owner() -> None:
    for way in (lambda held: pickle.loads(pickle.dumps(held)), copy.deepcopy):
        model: Any = way(Model())
        model.k = 3.0
        assert model.slope(2.0) == 36.0
        for g, x in ((model.loss, 2.0), (model.loss.primal, 2.0), (model.curvature, 2.0), (model.each, np.ones(2))):
            np.testing.assert_array_equal(way(g)(x), g(x))
        assert way(Model.loss) is Model.loss
        moved, slope = way((model, model.slope))
        moved.k = 5.0
        assert slope(2.0) == 60.0


def module(path: Path) -> Any:
    """A module that cannot be imported by its name."""
    spec = importlib.util.spec_from_file_location("nowhere", path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_a_file_that_differs_from_the_one_that_was_sent(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text("def f(x):\n    return x * x\n", encoding="utf-8")
    old = pickle.dumps(ad.grad(module(path).f))
    path.write_text("# edited\n\ndef f(x):\n    return x * x * x\n", encoding="utf-8")
    new = ad.grad(module(path).f)
    assert new(3.0) == 27.0
    assert pickle.loads(old)(3.0) == 6.0
    # sent once more, it is not compiled once more
    assert pickle.loads(old) is pickle.loads(old)
    assert pickle.loads(pickle.dumps(new))(3.0) == 27.0


def test_a_pullback_takes_along_what_it_was_called_with() -> None:
    def product(x, rng):
        return x * rng.normal()

    x, rng = np.array([1.0, 2.0]), np.random.default_rng(3)
    _, pullback = ad.vjp(product, x, rng)
    expected = pullback(np.ones(2))[0]
    x[:] = 0.0
    for again in (pickle.loads(pickle.dumps(pullback)), pullback):
        np.testing.assert_array_equal(again(np.ones(2))[0], expected)


def test_cloudpickle_takes_methods_of_local_classes() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")

    class Local:
        k = 2.0

        @ad.grad
        def loss(self, x):
            return self.k * x * x

    owner = Local()
    again, slope = cloudpickle.loads(cloudpickle.dumps((owner, owner.loss)))
    assert slope(3.0) == again.loss(3.0) == 12.0
    again.k = 5.0
    assert slope(3.0) == 30.0
