"""Places in the user's program and the errors that point at them."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: How the message of a MemoryError begins that compiled code raises before it makes an array.
NO_ROOM = "not enough memory"
_INDEX = re.compile(r"index out of bounds for axis (\d+)")


def with_numbers(message: str, numbers: Sequence[object]) -> str:
    """The message of a run-time error with the numbers that belong to it, an IndexError in NumPy's words.

    >>> with_numbers("index out of bounds for axis 0", [7, 5])
    'index 7 is out of bounds for axis 0 with size 5'
    >>> with_numbers("index out of bounds for axis 0", [5])
    'index out of bounds for axis 0 with size 5'
    >>> with_numbers("their extents differ", [3, 4])
    'their extents differ: 3 and 4'
    """
    if not numbers:
        return message
    index = _INDEX.fullmatch(message)
    if index is None:
        return f"{message}: {' and '.join(map(str, numbers))}"
    if len(numbers) == 1:
        return f"{message} with size {numbers[0]}"
    return f"index {numbers[0]} is out of bounds for axis {index[1]} with size {numbers[1]}"


def counted(number: int, what: str) -> str:
    """A number of things in words.

    >>> counted(1, "argument"), counted(2, "argument")
    ('1 argument', '2 arguments')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"


def nearest(name: str, known: Iterable[str]) -> str:
    """What a misspelt name was probably meant to be, as the end of a fix.

    >>> nearest("lenght", ["length", "x"]), nearest("y", ["x"])
    ("; did you mean 'length'?", '')
    """
    # imported where it is needed: every call imports this module
    import difflib

    found = difflib.get_close_matches(name, sorted(n for n in known if n.isidentifier()), n=1, cutoff=0.65)
    return f"; did you mean {found[0]!r}?" if found else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the user's file: lines count from 1, columns from 0 and in characters."""

    file: str
    line: int
    col: int
    end_line: int
    end_col: int

    @property
    def text(self) -> str:
        """The user's line on which the stretch begins."""
        return linecache.getline(self.file, self.line).rstrip("\n")


class ADCompilerError(Exception):
    """An error in the user's program: what is wrong, where, and what to write instead.

    Parameters
    ----------
    what : str
        The cause, in one sentence.
    span : Span or None
        The place; None where there is none, as for a wrong argument.
    fix : str
        What to write instead.
    """

    def __init__(self, what: str, span: Span | None, fix: str) -> None:
        super().__init__(what, span, fix)
        self.what, self.span, self.fix = what, span, fix

    @property
    def filename(self) -> str | None:
        """The user's file, or None."""
        return self.span.file if self.span else None

    @property
    def lineno(self) -> int | None:
        """The line in the user's file, or None."""
        return self.span.line if self.span else None

    @property
    def col(self) -> int | None:
        """The column, counted from 0 in characters, or None."""
        return self.span.col if self.span else None

    def __str__(self) -> str:
        if self.span is None:
            return f"{self.what}\n  fix: {self.fix}"
        span, text = self.span, self.span.text
        end = span.end_col if span.end_line == span.line else len(text)
        gutter = f"  {span.line} | "
        caret = " " * (len(gutter) + span.col) + "^" * max(end - span.col, 1)
        return f"{self.what}\n  --> {span.file}:{span.line}:{span.col + 1}\n{gutter}{text}\n{caret}\n  fix: {self.fix}"


class UnsupportedSyntax(ADCompilerError):
    """A construct outside the language."""

    #: The key of its row in the table of refused constructs, if it has one.
    row: str | None = None


class MissingRule(ADCompilerError):
    """A function without a derivative rule."""


class NotDifferentiable(ADCompilerError, TypeError):
    """A derivative that does not exist: of an integer argument, of an array output."""


class TypeProblem(ADCompilerError):
    """Types that do not fit together, placed on the user's line."""


class GradcheckFailed(ADCompilerError, AssertionError):
    """A gradient that differs from finite differences."""
