"""What the host's part of a module for a GPU calls: memory of the device, and kernels over items.

Sums over items do not depend on how threads are scheduled: each thread adds up the items that it takes in a fixed
order, and the sums of the threads are added in a fixed order after that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adcompiler.backend.gpu.cublas import Transposed as Transposed
from adcompiler.backend.gpu.cublas import product as product
from adcompiler.backend.gpu.cuda import cuda
from adcompiler.backend.gpu.memory import add_into, calls, copied, copy_into, folded, grid, launch
from adcompiler.backend.gpu.memory import arange as arange
from adcompiler.backend.gpu.memory import empty as empty
from adcompiler.backend.gpu.memory import full as full
from adcompiler.backend.gpu.memory import grown as grown
from adcompiler.backend.gpu.memory import zeros as zeros
from adcompiler.backend.gpu.scan import running_sum as running_sum
from adcompiler.backend.gpu.streams import current, to_host
from adcompiler.ir.build import neutral

Array = Any

# bytes of memory that threads have of their own, all together; where that is too little for so many threads to have a
# copy of what they add to, they add to it atomically
_BUDGET = 1 << 28
_FEWEST = 1 << 12
_NEVER = np.iinfo(np.int64).max
# the places of a report before those that say how long an axis must be
_NEEDS = 4
_FIRST_ROWS = 32


@cuda.jit(device=True)
def add_to(array, index, value, own):  # type: ignore[no-untyped-def]
    """Add to an element of an array, of the thread's own or of all threads."""
    if own:
        array[index] += value
    else:
        cuda.atomic.add(array, index, value)


@dataclass(slots=True, eq=False)
class Items:
    """A kernel over items, called with the range of their indices and with what the kernel is given.

    Parameters
    ----------
    kernel : callable
        The kernel.
    extents : callable
        Of what the kernel is given: the extents of work arrays, -1 for those that only the kernel finds.
    check : callable or None
        Raises the exception of a check by its number.
    work : tuple
        Of each work array the element type, and for each axis whether `extents` knows its length.
    totals : tuple of pairs of str
        Of each sum or extreme the operation that joins terms to it, and its type.
    given : int
        How many arguments are given as they are; to those that follow, items add.
    adds : tuple of bool
        Which of those that follow all threads may add to at the same time, each with one atomic addition.
    stored : tuple of int
        Which of the former items store into.
    """

    kernel: Any
    extents: Callable[..., tuple[int, ...]]
    check: Callable[[int, int, int], None] | None
    work: tuple[tuple[str, tuple[bool, ...]], ...]
    totals: tuple[tuple[str, str], ...]
    given: int
    adds: tuple[bool, ...]
    stored: tuple[int, ...]
    needs: list[int] = field(default_factory=list)
    silent: Any = None

    @property
    def reports(self) -> bool:
        """Whether a kernel may have something to report: an exception, or that it needs more memory."""
        return self.check is not None or bool(self.needs)

    def __call__(self, start: int, stop: int, step: int, *args: Any) -> list[Any]:
        """Run all items; the totals."""
        count, called = len(range(start, stop, step)), calls()
        if called is not None:
            made = Launch(self, 1, self.extents(*args), args[self.given :])
            called.append((self.kernel, made.args(0, 1, args)))
            # a number that serves as a divisor and as an index
            return [_number(np.dtype(dtype).type(1)) for _, dtype in self.totals]
        if not count:
            return [_number(np.dtype(dtype).type(neutral(op, dtype).value)) for op, dtype in self.totals]
        return self.all(start, step, count, list(args[: self.given]), list(args[self.given :]), self.extents(*args))

    def all(
        self, start: int, step: int, count: int, given: list[Any], gathered: list[Array], told: tuple[int, ...]
    ) -> list[Any]:
        """Run the kernel until its threads have memory enough; the totals."""
        unknown = sum(extent < 0 for extent in told)
        changed = [given[k] for k in self.stored]
        changed += [a for a, adds in zip(gathered, self.adds, strict=True) if adds and not fits(a, count)]
        before = list(map(copied, changed)) if unknown else []
        while True:
            made = Launch(self, count, told, gathered)
            report = made.run(start, step, given)
            if not any(need > room for need, room in zip(report[_NEEDS:], self.needs, strict=True)):
                break
            self.needs = [max(2 * r, n) if n > r else r for n, r in zip(report[_NEEDS:], self.needs, strict=True)]
            for array, kept in zip(changed, before, strict=True):
                copy_into(array, kept)
        if report[0] != _NEVER:
            report = made.run(start, step, given, int(report[0]))
            assert self.check is not None
            self.check(*map(int, report[1:_NEEDS]))
        return made.joined()


