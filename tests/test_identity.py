"""`is True` and `is False`: as Python has it, or refused where a truth value may be NumPy's."""

from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import SWITCH

TESTS = (
    "s > 0",
    "bool(x[0] > 0)",
    "s in (1.5, 2.0)",
    "not x[0] > 0",
    "0 < s < 3",
    "any(v > 0 for v in x)",
    "len(x) == 2",
)
OF_NUMPY = ("x[0] > 0", "np.any(x > 0)", "np.isnan(s)", "s > 0 and x[0] > 0")
TEXT = """
def f(s, x):
    if ({test}) is {value}:
        return 2.0 * s
    return 3.0 * s
"""


def _made(test: str, value: bool) -> tuple[Any, str]:
    text = TEXT.format(test=test, value=value)
    space: dict[str, Any] = {"np": np}
    exec(text, space)
    return space["f"], text


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("test", TESTS)
def test_a_truth_value_is_what_it_is_in_python(test: str, value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "1")
    f, text = _made(test, value)
    for x in (np.array([1.0, -2.0]), np.array([-1.0, -2.0])):
        for s in (1.5, -1.5):
            assert ad.value_and_grad(f, source=text)(s, x) == (f(s, x), f(s, x) / s)


@pytest.mark.parametrize("test", OF_NUMPY)
def test_what_may_be_of_numpy_is_refused(test: str) -> None:
    f, text = _made(test, True)
    with pytest.raises(ad.UnsupportedSyntax, match="'is' between"):
        ad.grad(f, source=text)(1.5, np.ones(2))
