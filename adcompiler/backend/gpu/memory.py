"""Memory of the device: arrays are made, filled, copied and folded there, in the stream that is in use."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np

from adcompiler.backend.gpu.cuda import BLOCK, cuda, ptx_of, simulated
from adcompiler.backend.gpu.streams import current

Array = Any

_MOST_THREADS = 1 << 18
# the driver's number of that error
_OUT_OF_MEMORY = 2
# how many sums a sum over threads goes through
_STEPS = (1024, 32, 1)


@cuda.jit
def _fill(array, value):  # type: ignore[no-untyped-def]
    for i in range(cuda.grid(1), array.shape[0], cuda.gridsize(1)):
        array[i] = value


@cuda.jit
def _count(array, start, step):  # type: ignore[no-untyped-def]
    for i in range(cuda.grid(1), array.shape[0], cuda.gridsize(1)):
        array[i] = start + i * step


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


def launch(kernel: Any, blocks: int, block: int, *args: Any) -> None:
    """Run a kernel in the stream that is in use."""
    kernel[blocks, block, current()](*args)


def run(kernel: Any, count: int, *args: Any) -> None:
    """Run a kernel of `count` elements."""
    if count:
        launch(kernel, *grid(count), *args)


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


def calls() -> list[tuple[Any, tuple[Any, ...]]] | None:
    """The list of calls of kernels while they are recorded, None while they run."""
    return _recorded


def ptx(function: Callable[..., Any], args: Sequence[Any], capability: tuple[int, int]) -> dict[str, str]:
    """The machine code, as PTX, of the kernels that the host's function of a module calls, by their names."""
    found = {}
    for kernel, given in recorded(function, args):
        types = [numba.typeof(a) for a in given]  # type: ignore[no-untyped-call]
        found[kernel.py_func.__name__] = ptx_of(kernel, types, capability)
    return found


def empty(shape: tuple[int, ...], dtype: Any, what: str = "an array") -> Array:
    """An array of the device; `what` says in an exception for lack of memory what was to lie there."""
    if _recorded is not None:
        return np.zeros(shape, dtype)
    with _room(shape, dtype, what):
        return cuda.device_array(tuple(shape), dtype, stream=current())


def on_device(array: Array) -> Array:
    """A copy on the device of an array of NumPy."""
    with _room(array.shape, array.dtype, "an argument"):
        return cuda.to_device(np.ascontiguousarray(array), stream=current())


@contextmanager
def _room(shape: tuple[int, ...], dtype: Any, what: str) -> Iterator[None]:
    """Say how much memory was asked for where a GPU has no more."""
    try:
        yield
    except Exception as error:
        if getattr(error, "code", None) != _OUT_OF_MEMORY:
            raise
        size = math.prod(shape) * np.dtype(dtype).itemsize
        extents = " x ".join(map(str, shape))
        raise MemoryError(f"the GPU has no {size} bytes for {what}: {extents} numbers of {np.dtype(dtype)}") from error


def full(shape: tuple[int, ...], dtype: Any, value: Any) -> Array:
    """An array of the device with one value everywhere."""
    made = empty(shape, dtype)
    if _recorded is None:
        run(_fill, math.prod(shape), made.reshape(math.prod(shape)), np.dtype(dtype).type(value))
    return made


def zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of zeros of the device."""
    return full(shape, dtype, 0)


def arange(shape: tuple[int, ...], dtype: Any, start: Any, step: Any) -> Array:
    """The numbers from `start` on, as an array of the device."""
    made = empty(shape, dtype)
    if _recorded is None:
        run(_count, shape[0], made, start, step)
    return made


def copied(array: Array) -> Array:
    """A copy of an array of the device."""
    made = empty(array.shape, array.dtype)
    copy_into(made, array)
    return made


def copy_into(array: Array, other: Array) -> None:
    """Copy all elements of an array of the device into another of the same shape."""
    size = math.prod(array.shape)
    run(_copy, size, array.reshape(size), other.reshape(size))


def grown(array: Array, row: int) -> Array:
    """A longer array that has a row of a number, with the rows of an array of the device, or of NumPy."""
    shape = (max(2 * array.shape[0], row + 1), *array.shape[1:])
    if isinstance(array, np.ndarray):
        made = np.empty(shape, array.dtype)
        made[: array.shape[0]] = array
        return made
    made, size = empty(shape, array.dtype, "what a loop records"), math.prod(array.shape)
    run(_copy, size, made.reshape(math.prod(shape))[:size], array.reshape(size))
    return made


def add_into(array: Array, other: Array) -> None:
    """Add all elements of an array of the device to those of another of the same size."""
    size = math.prod(array.shape)
    run(_add, size, array.reshape(size), other.reshape(size))


def folded(parts: Array, op: str = "add") -> Array:
    """The sums or extremes over the last axis of an array of two axes, always in the same order."""
    for width in _STEPS:
        if width == 1 or width < parts.shape[1]:
            totals = empty((parts.shape[0], width), parts.dtype)
            run(_FOLDS[op], parts.shape[0] * width, parts, totals)
            parts = totals
    return parts.reshape(parts.shape[0])


def add_to_element(array: Array, index: tuple[int, ...], total: Array) -> None:
    """Add the only element of an array of the device to an element of another array, if that has it."""
    if all(-n <= k < n for k, n in zip(index, array.shape, strict=True)):
        last = index[-1] % tuple(array.shape)[-1]
        run(_add, 1, array[(*index[:-1], slice(last, last + 1))], total)
