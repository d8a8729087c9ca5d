"""Derivatives that a user declares for a function: by its adjoint, by its tangent, or by formulas."""

from __future__ import annotations

import ast
import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, MethodType
from typing import Any, Generic, ParamSpec, TypeVar, cast

from adcompiler.calls.inside import nesting
from adcompiler.calls.inside.declared import (
    by_adjoint,
    by_formulas,
    by_tangent,
    note_views,
    refuse_writes,
    without_derivative,
)
from adcompiler.calls.inside.nesting import bound_values
from adcompiler.calls.kept.pickling import Carried, Parts
from adcompiler.calls.planning import primal_plan
from adcompiler.calls.signing import Same
from adcompiler.calls.subject import Subject
from adcompiler.errors import TypeProblem, UnsupportedSyntax
from adcompiler.frontend.calls import call
from adcompiler.frontend.language.inline import call_function
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.state.context import Lowering as Program
from adcompiler.frontend.state.values import Path, Seq, Static, Value
from adcompiler.handlers import DECLARED
from adcompiler.ir.parse import Formula, formula
from adcompiler.options import Options

# of derivatives that call the function itself, and then its declared derivative again
_ORDER = 2
# in place of a depth: the function as it is called, outside its declaration
_ITSELF = -1
P = ParamSpec("P")
R = TypeVar("R")


class Declared(Carried, Generic[P, R]):
    """A function with a declared derivative; called outside a transformation it is the function itself.

    Parameters
    ----------
    function : callable
        A plain Python function.
    """

    function: Callable[P, R]
    #: The method that completes the declaration.
    definer = ""

    def __init__(self, function: Callable[P, R]) -> None:
        if not callable(function):
            raise TypeError(f"{type(self).__name__} needs a function, not {function!r}")
        functools.update_wrapper(self, function)
        self.function = function
        # how deep the functions of the declaration, which may call this one, are inside each other
        self.nesting = threading.local()
        self.subjects: dict[tuple[Same, int], Subject] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The value."""
        return self.function(*args, **kwargs)

    def __get__(self, owner: object, kind: type | None = None) -> Any:
        return self if owner is None else MethodType(self, owner)

    def __lower_call__(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """A call in a program that is being compiled."""
        given = {k: resolved(low, v) for k, v in kwargs.items()}
        plain = self.subject(self.function, _ITSELF)
        values = Seq(bound_values(low, self, plain, [resolved(low, a) for a in args], given))
        refuse_writes(low, self.name, plain, values)
        depth = getattr(self.nesting, "depth", 0)
        if depth == _ORDER:
            return without_derivative(low, self.name, self.value(low, values, node), values)
        self.nesting.depth = depth + 1
        try:
            result = self.lowered(low, values, node)
        finally:
            self.nesting.depth = depth
        note_views(low, plain, values, result)
        return result

    def value(self, low: Program, args: Seq, node: ast.AST) -> Value:
        """The value by the function itself."""
        return resolved(low, call(low, Static(self.function), args.items, {}, node))

    def lowered(self, low: Program, args: Seq, node: ast.AST) -> Value:
        """The value of a call with these arguments."""
        raise AssertionError("each way of declaring a derivative says how it is compiled")

    def part(self, low: Program, name: str) -> Subject:
        """A function of the declaration; another one in its place is seen at the next call."""
        function = getattr(self, name)
        if function is None:
            raise UnsupportedSyntax(
                f"the derivative of {self.name}() is declared and not yet given",
                low.b.span,
                f"call {self.name}.{self.definer}(...) below its definition",
            )
        path = Path(("declared", id(self)), self.name, lambda: self)
        held = low.captures.value(function, path.attribute(name))
        assert isinstance(held, Static) and callable(held.value)
        # what is compiled at one depth differs from the same at another
        return self.subject(function, self.nesting.depth)

    def subject(self, function: Callable[..., object], depth: int) -> Subject:
        """What is compiled of a function at a depth of nesting."""
        key = Same(function), depth
        if key not in self.subjects:
            self.subjects[key] = Subject(function, Options())
        return self.subjects[key]

    @property
    def name(self) -> str:
        """The name of the function."""
        return str(getattr(self, "__name__", "function"))


class custom_vjp(Declared[P, R]):
    """A function whose derivative is given by its adjoint.

    Both modes and second derivatives follow from it.

    Parameters
    ----------
    function : callable
        A plain Python function.

    Examples
    --------
    >>> import adcompiler as ad
    >>> @custom_vjp
    ... def rounded(x):
    ...     return float(round(x))
    >>> def forward(x):
    ...     return float(round(x)), None
    >>> def backward(residuals, y_bar):
    ...     return (y_bar,)
    >>> rounded.defvjp(forward, backward)
    >>> def f(x):
    ...     return 3.0 * rounded(x)
    >>> ad.grad(f)(2.6)
    3.0
    """

    definer = "defvjp"

    def __init__(self, function: Callable[P, R]) -> None:
        super().__init__(function)
        self.forward: Callable[..., object] | None = None
        self.backward: Callable[..., object] | None = None

    def defvjp(self, forward: Callable[..., object], backward: Callable[..., object]) -> None:
        """Give the derivative.

        Parameters
        ----------
        forward : callable
            `forward(*args)` gives the result, and what `backward` needs: any structure of numbers and arrays.
        backward : callable
            `backward(residuals, cotangent)` gives a tuple with a cotangent for each argument, None for one that has
            none. It must be linear in the cotangent; forward mode refuses it otherwise.
        """
        self.forward, self.backward = forward, backward

    def _parts(self) -> Parts:
        return (self.function,), {"forward": self.forward, "backward": self.backward}

    def lowered(self, low: Program, args: Seq, node: ast.AST) -> Value:
        """The value by `forward`, with the adjoint by `backward`."""
        forward = self.part(low, "forward")
        refuse_writes(low, self.name, forward, args)
        pair = nesting.call(low, self, forward, primal_plan, args.items, {})
        if not isinstance(pair, Seq) or len(pair.items) != 2:
            what = f"the forward function of {self.name}() must return a pair"
            raise TypeProblem(what, low.b.span, "return out, residuals")
        out, residuals = (resolved(low, item) for item in pair.items)
        return by_adjoint(low, self.name, self.part(low, "backward"), out, residuals, args)


class custom_jvp(Declared[P, R]):
    """A function whose derivative is given by its tangent.

    Both modes and second derivatives follow from it.

    Parameters
    ----------
    function : callable
        A plain Python function.

    Examples
    --------
    >>> import math
    >>> import adcompiler as ad
    >>> @custom_jvp
    ... def log1pexp(x):
    ...     return math.log1p(math.exp(x)) if x < 30.0 else x
    >>> def tangent(primals, tangents):
    ...     (x,), (x_dot,) = primals, tangents
    ...     return log1pexp(x), x_dot / (1.0 + math.exp(-x))
    >>> log1pexp.defjvp(tangent)
    >>> ad.grad(log1pexp)(0.0)
    0.5
    """

    definer = "defjvp"

    def __init__(self, function: Callable[P, R]) -> None:
        super().__init__(function)
        self.tangent: Callable[..., object] | None = None

    def defjvp(self, tangent: Callable[..., object]) -> None:
        """Give the derivative.

        Parameters
        ----------
        tangent : callable
            `tangent(primals, tangents)`, of a tuple of arguments and one of their tangents, gives the result and its
            tangent. A tangent is None where the argument has none. It must be linear in the tangents; reverse mode
            refuses it otherwise.
        """
        self.tangent = tangent

    def _parts(self) -> Parts:
        return (self.function,), {"tangent": self.tangent}

    def lowered(self, low: Program, args: Seq, node: ast.AST) -> Value:
        """The value of the function, with the tangent that was given."""
        tangent = self.part(low, "tangent")
        return by_tangent(low, self.name, tangent, self.value(low, args, node), args)


class Formulas(Declared[P, R]):
    """A function of numbers whose partial derivatives are formulas."""

    def __init__(self, function: Callable[P, R], formulas: Mapping[str, Formula | None]) -> None:
        super().__init__(function)
        self.formulas = formulas

    def _parts(self) -> Parts:
        return (self.function, self.formulas), {}

    def lowered(self, low: Program, args: Seq, node: ast.AST) -> Value:
        """The value of the function, with the partial derivatives that were given."""
        return by_formulas(low, self.name, self.formulas, self.value(low, args, node), args)

    def value(self, low: Program, args: Seq, node: ast.AST) -> Value:
        """The value by the function's own lines: it stands for itself in the table of declared functions."""
        return resolved(low, call_function(low, cast(FunctionType, self.function), args.items, {}, node))


