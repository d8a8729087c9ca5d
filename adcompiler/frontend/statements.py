"""Statements that are not control flow: assignments, definitions, checks, printing."""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from types import ModuleType

import numpy as np

from adcompiler.frontend.builtins.list_methods import extend
from adcompiler.frontend.builtins.methods import call_method
from adcompiler.frontend.calls import call
from adcompiler.frontend.expressions import closure
from adcompiler.frontend.language import dictionaries, records
from adcompiler.frontend.language.access import read_attribute, read_item
from adcompiler.frontend.language.arithmetic import OPERATORS, SIGN, binary, matmul
from adcompiler.frontend.language.binding import (
    bind,
    field_of,
    index_items,
    put_item,
    store_array,
    store_attribute,
)
from adcompiler.frontend.language.blocks import run_block
from adcompiler.frontend.language.changing import in_place, is_named
from adcompiler.frontend.language.conditions import condition
from adcompiler.frontend.language.reading import read_name, resolved
from adcompiler.frontend.language.texts import message_of
from adcompiler.frontend.lists import growing
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering, statement
from adcompiler.frontend.state.liveness import RESULT, RETURNED
from adcompiler.frontend.state.numbers import is_array
from adcompiler.frontend.state.special_methods import OPERATIONS
from adcompiler.frontend.state.values import DictValue, Growing, ListOf, Path, Rows, Seq, Static, Unset, Value
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Check, Const, Load, Store, Var

#: Under which name an object is held while the value for one of its attributes is computed.
_OWNER = "%owner"


@statement(ast.Assign)
def assign(low: Lowering, node: ast.Assign) -> None:
    """`a = b = value`."""
    first = node.targets[0]
    value = low.eval(node.value, first.id if isinstance(first, ast.Name) else "t")
    for target in node.targets:
        bind(low, target, value)


@statement(ast.AnnAssign)
def annotated(low: Lowering, node: ast.AnnAssign) -> None:
    """`a: float = value`."""
    if node.value is not None:
        bind(low, node.target, low.eval(node.value, node.target.id if isinstance(node.target, ast.Name) else "t"))


@statement(ast.AugAssign)
def augmented(low: Lowering, node: ast.AugAssign) -> None:
    """`target op= value`: in the memory of an array, else a new value."""
    match node.target:
        case ast.Name(id=name):
            _augment_name(low, node, name)
        case ast.Subscript():
            _augment_item(low, node, node.target)
        case ast.Attribute():
            _augment_attribute(low, node, node.target)


def _augment_name(low: Lowering, node: ast.AugAssign, name: str) -> None:
    with low.b.at(low.span(node.target)):
        held = read_name(low, name)
        before = resolved(low, held)
    if isinstance(before, Var) and is_array(low, before):
        _augment_array(low, node, before)
        return
    with heap.pending(low) as read:
        read.append(before)
        value = low.eval(node.value)
    if isinstance(before, DictValue) and isinstance(node.op, ast.BitOr):
        dictionaries.change(low, before, {**dict(before.items), **dictionaries.merged(low, [value], {})})
        return
    if _extends(low, node, held, value):
        return
    if isinstance(before, ListOf):
        raise low.refuse("list-operand", node, sign=f"{SIGN[OPERATORS[type(node.op)]]}=")
    by = OPERATIONS[type(node.op)]
    own = records.called(low, before, f"__i{by}__", [value], node)
    own = records.called(low, before, f"__{by}__", [value], node) if own is None else own
    if own is not None:
        bind(low, node.target, own)
        return
    if isinstance(node.op, ast.MatMult):
        raise low.refuse("operand", node, sign="@=", kind="number")
    bind(low, node.target, in_place(low, node, before, value, name))


def _extends(low: Lowering, node: ast.AugAssign, held: Value, value: Value) -> bool:
    """Do what `+=` and `*=` do to a list, if it is one."""
    owner = held if isinstance(held, Growing) else resolved(low, held)
    a_list = isinstance(owner, (Growing, ListOf, Rows)) or (isinstance(owner, Seq) and owner.kind == "list")
    if not a_list or not isinstance(node.op, (ast.Add, ast.Mult)):
        return False
    numpys = isinstance(given := resolved(low, value), Var) and low.b.type(given).rank > 0
    if isinstance(owner, Seq) and numpys:
        # NumPy computes with the numbers of a list and an array; the list stays what it is
        return False
    if not isinstance(owner, Seq) and (numpys or isinstance(node.op, ast.Mult)):
        raise low.refuse("list-operand", node, sign=f"{SIGN[OPERATORS[type(node.op)]]}=")
    assert isinstance(owner, (Seq, Growing, ListOf, Rows))
    if isinstance(node.op, ast.Mult):
        assert isinstance(owner, Seq)
        growing.become(low, owner, binary(low, "mul", owner, value))
    else:
        extend(low, owner, value)
    return True


