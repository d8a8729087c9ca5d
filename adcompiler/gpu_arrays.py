"""Arrays that lie on a GPU, as they describe themselves: those of Numba, CuPy, PyTorch, JAX and others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adcompiler.dlpack import Taken
from adcompiler.errors import TypeProblem

_INTERFACE = "__cuda_array_interface__"
# as DLPack counts devices: a GPU's memory, and memory that it shares with the machine
_DEVICES = (2, 13)


def is_gpu_type(kind: type) -> bool:
    """Whether objects of a type can be arrays of a GPU.

    >>> is_gpu_type(np.ndarray)
    False
    """
    return hasattr(kind, _INTERFACE) or hasattr(kind, "__cuda_ndarray__") or by_dlpack(kind)


def package_of(kind: type) -> str:
    """The package that a type is of, or else the one that it is derived from: CuPy's, or PyTorch's.

    >>> package_of(np.ndarray)
    'numpy'
    """
    found = [base.__module__.partition(".")[0] for base in kind.__mro__]
    return next((name for name in found if name in ("cupy", "torch")), found[0])


def by_dlpack(kind: type) -> bool:
    """Whether arrays of a type are taken by DLPack, which orders the work of two packages, and given back by it.

    Those of CuPy and PyTorch are taken as their `__cuda_array_interface__` describes them.
    """
    offers = hasattr(kind, "__dlpack__") and hasattr(kind, "__dlpack_device__") and not issubclass(kind, np.ndarray)
    return offers and not hasattr(kind, "__cuda_ndarray__") and package_of(kind) not in ("cupy", "torch")


def seen(array: Any) -> tuple[np.dtype[Any], tuple[int, ...], bool] | None:
    """The element type, the shape, and whether elements follow each other in C order; None where it is on no GPU.

    Of arrays that are taken by DLPack the order is known when they are.
    """
    if hasattr(type(array), "__cuda_ndarray__"):
        return np.dtype(array.dtype), tuple(array.shape), array.is_c_contiguous()
    if by_dlpack(type(array)):
        return (_element(array), tuple(array.shape), True) if _device(array) in _DEVICES else None
    described = getattr(array, _INTERFACE, None)
    if described is None:
        return None
    dtype, shape = np.dtype(described["typestr"]), tuple(described["shape"])
    return dtype, shape, described.get("strides") in (None, packed(shape, dtype.itemsize))


def _device(array: Any) -> int | None:
    """The kind of memory in which an array is, as DLPack counts; None where it is in several places."""
    try:
        return int(array.__dlpack_device__()[0])
    except BufferError:
        return None


def _element(array: Any) -> np.dtype[Any]:
    """The element type of an array of any package, by its name."""
    dtype = array.dtype
    name = getattr(dtype, "name", str(dtype).rpartition(".")[2])
    try:
        return np.dtype(name)
    except TypeError as error:
        raise TypeProblem(
            f"arrays of {name} are outside the language", None, "use float64, float32, an integer or bool"
        ) from error


def not_contiguous() -> TypeProblem:
    """What is raised for an array whose elements do not follow each other in C order."""
    return TypeProblem("an array of a GPU must be contiguous, in C order", None, "pass a contiguous copy of it")


def form_of(array: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """The element type and the shape of an array of a GPU; raises TypeProblem where kernels cannot take it."""
    found = seen(array)
    if found is None:
        raise TypeProblem(
            f"a {type(array).__name__} that is not on one GPU is outside the language", None, "pass np.asarray(x)"
        )
    dtype, shape, contiguous = found
    if not contiguous:
        raise not_contiguous()
    if not shape:
        raise TypeProblem("an array of a GPU without axes is outside the language", None, "pass the number: x.item()")
    return dtype, shape


def overlap(one: Any, other: Any) -> bool:
    """Whether two contiguous arrays of a GPU have an element in common."""
    (a, end_of_a), (b, end_of_b) = map(_addresses, (one, other))
    return a < end_of_b and b < end_of_a


def _addresses(array: Any) -> tuple[int, int]:
    """Where the memory of an array begins, and where it ends."""
    described: Any = getattr(array, _INTERFACE, None)
    if described is None:
        described = Taken(array, None).__cuda_array_interface__ if by_dlpack(type(array)) else array.__array_interface__
    size = math.prod(described["shape"]) * np.dtype(described["typestr"]).itemsize
    return described["data"][0], described["data"][0] + size


def packed(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """The strides of an array in C order.

    >>> packed((2, 3, 4), 8)
    (96, 32, 8)
    """
    return tuple(itemsize * math.prod(shape[k + 1 :]) for k in range(len(shape)))
