"""Objects made of a user's functions, in other processes: found there by name, or made again of the functions' text.

A function that another process can import is sent by its name. Any other, as one of a script, of an interactive cell or
inside a function, is sent with all that it reads: its code, what it captures, derivatives that are declared for it, and
the text of its file, without which it could be called there but not differentiated.
"""

from __future__ import annotations

import copy
import functools
import inspect
import io
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType, MethodType
from typing import Any

from adcompiler.calls.kept.portable import code_of
from adcompiler.critical import critical_section
from adcompiler.errors import ADCompilerError
from adcompiler.handlers import DECLARED
from adcompiler.signature import entry_point
from adcompiler.source import keep_text, source_of

Parts = tuple[tuple[Any, ...], dict[str, Any]]
Text = tuple[str, tuple[str, ...]]


class Carried:
    """An object made of a user's function."""

    function: Callable[..., Any]

    def _parts(self) -> Parts:
        """What makes it again: the arguments of its class, of which the function is one, and attributes set later."""
        raise AssertionError("each class says what makes its objects")

    def __setstate__(self, parts: Parts) -> None:
        made: Any = type(self)
        made.__init__(self, *parts[0])
        self.__dict__.update(parts[1])

    def __reduce__(self) -> Any:
        name = _name(self)
        if name is not None and self.__module__ != "__main__":
            return name
        if name is not None or _is_own(self.function):
            return received, (_packed(self), name, _print(self) if name is not None else "")
        # what the function belongs to is sent by whoever sends this
        return _remade, (type(self), _sendable(self._parts()), tuple(_texts(_functions(self))))

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self if _name(self) is not None else _remade(type(self), copy.deepcopy(self._parts(), memo))


class Bound:
    """A bound method whose name in its class is that of an object made of it."""

    def __init__(self, method: MethodType) -> None:
        self.method = method

    def __reduce__(self) -> Any:
        return _bound, (self.method.__self__, self.method.__name__)


def _bound(owner: Any, name: str) -> MethodType:
    return MethodType(inspect.getattr_static(type(owner), name).function, owner)


def _sendable(parts: Parts) -> Parts:
    """The parts, with methods that pickle would take for what stands under their name."""
    return tuple(Bound(part) if _is_hidden(part) else part for part in parts[0]), parts[1]


def _is_hidden(held: Any) -> bool:
    if not isinstance(held, MethodType):
        return False
    there = inspect.getattr_static(type(held.__self__), held.__name__, None)
    return isinstance(there, Carried) and there.function is held.__func__


# -- by name -----------------------------------------------------------------------------------------------------------


def _name(held: Any) -> str | None:
    """The name under which the module of an object holds it."""
    name = getattr(held, "__qualname__", None)
    module = sys.modules.get(getattr(held, "__module__", None) or "")
    return name if isinstance(name, str) and _found(module, name) is held else None


def _found(module: object, name: str) -> Any:
    for part in name.split("."):
        module = getattr(module, part, None)
    return module


def _is_own(held: Any) -> bool:
    """Whether a function is one that no other process can import."""
    if isinstance(held, functools.partial):
        return any(map(_is_own, (held.func, *held.args, *held.keywords.values())))
    return isinstance(held, FunctionType) and not _is_importable(held)


def _is_importable(function: FunctionType) -> bool:
    return function.__module__ != "__main__" and _name(function) is not None


def _print(held: Carried) -> str:
    """What tells an object from another one under its name."""
    function: Any = held
    while isinstance(function, Carried):
        function = function.function
    numbers = [part for part in held._parts()[0] if not callable(part)]
    return repr((type(held).__name__, numbers, code_of(entry_point(function)[0].__code__)))


# -- by value ----------------------------------------------------------------------------------------------------------


def _packed(held: Carried) -> bytes:
    """An object with all that it is made of."""
    content, functions = _pickled(held)
    return pickle.dumps((tuple(_texts(functions)), content))


def _functions(held: Carried) -> list[FunctionType]:
    """The functions of which an object is made; none where others send these, or cannot."""
    if isinstance(held.function, Carried):
        return []
    try:
        return _pickled(held)[1]
    except (pickle.PicklingError, AttributeError, TypeError):
        return []


def _pickled(held: Carried) -> tuple[bytes, list[FunctionType]]:
    # Numba has a pickler of functions, and takes long to import
    with critical_section():
        from adcompiler.backend.function_pickler import Sender

    stream = io.BytesIO()
    sender = Sender(stream, _reduced)
    sender.send(held)
    sender.send([DECLARED[function] for function in sender.functions if function in DECLARED])
    return stream.getvalue(), sender.functions


def _reduced(held: Any) -> Any:
    """How the pickler of functions sends an object; what it is made of may refer to it."""
    if isinstance(held, Carried) and (held.__module__ == "__main__" or _name(held) is None):
        return _blank, (type(held),), _sendable(held._parts())
    return NotImplemented


def _texts(functions: Iterable[FunctionType]) -> Iterator[Text]:
    """The files of functions that cannot be imported."""
    files = dict[str, tuple[str, ...]]()
    for function in functions:
        if not _is_importable(function):
            try:
                source = source_of(function)
            except ADCompilerError:
                # it may be called all the same
                continue
            files[source.file] = source.lines
    yield from files.items()


def _blank(kind: Any) -> Any:
    return kind.__new__(kind)


def _remade(kind: type, parts: Parts, texts: tuple[Text, ...] = ()) -> Any:
    for file, lines in texts:
        keep_text(file, lines)
    made = _blank(kind)
    made.__setstate__(parts)
    return made


@functools.lru_cache(maxsize=16)
def received(packed: bytes, name: str | None, print: str) -> Any:
    """The object of another process: the one of this name, if the program that runs here has it; the same each time.

    Parameters
    ----------
    packed : bytes
        The object.
    name : str or None
        Its name in the program of the other process.
    print : str
        What tells it from another one of this name.
    """
    here = None if name is None else _found(sys.modules.get("__main__"), name)
    if isinstance(here, Carried) and _print(here) == print:
        return here
    texts, content = pickle.loads(packed)
    for file, lines in texts:
        keep_text(file, lines)
    unpickler = pickle.Unpickler(io.BytesIO(content))
    made = unpickler.load()
    for declared in unpickler.load():
        DECLARED.setdefault(declared.function, declared)
    return made
