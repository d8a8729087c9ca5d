"""Time and memory of gradients over sizes of four decades, beside the value, the hand-written adjoint and JAX."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import adcompiler as ad
from adcompiler.tools.measure import peak_memory
from benchmarks import registry
from benchmarks.harness import AGREEMENT, disagreement
from benchmarks.peers import jax_peer
from benchmarks.timing import interleave

DECADES = (100, 1000, 10_000, 100_000, 1_000_000)
#: What is counted, and the size of a program where there are so many of it.
SIZES: dict[str, tuple[str, list[tuple[int, ...]]]] = {
    "burgers": ("steps of 100 cells", [(100, n // 10) for n in DECADES]),
    "elementwise_sum": ("numbers", [(n,) for n in DECADES]),
    "gaussian_mixture": ("points", [(n // 10, 8, 4) for n in DECADES]),
    "recurrence": ("steps", [(n,) for n in DECADES]),
    "sparse_matvec": ("rows", [(n // 10, 10) for n in DECADES]),
    "tridiagonal": ("unknowns", [(n,) for n in DECADES]),
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
        what, sizes = SIZES[name]
        for size in sizes:
            yield measure(name, what, size, budget)


def measure(name: str, what: str, size: tuple[int, ...], budget: float) -> Point:
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
    return Point(name, what, size[1] if name == "burgers" else size[0], times, memory)
