"""`gradcheck` passes right derivatives and names wrong ones: derivatives are injected, so that both are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adcompiler.errors import GradcheckFailed, NotDifferentiable
from adcompiler.tools import modes, table
from adcompiler.tools.differences import DOUBLE, Quotients, Verdict
from adcompiler.tools.gradcheck import GradcheckReport, gradcheck
from adcompiler.tools.trees import fresh

Gradient = Callable[..., tuple[Any, ...]]
Inject = Callable[[Gradient], None]


@pytest.fixture
def inject(monkeypatch: pytest.MonkeyPatch) -> Inject:
    """Let a hand-written gradient with respect to every argument stand for the compiler's, in both modes."""

    def replace(gradient: Gradient, tangent: Gradient | None = None) -> None:
        def value_and_grad(f: Any, argnums: Any) -> Any:
            return lambda *args: (f(*fresh(args)), gradient(*args))

        def jvp(f: Any, primals: Any, tangents: Any, argnums: Any) -> Any:
            parts = zip((tangent or gradient)(*primals), tangents, strict=True)
            return f(*fresh(primals)), sum(float(np.vdot(g, t)) for g, t in parts)

        monkeypatch.setattr(modes, "value_and_grad", value_and_grad)
        monkeypatch.setattr(modes, "jvp", jvp)

    return replace


def loss(w: Any, x: Any) -> Any:
    return np.sum(np.sin(w) * x)


def right(w: Any, x: Any) -> tuple[Any, ...]:
    return np.cos(w) * x, np.sin(w)


def changed(index: tuple[int, ...], change: Callable[[float], float]) -> Gradient:
    """The right gradient of `loss` but for one entry."""

    def gradient(w: Any, x: Any) -> tuple[Any, ...]:
        w_bar, x_bar = right(w, x)
        w_bar[index] = change(w_bar[index])
        return w_bar, x_bar

    return gradient


