"""The pipeline for a GPU: loops over items become kernels, and a function of the host launches them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from adcompiler.analysis.dependence import dependence
from adcompiler.analysis.threads import only_added
from adcompiler.compile import Compiled, overlapping
from adcompiler.emit.cuda import emit_cuda
from adcompiler.emit.device import unavailable
from adcompiler.errors import ADCompilerError, UnsupportedSyntax
from adcompiler.gpu_arrays import is_gpu_type
from adcompiler.ir.kernel import Kernel, Written, is_alone
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Call, Func, Loop, Store, While
from adcompiler.optimise.elements.contract import contract_arrays
from adcompiler.optimise.elements.keeping import read_kept
from adcompiler.optimise.elements.promotion import promote
from adcompiler.optimise.elements.sharing import share_loads
from adcompiler.optimise.lines.logarithms import spell_logaddexp
from adcompiler.optimise.lines.quotients import divide_in_single
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.lowering.fuse import fuse_readers
from adcompiler.optimise.lowering.lower import lower_arrays
from adcompiler.optimise.lowering.positions import spell_positions
from adcompiler.optimise.lowering.precision import add_in_own_precision
from adcompiler.optimise.lowering.products import spell_other_products, spell_products
from adcompiler.optimise.parallel.items import fill_arrays
from adcompiler.optimise.parallel.kernels import split
from adcompiler.optimise.parallel.own_choices import own_choices
from adcompiler.optimise.parallel.own_memory import is_made, own_memory
from adcompiler.optimise.parallel.rerun import rerun_items
from adcompiler.optimise.parallel.united import unite_nests
from adcompiler.systems import spell_systems

WHOLE = (
    spell_products,
    spell_systems,
    spell_positions,
    own_memory,
    add_in_own_precision,
    lower_arrays,
    simplify,
    read_kept,
    unite_nests,
    simplify,
    share_loads,
)
ITEM = (
    spell_logaddexp,
    simplify,
    promote,
    share_loads,
    fuse_readers,
    contract_arrays,
    divide_in_single,
    simplify,
    fill_arrays,
)


class OnDevice(Compiled):
    """A function of the Wengert list and a derivative of it, for a GPU."""

    on_device = True

    @property
    def file(self) -> None:
        """Nothing is kept for other processes."""
        return None

    @property
    def name(self) -> str:
        """The name of the host's function."""
        return self.stages["lowered"].name

    @cached_property
    def apart(self) -> Func:
        """The function, whose branches copy the arrays that they choose."""
        return own_choices(self.primal)

    @cached_property
    def stages(self) -> dict[str, Func]:
        """The function after each stage, by the stage's name."""
        primal = self.apart
        if _has_products():
            found = self._staged(primal, (spell_other_products, *WHOLE[1:]))
            if resistance(found["lowered"]) < _REFUSED:
                return found
        found = self._staged(primal, WHOLE)
        if self.derivative.mode == "reverse" and resistance(found["lowered"]):
            # records that both sweeps need of all items at a time lie where one item ends and the next begins
            again = self._staged(rerun_items(primal), WHOLE)
            return min(found, again, key=lambda stages: resistance(stages["lowered"]))
        return found

    @cached_property
    def parts(self) -> tuple[Func, tuple[Kernel | Written, ...]]:
        """The function of the host, and the kernels."""
        self._refuse()
        host, kernels = self._timed("kernels", split, self.stages["lowered"])
        return host, tuple(self._timed("kernels", self._item, kernel) for kernel in kernels)

    def _refuse(self) -> None:
        if self.derivative.lanes or self.derivative.pattern:
            raise ADCompilerError(
                "target='cuda' has no jacobian, hessian or sparse derivative",
                self.span,
                "use grad, value_and_grad, vjp or jvp, or target='cpu'",
            )
        if self.derivative.memory is not None:
            raise ADCompilerError("target='cuda' takes no memory=", self.span, "leave it out, or use target='cpu'")
        for stmt in walk(self.primal.body):
            if isinstance(stmt, Loop) and stmt.budget is not None:
                raise unavailable("checkpointed loops", stmt.span)
        if self.derivative.mode == "primal":
            refuse_changes(self.stages["lowered"])

    def _item(self, kernel: Kernel | Written) -> Kernel | Written:
        if isinstance(kernel, Written):
            return kernel
        fn = kernel.item
        for run in ITEM:
            fn = run(fn)
            if self.options.check:
                self._verified(f"{run.__name__} (item)", fn)
        added = only_added(fn, kernel.gathered)
        return replace(kernel, item=fn, added=tuple(v for v in kernel.gathered if v in added))

    def _printed(self) -> str:
        host, kernels = self.parts
        return self._timed("printing", emit_cuda, host, kernels, self.options.fastmath)

    def _overlapping(self) -> tuple[int, ...]:
        return ()

    @cached_property
    def callable(self) -> Callable[..., Any]:
        """The function to call, with arrays of NumPy."""
        try:
            from adcompiler.backend.gpu import cuda, exchange
        except ImportError as error:
            raise ADCompilerError("target='cuda' needs numba.cuda", None, "pip install 'adcompiler[cuda]'") from error
        cuda.require_device()
        function = cuda.module_function(self.text, self.name)
        first = len(self.primal.results)
        copied = set() if self.derivative.mode == "primal" else overlapping(self.stages, first)

        def on_device(*args: Any) -> Any:
            given = next((a for a in args if is_gpu_type(type(a))), None)
            with np.errstate(all="ignore"), exchange.there(args, exchange.to_device) as there:
                found = function(*there)
                results = found if isinstance(found, tuple) else (found,)
                made = [exchange.from_device(r, given, copied=k in copied) for k, r in enumerate(results)]
            return tuple(made) if isinstance(found, tuple) else made[0]

        return on_device

    def ptx(self, args: tuple[Any, ...], capability: tuple[int, int]) -> dict[str, str]:
        """What a GPU of a compute capability runs, by the names of the kernels."""
        from adcompiler.backend.gpu import cuda, memory

        return memory.ptx(cuda.module_function(self.text, self.name), args, capability)

    def specialise(self, args: tuple[object, ...]) -> None:
        """Kernels are compiled when they are first launched."""


def _has_products() -> bool:
    """Whether there is a library for products of matrices."""
    try:
        from adcompiler.backend.gpu.cublas import has_products
    except ImportError:
        return False
    return has_products()


_REFUSED = 2


def resistance(fn: Func) -> int:
    """How far a function is from kernels over all items: 1 where a loop of the host touches elements, 2 if refused."""
    try:
        host, kernels = split(fn)
    except UnsupportedSyntax:
        return _REFUSED
    loops = [s for s in host.body if isinstance(s, (Loop, While))]
    return int(any(isinstance(s, Call) and is_alone(kernels[s.function]) for s in walk(loops)))


def refuse_changes(fn: Func) -> None:
    """Refuse stores into arguments: kernels have copies of them."""
    over = dependence(fn)
    given = {over.memory.root(p): p for p in fn.params if fn.types[p.name].rank}
    for stmt in walk(fn.body):
        if not isinstance(stmt, Store) or (root := over.memory.root(stmt.array)) not in given:
            continue
        if not is_made(over.defs[over.base(stmt.array)].stmt):
            raise unavailable(f"a store into argument '{given[root]}'", stmt.span)
