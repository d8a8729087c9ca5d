"""What the host's part of a module for a GPU calls: memory of the device, and kernels over items.

Sums over items do not depend on how threads are scheduled: each thread adds up the items that it takes in a fixed
order, and the sums of the threads are added in a fixed order after that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np

from adcompiler.backend.cuda import BLOCK, cuda, ptx_of, simulated
from adcompiler.ir.build import neutral

Array = Any

# bytes of memory that threads have of their own, all together; so many threads at most
_BUDGET = 1 << 28
_MOST_THREADS = 1 << 16
_NEVER = np.iinfo(np.int64).max
# the places of a report before those that say how long an axis must be
_NEEDS = 4
_FIRST_ROWS = 32
# how many sums a sum over threads goes through
_STEPS = (1024, 32, 1)


@cuda.jit
def _fill(array, value):  # type: ignore[no-untyped-def]
    for i in range(cuda.grid(1), array.shape[0], cuda.gridsize(1)):
        array[i] = value


@cuda.jit
def _copy(array, other):  # type: ignore[no-untyped-def]
    for i in range(cuda.grid(1), array.shape[0], cuda.gridsize(1)):
        array[i] = other[i]


@cuda.jit
def _add(array, other):  # type: ignore[no-untyped-def]
    for i in range(cuda.grid(1), array.shape[0], cuda.gridsize(1)):
        array[i] += other[i]


@cuda.jit(device=True)
def _sum(a, b):  # type: ignore[no-untyped-def]
    return a + b


@cuda.jit(device=True)
def _larger(a, b):  # type: ignore[no-untyped-def]
    # NaN wins over any number
    return b if b > a or b != b else a


@cuda.jit(device=True)
def _smaller(a, b):  # type: ignore[no-untyped-def]
    return b if b < a or b != b else a


def _fold(joined: Any) -> Any:
    """The kernel that joins what stands in each row, so many places apart as there are totals of a row."""

    @cuda.jit
    def fold(parts, totals):  # type: ignore[no-untyped-def]
        width = totals.shape[1]
        for k in range(cuda.grid(1), totals.shape[0] * width, cuda.gridsize(1)):
            row = k // width
            column = k % width
            total = parts[row, column]
            for other in range(column + width, parts.shape[1], width):
                total = joined(total, parts[row, other])
            totals[row, column] = total

    return fold


_FOLDS = {"add": _fold(_sum), "maximum": _fold(_larger), "minimum": _fold(_smaller)}


def _run(kernel: Any, count: int, *args: Any) -> None:
    """Run a kernel of `count` elements."""
    if count:
        kernel[grid(count)](*args)


def grid(count: int) -> tuple[int, int]:
    """Blocks and threads of a block for so many elements."""
    block = 32 if simulated() else BLOCK
    most = _MOST_THREADS // block
    return max(1, min(math.ceil(count / block), most)), block


# the kernels that were called while nothing is to run, with the arguments
_recorded: list[tuple[Any, tuple[Any, ...]]] | None = None


def recorded(function: Callable[..., Any], args: Sequence[Any]) -> list[tuple[Any, tuple[Any, ...]]]:
    """The kernels that the host's part of a module calls for arrays of NumPy, with the arguments; none of them runs."""
    global _recorded
    found = _recorded = list[tuple[Any, tuple[Any, ...]]]()
    try:
        with np.errstate(all="ignore"):
            function(*args)
    finally:
        _recorded = None
    return found


def ptx(function: Callable[..., Any], args: Sequence[Any], capability: tuple[int, int]) -> dict[str, str]:
    """The machine code, as PTX, of the kernels that the host's function of a module calls, by their names."""
    found = {}
    for kernel, given in recorded(function, args):
        types = [numba.typeof(a) for a in given]  # type: ignore[no-untyped-call]
        found[kernel.py_func.__name__] = ptx_of(kernel, types, capability)
    return found


def empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of the device."""
    return cuda.device_array(tuple(shape), dtype) if _recorded is None else np.zeros(shape, dtype)


def full(shape: tuple[int, ...], dtype: Any, value: Any) -> Array:
    """An array of the device with one value everywhere."""
    made = empty(shape, dtype)
    if _recorded is None:
        _run(_fill, math.prod(shape), made.reshape(math.prod(shape)), np.dtype(dtype).type(value))
    return made


def zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of zeros of the device."""
    return full(shape, dtype, 0)


def arange(shape: tuple[int, ...], dtype: Any, start: Any, step: Any) -> Array:
    """The numbers from `start` on, as an array of the device."""
    made = (start + np.arange(shape[0]) * step).astype(dtype)
    return cuda.to_device(made) if _recorded is None else made