def _augment_array(low: Lowering, node: ast.AugAssign, array: Var) -> None:
    """`array op= value` for all of an array, in its memory."""
    value = resolved(low, low.eval(node.value))
    if isinstance(node.op, ast.MatMult):
        store_array(low, array, [Static(Ellipsis)], matmul(low, array, value), None)
    else:
        store_array(low, array, [Static(Ellipsis)], value, OPERATORS[type(node.op)])


def _augment_attribute(low: Lowering, node: ast.AugAssign, target: ast.Attribute) -> None:
    owner = resolved(low, low.eval(target.value))
    before = resolved(low, read_attribute(low, owner, target.attr, target))
    if isinstance(before, Var) and is_array(low, before):
        _augment_array(low, node, before)
        # the attribute stays the array that it is
        field_of(low, owner, target)
        return
    # the value may change what else the owner holds
    low.frame.env[_OWNER] = owner
    with heap.pending(low) as read:
        read.append(before)
        value = low.eval(node.value)
    owner = low.frame.env.pop(_OWNER)
    if _extends(low, node, read_attribute(low, owner, target.attr, target), value):
        # the attribute stays the list that it is
        field_of(low, owner, target)
        return
    if isinstance(node.op, ast.MatMult) or isinstance(before, (Seq, ListOf, DictValue)):
        raise low.refuse("attribute-write", target)
    store_attribute(low, owner, target, in_place(low, node, before, value, target.attr))


def _augment_item(low: Lowering, node: ast.AugAssign, target: ast.Subscript) -> None:
    owner = resolved(low, low.eval(target.value))
    items = index_items(low, target.slice)
    if isinstance(owner, Var) and is_array(low, owner):
        _augment_element(low, node, owner, items)
        return
    if is_named(low, owner, target):
        bind(low, target.value, in_place(low, node, owner, low.eval(node.value)))
        return
    before = read_item(low, owner, items, target)
    if isinstance(before, Var) and is_array(low, before) and not isinstance(node.op, ast.MatMult):
        store_array(low, before, [Static(Ellipsis)], resolved(low, low.eval(node.value)), OPERATORS[type(node.op)])
        return
    fixed = isinstance(owner, Seq) and owner.kind == "fixed"
    if not heap.is_object(owner) and not fixed and not isinstance(owner, ListOf):
        raise low.refuse("dict-write", target)
    with heap.pending(low) as read:
        read.append(owner)
        value = low.eval(node.value)
    if _extends(low, node, before, value):
        return
    after = matmul(low, before, value) if isinstance(node.op, ast.MatMult) else None
    after = after or in_place(low, node, before, value)
    put_item(low, owner, items, target, after)


def _augment_element(low: Lowering, node: ast.AugAssign, owner: Var, items: list[Value]) -> None:
    """`array[items] op= value`: Python reads an element before it evaluates the right side, and a view after it."""
    if isinstance(node.op, ast.MatMult):
        raise low.refuse("operand", node, sign="@=", kind="array element")
    op = OPERATORS[type(node.op)]
    mark, state = low.b.mark(), low.save()
    value = resolved(low, low.eval(node.value))
    if any(isinstance(stmt, Store) for stmt in walk(low.b.stack[-1][mark.place :])):
        low.rewind(mark, state)
        before = read_item(low, owner, items, node.target)
        view = is_array(low, before) and (before == owner or isinstance(low.b.made.get(str(before)), Load))
        value = resolved(low, low.eval(node.value))
        if not view:
            store_array(low, owner, items, binary(low, op, before, value), None)
            return
    store_array(low, owner, items, value, op)


@statement(ast.Expr)
def alone(low: Lowering, node: ast.Expr) -> None:
    """An expression for its effect; a docstring has none."""
    if not isinstance(node.value, ast.Constant):
        low.eval(node.value)


@statement(ast.Return)
def return_(low: Lowering, node: ast.Return) -> None:
    """`return value`."""
    low.frame.env[RESULT] = Static(None) if node.value is None else low.eval(node.value, "result")
    low.frame.env[RETURNED] = Const(True)


@statement(ast.Delete)
def delete(low: Lowering, node: ast.Delete) -> None:
    """`del name`."""
    for target in node.targets:
        if isinstance(target, ast.Subscript):
            _delete_item(low, target)
            continue
        if not isinstance(target, ast.Name):
            raise low.refuse("delete-item", target)
        if target.id in low.frame.definition.outer:
            raise low.refuse("outer-write", target, name=target.id)
        read_name(low, target.id)
        low.frame.env[target.id] = Unset(target.id)


