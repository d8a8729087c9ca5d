"""The Wengert list: three-address lines, with loops and branches kept as regions.

Scalars are values in structured SSA: each name is defined once, a region names what it carries or yields.
Arrays are memory: a name is a reference that never changes, its contents change through `Store`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from adcompiler.errors import Span
from adcompiler.ir.types import Type, type_of_value

Params: TypeAlias = "tuple[tuple[str, object], ...]"
# of a region: what it reads and what it defines, inside too
Names: TypeAlias = "tuple[frozenset[Var], frozenset[Var]]"


@dataclass(frozen=True, slots=True)
class Var:
    """A name: a scalar's value, or a reference to an array."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """A literal. Equal only to a literal of the same type: `Const(1) != Const(1.0)`."""

    value: object
    type: Type = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", type_of_value(self.value))

    @property
    def number(self) -> float:
        """The value of a literal that is known to be real, as it is: an integer stays one."""
        return self.value  # type: ignore[return-value]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and self.type == other.type and repr(self.value) == repr(other.value)

    def __hash__(self) -> int:
        return hash((self.type, repr(self.value)))

    def __str__(self) -> str:
        return str(self.value)


Atom: TypeAlias = Var | Const


@dataclass(frozen=True, slots=True)
class Slice:
    """One sliced axis: what the user wrote, and the first index and number of elements it means.

    `start`, `stop`, `step` are printed and may be None, as in Python. Element `j` of the view is element
    `first + j * step` of the array, for `0 <= j < size`; `first` is never negative where `size > 0`.
    """

    start: Atom | None
    stop: Atom | None
    step: Atom | None
    first: Atom
    size: Atom


def is_whole(item: object) -> bool:
    """Whether an item of an index is a plain `:`."""
    return isinstance(item, Slice) and (item.start, item.stop, item.step) == (None, None, None)


@dataclass(frozen=True, slots=True)
class NewAxis:
    """An axis of length one that the view has and the array has not."""


Item: TypeAlias = Var | Const | Slice | NewAxis
Index: TypeAlias = "tuple[Item, ...]"


def is_element(index: Index) -> bool:
    """Whether an index selects one element."""
    return not any(isinstance(item, (Slice, NewAxis)) for item in index)


@dataclass(frozen=True, slots=True)
class Assign:
    """`target = op(*args, **params)`: args are run-time atoms, params are constants of compile time."""

    target: Var
    op: str
    args: tuple[Atom, ...]
    params: Params
    span: Span | None


@dataclass(frozen=True, slots=True)
class Load:
    """`target = array[index]`: an element (every item an integer atom) or a view that shares memory."""

    target: Var
    array: Var
    index: Index
    span: Span | None


@dataclass(frozen=True, slots=True)
class Store:
    """`array[index] = value`, or `+=` where `add`; value is a scalar or an array that broadcasts to the region."""

    array: Var
    index: Index
    value: Atom
    add: bool
    span: Span | None


@dataclass(frozen=True, slots=True)
class Carry:
    """A value handed from one iteration to the next.

    `var` is the value at the entry of an iteration, `next` at its end, `out` after the loop (`init` after no trip).
    """

    var: Var
    init: Atom
    next: Atom
    out: Var


@dataclass(frozen=True, slots=True)
class Budget:
    """What the reverse sweep may keep of a loop: `amount` states of it, or that many bytes.

    By "default" these are as many as let no iteration run more than twice again, whatever `amount` is.
    """

    amount: Atom
    unit: Literal["snapshots", "bytes", "default"]


@dataclass(frozen=True, slots=True)
class Share:
    """How threads share the iterations of a loop, each of which runs a stretch of them.

    `work` is about how many operations the loop takes, in numbers of double precision. The iterations only add to the
    arrays `sums`: each thread adds to zeros of its own. The arrays `own` serve within an iteration: each thread has its
    own, which begin as zeros. Every other array is shared. `folds` has, of each value that the loop carries, the
    operation that joins terms to it: "add", "maximum" or "minimum".
    """

    work: Atom
    sums: tuple[Var, ...]
    own: tuple[Var, ...]
    folds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """`for index in range(start, stop, step)`; leaves after an iteration at whose end `until` is true.

    `step` is a non-zero constant or a variable proven non-zero by a `Check`. With a `budget` reverse mode records
    nothing of the iterations: it runs them again from states that it keeps. A `parallel` loop is one whose iterations
    threads may share; with a `share` it is printed so. A loop over `items` is that of a batched function.
    """

    index: Var
    start: Atom
    stop: Atom
    step: Atom
    carried: tuple[Carry, ...]
    body: Block
    until: Atom | None
    parallel: bool
    span: Span | None
    budget: Budget | None = None
    names: Names | None = field(default=None, init=False, repr=False, compare=False)
    share: Share | None = None
    items: bool = False


