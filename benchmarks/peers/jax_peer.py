"""JAX as a contender: compiled, float64, one thread."""

import importlib.util
import os
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.arrays.program import ArrayProgram
from benchmarks.peers import whole_arrays
from benchmarks.peers.as_written import as_written
from benchmarks.program import Args, Program

#: Read when JAX makes its first array: one thread in each of its pools, and products of matrices not shared among them.
ONE_THREAD = {"NPROC": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
#: Arguments that are part of the compiled function, by name.
STATIC = ("steps", "sweeps", "heads", "keep")


def contender(program: Program | ArrayProgram, args: Args) -> Callable[[], tuple[Any, Any]] | None:
    """Value and gradient by JAX on arguments that it already holds; None without JAX or without such a program.

    The first call compiles.
    """
    if importlib.util.find_spec("jax") is None:
        return None
    os.environ.update(ONE_THREAD)
    import jax

    jax.config.update("jax_enable_x64", True)
    from benchmarks.peers import jax_arrays, jax_programs

    function = getattr(jax_programs, program.name, getattr(jax_arrays, program.name, None))
    if function is None:
        text = program.function if isinstance(program, ArrayProgram) else getattr(whole_arrays, program.name, None)
        if text is None:
            return None
        special, linalg = jax.scipy.special, jax.scipy.linalg
        library = {"erf": special.erf, "logsumexp": special.logsumexp, "solve_triangular": linalg.solve_triangular}
        function = as_written(text, library | {"np": jax.numpy})
    names = program.function.__code__.co_varnames[: program.function.__code__.co_argcount]
    static = [name for name in names if name in STATIC]
    compiled = jax.jit(jax.value_and_grad(function, program.argnums), static_argnames=static)
    held = [arg if name in static else jax.numpy.asarray(arg) for name, arg in zip(names, args, strict=True)]
    return partial(finished, jax.block_until_ready, compiled, held)


def finished(wait: Callable[[Any], Any], compiled: Callable[..., Any], held: list[Any]) -> tuple[Any, Any]:
    """The results, when they are there: JAX's calls return before."""
    result: tuple[Any, Any] = wait(compiled(*held))
    return result


def memory(call: Callable[[], tuple[Any, Any]]) -> int:
    """Bytes of temporaries and results, as JAX's compiler counts them: what it takes from the system it may keep."""
    assert isinstance(call, partial)
    _, compiled, held = call.args
    found = compiled.lower(*held).compile().memory_analysis()
    return int(found.temp_size_in_bytes + found.output_size_in_bytes)
