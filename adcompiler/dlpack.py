"""DLPack, by which packages take arrays of each other: the structures that lie in memory, read and written."""

from __future__ import annotations

import atexit
import ctypes
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_KINDS = {0: "i", 1: "u", 2: "f", 5: "c", 6: "b"}
_CODES = {kind: code for code, kind in _KINDS.items()}
_NAME, _VERSIONED = b"dltensor", b"dltensor_versioned"
# bytes of version, context, deleter and flags before the tensor of a capsule with a version
_BEFORE = 32


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32 * 2),
        ("rank", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("offset", ctypes.c_uint64),
    )


_Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Managed(ctypes.Structure):
    _fields_ = (("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", _Deleter))


_is_valid = ctypes.pythonapi.PyCapsule_IsValid
_is_valid.argtypes = (ctypes.py_object, ctypes.c_char_p)
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.argtypes, _pointer.restype = (ctypes.py_object, ctypes.c_char_p), ctypes.c_void_p
_capsule = ctypes.pythonapi.PyCapsule_New
_capsule.argtypes, _capsule.restype = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p), ctypes.py_object

# what lies in memory for others, by its address: they call a deleter when they are done with it
_lent: dict[int, tuple[Any, ...]] = {}
_returned = _Deleter(lambda address, taken=_lent: taken.pop(address, None) and None)


@atexit.register
def _leave() -> None:
    """Leave to others what they still hold when Python ends: they may let go of it when this module is gone."""
    for managed, *_ in _lent.values():
        managed.deleter = _Deleter()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_lent))


class Taken:
    """The memory of an array that offers DLPack, as `__cuda_array_interface__` describes it, kept while this lives.

    Parameters
    ----------
    array : array
        The array.
    stream : int or None
        The stream that has to find the array written, as DLPack counts streams.

    Examples
    --------
    >>> taken = Taken(np.arange(6.0).reshape(2, 3), None).__cuda_array_interface__
    >>> taken["shape"], taken["typestr"], taken["strides"]
    ((2, 3), '<f8', None)
    """

    def __init__(self, array: Any, stream: int | None) -> None:
        # the capsule stays the owner: it lets go of the memory where nobody has taken that over
        try:
            self._owner = array.__dlpack__(stream=stream, max_version=(1, 0))
        except TypeError:
            self._owner = array.__dlpack__(stream=stream)
        versioned = bool(_is_valid(self._owner, _VERSIONED))
        address = _pointer(self._owner, _VERSIONED if versioned else _NAME)
        found = _Tensor.from_address(address + (_BEFORE if versioned else 0))
        kind, size = _KINDS.get(found.code), found.bits // 8
        if kind is None or found.lanes != 1:
            raise TypeError(f"elements of a {type(array).__name__} are no numbers of NumPy's")
        shape = tuple(found.shape[: found.rank])
        steps = found.strides[: found.rank] if found.strides else _steps(shape)
        packed = 0 in shape or all(n == 1 or a == b for n, a, b in zip(shape, steps, _steps(shape), strict=True))
        self.__cuda_array_interface__ = {
            "shape": shape,
            "typestr": np.dtype(f"{kind}{size}").str,
            "data": ((found.data or 0) + found.offset, False),
            "strides": None if packed else tuple(size * step for step in steps),
            "version": 3,
            "stream": None,
        }


def lend(
    take: Callable[[Any], Any],
    array: Any,
    described: dict[str, Any],
    device: tuple[int, int],
    ready: Callable[..., None],
) -> Any:
    """What a package makes of the memory of an array, by its `from_dlpack`.

    Parameters
    ----------
    take : callable
        The package's `from_dlpack`.
    array : object
        What keeps the memory.
    described : dict
        The memory, of contiguous elements in C order, as `__cuda_array_interface__` describes it.
    device : tuple of int
        Where the memory is, as DLPack counts devices.
    ready : callable
        Lets a stream, as DLPack counts them, wait until the array is written.

    Examples
    --------
    >>> x = np.arange(6.0).reshape(2, 3)
    >>> lend(np.from_dlpack, x, x.__array_interface__, (1, 0), lambda stream: None)
    array([[0., 1., 2.],
           [3., 4., 5.]])
    """
    lender = _Lender(array, described, device, ready)
    try:
        return take(lender)
    finally:
        lender.settle()


class _Lender:
    """What `from_dlpack` of a package is given."""

    def __init__(
        self, array: Any, described: dict[str, Any], device: tuple[int, int], ready: Callable[..., None]
    ) -> None:
        self.array, self.described, self.device, self.ready = array, described, device, ready
        self.capsules: list[Any] = []

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device

    def __dlpack__(self, *, stream: int | None = None, copy: bool | None = None, **options: Any) -> Any:
        if copy or tuple(options.get("dl_device") or self.device) != self.device:
            raise BufferError("results are handed on where they lie")
        self.ready(stream)
        self.capsules.append(_lent_capsule(self.array, self.described, self.device))
        return self.capsules[-1]

    def settle(self) -> None:
        """Let go of what nobody has taken over: capsules that are taken over have another name."""
        for capsule in self.capsules:
            if _is_valid(capsule, _NAME):
                _returned(_pointer(capsule, _NAME))


def _lent_capsule(array: Any, described: dict[str, Any], device: tuple[int, int]) -> Any:
    """A capsule without a version; the memory of the array is kept until the deleter is called."""
    shape, dtype = tuple(described["shape"]), np.dtype(described["typestr"])
    tensor = _Tensor(described["data"][0], (ctypes.c_int32 * 2)(*device), len(shape))
    tensor.code, tensor.bits, tensor.lanes = _CODES[dtype.kind], 8 * dtype.itemsize, 1
    extents = _numbers(shape)
    steps = _numbers(_steps(shape))
    tensor.shape, tensor.strides = (ctypes.cast(n, ctypes.POINTER(ctypes.c_int64)) for n in (extents, steps))
    managed = _Managed(tensor, None, _returned)
    address = ctypes.addressof(managed)
    _lent[address] = (managed, extents, steps, array)
    return _capsule(address, _NAME, None)


def _numbers(values: Sequence[int]) -> Any:
    return (ctypes.c_int64 * len(values))(*values)


def _steps(shape: Sequence[int]) -> list[int]:
    """How many elements apart the elements of an axis are, in C order."""
    return [math.prod(shape[k + 1 :]) for k in range(len(shape))]
