"""Pickling functions that no other process can import."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import IO, Any

from numba.cloudpickle import Pickler


class Sender(Pickler):
    """Numba's pickler, which sends a function that cannot be imported with its code and what it captures.

    Parameters
    ----------
    stream : file
        Where to.
    reduced : callable
        How an object is sent, or NotImplemented.
    """

    def __init__(self, stream: IO[bytes], reduced: Callable[[Any], Any]) -> None:
        super().__init__(stream)  # type: ignore[no-untyped-call]
        self.reduced = reduced
        self.functions: list[FunctionType] = []

    def send(self, held: Any) -> None:
        """Write an object."""
        self.dump(held)  # type: ignore[no-untyped-call]

    def reducer_override(self, obj: Any) -> Any:
        """How an object is sent."""
        function = obj if isinstance(obj, FunctionType) else getattr(obj, "py_func", None)
        if isinstance(function, FunctionType):
            self.functions.append(function)
        found = self.reduced(obj)
        return super().reducer_override(obj) if found is NotImplemented else found  # type: ignore[no-untyped-call]
