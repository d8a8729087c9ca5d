"""Expressions: names, literals, operators, comparisons, subscripts and attributes."""

from __future__ import annotations

import ast

from adcompiler.frontend.flow.branching import merge, run_arm
from adcompiler.frontend.language import records
from adcompiler.frontend.language.arithmetic import OPERATORS, binary, matmul, unary
from adcompiler.frontend.language.binding import bind, unpacked
from adcompiler.frontend.language.comparison import compare
from adcompiler.frontend.language.conditions import condition, lazy
from adcompiler.frontend.language.dictionaries import key_of
from adcompiler.frontend.language.inline import call_function
from adcompiler.frontend.language.reading import opened, read_name, resolved
from adcompiler.frontend.language.truth import negated, truth
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering, expression
from adcompiler.frontend.state.special_methods import OPERATIONS, special
from adcompiler.frontend.state.values import (
    Closure,
    DictValue,
    Seq,
    Static,
    Value,
)
from adcompiler.ir.parse import COMPARE
from adcompiler.ir.wengert import Const

_MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}


@expression(ast.Constant)
def constant(low: Lowering, node: ast.Constant, hint: str) -> Value:
    """A literal."""
    match node.value:
        case bool() | int() | float() | complex():
            return Const(node.value)
        case bytes():
            raise low.refuse("bytes", node)
    return Static(node.value)


@expression(ast.Name)
def name(low: Lowering, node: ast.Name, hint: str) -> Value:
    """A name."""
    return read_name(low, node.id)


@expression(ast.NamedExpr)
def named(low: Lowering, node: ast.NamedExpr, hint: str) -> Value:
    """`name := value`."""
    if node.target.id not in low.frame.definition.local | low.frame.definition.shared:
        raise low.refuse("walrus-in-comprehension", node)
    value = low.eval(node.value, node.target.id)
    bind(low, node.target, value)
    return value


@expression(ast.BinOp)
def operation(low: Lowering, node: ast.BinOp, hint: str) -> Value:
    """`left op right`."""
    left = low.eval(node.left)
    with heap.pending(low) as read:
        read.append(left)
        right = low.eval(node.right)
    by, behind = OPERATIONS[type(node.op)], (left, right)
    for method, args in ((special(left, f"__{by}__"), behind), (special(right, f"__r{by}__"), behind[::-1])):
        if method is not None:
            return call_function(low, method, args, {}, node)
    if isinstance(node.op, ast.MatMult):
        return matmul(low, left, right)
    return binary(low, OPERATORS[type(node.op)], left, right, hint)


@expression(ast.UnaryOp)
def sign(low: Lowering, node: ast.UnaryOp, hint: str) -> Value:
    """`-x`, `+x`, `~x`, `not x`."""
    if isinstance(node.op, ast.Not):
        return negated(low, condition(low, node.operand))
    value = low.eval(node.operand)
    own = records.called(low, value, f"__{_UNARY[type(node.op)]}__", (), node)
    return unary(low, _UNARY[type(node.op)], value, hint) if own is None else own


@expression(ast.Compare)
def comparison(low: Lowering, node: ast.Compare, hint: str) -> Value:
    """`a < b < c`: each operand is evaluated once, the later ones only where the earlier comparisons hold."""
    left = low.eval(node.left)
    return _chain(low, node, left, 0, hint)


def _chain(low: Lowering, node: ast.Compare, left: Value, k: int, hint: str) -> Value:
    right = low.eval(node.comparators[k])
    found = _own_comparison(low, node.ops[k], left, right, node)
    found = compare(low, node.ops[k], left, right, "test" if hint == "t" else hint) if found is None else found
    if k == len(node.ops) - 1:
        return found
    return lazy(low, found, True, lambda: _chain(low, node, right, k + 1, hint))


def _own_comparison(low: Lowering, op: ast.cmpop, left: Value, right: Value, node: ast.Compare) -> Value | None:
    """What a special method of an object says of a comparison; None where its class has none."""
    name = COMPARE.get(type(op), "")
    found = records.called(low, left, f"__{name}__", [right], node)
    if found is None:
        found = records.called(low, right, f"__{_MIRRORED.get(name)}__", [left], node)
    if found is None and name == "ne":
        equal = _own_comparison(low, ast.Eq(), left, right, node)
        found = None if equal is None else negated(low, truth(low, equal))
    return found


@expression(ast.IfExp)
def conditional(low: Lowering, node: ast.IfExp, hint: str) -> Value:
    """`a if test else b`."""
    test = condition(low, node.test)
    if isinstance(test, Const):
        return low.eval(node.body if test.value else node.orelse, hint)
    then = run_arm(low, lambda: low.eval(node.body, hint), test, True)
    other = run_arm(low, lambda: low.eval(node.orelse, hint), test, False)
    result = merge(low, test, then, other, None, hint)
    assert result is not None
    return result


@expression(ast.Lambda)
def lambda_(low: Lowering, node: ast.Lambda, hint: str) -> Value:
    """`lambda a: value`."""
    return closure(low, node)


def closure(low: Lowering, node: ast.FunctionDef | ast.Lambda) -> Closure:
    """A function with the values of its defaults."""
    defaults = tuple(low.eval(default) for default in node.args.defaults)
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    kw_defaults = tuple((arg.arg, low.eval(default)) for arg, default in pairs if default is not None)
    return Closure(node, low.frame, defaults, kw_defaults)


@expression(ast.Tuple)
def tuple_(low: Lowering, node: ast.Tuple, hint: str) -> Value:
    """`(a, b, *c)`."""
    return Seq(_elements(low, node.elts))


@expression(ast.List)
def list_(low: Lowering, node: ast.List, hint: str) -> Value:
    """`[a, b, *c]`."""
    return Seq(_elements(low, node.elts), "list")


def _elements(low: Lowering, nodes: list[ast.expr]) -> tuple[Value, ...]:
    with heap.pending(low) as read:
        mark = len(read)
        for node in nodes:
            if isinstance(node, ast.Starred):
                read.extend(unpacked(low, resolved(low, low.eval(node.value)), None))
            else:
                read.append(low.eval(node))
        return tuple(read[mark:])


@expression(ast.Dict)
def dict_(low: Lowering, node: ast.Dict, hint: str) -> Value:
    """`{"a": 1.0, **other}` with literal keys."""
    found: dict[object, Value] = {}
    with heap.pending(low) as read:
        for key, value in zip(node.keys, node.values, strict=True):
            held = low.eval(value)
            read.append(held)
            if key is None:
                held = opened(low, held)
                if not isinstance(held, DictValue):
                    raise low.refuse("unpack-unknown", value)
                found.update(held.items)
                continue
            with low.b.at(low.span(key)):
                found[key_of(low, low.eval(key))] = held
    return DictValue(tuple(found.items()))
