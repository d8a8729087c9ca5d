"""Time and memory of gradients over sizes of four decades, beside the value, the hand-written adjoint and JAX."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import adcompiler as ad
from adcompiler.tools.measure import peak_memory
from benchmarks import registry
from benchmarks.harness import AGREEMENT, disagreement
from benchmarks.peers import jax_peer
from benchmarks.timing import interleave

DECADES = (100, 1000, 10_000, 100_000, 1_000_000)
#: What is counted, and how the size of a program follows from how many there are, which is that part of the decades.
SIZES: dict[str, tuple[str, int, Callable[[int], tuple[int, ...]]]] = {
    "burgers": ("steps of 100 cells", 10, lambda n: (100, n)),
    "elementwise_sum": ("numbers", 1, lambda n: (n,)),
    "gaussian_mixture": ("points", 10, lambda n: (n, 8, 4)),
    "recurrence": ("steps", 1, lambda n: (n,)),
    "sparse_matvec": ("rows", 10, lambda n: (n, 10)),
    "tridiagonal": ("unknowns", 1, lambda n: (n,)),
}


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured of one program at one size.

    Parameters
    ----------
    name, what, count
        The program, what is counted, and how many there are.
    times
        Least seconds of the value under njit (`primal`), of the hand-written `adjoint`, of the generated
        `gradient`, and perhaps of that by `jax`.
    memory
        Bytes by which the process grows in such a call; by JAX, what its compiler counts.
    """

    name: str
    what: str
    count: int
    times: dict[str, float]
    memory: dict[str, int]


def run(names: tuple[str, ...] = tuple(SIZES), budget: float = 0.4) -> Iterator[Point]:
    """Measure each program at each of its sizes."""
    for name in names:
        what, part, size = SIZES[name]
        for count in (n // part for n in DECADES):
            yield measure(name, what, count, size(count), budget)


def measure(name: str, what: str, count: int, size: tuple[int, ...], budget: float) -> Point:
    """Measure one program at one size, after a comparison of the gradients."""
    program = registry.load(name)
    args = program.arguments(size)
    gradient = ad.value_and_grad(program.function, program.argnums)
    calls = {"primal": partial(program.primal, *args), "adjoint": partial(program.adjoint, *args)}
    gradients = {"gradient": partial(gradient, *args)}
    if (peer := jax_peer.contender(program, args)) is not None:
        gradients["jax"] = peer
    expected = calls["adjoint"]()
    difference = max(disagreement(call(), expected) for call in gradients.values())
    if not difference <= AGREEMENT:
        raise ArithmeticError(f"{name}: gradients at {size} differ by {difference:.1e}")
    calls |= gradients
    times = {key: found.least for key, found in interleave(calls, budget).items()}
    memory = {key: min(peak_memory(call, ()) for _ in range(3)) for key, call in calls.items() if key != "jax"}
    if peer is not None:
        memory["jax"] = jax_peer.memory(peer)
    return Point(name, what, count, times, memory)
