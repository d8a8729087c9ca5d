"""Bytecode to Numba's lines, and what these say about constants: asked only of lines that may be one.

Numba looks through all lines for the ends of `with` blocks and for dictionaries, and finds out that the index of a loop
is no constant from an error, with a message, for each element that is read.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from typing import Any

from numba.core import ir
from numba.core.compiler_machinery import register_pass
from numba.core.errors import ConstantInferenceError
from numba.core.interpreter import Interpreter, peep_hole_delete_with_exit, peep_hole_fuse_dict_add_updates
from numba.core.rewrites.registry import rewrite_registry
from numba.core.transforms import canonicalize_cfg
from numba.core.untyped_passes import GenericRewrites, TranslateByteCode

# what makes a constant of constants
_CONSTANT = ("build_tuple", "call", "getattr", "unary")


class _Reader(Interpreter):
    """Numba's reader without what looks for statements that generated code does not have."""

    def post_process(self, peepholes: Any, func_ir: Any) -> Any:
        """Change the lines that were read, in place."""
        needless = (peep_hole_delete_with_exit, peep_hole_fuse_dict_add_updates)
        return super().post_process([step for step in peepholes if step not in needless], func_ir)


@register_pass(mutates_CFG=True, analysis_only=False)
class Reading(TranslateByteCode):
    """The pass that reads bytecode."""

    _name = "generated_reading"

    def run_pass(self, state: Any) -> bool:
        """Make Numba's lines."""
        state.func_ir = _Reader(state.func_id).interpret(state.bc)
        return True


class _NoConstant(ConstantInferenceError):
    def __init__(self) -> None:
        Exception.__init__(self)


class Constants:
    """Numba's function, which says at once of most names that they are no constants."""

    def __init__(self, func_ir: Any) -> None:
        self._func_ir = func_ir

    def __getattr__(self, name: str) -> Any:
        return getattr(self._func_ir, name)

    def infer_constant(self, name: Any) -> Any:
        """The constant that a name means; an error if there is none."""
        if not self._may_be(name):
            raise _NoConstant
        return self._func_ir.infer_constant(name)

    def _may_be(self, name: Any) -> bool:
        given = self._func_ir._definitions[getattr(name, "name", name)]
        value = given[0] if len(given) == 1 else None
        if isinstance(value, ir.Var):
            return self._may_be(value)
        if isinstance(value, ir.Expr):
            return value.op in _CONSTANT and (value.op != "build_tuple" or all(map(self._may_be, value.items)))
        return value is not None


@register_pass(mutates_CFG=True, analysis_only=False)
class Rewritten(GenericRewrites):
    """Numba's rewriting of single lines before types are known, until nothing is left to be rewritten."""

    _name = "generated_rewrites"

    def run_pass(self, state: Any) -> bool:
        """Rewrite in place."""
        blocks, asked = state.func_ir.blocks, Constants(state.func_ir)
        for kind in rewrite_registry.rewrites["before-inference"]:
            rewrite, left = kind(state), list(blocks.items())
            while left:
                label, block = left.pop()
                if rewrite.match(asked, block, state.typemap, state.calltypes):
                    blocks[label] = rewrite.apply()
                    left.append((label, blocks[label]))
        state.func_ir.blocks = canonicalize_cfg(blocks)
        return True
