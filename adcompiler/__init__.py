"""A source-transformation automatic differentiation compiler for Python, NumPy and Numba."""

from __future__ import annotations

__version__ = "0.1.0"

from adcompiler.api import grad as grad
from adcompiler.api import jvp as jvp
from adcompiler.api import value_and_grad as value_and_grad
from adcompiler.api import vjp as vjp
from adcompiler.custom import stop_gradient as stop_gradient
from adcompiler.custom_rules import custom_jvp as custom_jvp
from adcompiler.custom_rules import custom_vjp as custom_vjp
from adcompiler.custom_rules import rule as rule
from adcompiler.errors import ADCompilerError as ADCompilerError
from adcompiler.errors import GradcheckFailed as GradcheckFailed
from adcompiler.errors import MissingRule as MissingRule
from adcompiler.errors import NotDifferentiable as NotDifferentiable
from adcompiler.errors import TypeProblem as TypeProblem
from adcompiler.errors import UnsupportedSyntax as UnsupportedSyntax
from adcompiler.matrices import hessian as hessian
from adcompiler.matrices import jacobian as jacobian
from adcompiler.products import hvp as hvp
from adcompiler.tools.benchmark import benchmark as benchmark
from adcompiler.tools.gradcheck import gradcheck as gradcheck
