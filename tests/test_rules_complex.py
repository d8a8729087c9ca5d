"""Every rule that takes complex numbers, in both modes: a cotangent is paired with a tangent by `Re(z_bar * z_dot)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from adcompiler.errors import TypeProblem
from adcompiler.ir.ops import kind, takes_complex
from adcompiler.rules.rule import Rule
from adcompiler.rules.table import TABLE
from tests.support.interpret import run
from tests.support.rule_cases import ON_FACTORS, Case, Small, cases, noise
from tests.test_rules import along, by_differences, check_second_order, close, finite, pulled, rng

__all__ = ["rng"]

REAL_ARGUMENTS = ("complex", "arange", "custom")
# complex eigenvectors have no derivative: of the eigenvalues there are programs
APART = (*REAL_ARGUMENTS, *ON_FACTORS, "eigh")
RULES = [rule for rule in TABLE.values() if takes_complex(rule.op) and rule.op not in APART]
PAIRS = [rule for rule in RULES if len(rule.names) == 2 and kind(rule.op) in ("elementwise", "contract")]


def pairing(a: Any, b: Any) -> float:
    """The change of the loss that a cotangent assigns to a tangent."""
    return float(np.sum(np.asarray(a) * np.asarray(b)).real)


def check(case: Case, rng: np.random.Generator) -> None:
    """Tangent against differences, then the adjoint against the tangent."""
    directions = [noise(rng, case.args[k]) for k in case.active]
    y, y_dot = run(Small(case).push(case.active), *case.args, *directions)
    y_bar = noise(rng, y)
    finite(y, y_dot)
    move, primal = along(case.args, case.active, directions), Small(case).primal()
    by_differences(lambda h: run(primal, *move(h))[0], y_dot)
    shares = pulled(Small(case), y_bar)
    finite(*shares)
    for share, k in zip(shares, case.active, strict=True):
        assert np.iscomplexobj(case.args[k]) or not np.iscomplexobj(share)
    right = sum(pairing(s, d) for s, d in zip(shares, directions, strict=True))
    scale = np.abs(y_bar * y_dot).sum() + sum(np.abs(s * d).sum() for s, d in zip(shares, directions, strict=True))
    assert abs(pairing(y_bar, y_dot) - right) <= 1e-10 * (1 + scale)


def mixed(case: Case) -> Iterator[Case]:
    """The same with the real parts of one argument."""
    for k in range(len(case.args)):
        args = [a.real.copy() if j == k and isinstance(a, np.ndarray) else a for j, a in enumerate(case.args)]
        if kind(case.rule.op) != "contract" and case.rule.op != "pow":
            yield case.with_args(
                [a.real if j == k and not isinstance(a, np.ndarray) else a for j, a in enumerate(args)]
            )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.op)
def test_rule(rule: Rule, rng: np.random.Generator) -> None:
    for case in cases(rule, rng, "complex128"):
        check(case, rng)


@pytest.mark.parametrize("rule", PAIRS, ids=lambda rule: rule.op)
def test_real_and_complex(rule: Rule, rng: np.random.Generator) -> None:
    for case in cases(rule, rng, "complex128"):
        for other in mixed(case):
            check(other, rng)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.op)
def test_second_order(rule: Rule, rng: np.random.Generator) -> None:
    for case in cases(rule, rng, "complex128"):
        check_second_order(case, rng)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.op)
def test_single_precision_stays(rule: Rule, rng: np.random.Generator) -> None:
    for case in cases(rule, rng, "complex64"):
        if case.label == "scalar":
            continue
        directions = [noise(rng, case.args[k]) for k in case.active]
        y, y_dot = run(Small(case).push(case.active), *case.args, *directions)
        shares = pulled(Small(case), noise(rng, y))
        assert {v.dtype.name for v in (y, y_dot)} <= {"complex64", "float32"}
        assert {v.dtype.name for v in shares} == {"complex64"}
        kept = {t.dtype for t in Small(case).pull(case.active).types.values() if not t.weak}
        assert not kept & {"float64", "complex128"}


@pytest.mark.parametrize("rule", [rule for rule in TABLE.values() if not takes_complex(rule.op)], ids=lambda r: r.op)
def test_others_refuse_complex_numbers(rule: Rule, rng: np.random.Generator) -> None:
    case = next(iter(cases(rule, rng, "float64")))
    args = [a if np.result_type(a).kind != "f" else a + 0j for a in case.args]
    with pytest.raises(TypeProblem, match="complex"):
        Small(case.with_args(args))


def test_parts_make_the_number(rng: np.random.Generator) -> None:
    for case in cases(TABLE["complex"], rng, "float64"):
        check(case, rng)
    for case in cases(TABLE["complex"], rng, "float32"):
        if case.label != "scalar":
            close(run(Small(case).primal(), *case.args)[0], case.args[0] + 1j * case.args[1], 1e-6)
