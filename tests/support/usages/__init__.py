"""Small uses of library functions: a function of the arguments, and the arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Usages:
    """Uses by name; the first `active` arguments are differentiated, all floats by default."""

    table: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = field(default_factory=dict)

    def use(self, name: str, function: Callable[..., Any], *args: Any) -> None:
        assert name not in self.table, name
        self.table[name] = (function, args)
