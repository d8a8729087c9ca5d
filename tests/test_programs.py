"""Whole user functions: value, gradient, tangent, and what a derivative call must leave alone.

Run one program with ``-k name``. A fixed half of the programs is compiled, and its gradients are compared with those of
the generated code as plain Python; the others run as plain Python. `make test-all` compiles these too.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.backend.cpu import python_function
from adcompiler.emit.text import emit
from tests.support.cases import Case
from tests.support.registry import Program, load_programs
from tests.support.trees import arrays, assert_finite, assert_same, copied, inner, leaves

SMOKE = {
    "horner",
    "heat_1d_two_buffers",
    "lu_in_place",
    "csr_matvec_slices",
    "insertion_sort",
    "rk4_lotka_volterra",
    "kalman_scalar",
    "viterbi_score",
    "newton_sqrt",
    "early_return_second",
    "write_through_a_view",
    "softmax_cross_entropy",
}


def params() -> Iterator[Any]:
    """Each program in the mode that `make test` runs, and the compiled mode of the others marked slow."""
    for p in load_programs():
        if p.name in SMOKE:
            yield pytest.param((p, False), marks=pytest.mark.smoke, id=p.name)
        elif zlib.crc32(p.name.encode()) % 2:
            yield pytest.param((p, False), id=p.name)
        else:
            yield pytest.param((p, True), id=f"{p.name}-plain")
            yield pytest.param((p, False), marks=pytest.mark.slow, id=p.name)


@pytest.fixture(scope="module", params=params())
def case(request: pytest.FixtureRequest) -> Case:
    program, plain = request.param
    assert isinstance(program, Program)
    return Case(program, plain=plain)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def dtype_of(x: Any) -> np.dtype[Any]:
    return np.asarray(x).dtype


def test_value_is_that_of_plain_python(case: Case) -> None:
    value, _ = case.reverse(case.program.args())
    assert_same(value, case.expected, rtol=1e-5 if case.is_single else 1e-12)
    for ours, plain in zip(leaves(value), leaves(case.expected), strict=True):
        assert dtype_of(ours) == dtype_of(plain)


def test_primal_mutates_as_plain_python(case: Case) -> None:
    rtol = 1e-5 if case.is_single else 1e-12
    plain, ours = case.program.args(), case.program.args()
    expected = case.program.function(*plain)
    value = case.or_refused(lambda: case.grad.primal(*ours))
    assert_same(value, expected, rtol)
    assert_same(ours, plain, rtol)


def test_gradient_has_the_structure_of_the_arguments(case: Case) -> None:
    active = case.active(case.program.args())
    for entry, argument in zip(leaves(case.gradient), leaves(active), strict=True):
        assert np.shape(entry) == np.shape(argument)
        assert dtype_of(entry) == dtype_of(argument)
        assert isinstance(entry, np.ndarray) == isinstance(argument, np.ndarray)


def test_gradient_agrees_with_differences(case: Case) -> None:
    assert_finite(case.gradient)
    scale = max(abs(estimate.value) for _, estimate in case.estimates)
    tolerance = (3e-5 if case.is_single else 2e-8) * scale
    for direction, estimate in case.estimates:
        assert inner(case.gradient, direction) == pytest.approx(estimate.value, abs=tolerance)


def test_tangent_is_adjoint_to_the_gradient(case: Case) -> None:
    value, tangent = case.forward(case.program.args(), case.tangents)
    assert_same(value, case.expected, rtol=1e-5 if case.is_single else 1e-12)
    assert_finite(tangent)
    assert_finite(case.gradient)
    products = [
        np.sum(np.abs(g) * np.abs(t)) for g, t in zip(leaves(case.gradient), leaves(case.tangents), strict=True)
    ]
    tolerance = (3e-5 if case.is_single else 1e-10) * float(sum(products))
    assert inner(case.cotangent, tangent) == pytest.approx(inner(case.gradient, case.tangents), abs=tolerance)


def test_arguments_are_left_alone(case: Case) -> None:
    args = case.program.args()
    before = copied(args)
    _, gradient = case.reverse(args)
    case.forward(args, case.tangents)
    for now, then in zip(arrays(args), arrays(before), strict=True):
        np.testing.assert_array_equal(now, then)
    for entry in arrays(gradient):
        assert not any(np.shares_memory(entry, argument) for argument in arrays(args))


def test_second_call_gives_the_same_answer(case: Case) -> None:
    args = case.program.args()
    # a call advances a random generator
    first = tuple(copied(a) if isinstance(a, np.random.Generator) else a for a in args)
    value, gradient = case.reverse(first)
    kept = copied((value, gradient))
    for now, then in zip(leaves(case.reverse(args)), leaves(kept), strict=True):
        # where the arrays lie decides whether a reassociated sum is taken in vectors
        np.testing.assert_allclose(now, then, rtol=2e-14 if np.asarray(now).dtype != np.float32 else 1e-5, atol=1e-15)
    for now, then in zip(leaves((value, gradient)), leaves(kept), strict=True):
        np.testing.assert_array_equal(now, then)


def test_adjoint_source_is_runnable_python(case: Case) -> None:
    if case.is_structure:
        pytest.skip("several outputs")
    text = case.or_refused(lambda: str(case.grad_of_loss.adjoint_source(*case.program.args())))
    namespace: dict[str, Any] = {}
    exec(compile(text, case.program.name, "exec"), namespace)
    assert any(callable(value) for name, value in namespace.items() if not name.startswith("__"))


def test_lowered_form_agrees_as_plain_python(case: Case) -> None:
    if case.is_structure or not case.plain:
        pytest.skip("several outputs" if case.is_structure else "compiled as it is")
    args = case.program.args()
    loss = case.or_refused(lambda: case.grad_of_loss.view(*args)).subject.function
    # sums in the order of the source, whose lines plain Python can run
    made = ad.grad(loss, case.argnums, fastmath=False, cache=False)
    view = made.view(*args)
    fn = view.plan.compiled.stages["lowered"]
    lowered = python_function(emit(fn, "python"), fn.name, keep=False)
    _, leaves_of = view.subject.find(view.subject.binder.values(args, {}))
    results = lowered(*view.instance.fresh(leaves_of))
    found = view.plan.make(results if view.plan.count > 1 else (results,))
    expected = case.or_refused(lambda: case.grad_of_loss(*case.program.args()))
    assert_same(found, expected, rtol=1e-4 if case.is_single else 1e-10)


def test_compiled_gradient_agrees_with_plain_python(case: Case) -> None:
    if case.plain:
        pytest.skip("compiled by make test-all")
    plain = Case(case.program, plain=True)
    assert_same(case.gradient, plain.gradient, rtol=1e-4 if case.is_single else 1e-10)
