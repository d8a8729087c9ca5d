"""Arrays on their way to kernels and back: those of a GPU stay where they are, those of NumPy are copied."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np

from adcompiler.backend.cuda import cuda
from adcompiler.backend.device_memory import copied as copy_of
from adcompiler.backend.device_memory import on_device
from adcompiler.backend.streams import to_host, waits_for
from adcompiler.gpu_arrays import is_gpu_type

_COPIED = "arrays of NumPy are copied to the GPU and back at each call: arrays of Numba, CuPy or PyTorch stay there"


def to_device(value: Any) -> Any:
    """An argument as kernels take it."""
    if isinstance(value, np.ndarray):
        # always from this line, so that Python says it once
        warnings.warn(_COPIED, stacklevel=1)
        return on_device(value)
    if is_gpu_type(type(value)) and not hasattr(type(value), "__cuda_ndarray__"):
        return cuda.as_cuda_array(value, sync=waits_for(value.__cuda_array_interface__))
    return value


def from_device(result: Any, given: Any, copied: bool) -> Any:
    """A result as the caller has its arguments: of the package of `given`, or of NumPy where that is None."""
    if not is_gpu_type(type(result)):
        return result
    if given is None:
        return to_host(result)
    if copied:
        result = copy_of(result)
    package = type(given).__module__.partition(".")[0]
    if package == "cupy":
        return importlib.import_module(package).asarray(result)
    if package == "torch":
        return importlib.import_module(package).as_tensor(result, device="cuda")
    return result


def duplicate(array: Any) -> Any:
    """A copy of an array of a GPU, of the same package."""
    return from_device(to_device(array), array, copied=True)
