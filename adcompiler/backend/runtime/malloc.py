"""Memory that a call has freed serves the next call, instead of going back to the system in between."""

from __future__ import annotations

import functools

import numpy as np

# the largest block from which glibc learns, less what it adds to a block
_LARGEST = 32 * 2**20 - 2 * 4096


@functools.lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Let glibc's `malloc` keep up to 64 MiB that are free at the end of its memory.

    It keeps twice the largest block that a program has freed, up to this. Records are several blocks: without a larger
    one before them, all their pages would be handed back, and cleared and mapped again, at every call, which takes
    longer than filling them. The block is never touched, so it takes no memory itself.
    """
    np.empty(_LARGEST, dtype=np.uint8)


__all__ = ["keep_freed_memory"]
