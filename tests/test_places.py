"""Where run-time errors are reported: the traceback ends at the user's line."""

import sys
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad


def weighted(a, b):
    scaled = a * 2
    return np.sum(scaled + b)


def through_a_helper(x, y):
    if y[0] > 100:
        raise ValueError("too big")
    return weighted(x[1:], y)


def neighbours(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i] * x[i + 1]
    return s


def quotient(a, b):
    return a / b


def unbound(x):
    if x > 5:
        y = 2.0
    return x * y


def checked(x):
    assert x > 0, "x must be positive"
    return x


ERRORS: list[tuple[Callable[..., Any], tuple[Any, ...], type[Exception], str, str]] = [
    (through_a_helper, (np.ones(3), np.ones(3)), ValueError, "weighted", "return np.sum(scaled + b)"),
    (through_a_helper, (np.ones(3), np.full(2, 200.0)), ValueError, "through_a_helper", 'raise ValueError("too big")'),
    (neighbours, (np.ones(3),), IndexError, "neighbours", "s += x[i] * x[i + 1]"),
    (quotient, (1.0, 0.0), ZeroDivisionError, "quotient", "return a / b"),
    (unbound, (1.0,), UnboundLocalError, "unbound", "return x * y"),
    (checked, (-1.0,), AssertionError, "checked", 'assert x > 0, "x must be positive"'),
]


@pytest.mark.parametrize("interpreted", [False, True])
@pytest.mark.parametrize(("f", "args", "kind", "name", "line"), ERRORS)
def test_a_traceback_ends_at_the_user_s_line(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kind: type[Exception],
    name: str,
    line: str,
    interpreted: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", str(int(interpreted)))
    with pytest.raises(kind) as caught:
        ad.grad(f, fastmath=not interpreted)(*args)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.name, last.line) == (__file__, name, line)
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames.count("results") == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="frames have columns from Python 3.11 on")
def test_the_columns_are_those_of_the_operation() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        ad.grad(quotient)(1.0, 0.0)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.line is not None and last.colno is not None
    assert last.line[last.colno - 4 : last.end_colno - 4] == "a / b"  # type: ignore[operator]


def test_the_place_survives_a_warm_cache_and_other_transformations() -> None:
    for call in (
        lambda: ad.vjp(neighbours, np.ones(3)),
        lambda: ad.jvp(neighbours, (np.ones(3),), (np.ones(3),)),
        lambda: ad.grad(neighbours).primal(np.ones(3)),
        lambda: ad.value_and_grad(neighbours)(np.ones(3)),
    ):
        for _ in range(2):
            with pytest.raises(IndexError) as caught:
                call()
            assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "neighbours"
