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


class Offered:
    """An array that another package has on a GPU and that offers DLPack alone; it keeps which streams asked for it."""

    def __init__(self, array: Any, device: int = 2, versions: bool = True) -> None:
        self.array, self.device, self.versions = array, device, versions
        self.dtype, self.shape = SimpleNamespace(name=array.dtype.name), array.shape
        self.asked: list[int | None] = []

    def __dlpack_device__(self) -> tuple[int, int]:
        if self.device < 0:
            raise BufferError("it is on several devices")
        return self.device, 3

    def __dlpack__(self, *, stream: int | None = None, **options: Any) -> Any:
        if options and not self.versions:
            raise TypeError("no versions are known")
        self.asked.append(stream)
        return self.array.__dlpack__(**options)


class Namespace:
    """What a package of such arrays has for arrays of others; it keeps where those were, and whom they waited for."""

    def __init__(self, kind: Any, stream: int | None) -> None:
        self.kind, self.stream, self.found = kind, stream, []

    def from_dlpack(self, lender: Any) -> Any:
        self.found.append(lender.__dlpack_device__())
        capsule = lender.__dlpack__(stream=self.stream)
        return self.kind(np.from_dlpack(_OnTheHost(capsule)))


class _OnTheHost:
    """A capsule whose memory is the machine's after all."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0

    def __dlpack__(self, **options: Any) -> Any:
        # the capsule says where it takes its memory to be
        address = _pointer(self.capsule, b"dltensor")
        ctypes.c_int32.from_address(address + 8).value = 1
        return self.capsule


_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.argtypes, _pointer.restype = (ctypes.py_object, ctypes.c_char_p), ctypes.c_void_p


def package(name: str) -> Any:
    """A type of arrays of a package, and the package."""
    kind = type("Array", (Held,), {"__module__": f"{name}.arrays"})

    def made(array: Any, device: str = "cuda") -> Any:
        assert device == "cuda"
        return kind(array.copy_to_host())

    return kind, SimpleNamespace(asarray=made, as_tensor=made)
