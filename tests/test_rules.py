"""Every rule of the table, because it is in the table: both modes against differences and each other, and twice."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adcompiler.ad.forward import tangent
from adcompiler.ir.build import Builder
from adcompiler.ir.ops import OPS, kind
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.types import type_of_value
from adcompiler.ir.wengert import Assign, Const, Var
from adcompiler.rules.rule import RULES, Pin, Rule
from adcompiler.rules.table import TABLE, ZERO, pull
from tests.support.interpret import run
from tests.support.rule_cases import ON_FACTORS, Case, Small, cases, filled, noise, params_of, unbroadcast

# a declared derivative belongs to a line, not to the operation: tests/test_custom_rules.py; what makes and parts
# complex numbers is in tests/test_rules_complex.py; factors stand for their matrix: tests/test_factors.py
APART = ("custom", "complex", "fft", "imag", *ON_FACTORS)
RULE_LIST = [rule for rule in TABLE.values() if rule.op not in APART]
ELEMENTWISE = [rule for rule in RULE_LIST if kind(rule.op) == "elementwise"]
PINS = [(rule, pin) for rule in ELEMENTWISE for pin in rule.pins]
STEPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


def finite(*values: Any) -> None:
    """A sample outside the domain makes both sides NaN, and NaN would compare with NaN as equal."""
    for value in values:
        assert np.isfinite(value).all(), "sampled outside the domain"


def close(value: Any, want: Any, tolerance: float) -> None:
    finite(value, want)
    assert np.shape(value) == np.shape(want)
    assert np.abs(value - want).max() <= tolerance * (1 + np.abs(want).max()), (value, want)


def by_differences(f: Callable[[float], Any], value: Any, tolerance: float = 1e-7) -> None:
    """A derivative at zero agrees with central differences of `f`, extrapolated once, at one of several steps."""

    def central(h: float) -> Any:
        return (f(h) - f(-h)) / (2 * h)

    finite(value)
    errors = [np.abs((4 * central(h / 2) - central(h)) / 3 - value).max() for h in STEPS]
    assert min(errors) <= tolerance * (1 + np.abs(value).max()), errors


def along(args: Sequence[Any], positions: Sequence[int], directions: Sequence[Any]) -> Callable[[float], list[Any]]:
    """The arguments moved along a direction, by the length of the step."""
    moves = dict(zip(positions, directions, strict=True))
    return lambda h: [filled(a, a + h * moves[k]) if k in moves else a for k, a in enumerate(args)]


def pulled(small: Small, y_bar: Any, guard: bool = False) -> list[Any]:
    case = small.case
    shares = run(small.pull(case.active, guard), *case.args, y_bar)
    return [unbroadcast(share, case.args[k]) for k, share in zip(case.active, shares, strict=True)]


def check(case: Case, rng: np.random.Generator) -> None:
    """Tangent against differences, then the adjoint against the tangent, which holds to rounding."""
    directions = [noise(rng, case.args[k]) for k in case.active]
    y, y_dot = run(Small(case).push(case.active), *case.args, *directions)
    y_bar = noise(rng, y)
    finite(y, y_dot)
    move, primal = along(case.args, case.active, directions), Small(case).primal()
    by_differences(lambda h: run(primal, *move(h))[0], y_dot)
    shares = pulled(Small(case), y_bar)
    finite(*shares)
    left, right = np.vdot(y_bar, y_dot), sum(np.vdot(s, d) for s, d in zip(shares, directions, strict=True))
    scale = np.abs(y_bar * y_dot).sum() + sum(np.abs(s * d).sum() for s, d in zip(shares, directions, strict=True))
    assert abs(left - right) <= 1e-10 * (1 + scale)


# -- the table -------------------------------------------------------------------------------------------------------


def test_every_operation_has_a_rule_or_is_declared_constant() -> None:
    assert set(TABLE) | ZERO == set(OPS)
    assert not set(TABLE) & ZERO


@pytest.mark.parametrize("rule", RULE_LIST, ids=lambda rule: rule.op)
def test_rule(rule: Rule, rng: np.random.Generator) -> None:
    for case in cases(rule, rng):
        check(case, rng)


def check_second_order(case: Case, rng: np.random.Generator) -> None:
    """The tangents of the adjoint and of the tangent, against differences."""
    directions = [noise(rng, case.args[k]) for k in case.active]
    y = run(Small(case).primal(), *case.args)[0]
    for fn, extra in (
        (Small(case).pull(case.active), [noise(rng, y)]),
        (Small(case).push(case.active), directions),
    ):
        args = [*case.args, *extra]
        wrt = [*case.active, *range(len(case.args), len(args))]
        turned = [noise(rng, args[k]) for k in wrt]
        results = run(tangent(fn, wrt), *args, *turned)
        count, move = len(fn.results), along(args, wrt, turned)
        for k, dot in enumerate(results[count:]):
            by_differences(lambda h, fn=fn, k=k, move=move: run(fn, *move(h))[k], dot, 1e-6)


@pytest.mark.parametrize("rule", RULE_LIST, ids=lambda rule: rule.op)
def test_second_order(rule: Rule, rng: np.random.Generator) -> None:
    """The adjoint and the tangent are functions of the same language: their own tangents against differences."""
    for case in cases(rule, rng):
        check_second_order(case, rng)


@pytest.mark.parametrize("rule", [r for r in RULE_LIST if r.op not in SPECIAL], ids=lambda rule: rule.op)
def test_float32_stays_float32(rule: Rule, rng: np.random.Generator) -> None:
    for case in cases(rule, rng, "float32"):
        if case.label == "scalar":
            continue
        wide = Case(case.label, rule, tuple(widened(a) for a in case.args), params_of(rule, "float64") or case.params)
        wide = replace(wide, extents=case.extents, params={**wide.params, **wide_dtype(case)})
        directions = [noise(rng, case.args[k]) for k in case.active]
        y, y_dot = run(Small(case).push(case.active), *case.args, *directions)
        y_bar = noise(rng, y)
        shares = pulled(Small(case), y_bar)
        assert {v.dtype.name for v in (y, y_dot, *shares)} == {"float32"}
        assert "float64" not in {t.dtype for t in Small(case).pull(case.active).types.values() if not t.weak}
        y_wide, dot_wide = run(Small(wide).push(wide.active), *wide.args, *map(widened, directions))
        close(y_dot, dot_wide, 1e-4)
        for share, want in zip(shares, pulled(Small(wide), widened(y_bar)), strict=True):
            close(share, want, 1e-4)
        assert y_wide.dtype == np.float64


def widened(value: Any) -> Any:
    if np.result_type(value) != np.float32:
        return value
    return value.astype(np.float64, order="K") if isinstance(value, np.ndarray) else np.float64(value)


def wide_dtype(case: Case) -> dict[str, Any]:
    return {"dtype": "float64"} if "dtype" in case.params else {}


# -- special points --------------------------------------------------------------------------------------------------


def partials(rule: Rule, at: Sequence[float], guard: bool = False) -> Iterator[tuple[str, float, float]]:
    """The name and partial derivative of each active argument, by the adjoint and by the tangent."""
    case = Case("pin", rule, tuple(at), params_of(rule, "float64"))
    pull = Small(case).pull(case.active, guard)
    shares = run(pull, *case.args, 1.0)
    for k, share in zip(case.active, shares, strict=True):
        yield rule.names[k], share, run(Small(case).push([k]), *case.args, 1.0)[1]


@pytest.mark.parametrize(("rule", "pin"), PINS, ids=[f"{r.op}-{p.at}" for r, p in PINS])
def test_pins(rule: Rule, pin: Pin) -> None:
    at = [pin.at[name] for name in rule.names]
    for name, adjoint, forward in partials(rule, at):
        if name in pin.want:
            np.testing.assert_allclose([adjoint, forward], pin.want[name], rtol=2e-13, atol=1e-15, err_msg=name)


@pytest.mark.parametrize(("rule", "pin"), PINS, ids=[f"{r.op}-{p.at}" for r, p in PINS])
def test_zero_contributes_zero_where_a_partial_is_unbounded(rule: Rule, pin: Pin) -> None:
    args = tuple(pin.at[name] for name in rule.names)
    case = Case("pin", rule, args, {})
    pull = Small(case).pull(case.active)
    assert [float(s) for s in run(pull, *args, 0.0)] == [0.0] * len(case.active)
    seeds = [0.0] * len(case.active)
    assert run(Small(case).push(case.active), *args, *seeds)[1] == 0.0
    # the same of the derivative of the adjoint, along the point itself
    turned = tangent(pull, list(case.active))
    assert [float(s) for s in run(turned, *args, 0.0, *(1.0 for _ in case.active))[len(case.active) :]] == seeds


@pytest.mark.parametrize("rule", ELEMENTWISE, ids=lambda rule: rule.op)
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, 0.0, -1.0, 1e308])
def test_guarded_zero_contributes_zero_everywhere(rule: Rule, bad: float) -> None:
    # the first argument of `cut` is a cotangent: a wrong one must be seen
    args = tuple(bool(bad) if rule.op == "where" and k == 0 else bad for k in range(len(rule.names)))
    args = (1.0, bad) if rule.op == "cut" else args
    case = Case("guarded", rule, args, params_of(rule, "float64"))
    shares = run(Small(case).pull(case.active, guard=True), *args, 0.0)
    assert [float(s) for s in shares] == [0.0] * len(case.active)


@pytest.mark.parametrize("rule", RULE_LIST, ids=lambda rule: rule.op)
def test_guard_changes_nothing_else(rule: Rule, rng: np.random.Generator) -> None:
    for case in cases(rule, rng):
        y_bar = noise(rng, run(Small(case).primal(), *case.args)[0])
        for plain, guarded in zip(pulled(Small(case), y_bar), pulled(Small(case), y_bar, guard=True), strict=True):
            np.testing.assert_array_equal(plain, guarded)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7, -1, -2, 0.0, 1.0, 2.0, 0.5, 1.5, -0.5, np.float32(2.5)])
@pytest.mark.parametrize("base", [0.0, 0.7, -1.3])
def test_power_with_a_literal_exponent(base: float, exponent: float) -> None:
    """The literal gives the derivative that the rule for any exponent gives."""
    general = Case("power", TABLE["pow"], (base, float(exponent)), {})
    ((_, want, _), _) = partials(TABLE["pow"], general.args)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(literal_slope(base, exponent), want, rtol=1e-6)


def literal_slope(base: float, exponent: Any) -> Any:
    b = Builder(types={"x": type_of_value(base)})
    line = b.emit("pow", Var("x"), Const(exponent), hint="y")
    stmt = b.stack[0][0]
    assert isinstance(stmt, Assign)
    shares = pull(b, stmt, Const(1.0), [0, 1])
    assert set(shares) <= {0, 1}
    fn = b.finish("slope", [Var("x")], [line, shares.get(0, Const(0.0))])
    return run(fn, base)[1]


TIES = {
    "one zero": ([2.0, 0.0, 3.0], [0.0, 6.0, 0.0]),
    "two zeros": ([0.0, 5.0, 0.0], [0.0, 0.0, 0.0]),
    "none": ([2.0, 3.0, 4.0], [12.0, 8.0, 6.0]),
}


@pytest.mark.parametrize(("x", "want"), TIES.values(), ids=TIES)
def test_product_is_exact_with_zeros(x: list[float], want: list[float]) -> None:
    case = Case("zeros", TABLE["prod"], (np.array(x),), {"axes": (0,), "keepdims": False})
    assert pulled(Small(case), np.float64(1.0))[0].tolist() == want
    units = [run(Small(case).push([0]), np.array(x), unit)[1] for unit in np.eye(3)]
    assert units == want


@pytest.mark.parametrize("op", ["max", "min"])
def test_slopes_over_a_tie_sum_to_one(op: str) -> None:
    x = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]]) * (1 if op == "max" else -1)
    case = Case("ties", TABLE[op], (x,), {"axes": (1,), "keepdims": False})
    shares = pulled(Small(case), np.ones(2))[0]
    np.testing.assert_allclose(shares, [[0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-15)
    assert run(Small(case).push([0]), x, np.ones_like(x))[1].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("op", ["sum", "prod"])
def test_empty_reductions_have_empty_gradients(op: str) -> None:
    case = Case("empty", TABLE[op], (np.zeros(0),), {"axes": (0,), "keepdims": False})
    assert pulled(Small(case), np.float64(1.0))[0].shape == (0,)
    assert run(Small(case).push([0]), np.zeros(0), np.zeros(0))[1] == 0.0


# -- mixed types -----------------------------------------------------------------------------------------------------

MIXED = {
    "float32 array, float": (np.float32([0.5, 1.5]), 0.75),
    "float32 array, strong float64": (np.float32([0.5, 1.5]), np.float64(0.75)),
    "float32 array, int array": (np.float32([0.5, 1.5]), np.array([1, 2])),
    "float64 array, float32 array": (np.array([0.5, 1.5]), np.float32([1.25, 0.75])),
    "float array, int": (np.array([0.5, 1.5]), 2),
    "float32, int array": (np.float32(0.5), np.array([1, 2], np.int8)),
}


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "pow", "maximum", "hypot"])
@pytest.mark.parametrize("args", MIXED.values(), ids=MIXED)
def test_contributions_have_the_type_of_their_argument(
    op: str, args: tuple[Any, ...], rng: np.random.Generator
) -> None:
    case = Case("mixed", TABLE[op], args, {})
    y = run(Small(case).primal(), *args)[0]
    directions = [noise(rng, args[k]) for k in case.active]
    y_dot = run(Small(case).push(case.active), *args, *directions)[1]
    assert (y_dot.dtype, y_dot.shape) == (y.dtype, y.shape)
    y_bar = noise(rng, y)
    shares = pulled(Small(case), y_bar)
    assert [np.result_type(s) for s in shares] == [np.result_type(args[k]) for k in case.active]
    left, right = np.vdot(y_bar, y_dot), sum(np.vdot(s, d) for s, d in zip(shares, directions, strict=True))
    np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-5)


# -- constants -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["sign", "floor", "ceil", "trunc", "rint", "floordiv"])
def test_what_is_declared_constant_is_constant(op: str, rng: np.random.Generator) -> None:
    ufunc = OPS[op].ufunc
    assert ufunc is not None
    x = [rng.uniform(0.1, 9.9, 200) for _ in range(ufunc.nin)]
    unmoved = np.mean(ufunc(*(a + 1e-9 for a in x)) == ufunc(*(a - 1e-9 for a in x)))
    assert unmoved == 1.0


# -- the test itself -------------------------------------------------------------------------------------------------


def scaled(rule: Rule, which: int, modes: str) -> Rule:
    """The rule with one partial derivative wrong by two per cent, in the adjoint, the tangent or both."""

    def wrong_pull(b: Any, stmt: Any, y_bar: Any, wanted: Any, guard: bool = False) -> Any:
        shares = rule.pull(b, stmt, y_bar, wanted, guard)
        return {k: b.emit("mul", Const(1.02), v) if k == which else v for k, v in shares.items()}

    def wrong_push(b: Any, stmt: Any, dots: Any) -> Any:
        moved = [b.emit("mul", Const(1.02), d) if k == which and d is not None else d for k, d in enumerate(dots)]
        return rule.push(b, stmt, moved)

    return replace(rule, pull=wrong_pull if "r" in modes else rule.pull, push=wrong_push if "f" in modes else rule.push)


def mutants() -> Iterator[tuple[Rule, int, str]]:
    for rule in RULE_LIST:
        example = next(iter(cases(rule, np.random.default_rng(0))))
        for which in example.active:
            for modes in ("r", "f", "rf"):
                yield rule, which, modes


@pytest.mark.parametrize(("rule", "which", "modes"), list(mutants()), ids=lambda v: getattr(v, "op", str(v)))
def test_a_partial_wrong_by_two_per_cent_is_caught(
    rule: Rule, which: int, modes: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, rule.op, scaled(rule, which, modes))
    caught = 0
    for case in cases(rule, rng):
        try:
            check(case, rng)
        except AssertionError:
            caught += 1
    assert caught
