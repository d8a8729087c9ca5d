"""Times a generated gradient beside the value and the hand-written adjoint of one program."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import adcompiler as ad
from benchmarks.peers import cpp_peer, jax_peer
from benchmarks.program import Program
from benchmarks.tape import tape_bytes
from benchmarks.timing import Times, interleave

#: Gradients that differ by more than this, relative to the largest entry, are not timed.
AGREEMENT = 1e-9


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of one program.

    Parameters
    ----------
    name
        The program.
    times
        Of the value compiled by hand (`primal`) and by adcompiler (`value`), of the hand-written `adjoint`
        and perhaps `tangent`, of the generated `gradient`, also with `fastmath=False` (`strict`), and perhaps
        of the gradient by `jax` and of that by `cpp`.
    hand_tape, tape
        Bytes recorded by the hand-written adjoint and by the generated one.
    difference
        Largest difference from the hand-written gradient, by the largest entry.
    """

    name: str
    times: dict[str, Times]
    hand_tape: int
    tape: int
    difference: float

    def ratio(self, above: str, below: str) -> float:
        """Least time of one by the least time of the other."""
        return self.times[above].least / self.times[below].least

    def middle_ratio(self, above: str, below: str) -> float:
        """Median time of one by the median time of the other."""
        return self.times[above].middle / self.times[below].middle


def measure(program: Program, budget: float = 1.5) -> Result:
    """Time one program at its large size, after a comparison of all gradients with the hand-written one."""
    args = program.arguments(program.large)
    gradient = ad.value_and_grad(program.function, program.argnums)
    strict = ad.value_and_grad(program.function, program.argnums, fastmath=False)
    gradients = {"gradient": partial(gradient, *args), "strict": partial(strict, *args)}
    peers = {"jax": jax_peer.contender(program, args), "cpp": cpp_peer.contender(program, args)}
    gradients |= {name: peer for name, peer in peers.items() if peer is not None}
    expected = program.adjoint(*args)
    difference = max(disagreement(call(), expected) for call in gradients.values())
    if not difference <= AGREEMENT:
        raise ArithmeticError(f"{program.name}: a gradient is {difference:.1e} from the hand-written one")
    others = {"primal": program.primal, "value": gradient.primal, "adjoint": program.adjoint}
    if program.tangent is not None:
        others["tangent"] = program.tangent
    times = interleave({name: partial(call, *args) for name, call in others.items()} | gradients, budget)
    return Result(program.name, times, program.tape(*args), tape_bytes(gradient, args), difference)


def disagreement(found: tuple[float, Any], expected: tuple[float, Any]) -> float:
    """Largest relative difference between two gradients, and between two values.

    Examples
    --------
    >>> disagreement((1.0, np.ones(2)), (1.0, np.array([1.0, 2.0])))
    0.5
    """
    pairs = zip(parts(found), parts(expected), strict=True)
    # NumPy's maximum keeps a NaN, which Python's may drop
    return float(np.max([np.max(np.abs(a - b)) / np.max(np.abs(b)) for a, b in pairs]))


def parts(result: tuple[float, Any]) -> list[np.ndarray]:
    """The value, then each gradient, as arrays."""
    value, gradient = result
    return [np.asarray(value), *map(np.asarray, gradient if isinstance(gradient, tuple) else (gradient,))]
