"""Programs beside PyTorch and autograd, which record each operation at each call, and their table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import geometric_mean
from typing import Any

import adcompiler as ad
from adcompiler.tools import table
from benchmarks.arrays.program import ArrayProgram
from benchmarks.arrays.suite import agree, seconds
from benchmarks.peers import autograd_peer, torch_peer
from benchmarks.program import Args, Program
from benchmarks.report import Table
from benchmarks.timing import Times, interleave

#: What they are called among the times of a result, and in tables.
PEERS = {"torch": "PyTorch", "torch_compiled": "compiled", "autograd": "autograd"}


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of one program at one size.

    Parameters
    ----------
    name, size
        Of the program.
    times
        Of the generated `gradient`, and of that by each peer that is installed and takes the program.
    compiled
        Seconds that PyTorch took to compile; None where it did not.
    """

    name: str
    size: tuple[int, ...]
    times: dict[str, Times]
    compiled: float | None

    def gain(self, peer: str) -> float | None:
        """A peer's time by ours; None without the peer."""
        return self.times[peer].least / self.times["gradient"].least if peer in self.times else None


def measure(program: Program | ArrayProgram, budget: float = 1.0) -> Iterator[Result]:
    """Time one program at its sizes, after a comparison with each peer; nothing where none is installed."""
    gradient = ad.value_and_grad(program.function, program.argnums, cache=False)
    by_hand = isinstance(program, Program)
    for size in (program.large,) if by_hand else (program.small, program.large):
        args = program.arguments(size)
        peers = contenders(program, args)
        if not peers:
            return
        calls = {"gradient": partial(gradient, *args)} | peers
        compiled = seconds(peers["torch_compiled"]) if "torch_compiled" in peers else None
        expected = program.adjoint(*args) if by_hand else gradient(*args)
        for call in calls.values():
            agree(program, call(), expected)
        yield Result(program.name, size, interleave(calls, budget), compiled)


def contenders(program: Program | ArrayProgram, args: Args) -> dict[str, Callable[[], Any]]:
    """Value and gradient by each peer that is installed."""
    traced = autograd_peer.contender(program, args)
    return torch_peer.contenders(program, args) | ({} if traced is None else {"autograd": traced})


def line(found: Result) -> str:
    """What a run says as soon as a program is measured.

    Examples
    --------
    >>> line(Result("one", (3,), {"gradient": Times(1.0, 1.0, 7), "torch": Times(20.0, 21.0, 7)}, None))
    'one (3,): PyTorch 20.00 times as long'
    """
    gains = (f"{title} {quotient(gain)}" for key, title in PEERS.items() if (gain := found.gain(key)) is not None)
    return f"{found.name} {found.size}: {', '.join(gains)} times as long"


def times(results: Sequence[Result]) -> Table:
    """A row for each program and size, and the geometric means of the ratios."""
    ratios = [f"{title} / gen." for title in PEERS.values()]
    head = ("program", "size", "generated", *PEERS.values(), *ratios, "compilation")
    rows = [
        [
            found.name,
            " by ".join(map(str, found.size)),
            *(table.seconds(found.times[key].least) if key in found.times else "" for key in ("gradient", *PEERS)),
            *("" if (gain := found.gain(key)) is None else quotient(gain) for key in PEERS),
            "" if found.compiled is None else table.seconds(found.compiled),
        ]
        for found in results
    ]
    rows.append(["geometric mean", *_means(results)])
    kinds = {"of whole arrays": False, "from step to step": True}
    of_kind = {
        kind: [found for found in results if torch_peer.steps(found.name) is goes] for kind, goes in kinds.items()
    }
    if all(of_kind.values()):
        rows += [[kind, *_means(found)] for kind, found in of_kind.items()]
    return head, rows


def _means(results: Sequence[Result]) -> list[str]:
    """The end of a row of geometric means."""
    gains = ([gain for found in results if (gain := found.gain(key)) is not None] for key in PEERS)
    return [*[""] * (len(PEERS) + 2), *(quotient(geometric_mean(some)) if some else "" for some in gains), ""]


def quotient(times: float) -> str:
    """A ratio, to three digits or more.

    Examples
    --------
    >>> quotient(0.871), quotient(13539.76)
    ('0.87', '13,540')
    """
    return f"{times:.2f}" if times < 100.0 else f"{times:,.0f}"