@dataclass(frozen=True, slots=True)
class While:
    """Evaluate `condition`, leave when `test` is false, else run `body`. Names of `condition` are visible in `body`.

    After the loop `out` of each carry is its `var` at the failing test.
    """

    carried: tuple[Carry, ...]
    condition: Block
    test: Atom
    body: Block
    span: Span | None
    names: Names | None = field(default=None, init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Out:
    """A value that a branch yields: `then` from the first arm, `other` from the second."""

    var: Var
    then: Atom
    other: Atom


@dataclass(frozen=True, slots=True)
class Branch:
    """`if test: then else: other`."""

    test: Atom
    then: Block
    other: Block
    outs: tuple[Out, ...]
    span: Span | None
    names: Names | None = field(default=None, init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Check:
    """Raise `exception(message)` where `failed` is true. The adjoint of a check is nothing.

    The integers `values` are told with the message, as `errors.with_numbers` says.
    """

    failed: Atom
    exception: str
    message: str
    span: Span | None
    values: tuple[Atom, ...] = ()


@dataclass(frozen=True, slots=True)
class Grow:
    """Make row `row` of `array` exist, keeping what is there; the only statement that changes a shape.

    `array` is a tape whose shape atoms other than the first are fixed; nothing reads its length. With a message, memory
    that is not there is a MemoryError.
    """

    array: Var
    row: Atom
    span: Span | None
    message: str = ""


#: Where a `Print` goes that does not go to the standard output.
STDERR = "sys.stderr"


@dataclass(frozen=True, slots=True)
class Print:
    """`print(*args)`: text pieces and values; with a text, `print(text.format(*args), end=end)`, of values alone.

    `to` is where such a text goes, if not to the standard output: "sys.stderr", or the category of a warning.
    """

    args: tuple[str | Var | Const, ...]
    span: Span | None
    text: str | None = None
    end: str = "\n"
    to: str = ""


@dataclass(frozen=True, slots=True)
class Draw:
    """`target = generator.method(*args)`: a number, or where it has extents an array of fresh memory.

    It changes the generator: draws are made once, in the order of the program, whether their result is used or not.
    `fixed` are not printed: they decide what becomes of the draw, which is no smooth function of them.
    """

    target: Var
    generator: Var
    method: str
    args: tuple[Atom, ...]
    size: tuple[Atom, ...]
    fixed: tuple[Atom, ...]
    span: Span | None


@dataclass(frozen=True, slots=True)
class Call:
    """`targets = function(*args)`: of the recursive function whose lines are being read, or of a kernel by its number.

    Only the front end has the former, and the host's part of a function for a GPU the latter.
    """

    targets: tuple[Var, ...]
    args: tuple[Atom, ...]
    function: int
    span: Span | None


@dataclass(frozen=True, slots=True)
class Note:
    """A comment of the generated text."""

    text: str


Region: TypeAlias = Loop | While | Branch
Stmt: TypeAlias = Assign | Load | Store | Loop | While | Branch | Check | Grow | Print | Draw | Call | Note
Block: TypeAlias = "tuple[Stmt, ...]"


@dataclass(frozen=True, slots=True)
class Func:
    """A typed function: parameters in, results out, everything else local.

    `types` and `shapes` hold every name of the function; `shapes` gives the extents of an array as atoms
    defined where the array is (an extent known to be 1 is `Const(1)`: only such an axis broadcasts).
    """

    name: str
    params: tuple[Var, ...]
    body: Block
    results: tuple[Atom, ...]
    types: Mapping[str, Type]
    shapes: Mapping[str, tuple[Atom, ...]]
    doc: str = ""

    def type(self, atom: Atom) -> Type:
        """The type of a name or a literal."""
        return atom.type if isinstance(atom, Const) else self.types[atom.name]

    def shape(self, atom: Atom) -> tuple[Atom, ...]:
        """The extents of an array; nothing for a scalar."""
        return () if isinstance(atom, Const) else self.shapes.get(atom.name, ())
