"""The critical section: work on what threads share, by one thread at a time, and not cut in two by a fork or Ctrl-C.

A process that is forked while another thread compiles would find that thread's locks held and its work half done, in
Python, in Numba and in LLVM: a fork waits until nobody compiles. An interrupt in the middle of an import, or of what
Numba and LLVM register, would leave every later call with the half of it: it waits until that part is over.
"""

from __future__ import annotations

# a fork takes the locks of modules imported last first, and what compiles may log: not the other way round
import logging as logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class Held(Protocol):
    """A lock of the process."""

    def acquire(self) -> object:
        """Take it."""

    def release(self) -> object:
        """Give it back."""


#: Held by the thread that compiles.
LOCK = threading.RLock()

# in the order in which threads take them
_LOCKS: list[Held] = [LOCK]


def held_by_forks(lock: Held) -> None:
    """Let a fork wait for another lock too, one that a thread takes while it holds those named before."""
    _LOCKS.append(lock)


def _acquire() -> None:
    for lock in _LOCKS:
        lock.acquire()


def _release() -> None:
    for lock in reversed(_LOCKS):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_acquire, after_in_parent=_release, after_in_child=_release)


@contextmanager
def critical_section() -> Iterator[None]:
    """Work of one thread at a time, done to its end: an interrupt is heard after it, and a second one at once."""
    with LOCK, _late_interrupts():
        yield


@contextmanager
def _late_interrupts() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGINT)
    # only Python's main thread hears of signals
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    arrived: list[tuple[int, FrameType | None]] = []

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append((number, frame))
        if len(arrived) > 1:
            handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if len(arrived) == 1:
            handler(*arrived[0])
