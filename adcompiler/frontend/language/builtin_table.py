"""The table of Python's builtin functions: each module of handlers enters its own."""

from __future__ import annotations

from collections.abc import Callable

from adcompiler.errors import TypeProblem
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import Value

Builtin = Callable[[Lowering, list[Value], dict[str, Value], str], Value]
TABLE: dict[object, Builtin] = {}


def builtin(*functions: object) -> Callable[[Builtin], Builtin]:
    """Enter what a builtin does."""

    def enter(handler: Builtin) -> Builtin:
        TABLE.update(dict.fromkeys(functions, handler))
        return handler

    return enter


def arity(low: Lowering, name: str, args: list[Value], least: int, most: int) -> None:
    """Refuse another number of arguments."""
    if not least <= len(args) <= most:
        raise TypeProblem(f"{name}() does not take {len(args)} arguments", low.b.span, "see Python's documentation")
