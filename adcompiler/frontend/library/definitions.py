"""Functions of NumPy and SciPy that are written in the language itself, and inlined like a user's own functions."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType
from typing import Any, NoReturn, TypeVar

from adcompiler.errors import TypeProblem
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Const

F = TypeVar("F", bound=Callable[..., Any])
#: The modules of definitions: their globals never change, and their lines stand at the user's call.
HOME = "adcompiler.frontend.library.defined."

DEFINED: dict[object, FunctionType] = {}
METHODS: dict[str, FunctionType] = {}
UFUNC_METHODS: dict[str, FunctionType] = {}
#: Members of SciPy by their full name: SciPy is imported by the user's program, never by this package.
OUTSIDE: dict[str, FunctionType] = {}


def means(*members: object, method: str | None = None) -> Callable[[F], F]:
    """Enter a definition for functions, given themselves or by their full name, and for the array method of a name."""

    def enter(function: F) -> F:
        assert isinstance(function, FunctionType)
        for member in members:
            if isinstance(member, str):
                OUTSIDE[member] = function
            else:
                DEFINED[member] = function
        if method is not None:
            METHODS[method] = function
        return function

    return enter


def ufunc_method(function: F) -> F:
    """Enter a definition for a method of NumPy's functions of each element, which it takes first."""
    assert isinstance(function, FunctionType)
    UFUNC_METHODS[function.__name__] = function
    return function


def definition_of(member: object) -> FunctionType | None:
    """The definition of a callable of NumPy or SciPy, if there is one."""
    try:
        found = DEFINED.get(member)
    except TypeError:
        return None
    return found or OUTSIDE.get(full_name(member) or "")


def full_name(member: object) -> str | None:
    """Under which public name SciPy has a callable; None for what is not SciPy's."""
    name = getattr(member, "__name__", None)
    if isinstance(member, MethodType):
        owner = next((k for k, held in _module("scipy.stats").items() if held is member.__self__), None)
        return f"scipy.stats.{owner}.{name}" if owner else None
    if not isinstance(name, str) or not str(getattr(member, "__module__", None) or "scipy").startswith("scipy"):
        return None
    for module, held in list(sys.modules.items()):
        if module.startswith("scipy.") and "._" not in module and isinstance(held, ModuleType):
            if held.__dict__.get(name) is member:
                return f"{module}.{name}"
    return None


def _module(name: str) -> dict[str, object]:
    """What a module holds that has been imported."""
    held = sys.modules.get(name)
    return dict(vars(held)) if held is not None else {}


def refuse(what: str, fix: str) -> NoReturn:
    """In a definition: refuse the call at compile time."""
    raise TypeError(f"{what}; {fix}")


@implements(refuse)
def _refuse(b: Builder, what: Value, fix: Value) -> Value:
    raise TypeProblem(_text(what), b.span, _text(fix))


def _text(value: Value) -> str:
    """A string, or what an f-string puts together."""
    if isinstance(value, Seq):
        return "".join(map(_text, value.items))
    return str(value.value) if isinstance(value, (Const, Static)) else "…"


def is_definition(function: FunctionType) -> bool:
    """Whether a function is one of this package's definitions, or is called by one."""
    return str(function.__module__).startswith(HOME)


__all__ = [
    "DEFINED",
    "METHODS",
    "OUTSIDE",
    "UFUNC_METHODS",
    "definition_of",
    "full_name",
    "is_definition",
    "means",
    "refuse",
    "ufunc_method",
]
