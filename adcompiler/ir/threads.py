"""The numbers of a thread, which are hidden parameters of its program, by their names."""

from __future__ import annotations

AXES = "xyz"
#: What prints a number of a thread along an axis.
PLACES = {
    "thread": "cuda.threadIdx.{axis}",
    "block": "cuda.blockIdx.{axis}",
    "block_dim": "cuda.blockDim.{axis}",
    "grid_dim": "cuda.gridDim.{axis}",
}
#: Memory of a block is a hidden parameter, and so is that of which a barrier stores what nobody knows.
SHARED, BARRIER = "shared", "barrier"
#: The first item of the key of a hidden parameter that is a number of a thread.
NUMBER = "thread"


def thread_name(what: str, axis: int) -> str:
    """The name of a number of a thread along an axis.

    >>> thread_name("block_dim", 0)
    'block_dim_x'
    """
    return f"{what}_{AXES[axis]}"


_OWN = frozenset(thread_name(what, axis) for what in ("grid", "thread", "block") for axis in range(len(AXES)))


def is_own(name: str) -> bool:
    """Whether a hidden parameter is another one for another thread."""
    return name in _OWN
