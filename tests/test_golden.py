"""Generated adjoints: their text, that it is the same every time, and that they can be differentiated themselves.

`ADCOMPILER_UPDATE_GOLDEN=1` writes the files of `tests/golden` anew, to be read before they are kept. They leave out
the places in front of the user's lines, which change with the files of the programs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ad.forward import tangent
from adcompiler.ad.gradient import gradient
from adcompiler.ir.verify import verify
from adcompiler.transformed import Transformed
from tests.support.cases import Case
from tests.support.interpret import run
from tests.support.registry import PROGRAMS, load_programs

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("ADCOMPILER_UPDATE_GOLDEN", "0") not in ("", "0")
NAMES = (
    "accumulator_in_an_array",
    "burgers",
    "elif_chain",
    "forward_substitution",
    "linear_recurrence",
    "lu_in_place",
    "mask_write",
    "max_pool",
    "mlp",
    "newton_sqrt",
    "rk4_lotka_volterra",
    "wave_three_buffers",
)
PIECEWISE_LINEAR = {"max_pool"}
load_programs()


def transformed(name: str) -> tuple[Transformed, tuple[Any, ...]]:
    """The gradient of a program, of which nothing has been computed, and its arguments."""
    case = Case(PROGRAMS[name])
    grad = case.grad_of_loss
    assert isinstance(grad, Transformed)
    return grad, case.program.args()


def source(name: str) -> str:
    """The text of the adjoint without line numbers."""
    grad, args = transformed(name)
    return re.sub(r"# \w+\.py:\d+: ", "# ", grad.adjoint_source(*args))


@pytest.mark.parametrize("name", NAMES)
def test_adjoint_is_the_one_that_was_read(name: str) -> None:
    path, text = GOLDEN / f"{name}.py.txt", source(name)
    if UPDATE:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_golden_file_is_compared() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.py.txt" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_two_transformations_print_the_same(name: str) -> None:
    first, second = transformed(name), transformed(name)
    assert first[0] is not second[0]
    assert first[0].adjoint_source(*first[1]) == second[0].adjoint_source(*second[1])


def fresh(args: Sequence[Any]) -> list[Any]:
    """Arguments that a function may write."""
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def noise(rng: np.random.Generator, like: Any) -> Any:
    return rng.normal(size=np.shape(like)) if np.ndim(like) else rng.normal()


@pytest.mark.parametrize("name", NAMES)
def test_adjoint_has_an_adjoint_and_a_tangent(name: str, rng: np.random.Generator) -> None:
    """<w, J v> = <J^T w, v> for the Jacobian J of value and gradient."""
    grad, args = transformed(name)
    view = grad.view(*args)
    values = grad.subject.binder.values(args, {})
    leaves = fresh(grad.subject.find(values)[1])
    joint, wrt = view.plan.compiled.stages["readable"], view.plan.compiled.derivative.wrt
    forward, reverse = verify(tangent(joint, wrt)), verify(gradient(joint, wrt, "given"))
    v = [noise(rng, leaves[k]) for k in wrt]
    outputs = len(joint.results)
    jv = run(forward, *fresh(leaves), *fresh(v))[outputs:]
    w = [noise(rng, y) for y in jv]
    wj = run(reverse, *fresh(leaves), *fresh(w))[outputs:]
    assert all(np.isfinite(x).all() for x in (*jv, *wj))
    assert any(np.any(x) for x in jv[1:]) == (name not in PIECEWISE_LINEAR)
    left, right = (sum(float(np.vdot(a, b)) for a, b in zip(x, y, strict=True)) for x, y in ((w, jv), (wj, v)))
    scale = sum(float(np.sum(np.abs(a) * np.abs(b))) for a, b in (*zip(w, jv, strict=True), *zip(wj, v, strict=True)))
    assert left == pytest.approx(right, rel=0, abs=1e-9 * scale)


def cubed(x):
    return x * x * x


def steps(x, n):
    for _ in range(n):
        x = x * x / 2
    return x


def test_gradient_of_a_gradient_of_a_gradient() -> None:
    assert ad.grad(ad.grad(cubed))(2.0) == 12.0
    assert ad.grad(ad.grad(ad.grad(cubed)))(2.0) == 6.0


def test_gradient_of_the_gradient_of_a_recurrence() -> None:
    # steps(x, 3) = x ** 8 / 2 ** 7
    assert ad.grad(ad.grad(steps))(1.5, 3) == pytest.approx(56 * 1.5**6 / 128, rel=1e-14)
