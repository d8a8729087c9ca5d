"""Text to a callable on the CPU: a module file, compiled by Numba with its machine code kept beside it."""

from __future__ import annotations

import ctypes
import functools
import linecache
import os
import pickle
import re
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import llvmlite.binding
import numba
import numpy as np
from numba import config
from numba.cloudpickle import register_pickle_by_value
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import NumbaError, NumbaWarning
from numba.core.registry import CPUDispatcher

from adcompiler import cache
from adcompiler.backend.machine_code import Apart, MachineCode, address, for_all_values
from adcompiler.backend.passes.pipeline import Generated
from adcompiler.backend.runtime import blas_threads, lazy
from adcompiler.backend.runtime.error_numbers import short, tell
from adcompiler.backend.runtime.malloc import keep_freed_memory
from adcompiler.backend.runtime.threads import ended, parts
from adcompiler.critical import critical_section, held_by_forks
from adcompiler.errors import Span, TypeProblem

Function = Callable[..., Any]


def _wanted(question: int, length: int, place: int) -> None:
    """Write to a place where a function of the library is that machine code calls for the first time.

    What a function gives back to machine code is undefined where it raises an exception, and the place stays empty.
    """
    name, stem, kept, kinds = pickle.loads(ctypes.string_at(question, length))
    folder = cache.folder() if kept else None
    with critical_section(), _silent():
        found = address(stem, kinds, folder)
        if found is None:
            _of_library(name, folder).compile(kinds)
            found = address(stem, kinds, folder)
    ctypes.c_int64.from_address(place).value = found or 0


# what machine code asks and tells, by these symbols
_ASKED = {
    lazy.SYMBOL: ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)(_wanted),
    "adcompiler_short": ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_double)(short),
    "adcompiler_tell": ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 3)(tell),
    "adcompiler_parts": ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_double] * 2)(parts),
    "adcompiler_ended": ctypes.CFUNCTYPE(ctypes.c_int64)(ended),
}
for _symbol, _function in _ASKED.items():
    llvmlite.binding.add_symbol(_symbol, ctypes.cast(_function, ctypes.c_void_p).value)

# options of LLVM for code with lanes, for our other code, and for all else (its own defaults): the second is how many
# lines a loop may have that becomes two
_OPTIONS = (("hoist-runtime-checks", "false", "true", "true"), ("unswitch-threshold", "1000", "150", "50"))

# what Numba colours its messages with
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

held_by_forks(global_compiler_lock)


def interpreted() -> bool:
    """Whether generated code runs as plain Python: `ADCOMPILER_DISABLE_JIT=1`, or Numba itself is switched off."""
    return os.environ.get("ADCOMPILER_DISABLE_JIT", "0") not in ("", "0") or bool(config.DISABLE_JIT)  # type: ignore[attr-defined]


def python_function(text: str, name: str, *, keep: bool = True) -> Function:
    """The function `name` of `text` as plain Python, with floating-point errors as quiet as compiled code has them."""
    function = load(text, name, keep)

    @functools.wraps(function)
    def quiet(*args: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*args)

    return quiet


def numba_function(
    text: str,
    name: str,
    *,
    keep: bool = True,
    scope: Mapping[str, object] = MappingProxyType({}),
    whole: bool = False,
) -> Any:
    """The function `name` of `text` as a Numba dispatcher, which compiles when it first meets a signature.

    `keep` says whether text and machine code may be kept in the cache folder, `scope` gives names that the text reads.
    `whole` takes in what is else called as a symbol of this process: machine code that Numba keeps for the user.
    """
    if not scope and not (whole and _separate(text)):
        return _kept(text, name, keep)
    return _compiled_on_demand(load(text, name, keep, scope))


@functools.lru_cache(maxsize=256)
def _kept(text: str, name: str, keep: bool) -> Any:
    """One dispatcher for equal texts, as the methods of many objects have them."""
    function = load(text, name, keep)
    dispatcher = _compiled_on_demand(function)
    dispatcher._cache = _machine_code(function, text, name, cache.folder() if keep else None)
    return dispatcher


def _apart(name: str, folder: cache.Folder | None) -> Any:
    """What texts call for a function of the library, compiled once for all of them."""
    # a call that finds its machine code needs nothing of how text is made
    from adcompiler.emit.functions.opaque import LAZY

    return _short(name, folder) if name in LAZY else _of_library(name, folder)


@functools.lru_cache(maxsize=64)
def _of_library(name: str, folder: cache.Folder | None) -> Apart:
    """A function of the library."""
    from adcompiler.emit.functions.opaque import READ_ONCE, on_its_own

    text = on_its_own(name)
    plain: Any = load(text, name, folder is not None)
    return Apart(plain, _machine_code(plain.py_func, text, name, folder), READ_ONCE.get(name, ()))


