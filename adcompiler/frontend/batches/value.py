"""A batched function that is made inside the program."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adcompiler.frontend.batches.axes import Called, given
from adcompiler.frontend.batches.mapped import mapped
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import Closure, Value


@dataclass(frozen=True, slots=True, eq=False)
class BatchedValue:
    """A function of the program, mapped over axes of its arguments.

    Parameters
    ----------
    function : Value
        The function of one item.
    axes : object
        The mapped axes.
    """

    function: Value
    axes: object

    def __lower_call__(self, low: Lowering, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """A call in the program."""
        found = given(low, self._called(), self.axes, args, kwargs)
        return mapped(low, self._called().name, self.function, found, node)

    def _called(self) -> Called:
        if not isinstance(self.function, Closure):
            return Called("function", (), True)
        node, spec = self.function.node, self.function.node.args
        name = node.name if isinstance(node, ast.FunctionDef) else "lambda"
        return Called(name, tuple(a.arg for a in (*spec.posonlyargs, *spec.args)), spec.vararg is not None)
