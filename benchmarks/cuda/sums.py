"""Sums over the threads of a block, as hand-written kernels make them."""

from typing import Any

from numba import cuda

BLOCK = 128


@cuda.jit(device=True)
def add_of_block(parts: Any, sums: Any, k: Any, value: Any) -> None:
    """Add the numbers of a block's threads to an element: a tree in shared memory, then one atomic addition."""
    t = cuda.threadIdx.x
    parts[t] = value
    cuda.syncthreads()
    half = BLOCK // 2
    while half > 0:
        if t < half:
            parts[t] += parts[t + half]
        cuda.syncthreads()
        half //= 2
    if t == 0:
        cuda.atomic.add(sums, k, parts[0])
    cuda.syncthreads()


def blocks_for(count: int) -> int:
    """Blocks enough to fill a large GPU, no more than there are items for."""
    return max(1, min(-(-count // BLOCK), 4096))
