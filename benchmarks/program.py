"""What a benchmark program is, and the decorators with which the hand-written code is compiled."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

Args = tuple[Any, ...]

#: Numba's strict floating point without bounds checks: what a careful person uses for numerical code.
hand = njit(error_model="numpy", nogil=True, cache=True)

#: For the adjoint's own sums, whose order no user wrote: they may be reassociated, nothing else may.
hand_sums = njit(error_model="numpy", nogil=True, cache=True, fastmath={"reassoc", "nsz"})


@dataclass(frozen=True, slots=True)
class Program:
    """A user's function with the derivative that a careful person writes for it.

    Parameters
    ----------
    function
        The plain, undecorated Python function, as a scientist writes it.
    argnums
        The arguments with respect to which it is differentiated.
    primal
        The same function compiled by hand with Numba.
    adjoint
        Hand-written value and gradient in one compiled function, same arguments.
    inputs
        `inputs(rng, *size)` gives the arguments.
    small, large
        The sizes of the tests and of the timings.
    tape
        `tape(*args)` gives the bytes that the hand-written adjoint stores for its reverse sweep,
        beyond the arrays which the function itself keeps.
    tangent
        A hand-written forward-mode gradient, where it pays to have one.
    """

    function: Callable[..., float]
    argnums: int | tuple[int, ...]
    primal: Callable[..., float]
    adjoint: Callable[..., tuple[float, Any]]
    inputs: Callable[..., Args]
    small: tuple[int, ...]
    large: tuple[int, ...]
    tape: Callable[..., int]
    tangent: Callable[..., tuple[float, Any]] | None = None

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.__name__

    def arguments(self, size: tuple[int, ...]) -> Args:
        """The same arguments at every call."""
        return self.inputs(np.random.default_rng(1), *size)
