"""Numba's compiler with only those of its passes that generated code needs."""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from typing import Any

from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager
from numba.core.typed_passes import AnnotateTypes, NoPythonBackend
from numba.core.untyped_passes import DeadBranchPrune, FixupArgs, RewriteSemanticConstants


class Generated(CompilerBase):
    """Compiles functions of generated texts.

    They have no closures, comprehensions, literal loops or array expressions, and nothing to be inlined as
    Numba's own lines: the passes for these find nothing, and after each pass Numba numbers all lines anew.
    """

    def __init__(self, *args: Any) -> None:
        # not before something is compiled, and before Numba asks which functions there are
        from adcompiler.backend.llvm.lowering import Lowering
        from adcompiler.backend.passes.bytecode import Reading, Rewritten
        from adcompiler.backend.passes.intrinsic_calls import KnownCalls
        from adcompiler.backend.passes.liveness import Blocks, Ends, WithoutPhis
        from adcompiler.backend.passes.ssa import NamedValues, NamesApart
        from adcompiler.backend.passes.type_inference import Inference

        self.passes = (
            (Reading, "analyzing bytecode"),
            (FixupArgs, "fix up args"),
            (Blocks, "processing IR"),
            (KnownCalls, "calls with a shorter implementation"),
            (RewriteSemanticConstants, "rewrite semantic constants"),
            (DeadBranchPrune, "dead branch pruning"),
            (Rewritten, "nopython rewrites"),
            (NamesApart, "a name for each value"),
            (NamedValues, "ssa"),
            (Inference, "nopython frontend"),
            (WithoutPhis, "remove phis nodes"),
            (Ends, "ensure IR is legal prior to lowering"),
            (AnnotateTypes, "annotate types"),
            (Lowering, "native lowering"),
            (NoPythonBackend, "nopython mode backend"),
        )
        super().__init__(*args)

    def define_pipelines(self) -> list[Any]:
        """The only list of passes."""
        flags = self.state.flags
        # loops that threads share have passes of their own, and so have lines that Python runs or that catch exceptions
        names = set() if self.state.func_id is None else set(self.state.func_id.code.co_names)
        apart = not names.isdisjoint({"objmode", "Exception"})
        if flags.force_pyobject or flags.auto_parallel.enabled or apart or self.state.func_ir is not None:
            return [DefaultPassBuilder.define_nopython_pipeline(self.state)]
        manager = PassManager("generated")
        for step, why in self.passes:
            manager.add_pass(step, why)
        manager.finalize()
        return [manager]
