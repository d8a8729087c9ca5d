"""What a compiled function depends on beside its arguments: what it captures, and what must stay as it is.

A path says where an object stands: a root, then attributes and items. Its key is a tuple that begins with the root,

    ("global", id(space), name)     a global of the functions that share a dictionary of globals
    ("cell", id(cell), name)        a cell of a closure
    ("default", id(function), name) the default of a parameter
    ("module", id(module), name)    an attribute of a module
    ("import", name)                a module that the program imports itself
    ("object", id(object))          an object met before, or an argument
    ("globals", id(space))          the dictionary itself

goes on with ".name" for an attribute and ("[]", key) for an item, and ends with ("fact", kind, argument) where not the
object counts but a fact about it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adcompiler.ir.wengert import Func
from adcompiler.signature import OutTree, Spec, StaticSpec

Key = tuple[Any, ...]


def _form(held: Any, _: object = None) -> str:
    return f"{type(held).__name__} of {len(held)}"


def _has_item(held: Any, key: object) -> bool:
    try:
        held[key]
    except (LookupError, TypeError):
        return False
    return True


def _has_keys(held: Any, keys: tuple[object, ...]) -> bool:
    # equal keys may be 1 and True, or zeros with two signs, and different ones may be written alike
    found = tuple(held)
    return found == keys and repr(found) == repr(keys)


def _unhidden(space: Mapping[str, object], names: tuple[str, ...]) -> bool:
    return space.keys().isdisjoint(names)


#: Facts about an object, by kind.
FACTS: Mapping[str, Callable[[Any, Any], object]] = {
    "code": lambda held, _: held.__code__,
    "equals": lambda held, other: bool(held == other.fetch()),
    "form": _form,
    "hasattr": hasattr,
    "has item": _has_item,
    "in": operator.contains,
    "keys": _has_keys,
    "len": lambda held, _: len(held),
    "unhidden": _unhidden,
}


@dataclass(frozen=True, slots=True)
class Capture:
    """A hidden passive parameter: a number or an array held by a global, a closure cell or an attribute.

    Parameters
    ----------
    name : str
        The parameter's name.
    fetch : callable
        Gives the present value.
    spec : ScalarSpec or ArraySpec
        What the function was compiled for.
    key : tuple
        The key of its path.
    """

    name: str
    fetch: Callable[[], object]
    spec: Spec
    key: Key


@dataclass(frozen=True, slots=True)
class Guard:
    """An object on which the compiled code depends: another one there makes the code stale."""

    name: str
    fetch: Callable[[], object]
    expected: object
    key: Key

    def holds(self) -> bool:
        """Whether the object is still the same: functions and modules by identity, plain values by value."""
        try:
            now = self.fetch()
        except ABSENT:
            return False
        return StaticSpec(now) == StaticSpec(self.expected)


#: What fetching an object raises where it is no longer there.
ABSENT = (AttributeError, LookupError, NameError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Lowered:
    """A function in the compiler's own language.

    Parameters
    ----------
    func : Func
        The function; its parameters are the run-time leaves of the arguments, then one for each capture.
    captures : tuple of Capture
        Numbers and arrays from outside the function, passed at each call.
    out : OutTree
        How the results of `func` make up what the function returns.
    written : frozenset of int
        Positions of parameters into whose memory the function stores.
    guards : tuple of Guard
        Functions and modules on which the code depends.
    device : bool
        Whether it calls a function for a GPU.
    atomic : frozenset of int
        Positions of the array parameters to whose elements the threads of a kernel add at the same time.
    """

    func: Func
    captures: tuple[Capture, ...]
    out: OutTree
    written: frozenset[int]
    guards: tuple[Guard, ...]
    device: bool = False
    atomic: frozenset[int] = frozenset()
