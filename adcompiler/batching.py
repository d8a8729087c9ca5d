"""Functions mapped over leading axes."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import MethodType
from typing import TYPE_CHECKING, Any

from adcompiler.calls.kept.portable import NotPortable
from adcompiler.calls.signing import Same
from adcompiler.calls.subject import Subject, subject
from adcompiler.errors import Span
from adcompiler.handlers import handled_in
from adcompiler.options import Options
from adcompiler.transformed import Function, Transformed, made_callable

if TYPE_CHECKING:
    from adcompiler.frontend.batches.axes import Given
    from adcompiler.frontend.state.context import Lowering as Program
    from adcompiler.frontend.state.values import Value

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@handled_in("adcompiler.inside")
def batched(f: Function | None = None, in_axes: Any = 0, **options: Any) -> Any:
    """A function mapped over the leading axes of its arguments.

    Parameters
    ----------
    f : callable
        A plain Python function of one item, or a transformed one.
    in_axes : int, None or a sequence of these
        The axis that is mapped of each positional argument, None for an argument that all items share; one number for
        all arguments. For an argument that is a tuple, list or dictionary, a structure like it may stand in its place.
        Arguments that can be given by name only are mapped over their first axis.
    **options
        See `adcompiler.options.Options`.

    Returns
    -------
    Batched
        A function of the arguments with the mapped axis added. Each number or array that `f` returns becomes an array
        with the items along its first axis. A decorator where `f` is left out.

    Raises
    ------
    ValueError
        Where `in_axes` maps nothing.

    Examples
    --------
    >>> import numpy as np
    >>> import adcompiler as ad
    >>> def squared_error(w, x, y):
    ...     return (w @ x - y) ** 2
    >>> errors = batched(squared_error, in_axes=(None, 0, 0))
    >>> w, x, y = np.array([1.0, 2.0]), np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([0.0, 1.0])
    >>> errors(w, x, y)
    array([1., 4.])
    >>> batched(ad.grad(squared_error), in_axes=(None, 0, 0))(w, x, y)
    array([[2., 0.],
           [4., 4.]])
    """
    if not maps(in_axes):
        raise ValueError(f"batched() needs an axis to map over in in_axes, not {in_axes!r}")
    chosen = Options.of("batched", options)
    if f is None:
        return lambda function: batched(function, in_axes, **options)
    return Batched(made_callable("batched", f), in_axes, chosen)


def maps(axes: object) -> bool:
    """Whether a structure of axes has an axis; raises TypeError for what is none.

    >>> maps((None, {"x": 0})), maps([None, ()])
    (True, False)
    """
    if axes is None:
        return False
    if isinstance(axes, (tuple, list)):
        # every part is looked at, for a mistake in it
        return any([maps(part) for part in axes])
    if isinstance(axes, dict):
        return any([maps(part) for part in axes.values()])
    if isinstance(axes, int) and not isinstance(axes, bool):
        return True
    raise TypeError(f"in_axes must hold axes and None, not {axes!r}")


class Left:
    """The default of an argument that was left out, which the function of one item has itself."""

    def __init__(self, default: object) -> None:
        self.default = default

    def __repr__(self) -> str:
        return repr(self.default)


class Batched(Transformed):
    """A function of the arguments of `function` with one more axis, which gives its results stacked.

    Parameters
    ----------
    function : callable
        The function of one item.
    in_axes : int, None or structure of these
        The mapped axes.
    options : Options
        The options.
    """

    def __init__(self, function: Function, in_axes: Any, options: Options) -> None:
        super().__init__("primal", function, 0, False, options)
        self.in_axes = in_axes

    @cached_property
    def __signature__(self) -> inspect.Signature:
        found = inspect.signature(self.function)
        given = (
            p if p.default is inspect.Parameter.empty else p.replace(default=Left(p.default))
            for p in found.parameters.values()
        )
        return found.replace(parameters=list(given))

    @cached_property
    def subject(self) -> Subject:
        """The loop over the items, with what has been compiled of it: the same for equal axes."""
        of: Any = self.function
        # a bound method is made anew at each access
        parts = (of.__func__, of.__self__) if isinstance(of, MethodType) else (of, None)
        return _shared(
            Same(parts[0]), Same(parts[1]), Axes(repr(self.in_axes), self.in_axes), self.in_class, self.options
        )

    @property
    def place(self) -> Span | None:
        """Where the function of one item stands."""
        of = self.function
        if isinstance(of, Batched):
            return of.place
        return of.subject.span if isinstance(of, Transformed) else subject(of, self.options).span

    @property
    def primal(self) -> Transformed:
        """The compiled function, which this is."""
        return self

    def _given(self, function: Function) -> tuple[Any, ...]:
        return function, self.in_axes, self.options

    def __described__(self) -> tuple[Any, ...]:
        """The function of one item is not compared: what is compiled is found by its content."""
        raise NotPortable

    def __repr__(self) -> str:
        return f"<batched {getattr(self, '__qualname__', self.function)}>"

    def __lower_call__(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """A call in a program that is being compiled."""
        from adcompiler.frontend.batches.mapped import mapped
        from adcompiler.frontend.state.values import Path

        name = self.subject.binder.name
        # a call from outside a program has no place in one
        with low.b.at(self.place if low.frame.source is self.subject.source else low.b.span):
            function = low.captures.value(self.function, Path(("batched", id(self)), name, lambda: self.function))
            return mapped(low, name, function, self._arguments(low, args, kwargs), node)

    def _arguments(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value]) -> list[Given]:
        """The arguments that were given, with their axes."""
        from adcompiler.frontend.batches.axes import Called, given
        from adcompiler.frontend.state.values import Object

        def is_left(value: Value) -> bool:
            return isinstance(value, Object) and isinstance(value.value, Left)

        parameters = inspect.signature(self.function).parameters
        names = [name for name, parameter in parameters.items() if parameter.kind in _BY_POSITION]
        axes = self.in_axes
        if self.in_class:
            # called through its class, a method takes `self` as an argument, which `in_axes` leaves out
            axes = (None, *(axes if isinstance(axes, (tuple, list)) else [axes] * len(names[1:])))
        left = [is_left(value) for value in args]
        # what follows an argument that was left out is passed by name
        first = left.index(True) if True in left else len(args)
        later = {names[k]: value for k, value in enumerate(args) if k > first and not left[k]}
        kept = {key: value for key, value in kwargs.items() if not is_left(value)}
        more = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters.values())
        return given(low, Called(self.subject.binder.name, tuple(names), more), axes, args[:first], later | kept)


@dataclass(frozen=True, slots=True)
class Axes:
    """Mapped axes, equal where they are written alike."""

    text: str
    value: Any = field(compare=False)


@lru_cache(maxsize=128)
def _shared(function: Same, owner: Same, axes: Axes, in_class: bool, options: Options) -> Subject:
    made = Batched(
        function.value if owner.value is None else MethodType(function.value, owner.value), axes.value, options
    )
    made.in_class = in_class
    return Subject(made, options)
