"""Time and memory of a call in this process."""

from __future__ import annotations

import ctypes
import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

#: Seconds spent on one measurement, and the calls it takes at least and at most.
BUDGET, FEWEST, MOST = 0.3, 3, 2000


def time_of(call: Callable[..., Any], arguments: Callable[[], tuple[Any, ...]]) -> float:
    """The median time of a call; its arguments are made anew outside the measured time.

    >>> time_of(sum, lambda: ([1, 2],)) > 0
    True
    """
    call(*arguments())
    samples: list[float] = []
    enabled = gc.isenabled()
    gc.disable()
    end = perf_counter() + BUDGET
    try:
        while len(samples) < FEWEST or (perf_counter() < end and len(samples) < MOST):
            args = arguments()
            start = perf_counter()
            call(*args)
            samples.append(perf_counter() - start)
    finally:
        if enabled:
            gc.enable()
    return median(samples)


def peak_memory(call: Callable[..., Any], args: tuple[Any, ...]) -> int:
    """Bytes by which memory rises above what is there before a call, at its peak.

    Where Linux lets a process reset its own high-water mark, all memory counts, to some dozens of pages a processor
    (the kernel sums them in batches); elsewhere only NumPy's and Python's, since what compiled code allocates is not
    traced.
    """
    gc.collect()
    return_free_memory()
    try:
        Path("/proc/self/clear_refs").write_text("5")
        before = resident("VmRSS")
        call(*args)
        return max(resident("VmHWM") - before, 0)
    except OSError:
        return traced_peak(call, args)


def resident(field: str) -> int:
    """A number of bytes from Linux's account of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def return_free_memory() -> None:
    """Give the allocator's free memory back, where it can be told to, so that its reuse is seen as a rise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if Path("/proc/self").exists() else None
    if trim is not None:
        trim(0)


def traced_peak(call: Callable[..., Any], args: tuple[Any, ...]) -> int:
    """The peak of what Python and NumPy allocate in a call.

    >>> 1000 <= traced_peak(bytes, (1000,)) < 3000
    True
    """
    tracemalloc.start()
    try:
        call(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