def rule(text: str, function: Callable[P, R], **formulas: str) -> Callable[P, R]:
    """Declare the partial derivatives of a scalar function, wherever it is called.

    Parameters
    ----------
    text : str
        The function with the names of its arguments, `"name(a, b)"`.
    function : callable
        A plain Python function of numbers. A declaration is seen by what is compiled after it.
    **formulas : str
        For each argument the partial derivative: a formula over the arguments and the result `y`, with the functions
        of NumPy by name. An argument without one has derivative zero.

    Returns
    -------
    callable
        `function` itself.

    Raises
    ------
    ValueError
        For a text that is no call, an argument that it has not, or a mistake in a formula.

    Examples
    --------
    >>> import math
    >>> import adcompiler as ad
    >>> def softplus(x):
    ...     return math.log1p(math.exp(-abs(x))) + max(x, 0.0)
    >>> softplus = rule("softplus(x)", softplus, x="1 / (1 + exp(-x))")
    >>> ad.grad(softplus)(0.0)
    0.5
    """
    tree = ast.parse(text, mode="eval").body
    if not isinstance(tree, ast.Call) or not all(isinstance(a, ast.Name) for a in tree.args) or tree.keywords:
        raise ValueError(f"{text!r} is not a function with the names of its arguments, as in 'f(x, y)'")
    names = [a.id for a in tree.args if isinstance(a, ast.Name)]
    if unknown := set(formulas) - set(names):
        raise ValueError(f"{text!r} has no argument {min(unknown)!r}")
    if not isinstance(function, FunctionType):
        raise TypeError(f"rule() needs a plain Python function, not {function!r}")
    parsed = {n: formula(formulas[n], (*names, "y")) if n in formulas else None for n in names}
    DECLARED[function] = Formulas(function, parsed)
    return function
