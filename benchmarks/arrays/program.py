"""What an array program is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.program import Args


@dataclass(frozen=True, slots=True)
class ArrayProgram:
    """A user's function of whole arrays.

    Parameters
    ----------
    function
        The plain Python function.
    argnums
        The arguments with respect to which it is differentiated.
    inputs
        `inputs(rng, *size)` gives the arguments.
    tiny, small, large
        The sizes of the tests and of the two timings.
    kind
        What most of its time goes to: "elementwise", "reduction", "stencil", "network", "gemm" or "matrices".
    """

    function: Callable[..., Any]
    argnums: int | tuple[int, ...]
    inputs: Callable[..., Args]
    tiny: tuple[int, ...]
    small: tuple[int, ...]
    large: tuple[int, ...]
    kind: str

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.__name__

    def arguments(self, size: tuple[int, ...]) -> Args:
        """The same arguments at every call."""
        return self.inputs(np.random.default_rng(1), *size)
