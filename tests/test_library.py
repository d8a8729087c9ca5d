"""Each library function gives NumPy's value, element type and shape, whatever the type and layout of its array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from adcompiler.errors import ADCompilerError, MissingRule, TypeProblem, UnsupportedSyntax
from adcompiler.frontend.library import catalogue, registry
from adcompiler.frontend.state.restarts import NeedStatic
from adcompiler.ir.wengert import Const
from tests.support.interpret import run
from tests.support.samples import DTYPES, everywhere, sample
from tests.support.tracing import SPAN, compare, trace

AXES: tuple[Any, ...] = (None, 0, -1, 1, (0, 1), (-1, 0), (0, 1, 2), 3, (0, 0))
REDUCTIONS = ("sum", "prod", "max", "min", "mean", "var", "std", "any", "all")


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name: str, axis: Any) -> None:
    for keepdims in (False, True):
        everywhere(lambda np, x, k=keepdims: getattr(np, name)(x, axis=axis, keepdims=k))
        everywhere(lambda np, x, k=keepdims: getattr(x, name)(axis, keepdims=k), dtypes=("float64",))


@pytest.mark.parametrize("axis", [None, 0, -1, 1, 2])
@pytest.mark.parametrize("name", ["argmax", "argmin", "ptp", "count_nonzero", "amax", "nansum"])
def test_more_reductions(name: str, axis: Any) -> None:
    everywhere(lambda np, x: getattr(np, name)(x, axis=axis, keepdims=True))
    everywhere(lambda np, x: getattr(np, name)(x, axis))


def test_reductions_of_scalars_and_lists() -> None:
    for name in (*REDUCTIONS, "argmax", "count_nonzero", "ptp"):
        for value in (2.5, -3, True, numpy.float32(1.5), numpy.int32(4)):
            compare(lambda np, x, n=name: getattr(np, n)(x), value)
        compare(lambda np, x, n=name: getattr(np, n)([x, 2.0, [3.0, x][1]]), 1.25)
        compare(lambda np, x, n=name: getattr(np, n)([[x, 2], [1, 4]], axis=0), 3)


@pytest.mark.parametrize("name", ["var", "std"])
def test_degrees_of_freedom(name: str) -> None:
    for ddof in (0, 1, 2, 1.5, 7):
        everywhere(lambda np, x, d=ddof: getattr(np, name)(x, axis=0, ddof=d), dtypes=("float64", "float32", "int64"))
        everywhere(lambda np, x, d=ddof: getattr(x, name)(ddof=d), dtypes=("float64",))


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "std"])
def test_reductions_in_another_type(name: str) -> None:
    for target in (numpy.float64, numpy.float32, float):
        everywhere(lambda np, x, t=target: getattr(np, name)(x, 0, dtype=t), rank=(1, 2))


def test_empty_extremes_raise_at_run_time() -> None:
    """The same lines serve empty arrays and full ones."""
    func, _ = trace(lambda np, x: np.max(x, axis=0), numpy.zeros((2, 3)))
    assert run(func, numpy.ones((2, 3)))[0].tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ValueError, match="zero-size array"):
        run(func, numpy.zeros((0, 3)))


def test_average() -> None:
    everywhere(lambda np, x: np.average(x))
    everywhere(lambda np, x: np.average(x, axis=0, weights=x), dtypes=("float64", "float32"))
    compare(lambda np, x, w: np.average(x, None, w), sample("float64", (3, 4)), sample("float64", (3, 4)))
    x = numpy.array([[1.0, numpy.nan], [numpy.nan, numpy.nan]])
    for axis in (None, 0, 1):
        compare(lambda np, x, a=axis: (np.nansum(x, a), np.nanmean(x, a)), x)


def test_elementwise() -> None:
    names = ("sin", "exp", "sqrt", "abs", "floor", "sign", "negative", "square", "rint", "isnan", "logical_not")
    for name in (*names, "tanh", "log1p", "cbrt", "degrees", "radians", "deg2rad", "trunc", "fabs", "positive"):
        everywhere(lambda np, x, n=name: getattr(np, n)(x), dtypes=DTYPES[:4], rank=(1, 2))
        for value in (0.25, 2, numpy.int16(3), numpy.float32(0.5)):
            compare(lambda np, x, n=name: getattr(np, n)(x), value)


def test_elementwise_of_booleans() -> None:
    for name in ("abs", "square", "floor", "isnan", "logical_not", "rint", "sin", "degrees"):
        x = sample("bool", (4,))
        if numpy.asarray(getattr(numpy, name)(x)).dtype == numpy.float16:
            with pytest.raises(TypeProblem, match="float16"):
                trace(lambda np, x, n=name: getattr(np, n)(x), x)
        else:
            compare(lambda np, x, n=name: getattr(np, n)(x), x)


def test_elementwise_of_two() -> None:
    pairs = [
        (sample("float64", (3, 4)), sample("float32", (4,))),
        (sample("float32", (3, 1)), 2.5),
        (sample("int64", (3,)), sample("int32", (1,))),
        (sample("bool", (3,)), numpy.array([True, False, True])),
        (2.0, 3),
        (numpy.float32(2.0), 0.5),
        (sample("float64", (3,)), sample("float64", (4,))),
        (sample("float64", (3,)), sample("float64", (2, 3)).T[:, :1]),
    ]
    names = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "arctan2", "hypot", "mod")
    for name in (*names, "fmax", "fmin", "greater", "less_equal", "equal", "logical_and", "copysign", "floor_divide"):
        for x, y in pairs:
            # booleans give float16 in some of these
            if name in ("add", "maximum", "logical_and", "equal") or numpy.asarray(x).dtype != bool:
                compare(lambda np, x, y, n=name: getattr(np, n)(x, y), x, y)
    compare(lambda np, x: np.add(x, [1.0, 2.0, 3.0]), sample("float64", (2, 3)))
    nan = numpy.array([numpy.nan, 1.0, numpy.nan])
    compare(lambda np, x, y: (np.fmax(x, y), np.fmin(y, x)), nan, nan[::-1] * 2)


def test_where() -> None:
    everywhere(lambda np, x: np.where(x > 0, x, 0))
    everywhere(lambda np, x: np.where(x > 0, x, 0.5))
    everywhere(lambda np, x: np.where(x, 1, 2.0))
    everywhere(lambda np, x: np.where(x))
    everywhere(lambda np, x: np.nonzero(x))
    everywhere(lambda np, x: x[np.where(x > 0)])
    for condition in (True, 0, 1.5):
        compare(lambda np, x, c=condition: np.where(c, x, 2), 1.5)
        compare(lambda np, x, c=condition: np.where(c, x, numpy.float32(2)), sample("float32", (3,)))
    compare(lambda np, x, y: np.where(x > y, x, y), sample("float64", (3, 1)), sample("float32", (4,)))


def test_clip() -> None:
    for low, high in ((-1, 1), (-0.5, None), (None, 1.5), (numpy.float32(-1), 2.0)):
        everywhere(lambda np, x, a=low, c=high: np.clip(x, a, c), dtypes=("float64", "float32", "int64"))
        everywhere(lambda np, x, a=low, c=high: x.clip(a, c), dtypes=("float64",))
        compare(lambda np, x, a=low, c=high: np.clip(x, a, c), 3.25)
    compare(lambda np, x, y: np.clip(x, y, y + 1.0), sample("float64", (3, 4)), sample("float64", (4,)))
    compare(lambda np, x: np.clip(x, min=0.0, max=1.0), sample("float64", (5,)))


def test_clip_by_integers_beyond_those_of_the_array() -> None:
    for x in (numpy.array([3, -100], "int8"), numpy.array([3, 200], "uint8"), numpy.array([3, 2**63 + 6], "uint64")):
        for low, high in ((-130, 100), (0, 300), (-500, 500), (2, None), (None, 300), (300, 400), (-300, -200)):
            compare(lambda np, x, a=low, c=high: np.clip(x, a, c), x)
            if low is not None and high is not None:
                compare(lambda np, x, a, c: np.clip(x, a, c), x, low, high)


def test_round() -> None:
    x = numpy.array([0.5, 1.5, 2.5, -0.5, 1.25, -1.35, 1234.5678])
    for places in (0, 1, 2, -1, -2):
        compare(lambda np, x, p=places: np.round(x, p), x)
        compare(lambda np, x, p=places: x.round(p), x.astype("float32"), rtol=1e-6)
        compare(lambda np, x, p=places: np.around(x, decimals=p), 2.675)
    compare(lambda np, x: np.round(x), numpy.arange(3))


def test_casts() -> None:
    for name in ("float64", "float32", "int64", "int32", "uint8", "bool_"):
        everywhere(lambda np, x, n=name: x.astype(getattr(np, n)), rank=(1, 2))
        everywhere(lambda np, x, n=name: getattr(np, n)(x), rank=(1,))
        for value in (2.75, 3, True, numpy.float32(2.5)):
            compare(lambda np, x, n=name: getattr(np, n)(x), value)
    everywhere(lambda np, x: x.astype(float))
    everywhere(lambda np, x: x.astype("float32"))
    everywhere(lambda np, x: x.astype(x.dtype))
    compare(lambda np, x: np.float64(), 1.0)


def test_item() -> None:
    for dtype in DTYPES:
        for shape in ((1,), (1, 1), (3,), (1, 4)):
            compare(lambda np, x: x.item(), sample(dtype, shape))
    compare(lambda np, x: x.item(), numpy.float32(1.5))


def test_attributes() -> None:
    everywhere(lambda np, x: (x.shape, x.size, x.T, x.real, x.imag, np.shape(x), np.size(x)))
    everywhere(lambda np, x: (np.size(x, 0), np.conj(x), np.imag(x), np.real(x)))
    x = sample("float32", (2, 3))
    seen: list[Any] = []
    trace(lambda np, x: seen.extend([x.ndim.value, np.ndim(x).value, x.dtype, x.itemsize.value]), x)
    assert seen == [Const(2), Const(2), numpy.dtype("float32"), Const(4)]
    compare(lambda np, x: (x.shape, x.T, x.size), numpy.float64(2.0))


def failure(fn: Callable[..., Any], *args: Any) -> ADCompilerError:
    with pytest.raises(ADCompilerError) as caught:
        trace(fn, *args)
    assert caught.value.span == SPAN
    return caught.value


def test_missing_functions_name_the_nearest() -> None:
    x = sample("float64", (3,))
    error = failure(lambda np, x: np.lib.scimath.sqrt(x), x)
    assert isinstance(error, MissingRule) and "np.lib" in error.what and "np.sqrt" in error.fix
    assert all(part in error.fix for part in ("supported functions", "docs/rules.md", "ad.rule", "ad.custom_vjp"))
    error = failure(lambda np, x: np.linalg.eigvals(x), x)
    assert isinstance(error, MissingRule) and "np.linalg.eigvals" in error.what and "np.linalg.eigvalsh" in error.fix
    error = failure(lambda np, x: x.cumsums(), x)
    assert isinstance(error, MissingRule) and ".cumsums" in error.what and "'cumsum'" in error.fix
    error = failure(lambda np, x: np.random.normal(), x)
    assert isinstance(error, UnsupportedSyntax) and "Generator" in error.fix


def test_arguments_outside_the_language() -> None:
    x = sample("float64", (3,))
    error = failure(lambda np, x: np.sum(x, out=x), x)
    assert "out" in error.what and "assign" in error.fix
    error = failure(lambda np, x: np.exp(x, where=x > 0), x)
    assert "where" in error.what
    error = failure(lambda np, x: np.sum(x, colour=1), x)
    assert "colour" in error.what
    error = failure(lambda np, x: np.clip(), x)
    assert isinstance(error, TypeProblem)
    error = failure(lambda np, x: np.zeros(3, np.float16), x)
    assert "float16" in error.what
    compare(lambda np, x: (np.sum(x, out=None), np.exp(x, out=None, where=True)), x)


@pytest.mark.parametrize("name", [n for n in REDUCTIONS if n not in ("max", "min")])
def test_a_mask_is_no_larger_than_what_it_chooses_from(name: str) -> None:
    def reduced(np: Any, x: Any, mask: Any) -> Any:
        return getattr(np, name)(x, where=mask)

    for shape in ((1, 3), (2, 1), (2, 3), (3,)):
        compare(reduced, sample("float64", (2, 3)), sample("bool", shape))
    for own, shape in (((3,), (2, 3)), ((3,), (1, 3))):
        assert "more axes" in failure(reduced, sample("float64", own), sample("bool", shape)).what
    for own, shape in (((1, 3), (2, 3)), ((1,), (3,)), ((2, 3), (4, 3))):
        args = sample("float64", own), sample("bool", shape)
        with pytest.raises(ValueError, match="broadcast"):
            reduced(numpy, *args)
        with pytest.raises(ValueError, match="broadcast"):
            run(trace(reduced, *args)[0], *args)


def test_run_time_axes_are_asked_for() -> None:
    with pytest.raises(NeedStatic) as caught:
        trace(lambda np, x, k: np.sum(x, axis=k), sample("float64", (3,)), 0)
    assert caught.value.what == "the axis" and caught.value.span == SPAN
    with pytest.raises(NeedStatic):
        trace(lambda np, x, k: np.round(x, k), sample("float64", (3,)), 0)


def test_every_handler_is_documented() -> None:
    assert len(registry.FUNCTIONS) > 100
    for member in registry.FUNCTIONS:
        assert catalogue.lookup(member) is not None and registry.title(member)
