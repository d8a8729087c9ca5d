"""No name of a program hides what generated text calls."""

from __future__ import annotations

import ast

import numpy as np
import pytest

import adcompiler as ad

TEXT = """
def f({name}, n):
    s = 0.0
    for i in range(n):
        s += numpy.sin({name}[i]) * {name}[i]
    while s < 3.0:
        s = s * 1.5 + numpy.exp(-s) * {name}[0]
    return s
"""


@pytest.mark.parametrize("name", ["_sin", "_sum", "_exp", "_grow1", "_short", "scipy", "np", "s_tape", "_", "__"])
def test_an_argument_hides_no_helper(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    text = TEXT.format(name=name)
    scope = {"numpy": np}
    exec(text, scope)
    gradient = ad.grad(scope["f"], source=text)
    x = np.array([0.3, 0.4, 0.5])
    assert np.isfinite(gradient(x, 3)).all()
    for written in (gradient.adjoint_source(x, 3), gradient.lowered_source(x, 3)):
        function = ast.parse(written).body[-1]
        assert isinstance(function, ast.FunctionDef)
        nodes = list(ast.walk(function))
        called = {n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        local = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        local |= {a.arg for a in function.args.args}
        assert not local & {*called, "np", "math", "nb", "scipy"}
