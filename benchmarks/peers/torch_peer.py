"""PyTorch as a contender: float64, one thread, as it runs at each call and compiled."""

import importlib.util
import os
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.arrays.program import ArrayProgram
from benchmarks.peers import loops_over_steps
from benchmarks.peers.as_written import shared
from benchmarks.program import Args, Program

#: They go from step to step, beside those in the text that is shared for such programs.
STEPS = ("kalman", "gravity", "heat", "wave", "shortest_paths", "lotka_volterra")


def contenders(program: Program | ArrayProgram, args: Args) -> dict[str, Callable[[], tuple[Any, Any]]]:
    """Value and gradient by PyTorch on arguments that it already holds; nothing without PyTorch.

    The first call of the compiled one compiles.
    """
    if importlib.util.find_spec("torch") is None:
        return {}
    # a first call is to compile, not to find what an earlier process has compiled; read at the import
    os.environ.setdefault("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")
    warnings.filterwarnings("ignore", "dynamo_pgo force disabled")
    import torch

    torch.set_num_threads(1)
    function = written(torch, program.name)
    single = not isinstance(program.argnums, tuple)
    numbers = (program.argnums,) if single else program.argnums
    held = [tensor(torch, arg, k in numbers) for k, arg in enumerate(args)]
    ways = {"torch": function}
    if not steps(program.name):
        ways["torch_compiled"] = torch.compile(function, dynamic=False)
    return {name: partial(value_and_grad, torch, way, held, numbers, single) for name, way in ways.items()}


def steps(name: str) -> bool:
    """Whether a program is a loop in Python, which `torch.compile` unrolls: its compilation takes minutes.

    Examples
    --------
    >>> steps("recurrence"), steps("lu_logdet")
    (True, False)
    """
    return name in STEPS or hasattr(loops_over_steps, name)


def written(torch: Any, name: str) -> Callable[..., Any]:
    """A program in PyTorch's own words, or in those that it shares with other libraries."""
    from benchmarks.peers import torch_arrays, torch_programs

    own = getattr(torch_programs, name, getattr(torch_arrays, name, None))
    library = {"np": torch, "logsumexp": torch.logsumexp, "stack": torch.stack, "add_matvec": torch.addmv}
    return own or shared(name, library | {"pad": lambda x: torch.nn.functional.pad(x, (1, 1) * x.ndim)})


def tensor(torch: Any, arg: Any, differentiated: bool) -> Any:
    """An argument as PyTorch has it: numbers that are not differentiated stay numbers."""
    if not isinstance(arg, np.ndarray) and not differentiated:
        return arg
    return torch.tensor(np.asarray(arg), requires_grad=differentiated)


def value_and_grad(
    torch: Any, function: Callable[..., Any], held: list[Any], numbers: tuple[int, ...], single: bool
) -> tuple[Any, Any]:
    """One forward and one backward sweep."""
    value = function(*held)
    gradients = torch.autograd.grad(value, [held[k] for k in numbers])
    return value.detach(), gradients[0] if single else gradients
