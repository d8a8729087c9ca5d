"""What is measured: one derivative, computed by several contenders."""

import importlib
import importlib.util
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from adcompiler.backend.gpu.cuda import simulated

#: Computes the derivative, and returns arrays of its own package.
Contender = Callable[[], Sequence[Any]]
GENERATED, BY_HAND = "generated", "by hand"


@dataclass(frozen=True, slots=True)
class Case:
    """A derivative that several contenders compute.

    Parameters
    ----------
    name, size : str
        What it is, in words.
    makers : dict of str to callable
        Of each contender what makes it, or None where its package is missing. The arrays are made then.
    traffic : float
        The bytes that any program must read and write.
    operations : float
        The additions, multiplications and calls of functions that the hand-written kernels do.
    """

    name: str
    size: str
    makers: dict[str, Callable[[], Contender | None]]
    traffic: float
    operations: float


def package(name: str) -> ModuleType | None:
    """A package that is installed with support for the GPU, or None."""
    if importlib.util.find_spec(name) is None:
        return None
    # each contender takes the memory that it needs, and leaves the rest
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    found = importlib.import_module(name)
    if name == "jax":
        found.config.update("jax_enable_x64", True)
    on_gpu = found.default_backend() == "gpu" if name == "jax" else found.cuda.is_available()
    # beside the simulator the numbers are compared, wherever they come from
    return found if on_gpu or simulated() else None


def with_torch(function: Callable[..., Any], active: Sequence[Any], others: Sequence[Any], compiled: bool) -> Any:
    """Value and gradients by PyTorch, of `function(torch, *active, *others)`."""
    torch = package("torch")
    if torch is None:
        return None
    place = "cuda" if torch.cuda.is_available() else "cpu"
    leaves = [torch.tensor(a, device=place, requires_grad=True) for a in active]
    rest = [torch.tensor(a, device=place) if isinstance(a, np.ndarray) else a for a in others]

    def value(*args: Any) -> Any:
        return function(torch, *args)

    run = torch.compile(value) if compiled else value

    def contender() -> Sequence[Any]:
        found = run(*leaves, *rest)
        return [found.detach(), *torch.autograd.grad(found, leaves)]

    return contender


def with_jax(function: Callable[..., Any], active: Sequence[Any], others: Sequence[Any]) -> Any:
    """Value and gradients by JAX, of `function(jax.numpy, *active, *others)`; integers are part of the program."""
    jax = package("jax")
    if jax is None:
        return None
    leaves = [jax.numpy.asarray(a) for a in active]
    rest = [a if isinstance(a, int) else jax.numpy.asarray(a) for a in others]
    count = len(leaves)
    static = tuple(count + k for k, a in enumerate(rest) if isinstance(a, int))

    def value(*args: Any) -> Any:
        return function(jax.numpy, *args)

    run = jax.jit(jax.value_and_grad(value, tuple(range(count))), static_argnums=static)

    def contender() -> Sequence[Any]:
        found, slopes = jax.block_until_ready(run(*leaves, *rest))
        return [found, *slopes]

    return contender


def peers(
    of_torch: Callable[..., Any], of_jax: Callable[..., Any], active: Sequence[Any], others: Sequence[Any]
) -> dict[str, Callable[[], Contender | None]]:
    """The contenders that other packages give."""
    return {
        "torch": lambda: with_torch(of_torch, active, others, False),
        "torch.compile": lambda: with_torch(of_torch, active, others, True),
        "jax": lambda: with_jax(of_jax, active, others),
    }


def to_numpy(array: Any) -> np.ndarray:
    """A number or an array of any package, as NumPy has it."""
    if hasattr(array, "copy_to_host"):
        return array.copy_to_host()
    return array.cpu().numpy() if hasattr(array, "cpu") else np.asarray(array)