def copied(array: Array) -> Array:
    """A copy of an array of the device."""
    made = empty(array.shape, array.dtype)
    size = math.prod(array.shape)
    _run(_copy, size, made.reshape(size), array.reshape(size))
    return made


def folded(parts: Array, op: str = "add") -> Array:
    """The sums or extremes over the last axis of an array of two axes, always in the same order."""
    for width in _STEPS:
        if width == 1 or width < parts.shape[1]:
            totals = empty((parts.shape[0], width), parts.dtype)
            _run(_FOLDS[op], parts.shape[0] * width, parts, totals)
            parts = totals
    return parts.reshape(parts.shape[0])


def add_to_element(array: Array, index: tuple[int, ...], total: Array) -> None:
    """Add the only element of an array of the device to an element of another array, if that has it."""
    if all(-n <= k < n for k, n in zip(index, array.shape, strict=True)):
        last = index[-1] % array.shape[-1]
        _run(_add, 1, array[(*index[:-1], slice(last, last + 1))], total)


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
    stored : tuple of int
        Which of the former items store into.
    """

    kernel: Any
    extents: Callable[..., tuple[int, ...]]
    check: Callable[[int, int, int], None] | None
    work: tuple[tuple[str, tuple[bool, ...]], ...]
    totals: tuple[tuple[str, str], ...]
    given: int
    stored: tuple[int, ...]
    needs: list[int] = field(default_factory=list)

    def __call__(self, start: int, stop: int, step: int, *args: Any) -> list[Any]:
        """Run all items; the totals."""
        count = len(range(start, stop, step))
        if _recorded is not None:
            _recorded.append((self.kernel, Launch(self, 1, self.extents(*args), args[self.given :]).args(0, 1, args)))
        if _recorded is not None:
            # a number that serves as a divisor and as an index
            return [_number(np.dtype(dtype).type(1)) for _, dtype in self.totals]
        if not count:
            return [_number(np.dtype(dtype).type(neutral(op, dtype).value)) for op, dtype in self.totals]
        given, gathered = list(args[: self.given]), list(args[self.given :])
        told = self.extents(*args)
        unknown = sum(extent < 0 for extent in told)
        before = {k: copied(given[k]) for k in self.stored} if unknown else {}
        while True:
            launch = Launch(self, count, told, gathered)
            report = launch.run(start, step, given)
            if not any(need > room for need, room in zip(report[_NEEDS:], self.needs, strict=True)):
                break
            self.needs = [max(2 * r, n) if n > r else r for n, r in zip(report[_NEEDS:], self.needs, strict=True)]
            for k, array in before.items():
                size = math.prod(array.shape)
                _run(_copy, size, given[k].reshape(size), array.reshape(size))
        if report[0] != _NEVER:
            report = launch.run(start, step, given, int(report[0]))
            assert self.check is not None
            self.check(*map(int, report[1:_NEEDS]))
        return launch.joined()


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
        own += sum(math.prod(a.shape) * a.dtype.itemsize for a in gathered)
        blocks, block = grid(count)
        self.blocks, self.block = max(1, min(blocks, _BUDGET // (max(own, 1) * block))), block
        threads = self.blocks * block
        self.memory = [empty((*s, threads), dtype) for s, (dtype, _) in zip(shapes, items.work, strict=True)]
        self.parts = [zeros((*a.shape, threads), a.dtype) for a in gathered]
        self.totals = [empty((threads,), dtype) for _, dtype in items.totals]

    def run(self, start: int, step: int, given: Sequence[Any], only: int | None = None) -> list[int]:
        """Run all items, or one; the report."""
        report = self.blank()
        first, last = (0, self.count) if only is None else (only, only + 1)
        shape = (self.blocks, self.block) if only is None else (1, 1)
        self.items.kernel[shape](first, last, start, step, report, *given, *self.own)
        return [int(number) for number in report.copy_to_host()]

    def blank(self) -> Array:
        """A report on the device."""
        return cuda.to_device(self.report())

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
        for array, parts in zip(self.gathered, self.parts, strict=True):
            size = math.prod(array.shape)
            if size:
                total = folded(parts.reshape(size, self.blocks * self.block))
                _run(_add, size, array.reshape(size), total)
        folds = (op for op, _ in self.items.totals)
        return [
            _number(folded(t.reshape(1, t.shape[0]), op).copy_to_host()[0])
            for t, op in zip(self.totals, folds, strict=True)
        ]


def _number(value: Any) -> Any:
    """A number as the host computes with it: division by zero gives infinity or NaN, as on the device."""
    return value.item() if value.dtype in (np.int64, np.bool_) else value
