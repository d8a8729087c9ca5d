"""Classes that write their own constructor: which attributes their objects have, and how these are made."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from abc import ABCMeta
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import FunctionType, MemberDescriptorType

from adcompiler.frontend.language.inline import call_function
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import Path, Seq, Unset, Value
from adcompiler.signature import fields_of
from adcompiler.source import source_of

#: Under which name the caller holds an object while its class makes it.
_MADE = "%made"
_HOOKS = ("__new__", "__setattr__", "__getattribute__", "__delattr__")


def names_of(low: Lowering, cls: type) -> tuple[str, ...]:
    """The attributes of a record: its fields, or all that methods of its class and other functions assign."""
    more = (name for owner, name in low.choices.added if owner is cls)
    return fields_of(cls) or (*(attributes(cls) or ()), *more)


@lru_cache(maxsize=256)
def attributes(cls: type) -> tuple[str, ...] | None:
    """All attributes that the methods of a plain class assign; None where a class does more than methods tell.

    >>> class Point:
    ...     def __init__(self, x):
    ...         self.x = x
    >>> attributes(Point), attributes(dict), attributes(ValueError)
    (('x',), None, None)
    """
    if type(cls) not in (type, ABCMeta) or getattr(cls, "__abstractmethods__", None) or fields_of(cls) is not None:
        return None
    if any(inspect.getattr_static(cls, hook) is not inspect.getattr_static(object, hook) for hook in _HOOKS):
        return None
    classes = [k for k in cls.__mro__ if k is not object]
    # the bit tells those that a class statement has made
    if not all(k.__flags__ & 1 << 9 for k in classes):
        return None
    if hasattr(cls, "__getattr__") or any(dataclasses.is_dataclass(k) for k in classes):
        return None
    found = [name for k in reversed(classes) for name in _assigned(k)]
    hidden = any(name.startswith("__") and not name.endswith("__") for name in found)
    return None if hidden else tuple(dict.fromkeys(found))


def _assigned(cls: type) -> Iterator[str]:
    """What the methods of one class assign to the object they are called with."""
    for value in list(vars(cls).values()):
        if isinstance(value, FunctionType) and value.__code__.co_filename != "<string>":
            node = source_of(value).node
            first = (*node.args.posonlyargs, *node.args.args)[:1]
            for n in ast.walk(node):
                if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store) and isinstance(n.value, ast.Name):
                    if first and n.value.id == first[0].arg:
                        yield n.attr


def is_stored(cls: type, name: str) -> bool:
    """Whether an assignment to an attribute keeps the value, and does nothing else."""
    plain = inspect.getattr_static(cls, "__setattr__") is object.__setattr__
    held = inspect.getattr_static(cls, name, None)
    return plain and (isinstance(held, MemberDescriptorType) or not hasattr(type(held), "__set__"))


def made(low: Lowering, cls: type, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Seq | None:
    """An object of a plain class; None for any other class."""
    if attributes(cls) is None:
        return None
    first = (of_class(low, cls, name) or Unset(name) for name in names_of(low, cls))
    empty = Seq(tuple(first), "object", cls)
    if inspect.getattr_static(cls, "__init__") is object.__init__:
        if args or kwargs:
            raise low.fail("TypeError", f"{cls.__name__}() takes no arguments")
        return empty
    return initialised(low, empty, "__init__", args, kwargs, node)


def of_class(low: Lowering, cls: type, name: str) -> Value | None:
    """A number or another plain value that a class has under a name; None where it has none."""
    missing = inspect.Parameter.empty
    found = inspect.getattr_static(cls, name, missing)
    if found is missing or callable(found) or hasattr(found, "__get__"):
        return None
    return low.captures.value(found, Path(("class", id(cls), name), name, lambda: getattr(cls, name)))


def initialised(
    low: Lowering, new: Seq, method: str, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST
) -> Seq:
    """A new object after a method of its class has assigned its attributes."""
    assert new.record is not None
    function = inspect.getattr_static(new.record, method)
    if not isinstance(function, FunctionType):
        raise low.refuse("record-init", name=new.record.__name__)
    # what changes the object finds it by the names that hold it
    low.frame.env[_MADE] = new
    call_function(low, function, [new, *args], kwargs, node)
    after = low.frame.env.pop(_MADE)
    assert isinstance(after, Seq)
    return after
