"""A user's function under one set of options, before anything of it is compiled."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from adcompiler.calls.binding import Binder
from adcompiler.errors import Span
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
        """The function's text."""
        return source_of(self.binder.entry, self.binder.text or self.options.source)

    @property
    def span(self) -> Span | None:
        """The place of the user's function; None for a transformed one, whose text is made here."""
        return self.source.span(self.source.node) if self.binder.text is None else None
