"""Arrays on their way to kernels and back: those of a GPU stay where they are, those of NumPy are copied."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from adcompiler.backend.gpu.cuda import cuda
from adcompiler.backend.gpu.memory import copied as copy_of
from adcompiler.backend.gpu.memory import on_device
from adcompiler.backend.gpu.streams import keep, number, then, to_host, waits_for
from adcompiler.dlpack import Taken, lend
from adcompiler.gpu_arrays import by_dlpack, form_of, is_gpu_type, not_contiguous, package_of

_COPIED = (
    "arrays of NumPy are copied to the GPU and back at each call: arrays of Numba, CuPy, PyTorch or JAX stay there"
)


@contextmanager
def there(args: Sequence[Any], take: Callable[[Any], Any]) -> Iterator[list[Any]]:
    """The arguments as kernels take them, kept where they are lent by other packages until the kernels are done."""
    found = [take(a) for a in args]
    try:
        yield found
    finally:
        keep([mine for mine, a in zip(found, args, strict=True) if by_dlpack(type(a))])


def to_device(value: Any) -> Any:
    """An argument as kernels take it."""
    if isinstance(value, np.ndarray):
        # always from this line, so that Python says it once
        warnings.warn(_COPIED, stacklevel=1)
        return on_device(value)
    return taken(value)


def taken(value: Any) -> Any:
    """An array of another package as Numba's, in the same memory; anything else as it is."""
    if by_dlpack(type(value)):
        form_of(value)
        found = Taken(value, number())
        if found.__cuda_array_interface__["strides"] is not None:
            raise not_contiguous()
        return cuda.as_cuda_array(found, sync=False)
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
    package = package_of(type(given))
    if package == "cupy":
        return importlib.import_module(package).asarray(result)
    if package == "torch":
        return importlib.import_module(package).as_tensor(result, device="cuda")
    take = _from_dlpack(given) if by_dlpack(type(given)) else None
    if take is None:
        return result
    kind, device = given.__dlpack_device__()
    described = getattr(result, "__cuda_array_interface__", None) or result.__array_interface__
    return lend(take, result, described, (int(kind), device), then)


def _from_dlpack(given: Any) -> Callable[[Any], Any] | None:
    """What takes arrays of others for the package of an array: of the namespace that it tells of, or of the package."""
    of = getattr(given, "__array_namespace__", None)
    namespace = importlib.import_module(package_of(type(given))) if of is None else of()
    return getattr(namespace, "from_dlpack", None)


def duplicate(array: Any) -> Any:
    """A copy of an array of a GPU, of the same package."""
    return from_device(to_device(array), array, copied=True)
