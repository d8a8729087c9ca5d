"""What makes objects of two processes the same, for code that is kept: content where identity means nothing.

Whatever cannot be told for certain is not portable, and what depends on it is compiled anew in each process.
"""

from __future__ import annotations

import abc
import enum
import functools
import hashlib
import inspect
import os
import sys
from collections.abc import Hashable
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from adcompiler.calls.signing import Same
from adcompiler.handlers import DECLARED

_PLAIN = (bool, int, float, str, bytes, type(None), type(Ellipsis))
# what these hold is decided by their version
_VERSIONED = ("numpy", "math", "cmath", "scipy", "operator", "_operator", "builtins", "numba", "adcompiler")
_METACLASSES = (type, abc.ABCMeta, enum.EnumMeta)
# arguments, generators and coroutines: the other flags say where the code was compiled
_KIND_FLAGS = 0x0F | 0x20 | 0x80 | 0x200


class NotPortable(Exception):
    """Another process could not tell whether it has the same object."""


def described(held: Any) -> tuple[Any, ...]:
    """Equal for objects that mean the same to the compiler, apart from what it reads of them.

    >>> described(2.0) == described(2), described(np.sin) == described(np.cos), described(len) == described(len)
    (False, False, True)
    """
    kind = type(held)
    if kind in (*_PLAIN, slice) or isinstance(held, (np.generic, np.dtype)):
        return kind.__name__, repr(held)
    if kind is CodeType:
        return "code", code_of(held)
    if isinstance(held, ModuleType):
        return "module", held.__name__, _version(held.__name__)
    found = _by_name(held) or _with_code(held, kind)
    if found is not None:
        return found
    if kind is functools.partial:
        return "partial", len(held.args), tuple(held.keywords)
    if kind is dict:
        return ("dict",)
    return "instance", _class(kind), held.name if isinstance(held, enum.Enum) else None


def _with_code(held: Any, kind: type) -> tuple[Any, ...] | None:
    if _declared(held):
        raise NotPortable
    if kind is FunctionType:
        return "function", code_of(held.__code__)
    if isinstance(held, type):
        return "class", _class(held)
    if hasattr(kind, "__described__"):
        found: tuple[Any, ...] = held.__described__()
        return found
    if hasattr(kind, "__lower_call__"):
        raise NotPortable
    functions = functions_of(held)
    return ("compiled", code_of(functions[0].__code__)) if functions and kind.__module__.startswith("numba") else None


def _declared(held: Any) -> bool:
    """Whether the user has declared the derivative of a function."""
    return isinstance(held, FunctionType) and held in DECLARED


def functions_of(held: Any) -> list[FunctionType]:
    """The Python functions that a call of an object runs."""
    if isinstance(held, FunctionType):
        return [held]
    if isinstance(held, (type, ModuleType)):
        return []
    if hasattr(type(held), "__described__"):
        return [held.subject.binder.entry]
    compiled = getattr(held, "py_func", None)
    if isinstance(compiled, FunctionType) and type(held).__module__.startswith("numba"):
        return [compiled]
    method = inspect.getattr_static(type(held), "__call__", None)
    return [method] if isinstance(method, FunctionType) else []


def _by_name(held: Any) -> tuple[Any, ...] | None:
    """A function or class of a package whose version decides what it is."""
    module, name = getattr(held, "__module__", None), getattr(held, "__qualname__", getattr(held, "__name__", None))
    if isinstance(held, np.ufunc):
        module, name = module or "numpy", held.__name__
    if not callable(held) or not isinstance(module, str) or not isinstance(name, str):
        return None
    if module.partition(".")[0] not in _VERSIONED:
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not held:
        return None
    return "named", module, name, _version(module)


def _version(module: str) -> str:
    """The version of the package of a module; of a user's module what is read of it is compared."""
    top = module.partition(".")[0]
    return str(getattr(sys.modules.get(top), "__version__", "")) if top in _VERSIONED else ""


def _class(kind: type) -> tuple[Any, ...]:
    """A class with the functions it and its bases define."""
    if type(kind) not in _METACLASSES:
        raise NotPortable
    known = _by_name(kind)
    if known is not None:
        return known
    functions = tuple((name, code_of(f.__code__), _content(f.__defaults__)) for name, f in _functions(kind))
    plain = tuple((name, _content(value)) for name, value in vars(kind).items() if type(value) in _PLAIN)
    return kind.__module__, kind.__qualname__, functions, plain, tuple(_class(base) for base in kind.__bases__)


def _functions(kind: type) -> list[tuple[str, FunctionType]]:
    found = []
    for name, value in vars(kind).items():
        inner = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if isinstance(inner, FunctionType):
            found.append((name, inner))
    return found


def code_of(code: CodeType) -> str:
    """A hash of what a code object does, and of the lines where it stands.

    >>> f = lambda x: x
    >>> code_of(f.__code__) == code_of(f.__code__.replace())
    True
    >>> code_of((lambda x: x).__code__) == code_of((lambda x: -x).__code__)
    False
    """
    return hashlib.sha256(repr(_content(code)).encode()).hexdigest()[:24]


def _content(held: object) -> tuple[Any, ...]:
    if isinstance(held, CodeType):
        names = held.co_names, held.co_varnames, held.co_freevars, held.co_cellvars
        counts = held.co_argcount, held.co_posonlyargcount, held.co_kwonlyargcount, held.co_flags & _KIND_FLAGS
        # lines too: the text names the lines of the program it was made from
        place = os.path.basename(held.co_filename), held.co_firstlineno, held.co_linetable
        table = getattr(held, "co_exceptiontable", b"")
        return held.co_name, held.co_code, table, names, counts, place, tuple(map(_content, held.co_consts))
    if isinstance(held, tuple):
        return tuple(map(_content, held))
    # the order of a set is that of hashes, which differ between processes
    return type(held).__name__, sorted(map(repr, held)) if isinstance(held, frozenset) else repr(held)


class Known:
    """The objects met so far, numbered in the order in which they are met.

    Two processes that meet equal objects under equal numbers have the same relations between them: which functions
    share their globals or a cell of a closure, and which names mean one object.
    """

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}

    def copy(self) -> Known:
        """The same, to be added to."""
        other = Known()
        other.objects, other.numbers = list(self.objects), dict(self.numbers)
        return other

    def number(self, held: Any) -> int:
        """The number of an object, which is a new one where it is met for the first time."""
        if id(held) not in self.numbers:
            self.numbers[id(held)] = len(self.objects)
            self.objects.append(held)
        return self.numbers[id(held)]

    def met(self, held: Any) -> tuple[Any, ...]:
        """The description of an object with the numbers of all that belongs to it."""
        found = described(held)
        if type(held) in _PLAIN or isinstance(held, (np.generic, np.dtype)):
            return found
        numbers = [self.number(held)]
        for function in functions_of(held):
            parts = (function, function.__globals__, *(function.__closure__ or ()))
            numbers.extend(map(self.number, parts))
        return (*found, *numbers)

    def signed(self, key: Hashable) -> Any:
        """The signature of an argument as another process would have it."""
        if isinstance(key, Same):
            return "same", self.met(key.value)
        return tuple(map(self.signed, key)) if isinstance(key, tuple) else described(key)
