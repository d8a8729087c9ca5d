"""The package autograd as a contender: the text of a program with `autograd.numpy`, traced at each call."""

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.arrays.program import ArrayProgram
from benchmarks.peers.as_written import as_written
from benchmarks.program import Args

#: They write into arrays, or call a method that autograd's arrays do not have.
REFUSED = ("attention", "heat", "wave")


def contender(program: ArrayProgram, args: Args) -> Callable[[], tuple[Any, Any]] | None:
    """Value and gradient by autograd; None without it, and for programs that it refuses."""
    if importlib.util.find_spec("autograd") is None or program.name in REFUSED:
        return None
    import autograd
    import autograd.scipy.special

    library = {"np": autograd.numpy, "erf": autograd.scipy.special.erf}
    return partial(autograd.value_and_grad(as_written(program.function, library), program.argnums), *args)