def fits(array: Array, count: int) -> bool:
    """Whether many threads, or one for each item, can have a copy of an array."""
    size: int = math.prod(array.shape) * array.dtype.itemsize
    return size * min(count, _FEWEST) <= _BUDGET


class Launch:
    """One launch of a kernel with the memory that its threads have of their own."""

    def __init__(self, items: Items, count: int, told: Sequence[int], gathered: Sequence[Array]) -> None:
        self.items, self.count, self.gathered = items, count, gathered
        if not items.needs:
            items.needs = [_FIRST_ROWS] * sum(extent < 0 for extent in told)
        room = iter(items.needs)
        lengths = iter([next(room) if extent < 0 else extent for extent in told])
        shapes = [tuple(max(next(lengths), 1) for _ in known) for _, known in items.work]
        own = sum(math.prod(s) * np.dtype(dtype).itemsize for s, (dtype, _) in zip(shapes, items.work, strict=True))
        self.alone = [not adds or fits(a, count) for a, adds in zip(gathered, items.adds, strict=True)]
        copies = [a for a, alone in zip(gathered, self.alone, strict=True) if alone]
        own += sum(math.prod(a.shape) * a.dtype.itemsize for a in copies)
        blocks, block = grid(count)
        self.blocks, self.block = max(1, min(blocks, _BUDGET // (max(own, 1) * block))), block
        threads = self.blocks * block
        what = f"what {threads} threads of {items.kernel.py_func.__name__}() record"
        self.memory = [empty((*s, threads), dtype, what) for s, (dtype, _) in zip(shapes, items.work, strict=True)]
        self.parts = [
            zeros((*a.shape, threads), a.dtype) if alone else a.reshape((*a.shape, 1))
            for a, alone in zip(gathered, self.alone, strict=True)
        ]
        self.totals = [empty((threads,), dtype) for _, dtype in items.totals]

    def run(self, start: int, step: int, given: Sequence[Any], only: int | None = None) -> list[int]:
        """Run all items, or one; the report, for which the host waits only where there is something to report."""
        report = self.blank()
        first, last = (0, self.count) if only is None else (only, only + 1)
        shape = (self.blocks, self.block) if only is None else (1, 1)
        launch(self.items.kernel, *shape, first, last, start, step, report, *given, *self.own)
        return [int(number) for number in (to_host(report) if self.items.reports else self.report())]

    def blank(self) -> Array:
        """A report on the device; always the same one where nothing is written into it."""
        if self.items.reports:
            return cuda.to_device(self.report(), stream=current())
        if self.items.silent is None:
            self.items.silent = cuda.to_device(self.report(), stream=current())
        return self.items.silent

    def report(self) -> Array:
        """A report that says nothing yet."""
        return np.array([_NEVER, 0, 0, 0, *([0] * len(self.items.needs))])

    def args(self, start: int, step: int, given: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments of the kernel, of NumPy."""
        return (0, self.count, start, step, self.report(), *given[: self.items.given], *self.own)

    @property
    def own(self) -> tuple[Array, ...]:
        """What threads have of their own."""
        return (*self.parts, *self.memory, *self.totals)

    def joined(self) -> list[Any]:
        """The totals, with sums of arrays added to the arrays."""
        for array, parts, alone in zip(self.gathered, self.parts, self.alone, strict=True):
            if alone and (size := math.prod(array.shape)):
                add_into(array, folded(parts.reshape(size, self.blocks * self.block)))
        folds = (op for op, _ in self.items.totals)
        return [
            _number(to_host(folded(t.reshape(1, t.shape[0]), op))[0]) for t, op in zip(self.totals, folds, strict=True)
        ]


def _number(value: Any) -> Any:
    """A number as the host computes with it: division by zero gives infinity or NaN, as on the device."""
    return value.item() if value.dtype in (np.int64, np.bool_) else value
