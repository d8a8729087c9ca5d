"""Machine code in the cache folder, and functions that other machine code calls instead of holding a copy."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable, Collection, Sequence
from types import ModuleType
from typing import Any

import llvmlite
import llvmlite.binding
import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher, cpu_target
from numba.core.runtime.nrt import rtsys
from numba.core.serialize import dumps
from numba.core.sigutils import normalize_signature
from numba.core.types import unliteral

from adcompiler import cache
from adcompiler.backend.llvm.calls import implementation
from adcompiler.backend.passes.pipeline import Generated

# A function that is called as a symbol is found by the name of its file behind this.
_PREFIX = "adcompiler."
# What was compiled or loaded behind these symbols, for as long as the process runs.
_MADE: dict[str, CompileResult] = {}


class MachineCode(NullCache):
    """Numba's compiled code in our folder, whatever `NUMBA_CACHE_DIR` says: one sealed file a signature and CPU.

    Parameters
    ----------
    folder : Folder, optional
        Where; nothing is kept without one.
    stem : str
        How the names of the files begin.
    before : callable
        What is to be done before the function is compiled.
    """

    def __init__(self, folder: cache.Folder | None, stem: str, before: Callable[[], None]) -> None:
        self.folder, self.stem, self.before = folder, stem, before

    @property
    def cache_path(self) -> str:
        """The folder, for Numba's statistics."""
        return "" if self.folder is None else str(self.folder.path)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Numba's compile result for a signature, or None."""
        found = None
        if self.folder is not None:
            found = _load(self.folder, f"{_name(self.stem, sig, target_context.codegen())}.bin", target_context)
        if found is None:
            self.before()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compile result, unless it holds addresses of this process."""
        if self.folder is None:
            return
        data.library._ensure_finalized()
        if not data.library.has_dynamic_globals and all(x.can_cache for x in data.lifted):
            content = dumps((_symbols(data.library), data._reduce()))  # type: ignore[no-untyped-call]
            self.folder.store(f"{_name(self.stem, sig, data.codegen)}.bin", content)


def for_all_values(dispatcher: Any, any_layout: Collection[int] = ()) -> None:
    """Compile a function for the types of its arguments alone, those at `any_layout` as arrays anywhere in memory.

    Numba gives a constant a type of its own, also one that is only what a variable begins with, and compiles a function
    that it is passed to for that type too.
    """
    folded = dispatcher._compiler.fold_argument_types

    def fold(args: Any, kws: Any) -> Any:
        signature, types = folded(args, kws)
        plain = map(unliteral, types)
        return signature, tuple(x.copy(layout="A") if k in any_layout else x for k, x in enumerate(plain))

    dispatcher._compiler.fold_argument_types = fold


class Apart(CPUDispatcher):
    """A function that compiled code calls as a symbol.

    Numba gives each caller a copy of what it calls, and optimises it there again: for a factorisation in the middle of
    a program that takes longer than the program itself. The price is that nothing of the function is inlined.

    Parameters
    ----------
    plain : Dispatcher
        The function.
    kept : MachineCode
        Where its machine code is kept, and under which names.
    any_layout : Collection[int]
        The arguments that are arrays anywhere in memory.
    """

    def __init__(self, plain: Any, kept: MachineCode, any_layout: Collection[int] = ()) -> None:
        unwrapped = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        super().__init__(plain.py_func, targetoptions=plain.targetoptions | unwrapped, pipeline_class=Generated)
        self._cache = kept
        for_all_values(self, any_layout)

    def compile(self, sig: Any) -> Any:
        """The entry point for a signature, after which calls of it refer to a symbol."""
        with global_compiler_lock:
            args, _ = normalize_signature(sig)  # type: ignore[no-untyped-call]
            known = tuple(args) in self.overloads
            entry = super().compile(sig)
            if not known:
                made: Any = self.overloads[tuple(args)]
                symbol = _PREFIX + _name(self._cache.stem, tuple(args), made.codegen)
                _define(symbol, made)
                described = copy.copy(made.fndesc)
                described.mangled_name = symbol
                self.targetctx.remove_user_function(entry)  # type: ignore[no-untyped-call]
                called = implementation(described)
                self.targetctx.insert_func_defn([(called, entry, called.signature)])  # type: ignore[no-untyped-call]
        return entry


def _define(symbol: str, made: Any) -> None:
    """Let other machine code find a function; the first under a name stays, whose address is in use."""
    if symbol not in _MADE:
        _MADE[symbol] = made
        llvmlite.binding.add_symbol(symbol, made.library.get_pointer_to_function(made.fndesc.llvm_func_name))


def address(stem: str, kinds: tuple[Any, ...], folder: cache.Folder | None) -> int | None:
    """Where the machine code of a function that is called as a symbol is, if it was compiled here or kept."""
    context = cpu_target.target_context
    symbol = _PREFIX + _name(stem, kinds, context.codegen())
    if symbol not in _MADE and (folder is None or not _found(symbol, folder, context)):
        return None
    found: int = llvmlite.binding.address_of_symbol(symbol)
    return found


def _name(stem: str, sig: Any, codegen: Any) -> str:
    machine = (numba.__version__, llvmlite.__version__, codegen.magic_tuple())
    return f"{stem}_{cache.key(cache.versions(), repr(sig), repr(machine))}"


def _load(folder: cache.Folder, file: str, target_context: Any) -> Any:
    content = folder.load(file)
    if content is None:
        return None
    try:
        symbols, state = pickle.loads(content)
        if not _make_known(symbols, folder, target_context):
            return None
        return CompileResult._rebuild(target_context, *state)  # type: ignore[no-untyped-call]
    except cache.UNREADABLE:
        return None


def _symbols(library: Any) -> tuple[str, ...]:
    """What machine code refers to outside itself."""
    module = library._final_module
    return tuple(
        value.name
        for value in (*module.functions, *module.global_variables)
        if value.is_declaration and not value.name.startswith("llvm.")
    )


def _make_known(symbols: Sequence[str], folder: cache.Folder, target_context: Any) -> bool:
    """Give LLVM the addresses that machine code needs; False where one is missing, which would end the process.

    Machine code needs Numba's memory manager. The tables of all functions that Numba can compile, which take longer to
    fill than everything else in a call with machine code at hand, serve the compiler alone, which fills them itself.
    """
    rtsys.initialize(target_context)
    own = [symbol for symbol in symbols if symbol.startswith(_PREFIX)]
    if not all(_found(symbol, folder, target_context) for symbol in own):
        return False
    if not all(map(llvmlite.binding.address_of_symbol, symbols)):
        target_context.refresh()
    # the vector functions of another machine's C library
    return all(llvmlite.binding.address_of_symbol(symbol) for symbol in symbols if symbol.startswith("_ZGV"))


def _found(symbol: str, folder: cache.Folder, target_context: Any) -> bool:
    """Whether a function that machine code calls is there, or could be loaded."""
    if symbol not in _MADE:
        file = symbol.removeprefix(_PREFIX)
        # Numba imports the module of a function when it loads machine code, and reads nothing there
        module = file.rpartition("_")[0]
        sys.modules.setdefault(module, ModuleType(module))
        made = _load(folder, f"{file}.bin", target_context)
        if made is None:
            return False
        _define(symbol, made)
    return True
