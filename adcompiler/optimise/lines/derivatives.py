"""Which names hold derivatives, in which the sign of a zero means nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adcompiler.ir.once import once
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func, Load, Store, Var

_WORD = re.compile(r"\w+_(?:bar|dot)\w*")


@dataclass(frozen=True, slots=True)
class Derivatives:
    """The adjoints and tangents of a function, by their names; `own` are words of that kind in the user's lines.

    >>> Derivatives(frozenset({"x_dot"})).has(Var("y_dot_1")), Derivatives(frozenset({"x_dot"})).has(Var("x_dot_1"))
    (True, False)
    """

    own: frozenset[str]

    def has(self, var: Var) -> bool:
        """Whether a name is that of a derivative, and of no variable of the user's."""
        return ("_bar" in var.name or "_dot" in var.name) and not any(word in var.name for word in self.own)


@once
def derivatives(fn: Func) -> Derivatives:
    """The derivatives among the names of a function."""
    texts = {s.span.text for s in walk(fn.body) if isinstance(s, (Assign, Load, Store)) and s.span}
    return Derivatives(frozenset(word for text in texts for word in _WORD.findall(text)))


__all__ = ["Derivatives", "derivatives"]
