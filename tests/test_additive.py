"""Sums and extremes that a loop carries: every read of them lies on the way to the next value, and joins a term."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.analysis.additive import Additive
from adcompiler.analysis.scope import definitions
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Loop
from adcompiler.optimise.lines.simplify import simplify
from tests.support.lowering import lowered
from tests.support.row_programs import HEAD, function


@pytest.mark.parametrize(
    ("lines", "fold"),
    [
        ("t += x[i]", "add"),
        ("t = x[i] + t - 1.0", "add"),
        ("t = np.maximum(x[i], np.maximum(t, 0.0))", "maximum"),
        ("if x[i] > 0.0: t += 1.0", "add"),
        # a value that both arms of a branch read is read on one way only
        ("t += x[i]\nif x[i] > 0.0: t += 1.0", "add"),
        ("if x[i] > 0.0: t += 1.0\nif x[i] < 1.0: t -= x[i]", "add"),
        ("u = t + x[i]\nif x[i] > 0.0: t = u", "add"),
        ("t += x[i]\nif x[i] > 0.0:\n    t += 1.0\nelse:\n    for j in range(i): t += x[j]", "add"),
        # another reader, another operation, or the value twice
        ("t = x[i] - t", None),
        ("t = t + t", None),
        ("u = t + x[i]\nt = u + u", None),
        ("u = t + x[i]\ny[i] = u\nt = u + 1.0", None),
        ("u = x[i] + t\ny[i] = u\nt = x[i] + u", None),
        ("u = t + x[i]\nif u > 0.0: t = u", None),
        ("if x[i] > 0.0: t += 1.0\nelse: t = 0.5 * t", None),
        ("if x[i] > 0.0: t += 1.0\nelse: t = 0.0", None),
        ("t = np.maximum(t + x[i], 0.0)", None),
        ("t += x[i]\nif x[i] > 0.0: t = np.maximum(t, 1.0)", None),
        ("u = t + x[i]\nif x[i] > 0.0: t = u + (u - 1.0)", None),
        ("t += x[i]\nif x[i] > 0.0:\n    for j in range(i): t += t * x[j]", None),
    ],
)
def test_folds(lines: str, fold: str | None) -> None:
    body = "\n".join(f"        {line}" for line in lines.splitlines())
    text = f"{HEAD}def f(x, y):\n    t = 0.0\n    for i in range(x.shape[0]):\n{body}\n    return t\n"
    fn = simplify(lowered(function(text, f"<fold {lines}>"), np.ones(3), np.ones(3))[0].func)
    loop = next(s for s in walk(fn.body) if isinstance(s, Loop))
    (carry,) = loop.carried
    assert Additive.of(fn, definitions(fn)).folds(carry) == fold
