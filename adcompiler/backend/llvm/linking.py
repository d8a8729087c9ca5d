"""Functions inside of a text, which become machine code only where another function takes them in.

Numba optimises each function that it compiles, and makes machine code of it, before it copies its lines into those that
call it, where they are optimised again. The functions of a text, and what Numba adds for single operations, are called
by compiled code alone: their lines are kept as they are until then.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llvmlite import binding
from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core.codegen import CPUCodeLibrary, JITCodeLibrary


class Linked(JITCodeLibrary):
    """The lines of a function, and those of the functions that it calls where machine code is made of it."""

    def add_linking_library(self, library: Any) -> None:
        """Name a function that this one calls."""
        self._linking_libraries.append(library)

    def _optimize_functions(self, ll_module: Any) -> None:
        """Optimise each function alone first, without which LLVM finds fewer vectors; Numba asks for mere names too."""
        ll_module.data_layout = self._codegen._data_layout
        for function in ll_module.functions:
            if not function.is_declaration:
                passes, builder = self._codegen._function_pass_manager()
                passes.run(function, builder)

    def finalize(self) -> None:
        """Take in what is called, optimise it together, and make machine code of it."""
        self._linking_libraries = [_TakenIn(library) for library in dict.fromkeys(_called(self))]
        super().finalize()


def _called(library: Any) -> Iterator[Any]:
    """The functions that one calls, and those of which these have no copy."""
    for other in library._linking_libraries:
        yield other
        if not other._finalized:
            yield from _called(other)


@dataclass(frozen=True, slots=True)
class _TakenIn:
    """A called function as Numba asks for it when it puts functions together."""

    library: CPUCodeLibrary

    @property
    def _reload_init(self) -> Any:
        return self.library._reload_init

    def _get_module_for_linking(self) -> Any:
        if self.library._finalized:
            return self.library._get_module_for_linking()
        module = self.library._final_module.clone()
        for function in module.functions:
            if not function.is_declaration and function.linkage == binding.Linkage.external:
                # there may be several copies, and none is kept that nothing calls
                function.linkage = "linkonce_odr"
        return module


def never_called_by_python(fndesc: Any, library: Any, env: Any) -> Any:
    """What stands for a function of which there is no machine code: Numba finds the lines behind this object."""
    return _dynfunc.make_function(fndesc.lookup_module(), fndesc.qualname, "", 0, env, (library,))
