"""Gradients in the cheaper mode: the one place where reverse or forward mode is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from adcompiler.ad.budget import limited
from adcompiler.ad.checkpoints.unmarked import unmarked
from adcompiler.ad.forward_gradient import forward_gradient, wins
from adcompiler.ad.gradient import Seeds, cheapest
from adcompiler.ir.wengert import Func


def gradient_in_cheaper_mode(
    fn: Func, wrt: Sequence[int], seeds: Seeds, outputs: Sequence[int] | None, memory: int | None
) -> Func:
    """The joint function, as `ad.gradient.gradient` makes it; in forward mode where that is the cheaper way to it.

    Parameters
    ----------
    fn, wrt, seeds, outputs
        As for `ad.gradient.gradient`.
    memory : int, optional
        Bytes that records may take before loops are checkpointed.
    """
    best = cheapest(fn, wrt, seeds, outputs)
    if wins(best):
        return forward_gradient(fn, wrt, outputs)
    return unmarked(best.write()) if memory is None else limited(best, wrt, seeds, outputs, memory)
