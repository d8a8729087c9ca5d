"""The array programs by name, and what is measured of each."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numba.core.errors import NumbaError

import adcompiler as ad
from benchmarks import arrays
from benchmarks.arrays.program import ArrayProgram
from benchmarks.harness import AGREEMENT, disagreement, parts
from benchmarks.peers import jax_peer
from benchmarks.program import Args, hand
from benchmarks.timing import Times, interleave

STEP = 1e-6


def programs() -> dict[str, ArrayProgram]:
    """All array programs.

    Examples
    --------
    >>> programs()["heat"].kind
    'stencil'
    """
    modules = [importlib.import_module(f"{arrays.__name__}.{m.name}") for m in pkgutil.iter_modules(arrays.__path__)]
    return {p.name: p for module in modules for p in getattr(module, "PROGRAMS", ())}


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of one program at one size.

    Parameters
    ----------
    name, kind, size
        Of the program.
    times
        Of the value by `numpy`, perhaps by `njit`, and by adcompiler (`value`); of the `gradient`, and perhaps of
        that by `jax`.
    compiled
        Seconds of the first call of the gradient without a cache; perhaps those of JAX.
    """

    name: str
    kind: str
    size: tuple[int, ...]
    times: dict[str, Times]
    compiled: dict[str, float]

    def gain(self) -> float | None:
        """JAX's time of value and gradient by ours; None without JAX."""
        return self.times["jax"].least / self.times["gradient"].least if "jax" in self.times else None

    def value_ratio(self) -> float:
        """Our time of the value by the better one of NumPy's and njit's."""
        return self.times["value"].least / min(self.times[key].least for key in ("numpy", "njit") if key in self.times)


def measure(program: ArrayProgram, budget: float = 1.0) -> Iterator[Result]:
    """Time one program at both sizes, after a comparison of its gradient with differences, and with JAX's."""
    gradient = ad.value_and_grad(program.function, program.argnums, cache=False)
    value = compiled_by_hand(program)
    for size in (program.small, program.large):
        args = program.arguments(size)
        first = seconds(partial(gradient, *args))
        check(program, args, gradient)
        contenders = {"numpy": program.function, "value": gradient.primal, "gradient": gradient}
        calls = {name: partial(call, *args) for name, call in contenders.items()}
        if value is not None:
            calls["njit"] = partial(value, *args)
        compiled = {"gradient": first}
        if (peer := jax_peer.contender(program, args)) is not None:
            compiled["jax"] = seconds(peer)
            agree(program, peer(), gradient(*args))
            calls["jax"] = peer
        yield Result(program.name, program.kind, size, interleave(calls, budget), compiled)


def compiled_by_hand(program: ArrayProgram) -> Callable[..., Any] | None:
    """The function under njit; None where Numba refuses it."""
    value = hand(program.function)
    try:
        value(*program.arguments(program.tiny))
    except NumbaError:
        return None
    return value  # type: ignore[no-any-return]


def seconds(call: Callable[[], Any]) -> float:
    """How long a call takes."""
    start = perf_counter()
    call()
    return perf_counter() - start


def agree(program: ArrayProgram, found: Any, expected: Any) -> None:
    """Raise ArithmeticError where two gradients differ."""
    difference = disagreement(found, expected)
    if not difference <= AGREEMENT:
        raise ArithmeticError(f"{program.name}: gradients differ by {difference:.1e}")


def check(program: ArrayProgram, args: Args, gradient: Callable[..., Any]) -> None:
    """Raise ArithmeticError where the gradient along its own direction is not the quotient of differences."""
    numbers = program.argnums if isinstance(program.argnums, tuple) else (program.argnums,)
    gradients = parts(gradient(*args))[1:]
    length = np.sqrt(sum(np.sum(g**2) for g in gradients))
    ahead, behind = (
        program.function(*(arg + s * STEP / length * steps[k] if k in steps else arg for k, arg in enumerate(args)))
        for steps in [dict(zip(numbers, gradients, strict=True))]
        for s in (1.0, -1.0)
    )
    quotient = (ahead - behind) / (2.0 * STEP)
    if not abs(quotient - length) <= 1e-4 * length:
        raise ArithmeticError(f"{program.name}: a slope of {quotient}, but a gradient of length {length}")
