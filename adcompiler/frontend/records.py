"""Named tuples and dataclasses inside a program: made, read by name, copied with other items."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from types import FunctionType

from adcompiler.frontend.context import Lowering
from adcompiler.frontend.inline import call_function
from adcompiler.frontend.values import Method, Partial, Path, Seq, Static, Value
from adcompiler.signature import fields_of


def make(low: Lowering, cls: type, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Seq | None:
    """The value of a call of a class: None where it is no record's, refused where it does more than keep items."""
    names = fields_of(cls)
    if names is None:
        return None
    if not _keeps_items(cls):
        raise low.refuse("record-init", name=cls.__name__)
    signature = inspect.signature(cls)
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise low.fail("TypeError", f"{cls.__name__}() {error}") from None

    def default(name: str) -> Value:
        held = signature.parameters[name].default
        return low.captures.value(held, Path(("default", id(cls), name), name, lambda: held))

    return Seq(tuple(given[n] if n in given else default(n) for n in names), low.kind_of(cls), cls)


def _keeps_items(cls: type) -> bool:
    """Whether a class has the constructor that Python writes for it, and nothing that runs after it."""
    made = cls.__init__ if dataclasses.is_dataclass(cls) else cls.__new__
    written = isinstance(made, FunctionType) and made.__code__.co_filename == "<string>"
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    plain = all(f.init and f.default_factory is dataclasses.MISSING for f in fields)
    return written and plain and not hasattr(cls, "__post_init__")


def attribute(low: Lowering, owner: Seq, name: str, node: ast.AST | None) -> Value | None:
    """A field, method, property or class attribute of a record; None where it has none of this name."""
    cls = owner.record
    assert cls is not None
    names = fields_of(cls)
    assert names is not None
    if name in names:
        return owner.items[names.index(name)]
    if name == "_replace" and owner.kind == "tuple":
        return Method(owner, name)
    found = inspect.getattr_static(cls, name, None)
    if isinstance(found, FunctionType) and found.__code__.co_filename != "<string>":
        return Partial(Static(found), (owner,), ())
    if isinstance(found, property) and isinstance(found.fget, FunctionType):
        return call_function(low, found.fget, [owner], {}, node or low.frame.definition.node)
    if found is not None and not callable(found) and not hasattr(found, "__get__"):
        return low.captures.value(found, Path(("class", id(cls), name), name, lambda: getattr(cls, name)))
    return None


def replaced(low: Lowering, owner: Seq, changes: Mapping[str, Value]) -> Seq:
    """The record with other items: `_replace` and `dataclasses.replace`."""
    cls = owner.record
    assert cls is not None
    names = fields_of(cls)
    assert names is not None
    if unknown := set(changes) - set(names):
        raise low.fail("TypeError", f"{cls.__name__} has no field {min(unknown)!r}")
    return Seq(tuple(changes.get(n, item) for n, item in zip(names, owner.items, strict=True)), owner.kind, cls)
