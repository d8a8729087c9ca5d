"""What lowering raises where it has to begin anew knowing more, and where a path ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adcompiler.errors import Span
from adcompiler.ir.wengert import Var

if TYPE_CHECKING:
    from adcompiler.source import FunctionNode


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
