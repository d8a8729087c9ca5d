"""What is known of a loop while its body is built again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from adcompiler.frontend.state.context import Lowering, State
from adcompiler.frontend.state.extents import same_extent
from adcompiler.frontend.state.forms import Form
from adcompiler.frontend.state.heap import is_object
from adcompiler.frontend.state.liveness import ITERATED
from adcompiler.frontend.state.values import Unset, Value
from adcompiler.ir.build import Mark
from adcompiler.ir.wengert import Atom, Const, Stmt, Var

Key = tuple[int, str]
_TRUE = Const(True)


@dataclass(slots=True)
class Head:
    """What the text of a loop says.

    Parameters
    ----------
    place : object
        Tells the loop from others of the program.
    names : frozenset of str
        Names that the body may assign and that are read in a later iteration or after the loop.
    live : frozenset of str
        Every name so read.
    after : frozenset of str
        Every name read after the loop.
    exits : set of str
        The flags (`%break`, `%return`) that the body may set and that must be known outside the body.
    carried_flags : bool
        Whether the flags are read at the head of the loop, as in a `while`.
    length : Var, Const or None
        How many times the body runs at most; None where that is not known on entry.
    runs : bool
        Whether the body certainly runs at least once.
    """

    place: object
    names: frozenset[str]
    live: frozenset[str]
    after: frozenset[str]
    exits: set[str]
    carried_flags: bool
    length: Atom | None
    runs: bool


@dataclass(slots=True)
class Built:
    """One pass over a loop: entry values, the lines of the body, and the names at its end (None where it raises)."""

    entries: dict[Key, Value]
    vars: dict[Key, list[Var]]
    flags: dict[str, Var]
    lines: list[Stmt] = field(default_factory=list)
    head: list[Stmt] = field(default_factory=list)
    test: Atom = _TRUE
    end: State | None = None

    def value(self, key: Key) -> Value:
        """The value of a name at the end of the body."""
        assert self.end is not None
        return self.end[key[0]].get(key[1], Unset(key[1]))


@dataclass(slots=True)
class LoopState:
    """A loop between two passes.

    Parameters
    ----------
    mark, state
        The place before the loop, and the names there.
    outer : frozenset of str
        The names that exist before the loop.
    forms : dict
        What each carried name holds at the head.
    loose : set
        Names that seemed not to change, and did.
    wide : set
        Integers that do not count in small steps.
    stretched : set
        Numbers that become arrays in the first iteration.
    """

    low: Lowering
    head: Head
    mark: Mark
    state: State
    outer: frozenset[str]
    forms: dict[Key, Form] = field(default_factory=dict)
    loose: set[Key] = field(default_factory=set)
    wide: set[Key] = field(default_factory=set)
    stretched: set[Key] = field(default_factory=set)

    def first_name(self, key: Key) -> Key:
        """The first of the carried names that hold the same list as this one before the loop."""
        value = self.initial(key)
        if not is_object(value):
            return key
        return next(other for other in self.forms if self.initial(other) is value)

    def values(self, end: State, heads: Mapping[Key, Value]) -> Iterator[tuple[Value, Value]]:
        """The values of names that are read, at an end of the body or before the loop, and those they have then."""
        last = len(end) - 1
        for depth, env in enumerate(end):
            for name, value in env.items():
                if depth < last or name in self.head.live or name.startswith(ITERATED):
                    yield value, heads.get((depth, name), value)

    def initial(self, key: Key) -> Value:
        """The value of a name before the loop."""
        return self.state[key[0]].get(key[1], Unset(key[1]))

    def is_outer(self, atom: Atom) -> bool:
        """Whether a number is known before the loop."""
        return isinstance(atom, Const) or atom.name in self.outer

    def extent(self, entry: Atom, end: Atom) -> Atom | None:
        """The extent of an array at the head, from those on entry and at the end of the body; None to carry it.

        One that the body does not compute is taken to stay the same, and checked.
        """
        if same_extent(self.low.b, entry, end):
            return entry if self.is_outer(entry) else None
        if self.is_outer(entry) and self.is_outer(end) and not isinstance(entry, Const):
            return entry
        return None


class Unroll(Exception):
    """A loop that must be unrolled: each copy of its body is of another kind."""


@contextmanager
def at_end(low: Lowering, lines: list[Stmt]) -> Iterator[None]:
    """Add lines at the end of a finished block."""
    low.b.stack.append(lines)
    try:
        yield
    finally:
        low.b.stack.pop()
