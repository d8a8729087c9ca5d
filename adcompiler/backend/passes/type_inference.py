"""Types of values, with each question to Numba's tables of functions asked once.

Numba goes through all lines until nothing changes, at least twice. Each time it compares the arguments of an operation
with all that it knows for it, and makes a message about each that does not fit.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numba.core import utils
from numba.core.compiler_machinery import register_pass
from numba.core.errors import (  # type: ignore[attr-defined]
    ForceLiteralArg,
    NumbaWarning,
    TypingError,
    WarningsFixer,
)
from numba.core.typed_passes import NopythonTypeInference, fallback_context
from numba.core.typeinfer import ConstraintNetwork, TypeInferer
from numba.core.types import Type


class Answers:
    """Numba's typing context, whose answers about types are kept.

    An answer is a function of the types alone for as long as one function is compiled; failures are not kept.

    Parameters
    ----------
    context
        Of Numba.
    """

    def __init__(self, context: Any) -> None:
        self._context = context
        self._kept: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, func: Any, args: Any, kws: Mapping[str, Any]) -> Any:
        """The signature of a call."""
        named = tuple(kws.items()) if kws else ()
        # a constant index may equal one of another type
        if not all(isinstance(arg, Type) for arg in (*args, *(value for _, value in named))):
            return self._context.resolve_function_type(func, args, kws)
        return self._once(self._context.resolve_function_type, (func, tuple(args), named), func, args, kws)

    def resolve_setitem(self, target: Any, index: Any, value: Any) -> Any:
        """The signature of a store."""
        return self._once(self._context.resolve_setitem, (target, index, value), target, index, value)

    def resolve_getattr(self, typ: Any, attr: str) -> Any:
        """The type of an attribute."""
        return self._once(self._context.resolve_getattr, (typ, attr), typ, attr)

    def _once(self, question: Callable[..., Any], key: Any, *args: Any) -> Any:
        key = question.__name__, key
        found = self._kept.get(key)
        if found is None:
            found = question(*args)
            if found is not None:
                self._kept[key] = found
        return found


class _Constraints(ConstraintNetwork):
    """What lines say about types."""

    def propagate(self, typeinfer: Any) -> list[Exception]:
        """Apply each once; Numba notes for each the place that a warning would name, here nothing shows warnings."""
        failed: list[Exception] = []
        for constraint in self.constraints:
            try:
                constraint(typeinfer)
            except ForceLiteralArg as error:
                failed.append(error)
            except TypingError as error:
                here = TypingError(str(error), loc=constraint.loc, highlighting=False)
                failed.append(utils.chain_exception(here, error))
        return failed


class Inferer(TypeInferer):
    """Numba's inference of types."""

    def __init__(self, context: Any, func_ir: Any, warnings: Any) -> None:
        super().__init__(Answers(context), func_ir, warnings)
        self.constraints = _Constraints()


@register_pass(mutates_CFG=True, analysis_only=False)
class Inference(NopythonTypeInference):
    """The pass that gives each value a type."""

    _name = "generated_inference"

    def run_pass(self, state: Any) -> bool:
        """Find the types for those of the arguments."""
        with fallback_context(state, f'Function "{state.func_id.func_name}" failed type inference'):
            infer = Inferer(state.typingctx, state.func_ir, WarningsFixer(NumbaWarning))
            with state.typingctx.callstack.register(state.targetctx.target, infer, state.func_id, state.args):
                for index, (name, kind) in enumerate(zip(state.func_ir.arg_names, state.args, strict=True)):
                    infer.seed_argument(name, index, kind)
                infer.build_constraint()
                state.typing_errors = infer.propagate()
                state.typemap, state.return_type, state.calltypes = infer.unify()
        return True
