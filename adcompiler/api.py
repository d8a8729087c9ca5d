"""The transformations: functions in, derivatives out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adcompiler.calls.binding import Place, argnums_of
from adcompiler.calls.instance import Instance, apart
from adcompiler.calls.kept.pickling import Carried, Parts
from adcompiler.calls.planning import Argument, primal_plan, pullback_plan, split, tangent_plan
from adcompiler.calls.results import directions, positions, value_tree
from adcompiler.calls.subject import Subject, subject
from adcompiler.errors import NotDifferentiable, counted
from adcompiler.handlers import handled_in
from adcompiler.options import Options
from adcompiler.transformed import Argnums, Function, Transformed, made_callable


@handled_in("adcompiler.inside")
def grad(f: Function | None = None, argnums: Argnums = 0, *, has_aux: bool = False, **options: Any) -> Any:
    """The gradient of a function that returns one number.

    Parameters
    ----------
    f : callable
        A plain Python function of floats and arrays, or of tuples, lists and dictionaries of these.
    argnums : int, str or sequence of these
        Positions or names of the arguments to differentiate.
    has_aux : bool
        Whether `f` returns `(value, aux)`; the result is then `(gradient, aux)`.
    **options
        `target`, `fastmath`, `boundscheck`, `cache`, `memory`, `source`: see `adcompiler.options.Options`.

    Returns
    -------
    Transformed
        A function of the arguments of `f`, which leaves them unchanged; a decorator if `f` is not given. The gradient
        has the structure, shapes and dtypes of the argument; it is a tuple if `argnums` is a sequence. The attribute
        `primal` is the compiled function itself; `adjoint_source()`, `show()`, `explain()` and others tell what was
        generated.

    Raises
    ------
    UnsupportedSyntax, MissingRule, TypeProblem
        At a call: where the compiler does not take the function, with the line and what to write instead.
    NotDifferentiable
        At a call: where the derivative does not exist, as with respect to an integer.

    Examples
    --------
    >>> def square(x):
    ...     return x * x
    >>> grad(square)(3.0)
    6.0
    """
    return _transformed("grad", f, argnums, has_aux, options)


@handled_in("adcompiler.inside")
def value_and_grad(f: Function | None = None, argnums: Argnums = 0, *, has_aux: bool = False, **options: Any) -> Any:
    """The value and the gradient of a function that returns one number.

    Parameters
    ----------
    f, argnums, **options
        As for `grad`.
    has_aux : bool
        Whether `f` returns `(value, aux)`; the result is then `((value, aux), gradient)`.

    Returns
    -------
    Transformed
        A function of the arguments of `f`, as for `grad`.

    Raises
    ------
    UnsupportedSyntax, MissingRule, TypeProblem
        At a call: where the compiler does not take the function, with the line and what to write instead.
    NotDifferentiable
        At a call: where the derivative does not exist, as with respect to an integer.

    Examples
    --------
    >>> def square(x):
    ...     return x * x
    >>> value_and_grad(square)(3.0)
    (9.0, 6.0)
    """
    return _transformed("value_and_grad", f, argnums, has_aux, options)


def _transformed(kind: str, f: Function | None, argnums: Argnums, has_aux: bool, options: dict[str, Any]) -> Any:
    chosen = Options.of(kind, options)
    if f is None:
        return lambda function: Transformed(kind, made_callable(kind, function), argnums, has_aux, chosen)
    return Transformed(kind, made_callable(kind, f), argnums, has_aux, chosen)


@handled_in("adcompiler.inside")
def vjp(f: Function, *args: Any, argnums: Argnums | None = None, has_aux: bool = False, **options: Any) -> Any:
    """The value of a function and its pullback, which takes a cotangent of the value to cotangents of the arguments.

    Parameters
    ----------
    f : callable
        A function with any results.
    *args
        Its arguments.
    argnums : int, str or sequence of these, optional
        The arguments to differentiate; by default all that hold floats.
    has_aux : bool
        Whether `f` returns `(value, aux)`; `aux` is then returned third.
    **options
        As for `grad`.

    Returns
    -------
    tuple
        The value and the pullback. The pullback takes a cotangent of the structure and shapes of the value. It returns
        a tuple with an entry for each argument, None for those that are not differentiated. It may be called again,
        and does not see later changes to the arguments.

    Raises
    ------
    UnsupportedSyntax, MissingRule, TypeProblem
        Where the compiler does not take the function, with the line and what to write instead.
    NotDifferentiable
        Where the derivative does not exist, as with respect to an integer.

    Examples
    --------
    >>> def scaled(x, n):
    ...     return x * n
    >>> value, pullback = vjp(scaled, np.array([1.0, 2.0]), 3)
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 3., 30.]), None)
    """
    pullback = Pullback(made_callable("vjp", f), argnums, has_aux, Options.of("vjp", options), args)
    return (pullback.result, pullback, *pullback.others)


class Pullback(Carried):
    """The function that takes a cotangent of a result to cotangents of the arguments.

    Parameters
    ----------
    function, argnums, has_aux, options
        As for `vjp`.
    args : tuple
        The arguments.
    known : tuple, optional
        The leaves of the arguments as they were, and the result; by default the function is called for these.
    """

    def __init__(
        self,
        function: Function,
        argnums: Argnums | None,
        has_aux: bool,
        options: Options,
        args: tuple[Any, ...],
        known: tuple[list[Any], Any] | None = None,
    ) -> None:
        self.function, self.given = function, (argnums, has_aux, options, args)
        of = subject(function, options)
        values = of.binder.values(args, {})
        self.instance, leaves = of.find(values)
        lowering = self.instance.lowering
        out, aux = split(lowering, has_aux, of.binder.name)
        places = _entries(of, self.instance, values, len(args), argnums)
        self.plan = self.instance.plan(
            ("vjp", places, has_aux), lambda: pullback_plan(lowering, of.binder, values, places, out)
        )
        seeded = positions(value_tree(out, lowering.interface))
        self.order = sorted(range(len(seeded)), key=seeded.__getitem__)
        self.others: tuple[Any, ...] = ()
        if known is not None:
            self.kept, self.result = known
            return
        # the function runs again: on arrays that nobody else can change
        self.kept = [leaf.copy(order="K") if isinstance(leaf, np.ndarray) else leaf for leaf in apart(leaves)]
        value = self._value(leaves)
        self.result, self.others = (value, ()) if aux is None else (value[0], value[1:])

    def __call__(self, cotangent: Any) -> tuple[Any, ...]:
        """The cotangents of the arguments."""
        seeds = list(directions(cotangent, self.result, "the result", "cotangent"))
        leaves = [*self.instance.fresh(apart(self.kept)), *(seeds[k] for k in self.order)]
        entries: tuple[Any, ...] = self.plan.run(leaves)
        return entries

    def _value(self, leaves: list[Any]) -> Any:
        instance = self.instance
        primal = instance.plan(("primal",), lambda: primal_plan(instance.lowering))
        # only the value draws from the caller's generators
        first = [
            leaf if isinstance(leaf, np.random.Generator) else own for leaf, own in zip(leaves, self.kept, strict=True)
        ]
        return primal.make(_apart(primal.results(instance.fresh(first)), self.kept))

    def _parts(self) -> Parts:
        return (self.function, *self.given, (self.kept, self.result)), {}


def _entries(
    of: Subject, instance: Instance, values: tuple[Any, ...], given: int, argnums: Argnums | None
) -> tuple[Place | None, ...]:
    """For each positional argument its place, or None where it is not differentiated."""
    every = of.binder.everything(given)
    if argnums is None:
        return every
    chosen = of.binder.places(argnums_of(argnums), instance.lowering.final)
    for place in chosen:
        Argument(instance.lowering, of.binder, values, place).required()
        if place not in every:
            name = of.binder.label(place)
            raise NotDifferentiable(f"argument '{name}' was not passed to vjp", None, f"pass {name} by position")
    return tuple(place if place in chosen else None for place in every)


def _apart(results: Sequence[Any], leaves: Sequence[Any]) -> list[Any]:
    """Results in memory of their own."""
    arrays = [leaf for leaf in leaves if isinstance(leaf, np.ndarray)]
    return [
        r.copy() if isinstance(r, np.ndarray) and any(np.may_share_memory(r, a) for a in arrays) else r for r in results
    ]


@handled_in("adcompiler.inside")
def jvp(
    f: Function,
    primals: Sequence[Any],
    tangents: Any,
    *,
    argnums: Argnums | None = None,
    has_aux: bool = False,
    **options: Any,
) -> Any:
    """The value of a function and its derivative along a direction.

    Parameters
    ----------
    f : callable
        A function with any results.
    primals : sequence
        Its arguments.
    tangents : sequence
        The direction: an entry of the structure and shapes of each argument, None or zeros for passive ones.
    argnums : int, str or sequence of these, optional
        The arguments that move: `tangents` is then one tangent for a number or name, a sequence for a sequence.
    has_aux : bool
        Whether `f` returns `(value, aux)`; `aux` is then returned third.
    **options
        As for `grad`.

    Returns
    -------
    tuple
        The value and its tangent.

    Raises
    ------
    UnsupportedSyntax, MissingRule, TypeProblem
        Where the compiler does not take the function, with the line and what to write instead.
    NotDifferentiable
        Where the derivative does not exist, as with respect to an integer.

    Examples
    --------
    >>> def scaled(x, n):
    ...     return x * x * n
    >>> jvp(scaled, (2.0, 3), (1.0, None))
    (12.0, 12.0)
    """
    of = subject(made_callable("jvp", f), Options.of("jvp", options))
    if not isinstance(primals, (tuple, list)):
        raise TypeError(
            f"jvp() takes the arguments of {of.binder.name}() in a tuple, and their tangents in another one"
        )
    values = of.binder.values(tuple(primals), {})
    instance, leaves = of.find(values)
    wrt, moves = list[int](), list[Any]()
    for argument, tangent in _moving(of, instance, values, len(primals), tangents, argnums):
        moved = list(directions(tangent, argument.value, argument.label, "tangent"))
        if tangent is not None:
            wrt.extend(argument.floats)
            moves.extend(moved)
    plan = instance.plan(
        ("jvp", tuple(wrt), has_aux), lambda: tangent_plan(instance.lowering, tuple(wrt), has_aux, of.binder.name)
    )
    return plan.run([*instance.fresh(leaves), *moves])


def _moving(
    of: Subject, instance: Instance, values: tuple[Any, ...], given: int, tangents: Any, argnums: Argnums | None
) -> list[tuple[Argument, Any]]:
    """Arguments with their tangents."""
    if argnums is None:
        places, entries = of.binder.everything(given), tangents
    else:
        places = of.binder.places(argnums_of(argnums), instance.lowering.final)
        entries = tangents if isinstance(argnums, (tuple, list)) else (tangents,)
    if not isinstance(entries, (tuple, list)) or len(entries) != len(places):
        number = len(entries) if isinstance(entries, (tuple, list)) else type(entries).__name__
        needed = counted(len(places), "tangent")
        raise TypeError(f"jvp() needs {needed} in a tuple, one for each argument; it got {number}")
    arguments = [Argument(instance.lowering, of.binder, values, place) for place in places]
    if argnums is not None:
        for argument in arguments:
            argument.required()
    return list(zip(arguments, entries, strict=True))
