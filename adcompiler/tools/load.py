"""The function that a command line names, and the arguments to call it with."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import sysconfig
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import numpy as np

from adcompiler.errors import nearest

# what runs the user's program, and what a program imports, are no part of it
_PACKAGE = f"{Path(__file__).parent.parent}{os.sep}"
_LIBRARIES = tuple(sysconfig.get_path(key) for key in ("purelib", "platlib", "stdlib"))


class UsageError(Exception):
    """A command line that does not lead to a function and its arguments."""


def split_target(target: str) -> tuple[Path, str]:
    """The file and the function of `FILE.py:function`."""
    file, colon, name = target.rpartition(":")
    if not colon or not name or not file.endswith(".py"):
        raise UsageError(f"{target!r} is not of the form FILE.py:function")
    if not Path(file).is_file():
        raise UsageError(f"there is no file {file}")
    return Path(file), name


def load_module(path: Path) -> ModuleType:
    """Run a file as a module of its own; it can import its neighbours."""
    name = path.stem if path.stem not in sys.modules else f"{path.stem}_from_file"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(module)
    return module


def load_function(module: ModuleType, name: str) -> Callable[..., Any]:
    """A function of a module; `Class.method` names one inside a class."""
    try:
        function: Callable[..., Any] = attrgetter(name)(module)
    except AttributeError:
        raise UsageError(f"{module.__file__} defines no {name}{nearest(name, vars(module))}") from None
    if not callable(function):
        raise UsageError(f"{name} in {module.__file__} is not a function")
    return function


def arguments(module: ModuleType, name: str, expression: str | None) -> tuple[Any, ...]:
    """The arguments: an expression, else `<name>_args` or `example_args` of the module, called if it is a function."""
    scope = vars(module)
    if expression is not None:
        try:
            found = eval(expression, {"np": np, **scope})
        except (SyntaxError, NameError) as error:
            raise UsageError(f"--args {expression!r} cannot be computed: {error}") from None
    else:
        key = next((key for key in (f"{name}_args", "example_args") if key in scope), None)
        if key is None:
            raise UsageError(f"no arguments for {name}: give --args '(1.0, np.ones(3))', or define {name}_args()")
        found = scope[key]() if callable(scope[key]) else scope[key]
    return found if isinstance(found, tuple) else (found,)


def check_call(function: Callable[..., Any], name: str, args: tuple[Any, ...]) -> None:
    """Refuse arguments that the parameters of a function do not take."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # a builtin does not tell its parameters
        return
    try:
        signature.bind(*args)
    except TypeError as error:
        raise UsageError(f"{name} takes {signature}: {error}") from None


def check_argnums(function: Callable[..., Any], args: tuple[Any, ...], argnums: object) -> None:
    """Refuse an argument that a command line names twice, by its number and its name."""
    names = [parameter.name for parameter in inspect.signature(function).parameters.values()]
    found = set[str]()
    for wanted in argnums if isinstance(argnums, tuple) else ():
        name = names[wanted] if isinstance(wanted, int) and -len(args) <= wanted < len(names) else str(wanted)
        if name in found:
            raise UsageError(f"--argnums names the argument {name!r} twice")
        found.add(name)


def users_frames(error: Exception) -> TracebackType | None:
    """The traceback of an error of the user's program from the user's first frame on; None if it is not of that."""
    at, first = error.__traceback__, None
    while at is not None:
        file = at.tb_frame.f_code.co_filename
        if file.startswith((_PACKAGE, "<frozen ")):
            first = None
        elif first is None:
            first = at
        at = at.tb_next
    own = first is not None and not first.tb_frame.f_code.co_filename.startswith(_LIBRARIES)
    return first if own else None