@functools.lru_cache(maxsize=64)
def _short(name: str, folder: cache.Folder | None) -> Any:
    """What compiles a function of the library when it is called, and is written out at each call."""
    from adcompiler.emit.functions.opaque import LAZY, on_its_own

    text = lazy.stands_for(name, LAZY[name], _stem(on_its_own(name), name), folder is not None)
    return load(text, name, folder is not None, {"_calling": lazy.calling})


def _machine_code(function: Function, text: str, name: str, folder: cache.Folder | None) -> MachineCode:
    def before() -> None:
        for called in _separate(text) - {name}:
            function.__globals__[called] = _apart(called, folder)

    return MachineCode(folder, _stem(text, name), before)


def _separate(text: str) -> set[str]:
    """The functions of the library in a text for Numba that are compiled on their own."""
    from adcompiler.emit.functions.opaque import APART, definition

    return {name for name in APART if f"def {name}(" in text and definition(name) in text}


def _compiled_on_demand(function: Function) -> Any:
    keep_freed_memory()
    # nothing calls it from C
    options: Any = {"no_cfunc_wrapper": True}
    return numba.njit(nogil=True, error_model="numpy", boundscheck=False, pipeline_class=Generated, **options)(function)


def specialise(dispatcher: Any, args: Sequence[Any], span: Span | None, *, lanes: bool = False) -> None:
    """Compile for the types of `args`; `span` is the user's function, for what Numba refuses.

    Compiling ahead of the call takes 0.1 s less than letting the first call do it, and keeps Numba's warnings and
    errors apart from those of the program. `lanes` says that the innermost loops are over lanes.
    """
    with critical_section(), _silent(), _optimised(lanes):
        try:
            dispatcher.compile(tuple(numba.typeof(arg) for arg in args))  # type: ignore[no-untyped-call]
        except NumbaError as error:
            raise TypeProblem(
                f"Numba cannot compile the generated code: {_reason(error)}",
                span,
                "look at lowered_source() of the function; ADCOMPILER_DISABLE_JIT=1 runs it as plain Python",
            ) from error


@contextmanager
def _optimised(lanes: bool) -> Iterator[None]:
    """Let LLVM make fast loops, over lanes or not. Versions of LLVM without an option ignore it.

    It makes two loops of a long one too where a test of a number that the loop does not change decides, as whether a
    divisor is of ordinary size or, with lanes, whether a factor is finite. For lanes it compares the memory of an inner
    loop's arrays at each entry of it, instead of before the outer loop: two rows of one array that a loop over lanes
    writes never overlap, all rows that the outer loop writes do, and compared there they keep the loop from running
    with vectors.
    """
    for option, with_lanes, without, _ in _OPTIONS:
        llvmlite.binding.set_option("", f"-{option}={with_lanes if lanes else without}")
    try:
        yield
    finally:
        for option, _, _, default in _OPTIONS:
            llvmlite.binding.set_option("", f"-{option}={default}")


def _reason(error: NumbaError) -> str:
    """The line of an error of Numba that says what is wrong: the first may say only in which stage."""
    lines = [line.strip() for line in _COLOUR.sub("", str(error)).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("Failed in ")]
    return (said or lines or [type(error).__name__])[0]


@contextmanager
def _silent() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NumbaWarning)
        yield


def load(text: str, name: str, keep: bool, scope: Mapping[str, object] = MappingProxyType({})) -> Function:
    """Execute a module text and return one of its functions; tracebacks and debuggers find its lines."""
    if blas_threads.SYMBOL in text:
        blas_threads.make_known()
    stem = _stem(text, name)
    folder = cache.folder() if keep else None
    path = folder.module(f"{stem}.py", text) if folder is not None else None
    file = str(path) if path is not None else f"<{stem}>"
    if path is None:
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = types.ModuleType(stem)
    # Numba imports the module of a function when it loads machine code; another process could not
    sys.modules[stem] = module
    register_pickle_by_value(module)  # type: ignore[no-untyped-call]
    module.__file__ = file
    module.__dict__.update(scope)
    # Numba compiles what it hands back to Python, as a formatted `print`, when it first runs
    warnings.filterwarnings("ignore", category=NumbaWarning, module=re.escape(file.removesuffix(".py")))
    exec(compile(text, file, "exec"), module.__dict__)
    for value in module.__dict__.values():
        if isinstance(value, CPUDispatcher) and value.py_func.__module__ == stem:
            _prepare(value, value.py_func.__name__ != name)
    function: Function = module.__dict__[name]
    return function


def _prepare(helper: Any, inner: bool) -> None:
    """Compile a function of a text as the text's own; of an `inner` one only what compiled code calls."""
    helper._compiler.pipeline_class = Generated
    for_all_values(helper)
    if inner:
        helper.targetoptions |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _stem(text: str, name: str) -> str:
    return f"{name}_{cache.key(text)}"
