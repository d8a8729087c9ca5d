"""Names and blocks under construction: what a `Builder` writes into, without the types of operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from adcompiler.errors import Span
from adcompiler.ir.names import Names
from adcompiler.ir.types import Type
from adcompiler.ir.walk import defines, rename
from adcompiler.ir.wengert import Assign, Atom, Check, Const, Grow, Index, Loop, Note, Stmt, Store, Var, While

Shape = tuple[Atom, ...]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to which a builder can go back: lines in the innermost block, and the names in use."""

    place: int
    taken: frozenset[str]
    last: dict[str, int]
    snapshots: int
    converted: int
    asked: int
    boxes: int
    rebound: int


@dataclass(frozen=True, slots=True)
class Question:
    """What was answered of a value's type while lines were built, and how another type would be answered."""

    of: Var
    answer: Callable[[Type], object]
    span: Span | None


@dataclass(frozen=True, slots=True)
class Change:
    """A number in place of another one under a name, by a statement that changes a 0-d array in place.

    `stored` tells that the statement is one of 0-d arrays only.
    """

    before: Atom
    after: Var
    name: str
    span: Span | None
    stored: bool


class Draft:
    """Collects statements in the innermost open block; knows the type and shape of every name.

    Parameters
    ----------
    names : Names
        The names of the function being built.
    types, shapes : mapping
        Of names that exist already (copied).
    """

    def __init__(
        self,
        names: Names | None = None,
        types: Mapping[str, Type] | None = None,
        shapes: Mapping[str, Shape] | None = None,
    ) -> None:
        self.types: dict[str, Type] = dict(types or {})
        self.shapes: dict[str, Shape] = dict(shapes or {})
        self.names = names or Names(self.types)
        self.stack: list[list[Stmt]] = [[]]
        self.span: Span | None = None
        # the statement that defines a name; a lower bound of an integer no statement defines (a loop index);
        # names that are memory of their own though no statement makes them (parameters)
        self.made: dict[str, Stmt] = {}
        self.lower: dict[str, int] = {}
        self.own: set[Var] = set()
        # copies that stand for what NumPy may give as a view: the copy and what it was copied from
        self.snapshots: list[tuple[Var, Var, Span | None]] = []
        # what stands for a number or an array of another type where paths meet, and that type; what was asked of types
        self.converted: list[tuple[Atom, Type]] = []
        self.asked: list[Question] = []
        # the numbers that are 0-d arrays in NumPy: an "argument", a "view" of an array, or the program's "own"
        self.boxes: list[tuple[Atom, str]] = []
        self.rebound: list[Change] = []
        # whether functions of `math` keep single precision, as in a kernel of a GPU
        self.single_math = False
        self._ints: dict[tuple[str, Atom, Atom], tuple[Var, list[Stmt], int]] = {}

    # -- names ---------------------------------------------------------------------------------------------------

    def var(self, hint: str, type: Type, shape: Shape = ()) -> Var:
        """A new name of the given type."""
        assert len(shape) == type.rank, f"{hint}: {len(shape)} extents for rank {type.rank}"
        var = Var(self.names.fresh(hint))
        self.types[var.name] = type
        if type.rank:
            self.shapes[var.name] = shape
        return var

    def type(self, atom: Atom) -> Type:
        """The type of a name or a literal."""
        return atom.type if isinstance(atom, Const) else self.types[atom.name]

    def shape(self, atom: Atom) -> Shape:
        """The extents of an array; nothing for a scalar."""
        return () if isinstance(atom, Const) else self.shapes.get(atom.name, ())

    def ask(self, atom: Atom, answer: Callable[[Type], Answer]) -> Answer:
        """What `answer` says of the type of a value; remembered, for on another path the value may have another."""
        if isinstance(atom, Var):
            self.asked.append(Question(atom, answer, self.span))
        return answer(self.type(atom))

    def like(self, var: Var, hint: str | None = None) -> Var:
        """A new name of the same type and shape."""
        return self.var(hint or var.name, self.types[var.name], self.shape(var))

    def renamed(self, var: Var, hint: str) -> Var:
        """A new name for what a line of the innermost block defines; `var` itself where no line there does."""
        block = self.stack[-1]
        place = next((k for k in range(len(block) - 1, -1, -1) if var in defines(block[k])), None)
        line = None if place is None else block[place]
        if not isinstance(line, Assign):
            return var
        found = self.like(var, hint)
        later = rename(tuple(block[place:]), {var: found})
        del block[place:], self.made[var.name]
        self.extend((replace(line, target=found), *later[1:]))
        return found

    # -- blocks --------------------------------------------------------------------------------------------------

    def add(self, stmt: Stmt) -> None:
        """Append a finished statement."""
        self.stack[-1].append(stmt)
        for target in defines(stmt):
            self.made[target.name] = stmt
        if isinstance(stmt, (Loop, While)):
            self.made.update((c.var.name, stmt) for c in stmt.carried)

    def extend(self, stmts: Sequence[Stmt]) -> None:
        """Append finished statements."""
        for stmt in stmts:
            self.add(stmt)

    @contextmanager
    def block(self) -> Iterator[list[Stmt]]:
        """Collect what is built inside into a list of its own, for the body of a region."""
        self.stack.append([])
        try:
            yield self.stack[-1]
        finally:
            self.stack.pop()

    @contextmanager
    def at(self, span: Span | None) -> Iterator[None]:
        """Give lines built inside this place of the user's program."""
        before, self.span = self.span, span
        try:
            yield
        finally:
            self.span = before

    def mark(self) -> Mark:
        """This place of the innermost open block, to which `rewind` can go back."""
        noted = len(self.snapshots), len(self.converted), len(self.asked), len(self.boxes), len(self.rebound)
        return Mark(len(self.stack[-1]), frozenset(self.names.taken), dict(self.names.last), *noted)

    def rewind(self, mark: Mark) -> None:
        """Forget every line and name made since `mark`, which must be of the block that is innermost now."""
        del self.stack[-1][mark.place :]
        del self.snapshots[mark.snapshots :], self.converted[mark.converted :], self.asked[mark.asked :]
        del self.boxes[mark.boxes :], self.rebound[mark.rebound :]
        for name in self.names.taken - mark.taken:
            for known in (self.types, self.shapes, self.made, self.lower):
                known.pop(name, None)
        self.names.taken, self.names.last = set(mark.taken), dict(mark.last)
        self._ints.clear()

    # -- statements without a value ------------------------------------------------------------------------------

    def store(self, array: Var, index: Index, value: Atom, add: bool = False) -> None:
        """`array[index] = value`, or `+=`."""
        self.add(Store(array, index, value, add, self.span))

    def check(self, failed: Atom, exception: str, message: str, *values: Atom) -> None:
        """Raise where `failed` is true; the message comes with the integers `values`."""
        self.add(Check(failed, exception, message, self.span, values))

    def note(self, text: str) -> None:
        """A comment in the generated text."""
        self.add(Note(text))

    def grow(self, array: Var, row: Atom) -> None:
        """Make a row of a tape exist."""
        self.add(Grow(array, row, self.span))
