"""Numbers that a statement changes in place: a name gets another number, and of 0-d arrays it is remembered."""

from __future__ import annotations

import ast
import builtins

from adcompiler.frontend.arrays.atoms import stored
from adcompiler.frontend.arrays.zero_dimensional import is_box, rebound
from adcompiler.frontend.language.arithmetic import OPERATORS, binary
from adcompiler.frontend.library.definitions import is_definition
from adcompiler.frontend.lists.indexed import is_number
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import Value
from adcompiler.ir.wengert import Const, Var


def in_place(low: Lowering, node: ast.AugAssign, before: Value, value: Value, hint: str = "t") -> Value:
    """`before op= value` of what is no array with axes: the value after it."""
    after = binary(low, OPERATORS[type(node.op)], before, value, hint)
    if isinstance(before, Const) and isinstance(after, Const) and is_box(low.b, before):
        after = low.b.emit("cast", after, dtype=low.b.type(after).dtype, hint=hint)
    _remember(low, node.target, before, after, is_named(low, before, node.target))
    return after


def is_named(low: Lowering, owner: Value, target: ast.expr) -> bool:
    """Whether a target of the user's is all of a number that has a name: `t[...]` or `t[()]`."""
    match target:
        case ast.Subscript(value=ast.Name(), slice=ast.Constant(value=builtins.Ellipsis) | ast.Tuple(elts=[])):
            return is_number(low, owner) and not is_definition(low.frame.source.function)
    return False


def replaced(low: Lowering, before: Value, target: ast.Subscript, value: Value) -> Value | None:
    """What a name holds after `name[...] = value`, of a 0-d array; None for a value that has axes."""
    assert isinstance(before, (Var, Const))
    if not isinstance(value, (Var, Const)) or low.b.type(value).rank:
        return None
    dtype = low.b.type(before).dtype
    after = low.b.emit("cast", stored(low.b, value, dtype), dtype=dtype)
    _remember(low, target, before, after, True)
    return after


def _remember(low: Lowering, target: ast.expr, before: Value, after: Value, only_arrays: bool) -> None:
    # the language's own definitions give their names other numbers, whatever these stand for
    if is_definition(low.frame.source.function):
        return
    name = target.value if only_arrays and isinstance(target, ast.Subscript) else target
    rebound(low.b, before, after, ast.unparse(name), only_arrays)


__all__ = ["in_place", "is_named", "replaced"]
