"""Adjoints written by hand in C++ as contenders: `g++ -O3 -march=native`, called through ctypes.

The function of `cpp/NAME.cpp` takes the arguments of the program, each array as its address and its extents, and then
the address of each derivative; it returns the value.
"""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.program import Args, Program

SOURCES = Path(__file__).parent / "cpp"
#: The pragma lets the sums of an adjoint, whose order no user wrote, be added in any order.
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fopenmp-simd", "-Wall", "-Werror", "-shared", "-fPIC")


def contender(program: Program, args: Args) -> Callable[[], tuple[float, Any]] | None:
    """Value and gradient by C++; None without g++ or without such a program."""
    if shutil.which("g++") is None or program.name not in names():
        return None
    function = getattr(library(program.name), program.name)
    function.restype = ctypes.c_double
    given = [part for arg in args for part in passed(arg)]
    single = not isinstance(program.argnums, tuple)
    shapes = [np.shape(args[k]) for k in ((program.argnums,) if single else program.argnums)]

    def call() -> tuple[float, Any]:
        found = [np.empty(shape) for shape in shapes]
        value = function(*given, *(ctypes.c_void_p(part.ctypes.data) for part in found))
        return value, found[0] if single else tuple(found)

    return call


def names() -> list[str]:
    """The programs that there are in C++.

    Examples
    --------
    >>> "burgers" in names()
    True
    """
    return sorted(path.stem for path in SOURCES.glob("*.cpp"))


@cache
def library(name: str) -> ctypes.CDLL:
    """The program compiled; what is loaded stays when its file is gone."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{name}.so"
        subprocess.run(["g++", *FLAGS, "-o", target, SOURCES / f"{name}.cpp"], check=True)
        return ctypes.CDLL(str(target))


def passed(arg: Any) -> list[Any]:
    """An argument as C++ has it; arrays are those that the program goes on holding."""
    if isinstance(arg, np.ndarray):
        assert arg.dtype == np.float64 and arg.flags.c_contiguous
        return [ctypes.c_void_p(arg.ctypes.data), *map(ctypes.c_long, arg.shape)]
    return [ctypes.c_long(arg) if isinstance(arg, int) else ctypes.c_double(arg)]
