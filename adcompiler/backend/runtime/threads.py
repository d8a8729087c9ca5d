"""How many threads share a loop: what compiled code asks before it begins one that is long enough.

Numba's threads have limits, which end the process where they are overstepped: those of GNU OpenMP serve no process
that was forked after they began, those of Numba's own work queue serve one caller at a time. There one thread runs.
"""

from __future__ import annotations

import os
import threading

import numba
from numba.np.ufunc.parallel import threading_layer

#: A thread's copies of what a loop adds to may take so many elements, all together.
MOST = 2.0**25
# an element of a copy, which is filled, read and added, takes as long as so many additions of a loop over vectors
_COPIED = 32.0

# held from `parts` to `ended`, by the one caller of a work queue
_QUEUE = threading.Lock()
_LOST = False


def _begun() -> bool:
    """Whether Numba's threads have begun in this process, or in one that it was forked from."""
    try:
        threading_layer()  # type: ignore[no-untyped-call]
    except ValueError:
        return False
    return True


def _after_fork() -> None:
    global _LOST
    _LOST = _begun()
    if _QUEUE.locked():
        _QUEUE.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _allowed() -> int:
    return int(numba.get_num_threads())


def _is_queue() -> bool:
    return bool(threading_layer() == "workqueue")  # type: ignore[no-untyped-call]


def parts(work: float, size: float) -> int:
    """Into how many parts, one for each thread, to share a loop of so many operations that adds to so many elements.

    Each of several threads fills and adds up as many elements of its own.
    """
    if _LOST:
        return 1
    count = _allowed()
    copies = count * size
    if count < 2 or copies > MOST or _COPIED * copies > work:
        return 1
    if _is_queue() and not _QUEUE.acquire(blocking=False):
        return 1
    return count


def ended() -> int:
    """What threads shared has ended."""
    if _QUEUE.locked() and _is_queue():
        _QUEUE.release()
    return 0
