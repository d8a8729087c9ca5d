"""Paths to objects outside a function, as text for another process and back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from adcompiler.calls.kept.portable import Known, NotPortable
from adcompiler.outside import FACTS, Key

_PLAIN = (bool, int, float, str, bytes, type(None))
_OF_OBJECTS = ("global", "cell", "default", "module", "object", "globals")
_NAMED = ("global", "cell", "default", "module")


def recipe(known: Known, key: Key) -> Key:
    """The key of a path with numbers of known objects in place of identities."""
    root, where, *rest = key
    if root in _OF_OBJECTS:
        if where not in known.numbers:
            raise NotPortable
        where = known.numbers[where]
    elif root != "import":
        raise NotPortable
    if not all(map(_plain, rest)):
        raise NotPortable
    return root, where, *rest


def _plain(part: object) -> bool:
    return all(map(_plain, part)) if isinstance(part, tuple) else type(part) in _PLAIN


def key_of(known: Known, made: Key) -> Key:
    """The key of a path from its recipe."""
    root, where, *rest = made
    return root, id(known.objects[where]) if root in _OF_OBJECTS else where, *rest


def fetcher(known: Known, made: Key) -> Callable[[], Any]:
    """What fetches the object of a recipe."""
    root, where, *rest = made
    held = known.objects[where] if root in _OF_OBJECTS else where
    name = rest.pop(0) if root in _NAMED else None
    fetch = _rooted(root, held, name)
    for step in rest:
        fetch = _stepped(fetch, step)
    return fetch


def _rooted(root: str, held: Any, name: Any) -> Callable[[], Any]:
    match root:
        case "global":
            return lambda: held[name]
        case "cell":
            return lambda: held.cell_contents
        case "default":
            return lambda: default_of(held, name)
        case "module":
            return lambda: getattr(held, name)
        case "import":
            return lambda: sys.modules[held]
    return lambda: held


def _stepped(fetch: Callable[[], Any], step: Any) -> Callable[[], Any]:
    if isinstance(step, str):
        name = step[1:]
        return lambda: getattr(fetch(), name)
    if step[0] == "[]":
        item = step[1]
        return lambda: fetch()[item]
    fact, argument = FACTS[step[1]], step[2]
    return lambda: fact(fetch(), argument)


def default_of(function: FunctionType, name: str) -> Any:
    """The default of a parameter.

    >>> def f(a, b=2, *, c=3): ...
    >>> default_of(f, "b"), default_of(f, "c")
    (2, 3)
    """
    code, held = function.__code__, function.__defaults__ or ()
    if function.__kwdefaults__ and name in function.__kwdefaults__:
        return function.__kwdefaults__[name]
    return held[code.co_varnames.index(name) - code.co_argcount + len(held)]
