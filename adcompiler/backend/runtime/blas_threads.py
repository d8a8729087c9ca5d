"""How many threads BLAS shares a large matrix product among, for machine code that could compute it in one."""

from __future__ import annotations

import ctypes
import functools
import importlib.machinery
import importlib.util
from pathlib import Path
from typing import Any

import llvmlite.binding

#: What machine code calls.
SYMBOL = "adcompiler_threads"
# in SciPy's own build, and in others
_NAMES = ("scipy_openblas_get_num_threads", "openblas_get_num_threads")

# until OpenBLAS is found: another library may have any number
_unknown = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 0)
llvmlite.binding.add_symbol(SYMBOL, ctypes.cast(_unknown, ctypes.c_void_p).value)


@functools.cache
def make_known() -> object:
    """Let machine code find the function that says how many threads there are; the result keeps it."""
    answer = _asked() or _unknown
    llvmlite.binding.add_symbol(SYMBOL, ctypes.cast(answer, ctypes.c_void_p).value)
    return answer


def _asked() -> Any:
    """OpenBLAS's function in the library that Numba takes products from, or None.

    SciPy's module is loaded as a library, in a few milliseconds: importing it, as the first product by BLAS does, takes
    ten times as long.
    """
    found = importlib.util.find_spec("scipy")
    folders = (found.submodule_search_locations if found is not None else None) or ()
    names = [f"cython_blas{suffix}" for suffix in importlib.machinery.EXTENSION_SUFFIXES]
    for path in (Path(folder) / "linalg" / name for folder in folders for name in names):
        if path.exists():
            library = ctypes.CDLL(str(path))
            return next((getattr(library, name) for name in _NAMES if hasattr(library, name)), None)
    return None


__all__ = ["SYMBOL", "make_known"]
