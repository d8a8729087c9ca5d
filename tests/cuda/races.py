"""Elements that two threads of a kernel touch, one of them to write: the simulator runs threads so that none shows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.cuda.simulator.cudadrv.devicearray import FakeWithinKernelCUDAArray as Seen

from adcompiler.backend import device


class Races:
    """Which threads read and write each element, by its address."""

    def __init__(self) -> None:
        self.readers: dict[int, set[object]] = {}
        self.writers: dict[int, set[object]] = {}
        self.found: list[str] = []

    def note(self, of: dict[int, set[object]], array: Any, index: Any) -> None:
        """Note an access to one element."""
        plain = array._item._ary
        at = index if isinstance(index, tuple) else (index,)
        if len(at) != plain.ndim or not all(hasattr(k, "__index__") for k in at):
            return
        steps = (k % n * s for k, n, s in zip(at, plain.shape, plain.strides, strict=True))
        here = threading.current_thread()
        of.setdefault(plain.__array_interface__["data"][0] + sum(steps), set()).add((here.blockIdx.x, here.threadIdx.x))

    def ended(self, report: Any) -> None:
        """Compare what the threads of a launch have touched, but for its report."""
        first = report.__array_interface__["data"][0]
        for address, writers in self.writers.items():
            if not first <= address < first + report.nbytes and len(writers | self.readers.get(address, set())) > 1:
                self.found.append(f"threads {sorted(writers)} write one element")


@contextmanager
def watched() -> Iterator[list[str]]:
    """The races of the kernels that are launched inside."""
    races = Races()
    get, put, run, say = Seen.__getitem__, Seen.__setitem__, device.Launch.run, device.Launch.blank
    reports: list[Any] = []

    def reading(self: Any, index: Any) -> Any:
        races.note(races.readers, self, index)
        return get(self, index)

    def writing(self: Any, index: Any, value: Any) -> None:
        races.note(races.writers, self, index)
        put(self, index, value)

    def running(self: Any, *args: Any) -> Any:
        # other kernels have used the memory before
        races.readers.clear()
        races.writers.clear()
        result = run(self, *args)
        races.ended(reports.pop()._ary)
        return result

    def saying(self: Any) -> Any:
        reports.append(say(self))
        return reports[-1]

    Seen.__getitem__, Seen.__setitem__ = reading, writing
    device.Launch.run, device.Launch.blank = running, saying
    try:
        yield races.found
    finally:
        Seen.__getitem__, Seen.__setitem__ = get, put
        device.Launch.run, device.Launch.blank = run, say
