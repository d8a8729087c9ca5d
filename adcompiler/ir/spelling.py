"""The user's spelling of a name: fresh names of a list end in numbers of their own."""

from __future__ import annotations

import re

from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func, Load, Store

_NUMBER = re.compile(r"_\d+(?=_|$)")
_NUMBERED = re.compile(r"\b\w+_\d+\b")


def numbered_words(fn: Func) -> frozenset[str]:
    """The names with a number of their own: those that the user's lines spell so, and parameters."""
    texts = {s.span.text for s in walk(fn.body) if isinstance(s, (Assign, Load, Store)) and s.span}
    return frozenset(word for text in texts for word in _NUMBERED.findall(text)) | {p.name for p in fn.params}


def base_name(name: str, words: frozenset[str]) -> str:
    """A name without the numbers that made it fresh.

    >>> base_name("x_1_bar_2", frozenset()), base_name("x_1_bar_2", frozenset({"x_1"}))
    ('x_bar', 'x_1_bar')
    """
    for match in reversed(list(_NUMBER.finditer(name))):
        own = name[: match.end()]
        # `n_x_1` is an extent of `x_1`
        if own not in words and own.partition("_")[2] not in words:
            name = name[: match.start()] + name[match.end() :]
    return name
