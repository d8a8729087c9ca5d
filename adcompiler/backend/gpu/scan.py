"""Running sums on the device: threads add up runs of elements, then the ends of the runs, then these to the runs."""

from __future__ import annotations

from typing import Any

from adcompiler.backend.gpu.cuda import cuda
from adcompiler.backend.gpu.memory import calls, empty, run

Array = Any

# how many elements one thread adds up
_RUN = 32


@cuda.jit
def _runs(array, before, step, count, ends):  # type: ignore[no-untyped-def]
    length = (count + ends.shape[0] - 1) // ends.shape[0]
    for k in range(cuda.grid(1), ends.shape[0], cuda.gridsize(1)):
        first, last = k * length, min((k + 1) * length, count)
        for n in range(first + 1, last):
            array[before + n * step] += array[before + (n - 1) * step]
        if first < last:
            ends[k] = array[before + (last - 1) * step]
        else:
            ends[k] = 0


@cuda.jit
def _shifted(array, before, step, count, ends):  # type: ignore[no-untyped-def]
    length = (count + ends.shape[0] - 1) // ends.shape[0]
    for n in range(length + cuda.grid(1), count, cuda.gridsize(1)):
        array[before + n * step] += ends[n // length - 1]


def running_sum(array: Array, first: int, end: int, step: int) -> None:
    """Add to elements of an array of the device, in the order of a range, the one that stands a step before each.

    The same arguments give the same bits: which elements a thread adds up depends on how many there are alone.
    """
    count = len(range(first, end, step)) + 1
    if count < 2 or calls() is not None:
        return
    runs = (count + _RUN - 1) // _RUN
    ends = empty((runs,), array.dtype)
    run(_runs, runs, array, first - step, step, count, ends)
    if runs > 1:
        running_sum(ends, 1, runs, 1)
        run(_shifted, count, array, first - step, step, count, ends)
