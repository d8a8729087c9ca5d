"""What a transformation inside a program needs of the function it transforms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from adcompiler.calls.binding import Binder
from adcompiler.calls.lowering import Lowering
from adcompiler.frontend.state.context import Lowering as Program
from adcompiler.frontend.state.values import Value
from adcompiler.ir.wengert import Atom


class Callee(Protocol):
    """A function that a program transforms: one from outside, or one that the program makes."""

    @property
    def binder(self) -> Binder:
        """How its arguments are bound."""

    def lowered(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value]) -> tuple[Lowering, list[Atom]]:
        """Its Wengert list for these arguments, and the arguments of that list."""
