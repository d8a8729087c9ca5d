"""Objects inside a program, of named tuples, dataclasses and plain classes: made, read by name, copied."""

from __future__ import annotations

import ast
import collections
import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from types import FunctionType, MemberDescriptorType

from adcompiler.errors import ADCompilerError
from adcompiler.frontend.language import classes
from adcompiler.frontend.language.inline import call_function
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.restarts import Changes
from adcompiler.frontend.state.special_methods import special
from adcompiler.frontend.state.values import Maybe, Method, Partial, Path, Seq, Static, Unset, Value, kind_of
from adcompiler.signature import fields_of

# what to write in place of containers of Python's
_KEYED = "write a dictionary with all its keys, as {key: 0.0 for key in keys}, or an array"
_CONTAINERS: dict[type, str] = {
    collections.deque: "use a list, of which pop(0) takes the first item, or an array with an index modulo its length",
    set: "use a list without repeats, or an array of truth values",
    frozenset: "use a tuple",
    **dict.fromkeys((collections.defaultdict, collections.Counter, collections.OrderedDict), _KEYED),
}


def make(low: Lowering, cls: type, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Seq | None:
    """The value of a call of a class: None where it is no record's, refused where it does what is not followed."""
    names = fields_of(cls)
    if names is None:
        return classes.made(low, cls, args, kwargs, node)
    if not _is_written_by_python(cls):
        raise low.refuse("record-init", name=cls.__name__)
    signature = inspect.signature(cls)
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise low.fail("TypeError", f"{cls.__name__}() {error}") from None
    items = tuple(given[n] if n in given else _default(low, cls, n, signature, node) for n in names)
    if not hasattr(cls, "__post_init__"):
        return Seq(items, low.kind_of(cls), cls)
    if cls not in low.choices.changing:
        raise Changes(cls)
    return classes.initialised(low, Seq(items, "object", cls), "__post_init__", (), {}, node)


def _default(low: Lowering, cls: type, name: str, signature: inspect.Signature, node: ast.AST) -> Value:
    """What a field is that a call does not give."""
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    field = next((f for f in fields if f.name == name), None)
    if field is not None and field.default_factory is not dataclasses.MISSING:
        path = Static(cls).path.attribute("__dataclass_fields__").item(name).attribute("default_factory")
        return low.call(low.captures.value(field.default_factory, path), ())
    held = signature.parameters[name].default if field is None else field.default
    if held is dataclasses.MISSING:
        return Unset(name)
    return low.captures.value(held, Path(("default", id(cls), name), name, lambda: held))


def _is_written_by_python(cls: type) -> bool:
    """Whether a class has the constructor that Python writes for it, which takes only its fields."""
    made = cls.__init__ if dataclasses.is_dataclass(cls) else cls.__new__
    names = set(fields_of(cls) or ())
    written = isinstance(made, FunctionType) and made.__code__.co_filename == "<string>"
    return written and names.issuperset(inspect.signature(cls).parameters)


def attribute(low: Lowering, owner: Seq, name: str, node: ast.AST | None) -> Value | None:
    """A field, method, property or class attribute of a record; None where it has none of this name."""
    cls = owner.record
    assert cls is not None
    names = classes.names_of(low, cls)
    held = owner.items[names.index(name)] if name in names else Unset(name)
    if isinstance(held, Maybe) and isinstance(held.absent, Unset):
        absent = low.b.emit("logical_not", held.flag, hint="absent", weak=True)
        low.b.check(absent, "AttributeError", _absent(cls, name))
        return held.value
    if not isinstance(held, Unset):
        return held
    if name in ("_replace", "_asdict") and owner.kind == "tuple":
        return Method(owner, name)
    found = inspect.getattr_static(cls, name, Unset)
    if isinstance(found, MemberDescriptorType) or (found is Unset and name in names):
        raise low.fail("AttributeError", _absent(cls, name))
    return _of_class(low, owner, cls, found, name, node)


def _absent(cls: type, name: str) -> str:
    return f"'{cls.__name__}' object has no attribute '{name}'"


def _of_class(low: Lowering, owner: Seq, holder: type, found: object, name: str, node: ast.AST | None) -> Value | None:
    """What an object has from its class: a method, a property or an attribute; None where that is not followed."""
    cls = owner.record
    assert cls is not None
    if isinstance(found, FunctionType) and found.__code__.co_filename != "<string>":
        return Partial(Static(found), (owner,), ())
    if isinstance(found, (staticmethod, classmethod)) and isinstance(found.__func__, FunctionType):
        return Partial(Static(found.__func__), (Static(cls),) if isinstance(found, classmethod) else (), ())
    if isinstance(found, property) and isinstance(found.fget, FunctionType):
        return call_function(low, found.fget, [owner], {}, node or low.frame.definition.node)
    return classes.of_class(low, holder, name)


def above(low: Lowering, owner: Seq, after: type, name: str, node: ast.AST | None) -> Value | None:
    """`super().name` in a method of the class `after`; None where that is not followed."""
    cls = owner.record
    assert cls is not None
    mro = cls.__mro__
    for k in mro[mro.index(after) + 1 :]:
        if (k, name) == (object, "__init__"):
            return Static(_nothing)
        if name in vars(k):
            return _of_class(low, owner, k, vars(k)[name], name, node)
    return None


def _nothing() -> None:
    """What `object.__init__` does."""


def called(low: Lowering, owner: Value, name: str, args: Sequence[Value], node: ast.AST) -> Value | None:
    """What a special method of an object returns; None where its class has none."""
    method = special(owner, name)
    if method is None:
        return None
    found = call_function(low, method, [owner, *args], {}, node)
    if isinstance(found, Static) and found.value is NotImplemented:
        raise low.refuse("operand", node, sign=name, kind=kind_of(owner))
    return found


def replaced(low: Lowering, owner: Seq, changes: Mapping[str, Value], node: ast.AST) -> Seq:
    """The record with other items: `_replace` and `dataclasses.replace`, which makes a new object."""
    cls = owner.record
    assert cls is not None
    names = fields_of(cls)
    if names is None:
        raise low.fail("TypeError", "replace() should be called on dataclass instances")
    if unknown := set(changes) - set(names):
        raise low.fail("TypeError", f"{cls.__name__} has no field {min(unknown)!r}")
    items = {n: changes.get(n, item) for n, item in zip(names, owner.items, strict=True)}
    if not dataclasses.is_dataclass(cls):
        return Seq(tuple(items.values()), owner.kind, cls)
    given = {f.name: items[f.name] for f in dataclasses.fields(cls) if f.init or f.name in changes}
    new = make(low, cls, (), given, node)
    assert new is not None
    return new


def not_made(low: Lowering, held: type) -> ADCompilerError:
    """The refusal of a call of a class."""
    instead = _CONTAINERS.get(held)
    if instead is None:
        return low.refuse("class-call", name=held.__name__)
    return low.refuse("container-call", name=held.__name__, instead=instead)
