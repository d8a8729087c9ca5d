"""What an expression can be at compile time: a run-time atom, a Python object known now, or a structure of these."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from adcompiler.ir.wengert import Atom, Budget, Const, Var

if TYPE_CHECKING:
    from adcompiler.frontend.state.forms import Form, Parts
    from adcompiler.frontend.state.scope import Frame


@dataclass(frozen=True, slots=True)
class Path:
    """How to fetch an object again at a later call: `key`, as in `outside`, tells equal paths, `name` is for people."""

    key: tuple[object, ...]
    name: str
    fetch: Callable[[], object]

    def attribute(self, name: str) -> Path:
        """The path of an attribute."""
        return Path((*self.key, "." + name), name, lambda: getattr(self.fetch(), name))

    def item(self, key: object) -> Path:
        """The path of an item."""
        return Path((*self.key, ("[]", key)), f"{self.name}_{key}", lambda: self.fetch()[key])  # type: ignore[index]


@dataclass(frozen=True, slots=True, eq=False)
class Static:
    """A Python object known at compile time: a module, a function, None, a string, a dtype, a type.

    Objects of different types are different: NumPy takes None, and names, for equal to a dtype.
    """

    value: object

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Static)
            and type(self.value) is type(other.value)
            and (self.value is other.value or bool(self.value == other.value))
        )

    def __hash__(self) -> int:
        return hash(self.value)

    @property
    def path(self) -> Path:
        """The object itself, for its attributes."""
        return Path(("object", id(self.value)), getattr(self.value, "__name__", "object"), lambda: self.value)


@dataclass(frozen=True, slots=True)
class Seq:
    """A tuple or list of values; its length is known at compile time.

    A list is an object: two names hold the same list where they hold the same `Seq`. `record` is the class of a named
    tuple, which is a tuple, or of a dataclass, whose kind is "record", or "object" where attributes are assigned, or
    of another class, whose kind is "object". A list that lies in the memory of another one is "fixed".
    """

    items: tuple[Value, ...]
    kind: str = "tuple"
    record: type | None = None

    @property
    def name(self) -> str:
        """What Python calls it: a list is one wherever it is held."""
        return "list" if self.kind == "fixed" else self.kind


@dataclass(frozen=True, slots=True)
class Text:
    """Text with numbers and arrays in it, which can only be printed: pieces of text, and values with their formats."""

    pieces: tuple[str | tuple[Atom, str], ...]


@dataclass(frozen=True, slots=True)
class DictValue:
    """A dictionary whose keys are known at compile time; an object, as a list is."""

    items: tuple[tuple[object, Value], ...]

    def get(self, key: object) -> Value | None:
        """The value of a key, or None."""
        return next((value for k, value in self.items if k == key), None)


@dataclass(frozen=True, slots=True)
class SliceValue:
    """A slice object in an index; an absent part is None."""

    start: Value | None
    stop: Value | None
    step: Value | None


@dataclass(frozen=True, slots=True)
class RangeValue:
    """`range(start, stop, step)`."""

    start: Atom
    stop: Atom
    step: Atom
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class Zipped:
    """`enumerate(part, start)`, `zip(*parts)`, `reversed(part)` or `part.items()`, not yet iterated."""

    kind: str
    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose length is known only at run time; its elements are those of an array.

    `weak` tells that they are Python's own numbers.
    """

    array: Var
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """A list whose length is known only at run time, of structures that are alike.

    `form` is that of an item; each array holds one of its numbers or arrays for all items.
    """

    arrays: tuple[Var, ...]
    form: Parts


@dataclass(frozen=True, slots=True)
class Growing:
    """A list to which a loop appends: the first `count` items of arrays that have room for more.

    Two names hold the same list where the arrays are the same.
    """

    arrays: tuple[Var, ...]
    count: Atom
    form: Form


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """A Python object that is not compiled itself; its attributes are fetched at each call."""

    value: object
    path: Path


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function defined inside the program, with the frame in which it was defined."""

    node: ast.FunctionDef | ast.Lambda
    frame: Frame
    defaults: tuple[Value, ...]
    kw_defaults: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Method:
    """`owner.name`, to be called."""

    owner: Value
    name: str


@dataclass(frozen=True, slots=True)
class Partial:
    """`functools.partial` made in the program."""

    function: Value
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Super:
    """`super()`: what the classes after `after` give an object."""

    owner: Seq
    after: type


@dataclass(frozen=True, slots=True)
class Unset:
    """A name that no path has bound; reading it is an UnboundLocalError."""

    name: str


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value that exists where `flag` is true at run time, and is `absent` (not bound, or None) elsewhere."""

    value: Value
    flag: Atom
    absent: Unset | Static


@dataclass(frozen=True, slots=True)
class Conflict:
    """A name that holds values of different kinds on different paths; reading it is refused.

    `key` names the row of refused constructs that says more.
    """

    reason: str
    key: str = ""


Value: TypeAlias = (
    Var
    | Const
    | Static
    | Seq
    | Text
    | DictValue
    | SliceValue
    | RangeValue
    | Zipped
    | ListOf
    | Rows
    | Growing
    | Object
    | Closure
    | Method
    | Partial
    | Super
    | Unset
    | Maybe
    | Conflict
)


def kind_of(value: Value) -> str:
    """The kind of a value in a word, for a message."""
    if isinstance(value, (Static, Object)):
        return "None" if value.value is None else type(value.value).__name__
    if isinstance(value, Seq):
        return value.record.__name__ if value.record is not None else value.name
    return _KINDS.get(type(value).__name__, type(value).__name__.lower())


_KINDS = {
    "Var": "number or array",
    "Const": "number",
    "Rows": "list",
    "Growing": "list",
    "ListOf": "list",
    "DictValue": "dict",
    "RangeValue": "range",
    "Closure": "function",
}
