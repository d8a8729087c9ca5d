"""Stand-ins for packages of GPU arrays, which work in the memory of the machine."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np


class Stream(int):
    """A stream by its number."""

    def synchronize(self) -> None:
        """Everything is done already."""


class Cupy(ModuleType):
    """A stand-in for CuPy, which multiplies in the memory that it is told of and keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__("cupy")
        self.streams: list[Any] = []
        self.asked: list[Any] = []
        null = self.stream(0)
        self.cuda = SimpleNamespace(
            ExternalStream=self.stream,
            Stream=SimpleNamespace(null=null),
            UnownedMemory=lambda pointer, size, owner: (ctypes.c_byte * size).from_address(pointer),
            MemoryPointer=lambda memory, offset: (memory, offset),
        )

    def is_available(self) -> bool:
        return True

    def stream(self, pointer: int) -> Any:
        @contextmanager
        def used() -> Any:
            self.streams.append(pointer)
            yield
            self.streams.pop()

        return _Again(used)

    def ndarray(self, shape: Any, dtype: Any, pointer: Any, strides: Any) -> Any:
        return np.ndarray(shape, dtype, pointer[0], pointer[1], strides)

    def matmul(self, a: Any, b: Any, out: Any) -> None:
        self.asked.append((self.streams[-1], a.shape, b.shape, out.dtype))
        np.matmul(a, b, out=out)


class _Again:
    """A context that may be entered many times."""

    def __init__(self, made: Any) -> None:
        self.made, self.open = made, []

    def __enter__(self) -> None:
        self.open.append(self.made())
        self.open[-1].__enter__()

    def __exit__(self, *error: Any) -> None:
        self.open.pop().__exit__(*error)


class Held:
    """An array of another package, which tells where it lies and which stream writes it."""

    def __init__(self, array: Any, stream: int | None = None) -> None:
        self.array, self.stream = array, stream

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        described = self.array.__array_interface__
        strides = None if self.array.flags.c_contiguous else self.array.strides
        return {**described, "strides": strides, "version": 3, "stream": self.stream}


def package(name: str) -> Any:
    """A type of arrays of a package, and the package."""
    kind = type("Array", (Held,), {"__module__": f"{name}.arrays"})

    def made(array: Any, device: str = "cuda") -> Any:
        assert device == "cuda"
        return kind(array.copy_to_host())

    return kind, SimpleNamespace(asarray=made, as_tensor=made)
