"""Fresh readable names that never collide."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Container, Iterable

_MODULES = frozenset("np math rt nb scipy cgutils llvmlite numba".split())
RESERVED = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | _MODULES


class Names:
    """The names of one function: primal, adjoint, tape and counter names come from the same set.

    >>> names = Names({"a"})
    >>> names.fresh("a"), names.fresh("a"), names.fresh("b")
    ('a_1', 'a_2', 'b')
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self.last: dict[str, int] = {}

    def fresh(self, hint: str) -> str:
        """`hint` itself where free, else `hint_1`, `hint_2`, …; what cannot stand in a name is left out.

        Helpers of generated text begin with an underscore, and no name does.
        """
        hint = hint.lstrip("_") or hint
        if not hint.isidentifier():
            hint = "".join(c for c in hint if c.isidentifier() or c.isdigit()) or "t"
            hint = hint if hint.isidentifier() else f"t{hint}"
        if hint not in self.taken and hint not in RESERVED:
            self.taken.add(hint)
            return hint
        number = self.last.get(hint, 0)
        while True:
            number += 1
            name = f"{hint}_{number}"
            if name not in self.taken:
                self.last[hint] = number
                self.taken.add(name)
                return name


def told(name: str, known: Container[str]) -> str:
    """The name that a program has for what a new name stands for, where that is among the known ones.

    >>> told("u_1_own", {"u", "u_1"}), told("x_1", {"x_1"})
    ('u', 'x_1')
    """
    name = name.removesuffix("_own")
    while (match := re.fullmatch(r"(.+)_\d+", name)) and match[1] in known:
        name = match[1]
    return name
