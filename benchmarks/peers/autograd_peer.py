"""The package autograd as a contender: a program of whole arrays with `autograd.numpy`, traced at each call."""

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.arrays.program import ArrayProgram
from benchmarks.peers.as_written import as_written, shared
from benchmarks.program import Args, Program

#: They write into arrays, or call a method that autograd's arrays do not have; the last would record 4 GB.
REFUSED = ("attention", "heat", "wave", "lotka_volterra")


def contender(program: Program | ArrayProgram, args: Args) -> Callable[[], tuple[Any, Any]] | None:
    """Value and gradient by autograd; None without it, and for programs that it refuses."""
    if importlib.util.find_spec("autograd") is None or program.name in REFUSED:
        return None
    import autograd
    import autograd.scipy.linalg
    import autograd.scipy.special

    library = {
        "np": autograd.numpy,
        "erf": autograd.scipy.special.erf,
        "logsumexp": autograd.scipy.special.logsumexp,
        "solve_triangular": autograd.scipy.linalg.solve_triangular,
        # the derivative of its `stack` goes through all parts for each of them
        "stack": autograd.numpy.array,
    }
    own = isinstance(program, ArrayProgram)
    function = as_written(program.function, library) if own else shared(program.name, library)
    return partial(autograd.value_and_grad(function, program.argnums), *args)
