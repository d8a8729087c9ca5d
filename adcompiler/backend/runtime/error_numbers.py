"""The numbers in the message of an exception that machine code raises.

Numba's exceptions have constant messages, so machine code hands the numbers to Python first. It calls `short` and
`tell` by symbols (`emit/runtime_calls.py`), in any thread, and only where it is about to fail or to ask for much
memory. Each thread's numbers are kept until its exception has reached Python.
"""

from __future__ import annotations

import threading

from adcompiler.backend.runtime import free_memory


class _Told(threading.local):
    numbers: tuple[int, ...] = ()


_TOLD = _Told()


def short(need: float) -> bool:
    """Whether there is less free memory than `need` bytes; then both numbers are kept for the exception."""
    left = free_memory.free()
    if left is None or need <= left:
        return False
    _TOLD.numbers = int(need), left
    return True


def tell(count: int, one: int, other: int) -> int:
    """Keep the first `count` numbers for the exception that is raised next."""
    _TOLD.numbers = (one, other)[:count]
    return 0


def told() -> tuple[int, ...]:
    """The numbers that were kept last in this thread, once."""
    numbers, _TOLD.numbers = _TOLD.numbers, ()
    return numbers
