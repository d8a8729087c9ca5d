"""The GPU behind one module: what compiles kernels, whether there is a device, and the module of generated text."""

from __future__ import annotations

import importlib
import math
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np

from adcompiler.backend.cpu import load
from adcompiler.errors import ADCompilerError
from adcompiler.ir.types import Type

#: `numba.cuda`.
cuda: Any = importlib.import_module("numba.cuda")
#: What fast kernels may do to arithmetic: not to change the order of sums, nor to take NaN and infinity for impossible.
FAST = {"contract", "nsz", "arcp", "afn"}
#: Threads of a block.
BLOCK = 128
_SIMULATED = "NUMBA_ENABLE_CUDASIM"

# kernels that leave a GPU with nothing to do are none of the user's mistakes
warnings.filterwarnings("ignore", message="Grid size", module="numba")


def simulated() -> bool:
    """Whether kernels run in Numba's simulator, as plain Python."""
    return "simulator" in cuda.jit.__module__


def require_device() -> None:
    """Raise where nothing can run a kernel."""
    if simulated() or cuda.is_available():
        return
    raise ADCompilerError(
        "target='cuda' found no GPU",
        None,
        f"run it where numba.cuda.is_available() is true, or start Python with {_SIMULATED}=1 for its simulator",
    )


def module_function(text: str, name: str) -> Callable[..., Any]:
    """The function `name` of a generated module."""
    function = load(text, name, False)
    if simulated():
        # Python's own mathematics raises where a GPU gives infinity or NaN
        getattr(function, "py_func", function).__globals__["math"] = SimpleNamespace(**_mathematics())
    return function


def ptx_of(kernel: Any, types: Iterable[Any], capability: tuple[int, int]) -> str:
    """The machine code, as PTX, of a kernel for arguments of some types of Numba."""
    if simulated():
        raise ADCompilerError("Numba's simulator compiles nothing", None, f"start Python without {_SIMULATED}")
    fast = kernel.targetoptions.get("fastmath", False)
    text: str = cuda.compile_ptx(kernel.py_func, tuple(types), cc=capability, fastmath=fast)[0]
    return text


def kernel_ptx(kernel: Any, types: Sequence[Type], capability: tuple[int, int]) -> str:
    """The machine code, as PTX, of a kernel for arguments of some types."""
    given = [getattr(numba.types, "boolean" if t.dtype == "bool" else t.dtype) for t in types]
    arrays = [numba.types.Array(one, t.rank, "C") if t.rank else one for one, t in zip(given, types, strict=True)]
    return ptx_of(kernel, arrays, capability)


def kernel_resources(text: str, capability: tuple[int, int]) -> dict[str, int]:
    """What a kernel, given as PTX, takes of a GPU: registers and bytes, as NVIDIA's linker counts them."""
    try:
        linker = importlib.import_module("cuda.bindings.nvjitlink")
    except ImportError as error:
        raise ADCompilerError("resources() needs nvJitLink", None, "pip install nvidia-nvjitlink") from error
    data = text.encode()
    handle = linker.create(2, [f"-arch=sm_{capability[0]}{capability[1]}", "-verbose"])
    try:
        linker.add_data(handle, linker.InputType.PTX, data, len(data), "kernel")
        linker.complete(handle)
        log = bytearray(linker.get_info_log_size(handle))
        linker.get_info_log(handle, log)
    finally:
        linker.destroy(handle)
    said = log.decode(errors="replace")
    patterns = {
        "registers": r"Used (\d+) registers",
        "shared": r"(\d+) bytes smem",
        "stack": r"(\d+) bytes stack frame",
        "spilled": r"(\d+) bytes spill stores",
    }
    found = {name: re.search(pattern, said) for name, pattern in patterns.items()}
    return {name: int(match[1]) if match else 0 for name, match in found.items()}


def _mathematics() -> dict[str, Any]:
    names = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "pow": "power"}
    names |= {"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"}
    found: dict[str, Any] = {}
    for name, function in vars(math).items():
        ufunc = getattr(np, names.get(name, name), None)
        found[name] = (
            _quiet(ufunc) if isinstance(ufunc, np.ufunc) and name not in ("floor", "ceil", "trunc") else function
        )
    return found


def _quiet(ufunc: np.ufunc) -> Callable[..., Any]:
    def function(*args: Any) -> Any:
        with np.errstate(all="ignore"):
            return ufunc(*args)

    return function
