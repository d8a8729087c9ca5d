"""Functions of this package that a program may call: in which module stands what becomes of them.

Their handlers need the front end, which is imported where a program is compiled; a handler is imported where one calls
the function.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

from adcompiler.critical import critical_section

F = TypeVar("F", bound=Callable[..., Any])

MODULES: dict[object, str] = {}
#: Functions whose derivative a user declared, by the function.
DECLARED: dict[object, Any] = {}


def handled_in(module: str) -> Callable[[F], F]:
    """Name the module that enters the handler of a function."""

    def enter(function: F) -> F:
        MODULES[function] = module
        return function

    return enter


def enter_handler(function: object) -> None:
    """Import the module that enters the handler of a function, where there is one."""
    if function in MODULES:
        with critical_section():
            importlib.import_module(MODULES[function])
