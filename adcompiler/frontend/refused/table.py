"""The table of refused constructs: what is refused, what to write instead, and an example of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from adcompiler.errors import Span, UnsupportedSyntax
from adcompiler.frontend.refused.constructs import CONSTRUCTS, Row
from adcompiler.frontend.refused.objects import OBJECTS
from adcompiler.frontend.refused.recursion import RECURSION
from adcompiler.frontend.refused.uses import USES
from adcompiler.frontend.refused.values import VALUES


@dataclass(frozen=True, slots=True)
class Refused:
    """A construct outside the language.

    Parameters
    ----------
    what : str
        The cause; words in braces are filled in.
    fix : str
        What to write instead.
    example : str
        A function that has it: `x` is a vector, `A` a matrix, `s` a number, `n` an integer.
    at : str
        The part of the example to which the message points.
    """

    what: str
    fix: str
    example: str
    at: str


#: The rows by what they are about.
GROUPS: Mapping[str, Mapping[str, Row]] = MappingProxyType(
    {
        "Statements and expressions": CONSTRUCTS,
        "Kinds of values": USES,
        "Lists, dictionaries and objects": OBJECTS,
        "Calls, numbers and results": VALUES,
        "Recursion": RECURSION,
    }
)


def _table() -> dict[str, Refused]:
    return {
        key: Refused(what, fix, example.strip("\n") + "\n", at)
        for rows in GROUPS.values()
        for key, (what, fix, example, at) in rows.items()
    }


TABLE: Mapping[str, Refused] = MappingProxyType(_table())


def refusal(key: str, span: Span | None, **words: object) -> UnsupportedSyntax:
    """The error for a row of the table.

    >>> print(refusal("Try", None))
    try in a differentiated function
      fix: test for the condition with if, before the operation that would raise
    """
    row = TABLE.get(key)
    if row is None:
        return UnsupportedSyntax(f"{key} is outside the language", span, "write it with loops, branches and arrays")
    error = UnsupportedSyntax(row.what.format(**words), span, row.fix.format(**words))
    error.row = key
    return error
