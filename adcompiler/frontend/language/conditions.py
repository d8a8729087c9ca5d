"""`and` and `or`: what is evaluated only sometimes, as a value and as a test."""

from __future__ import annotations

import ast
from collections.abc import Callable

from adcompiler.frontend.flow.branching import merge, pure, run_arm
from adcompiler.frontend.language.truth import negated, truth
from adcompiler.frontend.state.context import Lowering, expression
from adcompiler.frontend.state.values import Value
from adcompiler.ir.wengert import Atom, Const, Var


def condition(low: Lowering, node: ast.expr) -> Atom:
    """The truth value of an expression that is tested: its operands need not be of one kind."""
    match node:
        case ast.BoolOp(op, values):
            return _tested(low, values, isinstance(op, ast.And))
        case ast.UnaryOp(ast.Not(), operand):
            return negated(low, condition(low, operand))
    return truth(low, low.eval(node, "test"))


def _tested(low: Lowering, operands: list[ast.expr], conjunction: bool) -> Atom:
    first, *rest = operands
    value = condition(low, first)
    return truth(low, lazy(low, value, conjunction, lambda: _tested(low, rest, conjunction))) if rest else value


@expression(ast.BoolOp)
def both(low: Lowering, node: ast.BoolOp, hint: str) -> Value:
    """`a and b`, `a or b`: the value of the operand that decides."""
    return _bool_op(low, node, 0)


def _bool_op(low: Lowering, node: ast.BoolOp, k: int) -> Value:
    value = low.eval(node.values[k])
    if k == len(node.values) - 1:
        return value
    return lazy(low, value, isinstance(node.op, ast.And), lambda: _bool_op(low, node, k + 1))


def lazy(low: Lowering, value: Value, conjunction: bool, more: Callable[[], Value]) -> Value:
    """`value and more()`, or `or`; without a branch where both are flags and nothing in the second can raise."""
    test = truth(low, value)
    if isinstance(test, Const):
        return more() if bool(test.value) == conjunction else value
    keep = run_arm(low, lambda: value, test, not conjunction)
    other = run_arm(low, more, test, conjunction)
    flag = isinstance(value, Var) and low.b.type(value).dtype == "bool"
    if flag and pure(other.lines) and not other.dead and _is_flag(low, other.value) and other.state == low.save():
        low.b.extend(other.lines)
        assert isinstance(value, Var) and isinstance(other.value, (Var, Const))
        weak = low.b.type(value).weak and low.b.type(other.value).weak
        op = "logical_and" if conjunction else "logical_or"
        return low.b.emit(op, value, other.value, hint="test", weak=weak)
    arms = (other, keep) if conjunction else (keep, other)
    result = merge(low, test, *arms, None, "test" if flag else "t")
    assert result is not None
    return result


def _is_flag(low: Lowering, value: Value | None) -> bool:
    return isinstance(value, (Var, Const)) and low.b.type(value).dtype == "bool" and not low.b.type(value).rank
