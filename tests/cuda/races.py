"""Elements that two threads of a kernel touch, one of them to write: the simulator runs threads so that none shows."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np
from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray
from numba.cuda.simulator.cudadrv.devicearray import FakeWithinKernelCUDAArray as Seen
from numba.cuda.simulator.kernel import BlockThread
from numba.cuda.simulator.kernelapi import FakeCUDAAtomic as Atomic
from numba.cuda.simulator.kernelapi import FakeCUDAShared as Shared

from adcompiler.backend.gpu import device
from adcompiler.cuda.launch import Grid


class OfBlock(Seen):  # type: ignore[misc]
    """Memory of a block."""


class Races:
    """Which threads read, write and add to each element, by its address."""

    def __init__(self) -> None:
        self.readers: dict[Any, set[object]] = {}
        self.writers: dict[Any, set[object]] = {}
        self.adders: dict[Any, set[object]] = {}
        self.adding: set[int] = set()
        self.found: list[str] = []

    def note(self, of: dict[Any, set[object]], array: Any, index: Any) -> None:
        """Note an access to one element."""
        plain = array._item._ary
        at = index if isinstance(index, tuple) else (index,)
        if len(at) != plain.ndim or not all(hasattr(k, "__index__") for k in at):
            return
        steps = (int(k) % n * s for k, n, s in zip(at, plain.shape, plain.strides, strict=True))
        here: Any = threading.current_thread()
        of = self.adders if threading.get_ident() in self.adding else of
        name = tuple(getattr(place, axis) for place in (here.blockIdx, here.threadIdx) for axis in "xyz")
        address: Any = plain.__array_interface__["data"][0] + sum(steps)
        if isinstance(array, OfBlock):
            # threads of a block use its memory in turns, which barriers separate
            address = (address, name[:3], getattr(here, "turn", 0))
        of.setdefault(address, set()).add(name)

    def forget(self) -> None:
        """Begin anew: other kernels have used the memory before."""
        for of in (self.readers, self.writers, self.adders):
            of.clear()

    def ended(self, report: Any) -> None:
        """Compare what the threads of a launch have touched, but for its report."""
        first, last = (0, 0)
        if report is not None:
            first = report.__array_interface__["data"][0]
            last = first + report.nbytes
        for address in {*self.writers, *self.adders}:
            if isinstance(address, int) and first <= address < last:
                continue
            write, read, add = (of.get(address, set()) for of in (self.writers, self.readers, self.adders))
            if (write and len(write | read | add) > 1) or (add and len(add | read) > 1 and read):
                self.found.append(f"threads {sorted(write | read | add)} use one element")


Patch = tuple[Any, str, Any]


def _elements(races: Races) -> Iterator[Patch]:
    """What notes accesses to elements, plain and atomic ones."""
    get, put = Seen.__getitem__, Seen.__setitem__

    def reading(self: Any, index: Any) -> Any:
        races.note(races.readers, self, index)
        return get(self, index)

    def writing(self: Any, index: Any, value: Any) -> None:
        races.note(races.writers, self, index)
        put(self, index, value)

    def adding(how: Any) -> Any:
        def added(self: Any, array: Any, index: Any, value: Any) -> Any:
            races.adding.add(threading.get_ident())
            try:
                return how(self, array, index, value)
            finally:
                races.adding.discard(threading.get_ident())

        return added

    yield Seen, "__getitem__", reading
    yield Seen, "__setitem__", writing
    for name in ("add", "sub", "max"):
        yield Atomic, name, adding(getattr(Atomic, name))


def _launches(races: Races) -> Iterator[Patch]:
    """What compares the accesses of each launch."""
    run, say, launch = device.Launch.run, device.Launch.blank, Grid.launch
    reports: list[Any] = []

    def running(self: Any, *args: Any) -> Any:
        races.forget()
        result = run(self, *args)
        races.ended(reports.pop()._ary)
        return result

    def saying(self: Any) -> Any:
        reports.append(say(self))
        return reports[-1]

    def launching(self: Any, kernel: Any) -> Any:
        def launched(*args: Any) -> None:
            races.forget()
            launch(self, kernel)(*args)
            races.ended(None)

        return launched

    yield device.Launch, "run", running
    yield device.Launch, "blank", saying
    yield Grid, "launch", launching


def _blocks() -> Iterator[Patch]:
    """What tells the memory of blocks from other memory, and counts the turns in which threads use it."""
    wait = BlockThread.syncthreads

    def of_block(self: Any, shape: Any, dtype: Any) -> Any:
        # the simulator tells arrays apart by the line that declares them
        caller = sys._getframe(1)
        kind = np.dtype(dtype if isinstance(dtype, type) else str(dtype))
        made = self._allocations.setdefault((caller.f_code.co_filename, caller.f_lineno), np.empty(shape, kind))
        return OfBlock(FakeCUDAArray(made))

    def waiting(self: Any) -> None:
        wait(self)
        self.turn = getattr(self, "turn", 0) + 1

    yield Shared, "array", of_block
    yield BlockThread, "syncthreads", waiting


@contextmanager
def watched() -> Iterator[list[str]]:
    """The races of the kernels that are launched inside."""
    races = Races()
    with ExitStack() as patches:
        for patch in (*_elements(races), *_launches(races), *_blocks()):
            patches.enter_context(mock.patch.object(*patch))
        yield races.found
