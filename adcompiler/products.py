"""Products of second derivatives with a direction."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from adcompiler.calls.instance import Instance
from adcompiler.calls.lowering import Lowering
from adcompiler.calls.plan import Plan
from adcompiler.calls.planning import Argument, product_plan
from adcompiler.calls.results import directions
from adcompiler.errors import TypeProblem
from adcompiler.handlers import handled_in
from adcompiler.options import Options
from adcompiler.transformed import Argnums, Function, Seeded, made_callable

if TYPE_CHECKING:
    from adcompiler.frontend.state.context import Lowering as Program
    from adcompiler.frontend.state.values import Value
    from adcompiler.inspect import View


@handled_in("adcompiler.inside")
def hvp(f: Function | None = None, argnums: Argnums = 0, *, has_aux: bool = False, **options: Any) -> Any:
    """The product of the second derivatives of a function that returns one number with a direction.

    It is the tangent of the gradient: a small multiple of the cost of a gradient, whatever the number of entries.

    Parameters
    ----------
    f, argnums, **options
        As for `grad`.
    has_aux : bool
        Whether `f` returns `(value, aux)`; the result is then `(product, aux)`.

    Returns
    -------
    callable
        A function of the arguments of `f` and, last, of a direction `v` of the structure and shapes of the arguments
        that are differentiated; the product has these too.

    Raises
    ------
    UnsupportedSyntax, MissingRule, TypeProblem
        At a call: where the compiler does not take the function, with the line and what to write instead.
    NotDifferentiable
        At a call: where the derivative does not exist, as with respect to an integer.

    Examples
    --------
    >>> import numpy as np
    >>> hvp(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 6.])
    """
    chosen = Options.of("hvp", options)
    if f is None:
        return lambda function: HessianProduct("hvp", made_callable("hvp", function), argnums, has_aux, chosen)
    return HessianProduct("hvp", made_callable("hvp", f), argnums, has_aux, chosen)


class HessianProduct(Seeded):
    """A function of the arguments of `function` and of a direction that gives the tangent of the gradient along it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The product at these arguments, of which the last one is the direction."""
        given, kwargs, v = self._apart(args, kwargs)
        instance, plan, leaves = self._found(given, kwargs)
        self.last = instance, plan
        arguments = self._arguments(instance, self.subject.binder.values(given, kwargs))
        return plan.run([*instance.fresh(leaves), *self._moves(arguments, v)])

    @cached_property
    def __signature__(self) -> inspect.Signature:
        """That of the function, and the direction behind it."""
        found = inspect.signature(self.function)
        direction = inspect.Parameter("v", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        plain = [p for p in found.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]
        if len(plain) == len(found.parameters) and "v" not in found.parameters:
            return found.replace(parameters=[*plain, direction])
        kinds = ("args", inspect.Parameter.VAR_POSITIONAL), ("kwargs", inspect.Parameter.VAR_KEYWORD)
        return found.replace(parameters=[inspect.Parameter(name, kind) for name, kind in kinds])

    def view(self, *args: Any, **kwargs: Any) -> View:
        """What was compiled for these arguments, of which the last one is the direction."""
        if not args and not kwargs:
            return super().view()
        given, named, _ = self._apart(args, kwargs)
        return super().view(*given, **named)

    def _examples(self, instance: Instance) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        args, kwargs = super()._examples(instance)
        values = self.subject.binder.values(args, kwargs)
        along = tuple(argument.value for argument in self._arguments(instance, values))
        return (*args, along if isinstance(self.argnums, tuple) else along[0]), kwargs

    def _apart(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
        """The arguments of the function, and the direction."""
        named = dict(kwargs)
        if "v" in named and "v" not in self.subject.binder.plain:
            return args, named, named.pop("v")
        if not args or self._lacks_direction(args, named):
            name = self.subject.binder.name
            raise TypeError(f"hvp needs a direction as its last argument, behind the arguments of {name}()")
        return args[:-1], named, args[-1]

    def _lacks_direction(self, args: tuple[Any, ...], named: Mapping[str, Any]) -> bool:
        """Whether these are just the arguments of the function, of which none can be left out."""
        signature = self.subject.binder.signature
        try:
            signature.bind(*self.subject.binder.first, *args, **named)
        except TypeError:
            return False
        return all(p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in signature.parameters.values())

    def _arguments(self, instance: Instance, values: tuple[Any, ...]) -> list[Argument]:
        """The arguments that are differentiated."""
        lowering, binder = instance.lowering, self.subject.binder
        return [Argument(lowering, binder, values, place) for place in binder.places(self.places, lowering.final)]

    def _moves(self, arguments: Sequence[Argument], v: Any) -> list[Any]:
        """The direction, leaf by leaf."""
        given = v if isinstance(self.argnums, tuple) else (v,)
        if not isinstance(given, (tuple, list)) or len(given) != len(arguments):
            raise TypeProblem(
                f"hvp needs {len(arguments)} directions in a tuple, one for each argument",
                None,
                "give v the structure of argnums",
            )
        moved = dict[int, Any]()
        for argument, one in zip(arguments, given, strict=True):
            moved |= zip(argument.floats, directions(one, argument.value, argument.label, "direction"), strict=True)
        return list(moved.values())

    def _plan(self, lowering: Lowering, values: tuple[Any, ...] | None) -> Plan:
        return product_plan(lowering, self.subject.binder, values, self.places, self.has_aux)

    def __lower_call__(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """A call in a program that is being compiled."""
        from adcompiler.calls.inside.inner import Product
        from adcompiler.calls.inside.nesting import Outside

        made = Product(Outside(self, self.subject), self.places, self.has_aux)
        return made.__lower_call__(low, args, kwargs, node)