def _delete_item(low: Lowering, target: ast.Subscript) -> None:
    """`del owner[k]`, of a dictionary or a list."""
    owner, items = low.eval(target.value), index_items(low, target.slice)
    key = items[0] if len(items) == 1 else Seq(tuple(items))
    match resolved(low, owner):
        case DictValue() as held:
            dictionaries.call_method(low, held, "pop", [key], {})
        case Seq(kind="list") | ListOf() | Rows() if isinstance(key, (Var, Const)):
            call_method(low, owner, "pop", [key], {})
        case _:
            raise low.refuse("delete-item", target)


@statement(ast.FunctionDef)
def define(low: Lowering, node: ast.FunctionDef) -> None:
    """A function inside the function."""
    if any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(node)):
        raise low.refuse("Yield", node)
    made: Value = closure(low, node)
    for decorator in reversed(node.decorator_list):
        wrapper = low.eval(decorator)
        if isinstance(wrapper, Static) and str(getattr(wrapper.value, "__module__", "")).startswith("numba"):
            continue
        with low.b.at(low.span(decorator)):
            made = call(low, wrapper, [made], {}, decorator, node.name)
    low.frame.env[node.name] = made


@statement(ast.Import, ast.ImportFrom)
def import_(low: Lowering, node: ast.Import | ast.ImportFrom) -> None:
    """An import: the module is imported now, as it would be at the first call."""
    if isinstance(node, ast.ImportFrom):
        if node.level or node.module is None:
            raise low.refuse("relative-import", node)
        module = _imported(low, node.module)
        for alias in node.names:
            path = Path(("module", id(module), alias.name), alias.name, lambda a=alias: getattr(module, a.name))  # type: ignore[misc]
            if not hasattr(module, alias.name):
                raise low.fail("ImportError", f"cannot import name '{alias.name}' from '{node.module}'")
            low.frame.env[alias.asname or alias.name] = low.captures.value(getattr(module, alias.name), path)
        return
    for alias in node.names:
        module = _imported(low, alias.name)
        top = _imported(low, alias.name.partition(".")[0])
        low.frame.env[alias.asname or alias.name.partition(".")[0]] = Static(module if alias.asname else top)


def _imported(low: Lowering, name: str) -> ModuleType:
    """A module, which stays the one it is while the code made from it is used."""
    module = importlib.import_module(name)
    low.captures.value(module, Path(("import", name), name, lambda: sys.modules[name]))
    return module


@statement(ast.With)
def with_(low: Lowering, node: ast.With) -> None:
    """`with np.errstate(…):`, which only silences warnings that the program does not give."""
    for item in node.items:
        call = item.context_expr
        silent = isinstance(call, ast.Call) and low.eval(call.func) == Static(np.errstate)
        if not silent or item.optional_vars or any(_is_loud(low, keyword.value) for keyword in call.keywords):  # type: ignore[attr-defined]
            raise low.refuse("With", node)
    run_block(low, node.body)


def _is_loud(low: Lowering, node: ast.expr) -> bool:
    return low.eval(node) not in (Static("ignore"), Static("warn"))


@statement(ast.Global, ast.Nonlocal)
def outer(low: Lowering, node: ast.Global | ast.Nonlocal) -> None:
    """Names of an outer scope; they may be read."""


# -- checks ------------------------------------------------------------------------------------------------------------


@statement(ast.Assert)
def assert_(low: Lowering, node: ast.Assert) -> None:
    """`assert test, message`."""
    test = condition(low, node.test)
    if test == Const(True):
        return
    message = ""
    if node.msg is not None:
        # the message is evaluated only where the assertion fails, and can only be text
        message = message_of(low, node.msg)
    if isinstance(test, Const):
        raise low.fail("AssertionError", message)
    failed = low.b.emit("logical_not", test, hint="failed", weak=True)
    low.b.add(Check(failed, "AssertionError", message, low.b.span))


@statement(ast.Raise)
def raise_(low: Lowering, node: ast.Raise) -> None:
    """`raise Error("text")`."""
    if node.exc is None or node.cause is not None:
        raise low.refuse("raise-from", node)
    kind, message = node.exc, ""
    if isinstance(kind, ast.Call):
        if kind.keywords:
            raise low.refuse("raise-arguments", node)
        message = ", ".join(message_of(low, arg) for arg in kind.args)
        kind = kind.func
    held = low.eval(kind)
    error = held.value if isinstance(held, Static) else None
    if error is SystemExit:
        raise low.refuse("exit", node.exc)
    if error is np.linalg.LinAlgError:
        raise low.fail("np.linalg.LinAlgError", message)
    name = getattr(error, "__name__", "")
    if isinstance(error, type) and issubclass(error, Exception) and vars(builtins).get(name) is error:
        raise low.fail(name, message)
    raise low.refuse("raise-class", node.exc)
