"""A user's function under one set of options, before anything of it is compiled."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from types import FunctionType
from typing import Any

from adcompiler.calls.binding import Binder
from adcompiler.errors import Span, UnsupportedSyntax
from adcompiler.options import Options
from adcompiler.source import SourceFunc, source_of


class Origin:
    """A function under one set of options.

    Parameters
    ----------
    function : callable
        The user's function.
    options : Options
        The options.
    """

    def __init__(self, function: Callable[..., Any], options: Options) -> None:
        self.function, self.options = function, options
        self.binder = Binder(function)

    @cached_property
    def source(self) -> SourceFunc:
        """The function's text; of a transformed one, or one whose derivative is declared, a text that calls it."""
        if self.binder.text is None:
            return source_of(self.binder.entry, self.options.source)
        return replace(source_of(self.binder.entry, self.binder.text), place=_place_of(self.function))

    @property
    def span(self) -> Span | None:
        """The place of the user's function; None where it cannot be told."""
        return self.source.span(self.source.node) if self.binder.text is None else self.source.place


def _place_of(function: Callable[..., Any]) -> Span | None:
    """Where the function stands that others have been made of."""
    inner = inspect.unwrap(function)
    try:
        found = source_of(inner) if isinstance(inner, FunctionType) else None
    except UnsupportedSyntax:
        return None
    return found.span(found.node) if found is not None else None
