"""Expressions: names, literals, operators, comparisons, subscripts and attributes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import ModuleType

import numpy as np

from adcompiler.frontend import indexing, library
from adcompiler.frontend.arithmetic import OPERATORS, binary, kind_of, matmul, unary
from adcompiler.frontend.binding import bind, index_items, unpacked
from adcompiler.frontend.branching import merge, pure, run_arm
from adcompiler.frontend.captures import is_constant_module
from adcompiler.frontend.comparison import compare
from adcompiler.frontend.context import Lowering, expression
from adcompiler.frontend.numbers import static_int
from adcompiler.frontend.reading import read_name, resolved
from adcompiler.frontend.registry import ATTRIBUTES
from adcompiler.frontend.truth import negated, truth
from adcompiler.frontend.values import (
    Closure,
    DictValue,
    ListOf,
    Maybe,
    Method,
    Object,
    Path,
    RangeValue,
    Seq,
    SliceValue,
    Static,
    Value,
)
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Const, Var

_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}


@expression(ast.Constant)
def constant(low: Lowering, node: ast.Constant, hint: str) -> Value:
    """A literal."""
    match node.value:
        case bool() | int() | float():
            return Const(node.value)
        case complex():
            raise low.refuse("complex-literal", node)
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
    if node.target.id not in low.frame.definition.local:
        raise low.refuse("walrus-in-comprehension", node)
    value = low.eval(node.value, node.target.id)
    bind(low, node.target, value)
    return value


@expression(ast.BinOp)
def operation(low: Lowering, node: ast.BinOp, hint: str) -> Value:
    """`left op right`."""
    left = low.eval(node.left)
    right = low.eval(node.right)
    if isinstance(node.op, ast.MatMult):
        return matmul(low, left, right)
    return binary(low, OPERATORS[type(node.op)], left, right, hint)


@expression(ast.UnaryOp)
def sign(low: Lowering, node: ast.UnaryOp, hint: str) -> Value:
    """`-x`, `+x`, `~x`, `not x`."""
    value = low.eval(node.operand)
    if isinstance(node.op, ast.Not):
        return negated(low, truth(low, value))
    return unary(low, _UNARY[type(node.op)], value, hint)


@expression(ast.Compare)
def comparison(low: Lowering, node: ast.Compare, hint: str) -> Value:
    """`a < b < c`: each operand is evaluated once, the later ones only where the earlier comparisons hold."""
    left = low.eval(node.left)
    return _chain(low, node, left, 0, hint)


def _chain(low: Lowering, node: ast.Compare, left: Value, k: int, hint: str) -> Value:
    right = low.eval(node.comparators[k])
    found = compare(low, node.ops[k], left, right, "test" if hint == "t" else hint)
    if k == len(node.ops) - 1:
        return found
    return lazy(low, found, True, lambda: _chain(low, node, right, k + 1, hint))


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
    keep = run_arm(low, lambda: value, test)
    other = run_arm(low, more, test)
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


@expression(ast.IfExp)
def conditional(low: Lowering, node: ast.IfExp, hint: str) -> Value:
    """`a if test else b`."""
    test = truth(low, low.eval(node.test, "test"))
    if isinstance(test, Const):
        return low.eval(node.body if test.value else node.orelse, hint)
    arms = [run_arm(low, lambda part=part: low.eval(part, hint), test) for part in (node.body, node.orelse)]  # type: ignore[misc]
    result = merge(low, test, arms[0], arms[1], None, hint)
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
    found: list[Value] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            found.extend(unpacked(low, resolved(low, low.eval(node.value)), None))
        else:
            found.append(low.eval(node))
    return tuple(found)


@expression(ast.Dict)
def dict_(low: Lowering, node: ast.Dict, hint: str) -> Value:
    """`{"a": 1.0, **other}` with literal keys."""
    found: dict[object, Value] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        held = low.eval(value)
        if key is None:
            if not isinstance(held, DictValue):
                raise low.refuse("unpack-unknown", value)
            found.update(held.items)
            continue
        literal = low.eval(key)
        if not isinstance(literal, (Const, Static)):
            raise low.refuse("dict-key", key)
        found[literal.value] = held
    return DictValue(tuple(found.items()))


@expression(ast.Slice)
def slice_(low: Lowering, node: ast.Slice, hint: str) -> Value:
    """`start:stop:step` in an index."""
    parts = (None if part is None else resolved(low, low.eval(part)) for part in (node.lower, node.upper, node.step))
    return SliceValue(*(None if part == Static(None) else part for part in parts))


@expression(ast.Subscript)
def subscript(low: Lowering, node: ast.Subscript, hint: str) -> Value:
    """`owner[index]`."""
    owner = resolved(low, low.eval(node.value))
    items = index_items(low, node.slice)
    return read_item(low, owner, items, node)


def read_item(low: Lowering, owner: Value, items: list[Value], node: ast.expr) -> Value:
    """An item of an array, a sequence, a dictionary or an object from outside."""
    match owner:
        case ListOf(array, weak):
            if len(items) != 1 or isinstance(items[0], Seq):
                raise low.fail("TypeError", "list indices must be integers or slices")
            found = indexing.read(low.b, array, items)
            if isinstance(items[0], SliceValue):
                return ListOf(low.b.emit("copy", found, hint="items"), weak)
            if weak and not low.b.type(found).rank:
                low.b.types[found.name] = Type(low.b.type(found).dtype, weak=True)
            return found
        case Var() if low.b.type(owner).rank:
            return indexing.read(low.b, owner, items)
        case Var() | Const() if items in ([Seq(())], [Static(Ellipsis)]) or not items:
            return owner
        case Seq():
            return _sequence_item(low, owner, items)
        case RangeValue():
            from adcompiler.frontend.iteration import items_of

            numbers = items_of(low, owner)
            if numbers is None:
                raise low.refuse("range-item", node)
            return _sequence_item(low, Seq(tuple(numbers)), items)
        case DictValue():
            return _dict_item(low, owner, items)
        case Object(held, path) if len(items) == 1 and isinstance(items[0], (Const, Static)):
            key = items[0].value
            try:
                return low.captures.value(held[key], path.item(key))  # type: ignore[index]
            except (LookupError, TypeError) as error:
                raise low.fail(type(error).__name__, str(error)) from None
        case Static(value=str() as text) if all(isinstance(i, Const) for i in items):
            return Static(text[static_int(low, items[0], "the index of a string")])
    raise low.refuse("not-indexable", node.value if isinstance(node, ast.Subscript) else node, kind=kind_of(owner))


def _sequence_item(low: Lowering, owner: Seq, items: list[Value]) -> Value:
    if len(items) != 1:
        raise low.fail("TypeError", f"{owner.kind} indices must be integers or slices, not tuple")
    item = items[0]
    if isinstance(item, SliceValue):
        ends = [
            None if e is None else static_int(low, e, "the slice of a list") for e in (item.start, item.stop, item.step)
        ]
        return Seq(owner.items[slice(*ends)], owner.kind)
    k = static_int(low, item, "the index of a tuple or list")
    if not -len(owner.items) <= k < len(owner.items):
        raise low.fail("IndexError", f"{owner.kind} index out of range")
    return owner.items[k]


def _dict_item(low: Lowering, owner: DictValue, items: list[Value]) -> Value:
    if len(items) != 1 or not isinstance(items[0], (Const, Static)):
        raise low.refuse("dict-key")
    found = owner.get(items[0].value)
    if found is None:
        raise low.fail("KeyError", repr(items[0].value))
    return found


@expression(ast.Attribute)
def attribute(low: Lowering, node: ast.Attribute, hint: str) -> Value:
    """`owner.name`."""
    return read_attribute(low, resolved(low, low.eval(node.value)), node.attr)


def read_attribute(low: Lowering, owner: Value, name: str) -> Value:
    """An attribute: of an array, of a module, of an object from outside; a method stays with its owner."""
    match owner:
        case Var() | Const():
            if name in ATTRIBUTES:
                return library.attribute(low.b, owner, name)
            if library.lookup_method(name) is None:
                raise library.missing_method(low.b, name)
            return Method(owner, name)
        case Object(held, path):
            return _outer_attribute(low, held, path.attribute(name), name)
        case Static(value=ModuleType() as module):
            return _module_attribute(low, module, name)
        case Static(value=np.dtype() | type() | np.finfo() | np.iinfo() as held) if hasattr(held, name):
            return literal(getattr(held, name))
        case Static(value=held) if held is not None and hasattr(held, name):
            return Method(owner, name) if isinstance(held, str) else literal(getattr(held, name))
        case Seq() | DictValue() | ListOf() | RangeValue() | Closure():
            return Method(owner, name)
    raise low.refuse("unknown-attribute", name=name, kind=kind_of(owner))


def literal(held: object) -> Value:
    """An object that never changes as a value."""
    if isinstance(held, (bool, int, float)) or (isinstance(held, np.generic) and held.dtype.kind in "biuf"):
        return Const(held)
    if isinstance(held, tuple):
        return Seq(tuple(literal(item) for item in held))
    return Static(held)


def _module_attribute(low: Lowering, module: ModuleType, name: str) -> Value:
    if not hasattr(module, name):
        raise low.refuse("unknown-attribute", name=name, kind=f"module {module.__name__}")
    held = getattr(module, name)
    if is_constant_module(module):
        return literal(held)
    path = Path(("module", id(module), name), name, lambda: getattr(module, name))
    return low.captures.value(held, path)


def _outer_attribute(low: Lowering, held: object, path: Path, name: str) -> Value:
    if not hasattr(held, name):
        raise low.fail("AttributeError", f"'{type(held).__name__}' object has no attribute '{name}'")
    return low.captures.value(getattr(held, name), path)


@expression(ast.JoinedStr)
def formatted(low: Lowering, node: ast.JoinedStr, hint: str) -> Value:
    """An f-string, for `print`, `raise` and `assert`: text and values side by side."""
    return Seq(tuple(_piece(low, part) for part in node.values), "text")


def _piece(low: Lowering, part: ast.expr) -> Value:
    if isinstance(part, ast.Constant):
        return Static(part.value)
    assert isinstance(part, ast.FormattedValue)
    if part.format_spec is not None or part.conversion not in (-1, 115, 114):
        raise low.refuse("format", part.value)
    value = low.eval(part.value)
    return value.value if isinstance(value, Maybe) else value