@pytest.fixture
def point(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.normal(size=(3, 4)), rng.normal(size=(3, 4))


def test_a_right_gradient_passes(inject: Inject, point: tuple[Any, ...]) -> None:
    inject(right)
    report = gradcheck(loss, *point)
    assert [(row.label, row.shape, row.entries, row.kinks) for row in report.rows] == [
        ("w", (3, 4), 12, 0),
        ("x", (3, 4), 12, 0),
    ]
    assert all(row.worst[mode] < 1e-6 for row in report.rows for mode in ("reverse", "forward"))
    assert len(report.identities) == 1
    assert report.identities[0] < 1e-10


@pytest.mark.parametrize(
    "change",
    [lambda g: 1.02 * g, lambda g: -g, lambda g: 0.0, lambda g: (1 + 1e-5) * g, lambda g: g + 1e-4],
    ids=["2 %", "sign", "missing", "1e-5", "offset"],
)
def test_one_wrong_entry_is_named(inject: Inject, point: tuple[Any, ...], change: Callable[[float], float]) -> None:
    inject(changed((2, 1), change))
    with pytest.raises(GradcheckFailed) as caught:
        gradcheck(loss, *point)
    exact = float(right(*point)[0][2, 1])
    words = caught.value.what.split()
    assert "w[2, 1]" in caught.value.what
    assert "1 of 24 entries" in caught.value.what
    assert float(words[words.index("by") - 1]) == pytest.approx(change(exact))
    assert float(words[words.index("central") - 2]) == pytest.approx(exact, rel=1e-7)
    assert (caught.value.filename, caught.value.lineno) == (__file__, loss.__code__.co_firstlineno)


def test_the_worst_of_several_is_named(inject: Inject, point: tuple[Any, ...]) -> None:
    inject(lambda w, x: (1.02 * np.cos(w) * x, -np.sin(w)))
    with pytest.raises(GradcheckFailed, match=r"x\[\d, \d\].*24 of 24"):
        gradcheck(loss, *point)


def test_a_wrong_entry_of_a_large_array_is_found_by_splitting(inject: Inject, rng: np.random.Generator) -> None:
    inject(changed((4321,), lambda g: 1.02 * g))
    with pytest.raises(GradcheckFailed, match=r"w\[4321\].*1 of 10000 entries"):
        gradcheck(loss, rng.normal(size=5000), rng.normal(size=5000))


def test_float32_has_steps_of_its_own(inject: Inject, point: tuple[Any, ...]) -> None:
    single = tuple(array.astype(np.float32) for array in point)
    inject(right)
    assert {str(row.dtype) for row in gradcheck(loss, *single).rows} == {"float32"}
    inject(changed((0, 0), lambda g: 1.1 * g))
    with pytest.raises(GradcheckFailed, match=r"w\[0, 0\]"):
        gradcheck(loss, *single)


def test_finiteness_comes_first(inject: Inject, point: tuple[Any, ...]) -> None:
    inject(changed((1, 1), lambda g: math.nan))
    with pytest.raises(GradcheckFailed, match=r"w\[1, 1\] of loss is nan"):
        gradcheck(loss, *point)
    inject(right)
    with pytest.raises(GradcheckFailed, match="the value of loss is"):
        gradcheck(loss, np.full(2, np.nan), np.ones(2))


def test_a_wrong_forward_mode_is_named(inject: Inject, point: tuple[Any, ...]) -> None:
    inject(right, changed((0, 3), lambda g: 1.02 * g))
    with pytest.raises(GradcheckFailed, match=r"w\[0, 3\].*by forward mode"):
        gradcheck(loss, *point)
    assert gradcheck(loss, *point, modes=("reverse",)).identities == ()


def test_both_modes_agree_to_rounding(inject: Inject, point: tuple[Any, ...]) -> None:
    inject(right, changed((0, 3), lambda g: (1 + 1e-8) * g))
    with pytest.raises(GradcheckFailed, match=r"forward and reverse mode of loss differ.*w\[0, 3\]"):
        gradcheck(loss, *point)


def test_shape_and_dtype_are_the_arguments(inject: Inject, point: tuple[Any, ...]) -> None:
    inject(lambda w, x: (np.sum(w), np.sin(w)))
    with pytest.raises(GradcheckFailed, match=r"float64\[\], where w is float64\[3, 4\]"):
        gradcheck(loss, *point)
    inject(lambda w, x: tuple(part.astype(np.float32) for part in right(w, x)))
    with pytest.raises(GradcheckFailed, match="is float32"):
        gradcheck(loss, *point)


def test_a_derivative_that_writes_the_callers_array_fails(inject: Inject, point: tuple[Any, ...]) -> None:
    def gradient(w: Any, x: Any) -> tuple[Any, ...]:
        found = right(w, x)
        w[0] += 1.0
        return found

    inject(gradient)
    with pytest.raises(GradcheckFailed, match="changed argument 0"):
        gradcheck(loss, *point, modes=("reverse",))


def test_a_function_may_write_its_arguments(inject: Inject) -> None:
    def doubled(w: Any) -> Any:
        w *= 2.0
        return np.sum(w * w)

    w = np.array([1.0, 2.0])
    inject(lambda w: (8.0 * w,))
    assert gradcheck(doubled, w).rows[0].entries == 2
    assert w.tolist() == [1.0, 2.0]


def test_a_kink_accepts_what_lies_between_the_slopes(inject: Inject) -> None:
    def ramp(x: Any) -> Any:
        return np.sum(np.where(x > 0, 3.0 * x, x))

    x = np.array([0.0, 1.0, -1.0])
    for slope in (1.0, 2.0, 3.0):
        inject(lambda x, slope=slope: (np.array([slope, 3.0, 1.0]),))
        assert gradcheck(ramp, x).rows[0].kinks == (0 if slope == 2.0 else 1)
    inject(lambda x: (np.array([3.1, 3.0, 1.0]),))
    with pytest.raises(GradcheckFailed, match=r"x\[0\]"):
        gradcheck(ramp, x)
    inject(lambda x: (np.array([2.0, 2.9, 1.0]),))
    with pytest.raises(GradcheckFailed, match=r"x\[1\]"):
        gradcheck(ramp, x)


@pytest.mark.parametrize("x", [0.0, 1e-12, 1e-6, 1e-3, 1.0, 1e5])
def test_steps_fit_the_argument(inject: Inject, x: float) -> None:
    for f, slope in [(np.sin, np.cos), (lambda x: np.exp(1e-5 * x), lambda x: 1e-5 * np.exp(1e-5 * x))]:
        inject(lambda x, slope=slope: (float(slope(x)),))
        gradcheck(f, x)
        inject(lambda x, slope=slope: (1.02 * float(slope(x)),))
        with pytest.raises(GradcheckFailed, match="with respect to"):
            gradcheck(f, x)


def test_small_entries_beside_large_ones(inject: Inject) -> None:
    x = np.array([1e-9, 1.0, 1e6])
    inject(lambda x: (1.0 / x,))
    gradcheck(lambda x: np.sum(np.log(x)), x)
    for i in range(3):
        inject(lambda x, i=i: (np.where(np.arange(3) == i, 1.02, 1.0) / x,))
        with pytest.raises(GradcheckFailed, match=rf"x\[{i}\]"):
            gradcheck(lambda x: np.sum(np.log(x)), x)


def test_a_derivative_that_is_all_rounding_passes(inject: Inject, rng: np.random.Generator) -> None:
    x = rng.normal(size=6)
    inject(lambda x: (1e-17 * x,))
    report = gradcheck(lambda x: np.sum(np.exp(x) / np.sum(np.exp(x))), x)
    assert report.rows[0].within_error == 6


def test_a_large_offset_is_noise_and_not_an_error(inject: Inject, rng: np.random.Generator) -> None:
    inject(lambda x: (np.cos(x),))
    gradcheck(lambda x: np.sum(np.sin(x)) + 1e6, rng.normal(size=8))
    inject(lambda x: (1.02 * np.cos(x),))
    with pytest.raises(GradcheckFailed, match=r"x\["):
        gradcheck(lambda x: np.sum(np.sin(x)) + 1e6, rng.normal(size=8))


def test_outside_the_domain_is_not_an_estimate() -> None:
    near_one = Quotients(
        lambda t: math.asin(0.999 + t) if t < 0.001 else math.nan, math.asin(0.999), (1.0,), 0.0, DOUBLE
    )
    assert near_one.judge(1 / math.sqrt(1 - 0.999**2), 1e-6)[0] == Verdict.AGREES
    nowhere = Quotients(lambda t: math.nan, 0.0, (1.0,), 0.0, DOUBLE)
    assert nowhere.judge(1.0, 1e-6)[0] == Verdict.WRONG


def test_differences_that_leave_the_domain_are_told() -> None:
    """The derivative is promised there, by a product with zero: no difference tells it."""
    for y in (0.25, 1.0):
        with pytest.raises(GradcheckFailed, match=r"cannot be taken with respect to x\[0\].*not finite on both sides"):
            gradcheck(weighted_root, np.array([0.0, y]), modes=("reverse",))


def weighted_root(x: Any) -> Any:
    return np.sum(np.array([0.0, 1.0]) * np.sqrt(x))


def test_a_wrong_entry_is_named_before_one_at_the_edge_of_the_domain(inject: Inject) -> None:
    inject(lambda x: (np.array([0.0, 2.0]),))
    with pytest.raises(GradcheckFailed, match=r"with respect to x\[1\].*1 of 2 entries"), np.errstate(all="ignore"):
        gradcheck(weighted_root, np.array([0.0, 0.25]))


@given(
    coefficients=st.lists(st.floats(-3, 3).filter(lambda c: abs(c) > 0.1), min_size=4, max_size=4),
    x=st.floats(-5, 5),
    factor=st.floats(0.5, 1.5).filter(lambda factor: abs(factor - 1) > 1e-4),
)
def test_every_cubic(coefficients: list[float], x: float, factor: float) -> None:
    def along(t: float) -> float:
        return float(np.polyval(coefficients, x + t))

    slope = float(np.polyval(np.polyder(coefficients), x))
    quotients = Quotients(along, along(0.0), (1.0,), 1e-14, DOUBLE)
    assert quotients.judge(slope, 1e-6)[0] <= Verdict.WITHIN_ERROR
    if abs(slope) > 1e-3:
        assert quotients.judge(factor * slope, 1e-6)[0] == Verdict.WRONG


def test_wrong_questions() -> None:
    with pytest.raises(ValueError, match="order"):
        gradcheck(math.sin, 1.0, order=3)
    with pytest.raises(ValueError, match="modes"):
        gradcheck(math.sin, 1.0, modes=("backward",))
    with pytest.raises(NotDifferentiable, match=r"argument 1 \(n\)"):
        gradcheck(lambda x, n: x**n, 2.0, 3, argnums=(0, 1))
    with pytest.raises(NotDifferentiable, match="no argument 'z'"):
        gradcheck(lambda x: x, 2.0, argnums="z")
    with pytest.raises(TypeError, match="no floating-point argument"):
        gradcheck(lambda n: n, 2)


def test_the_report_is_a_table(inject: Inject, point: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    inject(right)
    report = gradcheck(loss, *point)
    assert isinstance(report, GradcheckReport)
    with_rich = str(report)
    monkeypatch.setattr(table, "find_spec", lambda name: None)
    for text in (with_rich, str(report), repr(report)):
        assert text.startswith("gradcheck of loss")
        for word in ("argument", "within error", "reverse", "forward", "(3, 4)", "float64"):
            assert word in text
