"""Every rule through reverse mode, three times over: the adjoint of the adjoint of the adjoint against its tangent."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from adcompiler.ad.forward import tangent
from adcompiler.ad.gradient import gradient
from adcompiler.ir.ops import takes_complex
from adcompiler.ir.wengert import Func
from adcompiler.rules.rule import Rule
from adcompiler.rules.table import TABLE
from tests.support.interpret import run
from tests.support.rule_cases import Small, cases, noise
from tests.test_rules_complex import REAL_ARGUMENTS


def check(
    fn: Func, args: Sequence[Any], wrt: Sequence[int], rng: np.random.Generator
) -> tuple[Func, list[Any], list[int]]:
    """`<y_bar, J x_dot> = <J^T y_bar, x_dot>`; the adjoint is returned with its arguments, to be checked in turn."""
    directions = [noise(rng, args[k]) for k in wrt]
    results = run(tangent(fn, wrt), *args, *directions)
    count = len(fn.results)
    live = [k for k, result in enumerate(fn.results) if fn.type(result).is_float]
    dots, bars = results[count:], [noise(rng, results[k]) for k in live]
    adjoint = gradient(fn, wrt, "given")
    shares = run(adjoint, *args, *bars)[count:]
    assert all(np.isfinite(v).all() for v in (*dots, *shares))
    left = sum(np.vdot(bar, dot).real for bar, dot in zip(bars, dots, strict=True))
    right = sum(np.vdot(share, direction).real for share, direction in zip(shares, directions, strict=True))
    scale = sum(np.abs(share * direction).sum() for share, direction in zip(shares, directions, strict=True))
    assert abs(left - right) <= 1e-10 * (1 + abs(left) + scale)
    return adjoint, [*args, *bars], [*wrt, *range(len(args), len(args) + len(bars))]


@pytest.mark.parametrize("rule", [r for r in TABLE.values() if takes_complex(r.op) and r.op not in REAL_ARGUMENTS])
def test_complex_adjoints_of_adjoints(rule: Rule) -> None:
    rng = np.random.default_rng(zlib.crc32(rule.op.encode()))
    for case in cases(rule, rng, "complex128"):
        fn, args, wrt = Small(case).primal(), list(case.args), list(case.active)
        for _ in range(2):
            fn, args, wrt = check(fn, args, wrt, rng)


@pytest.mark.parametrize("rule", [r for r in TABLE.values() if r.op != "custom"], ids=lambda rule: rule.op)
def test_adjoints_of_adjoints(rule: Rule) -> None:
    rng = np.random.default_rng(zlib.crc32(rule.op.encode()))
    for case in cases(rule, rng):
        fn, args, wrt = Small(case).primal(), list(case.args), list(case.active)
        for _ in range(3):
            fn, args, wrt = check(fn, args, wrt, rng)
