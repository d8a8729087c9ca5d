"""Products of matrices by cuBLAS, which CuPy calls: in the stream that is in use, and into memory that is made here."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from typing import Any

from adcompiler.backend.gpu.cuda import simulated
from adcompiler.backend.gpu.memory import calls, empty
from adcompiler.backend.gpu.streams import current

Array = Any


def has_products() -> bool:
    """Whether there is CuPy, and a GPU that it can use."""
    if simulated():
        return False
    try:
        return bool(importlib.import_module("cupy").is_available())
    except ImportError:
        return False


@dataclass(frozen=True, slots=True)
class Transposed:
    """A matrix that a product reads with its axes exchanged."""

    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents of the axes as they are read."""
        return tuple(reversed(self.array.shape))

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return self.array.dtype


def product(a: Array | Transposed, b: Array | Transposed) -> Array:
    """The product of two matrices of one type."""
    made = empty((a.shape[0], b.shape[1]), a.dtype)
    if calls() is None and math.prod(made.shape):
        cupy, stream = importlib.import_module("cupy"), current()
        with cupy.cuda.ExternalStream(int(stream)) if stream else cupy.cuda.Stream.null:
            cupy.matmul(_seen(cupy, a), _seen(cupy, b), out=_seen(cupy, made))
    return made


def _seen(cupy: Any, array: Array | Transposed) -> Any:
    """The memory of an array as CuPy has it, without the interface between packages: that would wait for its stream."""
    if isinstance(array, Transposed):
        return _seen(cupy, array.array).T
    described = getattr(array, "__cuda_array_interface__", None) or array.__array_interface__
    strides, itemsize = described.get("strides"), array.dtype.itemsize
    reach = sum((n - 1) * s for n, s in zip(array.shape, strides, strict=True)) if strides else 0
    size = itemsize + reach if strides else itemsize * math.prod(array.shape)
    memory = cupy.cuda.UnownedMemory(described["data"][0], size, array)
    return cupy.ndarray(tuple(array.shape), array.dtype, cupy.cuda.MemoryPointer(memory, 0), strides=strides)
