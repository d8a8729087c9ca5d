"""Programs of independent iterations on two threads, beside the same gradients on one."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numba

import adcompiler as ad
from benchmarks import registry
from benchmarks.harness import AGREEMENT, disagreement
from benchmarks.timing import Times, interleave

THREADS = 2
#: What two threads should gain where computing is what takes the time.
GAIN = 1.7
#: Sizes at which a call takes milliseconds, far beyond what the start of threads costs.
SIZES = {
    "bundle_adjustment": (20, 4000, 100_000),
    "gaussian_mixture": (100_000, 8, 4),
    "huber_regression": (200_000, 16),
    "kepler_newton": (40_000,),
    "logistic_map": (2000, 500),
    "mlp_loops": (5000, 64, 32, 10),
    "monte_carlo": (20_000, 50),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """The times of one program's gradient: on one thread (`cpu`) and on two (`parallel`)."""

    name: str
    size: tuple[int, ...]
    times: dict[str, Times]

    @property
    def gain(self) -> float:
        """How many times as fast two threads are."""
        return self.times["cpu"].least / self.times["parallel"].least


def run(budget: float = 3.0) -> Iterator[Pair]:
    """Measure each program, where the machine has as many cores."""
    if THREADS > numba.config.NUMBA_NUM_THREADS:
        return
    before = numba.get_num_threads()
    numba.set_num_threads(THREADS)
    try:
        for name, size in SIZES.items():
            yield measure(name, size, budget)
    finally:
        numba.set_num_threads(before)


def measure(name: str, size: tuple[int, ...], budget: float) -> Pair:
    """Time one program, after a comparison of both gradients."""
    program = registry.load(name)
    args = program.arguments(size)
    calls = {
        target: partial(ad.value_and_grad(program.function, program.argnums, target=target), *args)
        for target in ("cpu", "parallel")
    }
    difference = disagreement(calls["parallel"](), calls["cpu"]())
    if not difference <= AGREEMENT:
        raise ArithmeticError(f"{name}: gradients on one thread and on two differ by {difference:.1e}")
    return Pair(name, size, interleave(calls, budget))
