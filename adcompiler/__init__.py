"""A source-transformation automatic differentiation compiler for Python, NumPy and Numba."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

from adcompiler.api import grad as grad
from adcompiler.api import jvp as jvp
from adcompiler.api import value_and_grad as value_and_grad
from adcompiler.api import vjp as vjp
from adcompiler.batching import batched as batched
from adcompiler.custom import checkpoint as checkpoint
from adcompiler.custom import checkpointed_range as checkpointed_range
from adcompiler.custom import stop_gradient as stop_gradient
from adcompiler.errors import ADCompilerError as ADCompilerError
from adcompiler.errors import GradcheckFailed as GradcheckFailed
from adcompiler.errors import MissingRule as MissingRule
from adcompiler.errors import NotDifferentiable as NotDifferentiable
from adcompiler.errors import TypeProblem as TypeProblem
from adcompiler.errors import UnsupportedSyntax as UnsupportedSyntax
from adcompiler.matrices import hessian as hessian
from adcompiler.matrices import jacobian as jacobian
from adcompiler.products import hvp as hvp

if TYPE_CHECKING:
    from adcompiler.custom_rules import custom_jvp as custom_jvp
    from adcompiler.custom_rules import custom_vjp as custom_vjp
    from adcompiler.custom_rules import rule as rule
    from adcompiler.tools.benchmark import benchmark as benchmark
    from adcompiler.tools.gradcheck import gradcheck as gradcheck

# programs that only call derivatives do not wait for what needs the compiler from the start
_LATER = {
    "benchmark": "tools.benchmark",
    "custom_jvp": "custom_rules",
    "custom_vjp": "custom_rules",
    "gradcheck": "tools.gradcheck",
    "rule": "custom_rules",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, "cuda", *(name for name in globals() if name.startswith("__"))})


__all__ = [
    "ADCompilerError",
    "GradcheckFailed",
    "MissingRule",
    "NotDifferentiable",
    "TypeProblem",
    "UnsupportedSyntax",
    "batched",
    "benchmark",
    "checkpoint",
    "checkpointed_range",
    "custom_jvp",
    "custom_vjp",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "rule",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
