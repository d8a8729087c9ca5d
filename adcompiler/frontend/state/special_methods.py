"""Special methods that a class of records defines itself: Python calls them where it would not look into the record."""

from __future__ import annotations

import ast
import inspect
from types import FunctionType

from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import Seq, Value

#: The methods of operators by their nodes, without the underscores.
OPERATIONS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
}
_ARITHMETIC = tuple(f"__{side}{name}__" for name in OPERATIONS.values() for side in ("", "r"))


def special(value: Value, name: str) -> FunctionType | None:
    """The special method that the class of a record has of its own, not from `dataclass` or `NamedTuple`."""
    if not isinstance(value, Seq) or value.record is None:
        return None
    found = inspect.getattr_static(value.record, name, None)
    written = isinstance(found, FunctionType) and found.__code__.co_filename != "<string>"
    return found if written and not found.__module__.startswith(("collections", "typing")) else None


def is_instance(value: Value) -> bool:
    """Whether a value is an instance of a dataclass, which is no sequence."""
    return isinstance(value, Seq) and value.record is not None and value.kind != "tuple"


def refuse_special(low: Lowering, value: Value, *names: str) -> None:
    """Refuse what would call a special method of a record's class."""
    for name in names:
        if special(value, name) is not None:
            assert isinstance(value, Seq) and value.record is not None
            raise low.refuse("special-method", name=name, kind=value.record.__name__)


def refuse_operand(low: Lowering, value: Value, sign: str) -> None:
    """Refuse an instance as an operand, and a named tuple whose class has operators of its own."""
    refuse_special(low, value, *_ARITHMETIC)
    if is_instance(value):
        assert isinstance(value, Seq) and value.record is not None
        raise low.refuse("operand", sign=sign, kind=value.record.__name__)
