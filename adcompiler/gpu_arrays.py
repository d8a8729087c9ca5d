"""Arrays that lie on a GPU, as they describe themselves: those of Numba, CuPy, PyTorch and others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adcompiler.errors import TypeProblem

_INTERFACE = "__cuda_array_interface__"


def is_gpu_type(kind: type) -> bool:
    """Whether objects of a type can be arrays of a GPU.

    >>> is_gpu_type(np.ndarray)
    False
    """
    return hasattr(kind, _INTERFACE) or hasattr(kind, "__cuda_ndarray__")


def seen(array: Any) -> tuple[np.dtype[Any], tuple[int, ...], bool] | None:
    """The element type, the shape, and whether elements follow each other in C order; None where it is on no GPU."""
    if hasattr(type(array), "__cuda_ndarray__"):
        return np.dtype(array.dtype), tuple(array.shape), array.is_c_contiguous()
    described = getattr(array, _INTERFACE, None)
    if described is None:
        return None
    dtype, shape = np.dtype(described["typestr"]), tuple(described["shape"])
    return dtype, shape, described.get("strides") in (None, packed(shape, dtype.itemsize))


def form_of(array: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """The element type and the shape of an array of a GPU; raises TypeProblem where kernels cannot take it."""
    found = seen(array)
    if found is None:
        raise TypeProblem(
            f"a {type(array).__name__} that is not on a GPU is outside the language", None, "pass np.asarray(x)"
        )
    dtype, shape, contiguous = found
    if not contiguous:
        raise TypeProblem("an array of a GPU must be contiguous, in C order", None, "pass a contiguous copy of it")
    if not shape:
        raise TypeProblem("an array of a GPU without axes is outside the language", None, "pass the number: x.item()")
    return dtype, shape


def overlap(one: Any, other: Any) -> bool:
    """Whether two contiguous arrays of a GPU have an element in common."""
    (a, end_of_a), (b, end_of_b) = map(_addresses, (one, other))
    return a < end_of_b and b < end_of_a


def _addresses(array: Any) -> tuple[int, int]:
    """Where the memory of an array begins, and where it ends."""
    described = getattr(array, _INTERFACE, None) or array.__array_interface__
    size = math.prod(described["shape"]) * np.dtype(described["typestr"]).itemsize
    return described["data"][0], described["data"][0] + size


def packed(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """The strides of an array in C order.

    >>> packed((2, 3, 4), 8)
    (96, 32, 8)
    """
    return tuple(itemsize * math.prod(shape[k + 1 :]) for k in range(len(shape)))
