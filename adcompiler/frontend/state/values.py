"""What an expression can be at compile time: a run-time atom, a Python object known now, or a structure of these."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from adcompiler.errors import Span
from adcompiler.ir.wengert import Atom, Budget, Const, Var

if TYPE_CHECKING:
    from adcompiler.frontend.state.forms import Form, Parts
    from adcompiler.frontend.state.scope import Frame
    from adcompiler.source import FunctionNode


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


@dataclass(frozen=True, slots=True)
class Static:
    """A Python object known at compile time: a module, a function, None, a string, a dtype, a type."""

    value: object

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
    if isinstance(value, Seq) and value.record is not None:
        return value.record.__name__
    return _KINDS.get(type(value).__name__, type(value).__name__.lower())


_KINDS = {
    "Seq": "tuple or list",
    "Rows": "list",
    "Growing": "list",
    "DictValue": "dict",
    "RangeValue": "range",
    "Closure": "function",
}


class NeedStatic(Exception):
    """A run-time number whose value must be known at compile time.

    Parameters
    ----------
    atom : Var
        The number.
    what : str
        What needs it, as in "the axis".
    span : Span or None
        The place.
    fix : str
        What to write where it cannot be made known.
    recursive : FunctionNode, optional
        The function that calls itself until the number ends it: it need not be known then.
    of_list : bool
        Whether it is the length of a list, or an index, which need not be known where lists lie in arrays.
    """

    def __init__(
        self,
        atom: Var,
        what: str,
        span: Span | None,
        fix: str,
        recursive: FunctionNode | None = None,
        of_list: bool = False,
    ) -> None:
        super().__init__(atom, what, span, fix)
        self.atom, self.what, self.span, self.fix = atom, what, span, fix
        self.recursive, self.of_list = recursive, of_list
        # the names the number is computed from, filled in where the exception leaves a block
        self.roots: frozenset[str] | None = None


class InArrays(Exception):
    """A list of numbers is written that is an item of a list of unknown length: lists of numbers lie in arrays then."""


class Changes(Exception):
    """Attributes of the objects of a class are assigned, so that they are objects, and have these, from the start.

    Parameters
    ----------
    record : type
        A dataclass; or a plain class, with `name`.
    name : str, optional
        An attribute that no method of the class assigns.
    """

    def __init__(self, record: type, name: str | None = None) -> None:
        super().__init__(record, name)
        self.record, self.name = record, name


class TestChanges(Exception):
    """The test of a `while` changes names or lists of the program, as it may by a function that it calls.

    Parameters
    ----------
    node : FunctionNode
        The definition of the function whose loop it is.
    """

    def __init__(self, node: FunctionNode) -> None:
        super().__init__(node)
        self.node = node


class Recurses(Exception):
    """A function calls itself so often that its calls are not inlined.

    Parameters
    ----------
    node : FunctionNode
        Its definition.
    ends : bool
        Whether known values end it, so that its calls can be inlined too.
    """

    def __init__(self, node: FunctionNode, ends: bool = False) -> None:
        super().__init__(node)
        self.node, self.ends = node, ends


class PathEnds(Exception):
    """The path being built always raises; the check that raises has been emitted."""


class NotStatic(Exception):
    """Compile again with these run-time parameters as constants.

    Parameters
    ----------
    positions : frozenset of int
        Positions in the parameters of the function built.
    """

    def __init__(self, positions: frozenset[int]) -> None:
        super().__init__(positions)
        self.positions = positions
