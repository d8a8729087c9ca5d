"""grad, value_and_grad, vjp, jvp: arguments in, compile, results out."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from adcompiler.call import Binding, Place, at, cotangents, fast_key, is_float, out_value, spec_at, specs_of, tangent_leaves
from adcompiler.compile import Options, Program, callee
from adcompiler.entry import Entry, Kind, NestedProgram, compile_entry
from adcompiler.frontend.signature import Spec
from adcompiler.inspect import Views

Argnums = int | str | Sequence[int | str]


class Transformed(Views):
    """A function made from the user's: calls compile for the types of their arguments and are remembered.

    Attributes
    ----------
    primal : Transformed
        The compiled value of the user's function; it writes its arguments as Python would.
    """

    def __init__(self, f: Callable[..., Any], kind: Kind, argnums: Argnums | None, has_aux: bool, options: Options) -> None:
        self.f, self.kind, self.argnums, self.has_aux, self.options = f, kind, argnums, has_aux, options
        if isinstance(f, Transformed):
            self.program: Program | NestedProgram = NestedProgram(f.compiled_for, f.program.span, options)
            self.binding = f.binding
        else:
            self.program = Program(callee(f), options)
            self.binding = Binding(self.program.callee)
        self.entries: dict[Any, list[Entry]] = {}
        self.lock = threading.RLock()
        self.last: Entry | None = None
        functools.update_wrapper(self, f)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        entry, values = self.entry(args, keywords)
        return entry.call(values)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        bound = self.f.__get__(instance, owner)  # type: ignore[attr-defined]
        return Transformed(bound, self.kind, self.argnums, self.has_aux, self.options)

    def entry(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Entry, tuple[Any, ...]]:
        """The compiled code for a call, and the values of its parameters."""
        values = self.binding.values(args, keywords)
        self.last = self.compiled_for(values, len(args))
        return self.last, values

    def compiled_for(self, values: tuple[Any, ...], count: int = -1) -> Entry:
        """The code for these values of the parameters; made where there is none that still holds."""
        key = fast_key(values)
        for entry in self.entries.get(key, ()):
            if entry.current(values):
                return entry
        with self.lock:
            for entry in self.entries.get(key, ()):
                if entry.current(values):
                    return entry
            made = compile_entry(
                self.kind, self.program, self.binding, values, lambda specs: self.places(specs, count), self.has_aux
            )
            self.entries[key] = [made, *(e for e in self.entries.get(key, ()) if e.constants)]
            return made

    def places(self, specs: tuple[Spec, ...], count: int) -> tuple[tuple[Place, ...], bool]:
        """The arguments to differentiate, and whether the user named a single one."""
        if self.argnums is None:
            every = (self.binding.place(k, count) for k in range(count))
            return tuple(p for p in every if is_float(spec_at(specs, p))), False
        numbers, single = _numbers(self.argnums)
        return tuple(self.binding.place(k, count) for k in numbers), single

    @functools.cached_property
    def primal(self) -> Transformed:
        """The compiled value."""
        return Transformed(self.f, "primal", (), False, self.options)

    def __reduce__(self) -> Any:
        return Transformed, (self.f, self.kind, self.argnums, self.has_aux, self.options)


def _numbers(argnums: Argnums) -> tuple[list[int | str], bool]:
    if isinstance(argnums, (int, str)):
        return [argnums], True
    return list(argnums), False


def _transform(f: Any, kind: Kind, argnums: Argnums, has_aux: bool, given: dict[str, Any]) -> Any:
    options = Options.of(given)
    if f is None or isinstance(f, (int, str, tuple, list)):
        # used as a decorator with arguments: @grad(argnums=...) or @grad(1)
        numbers = argnums if f is None else f
        return lambda function: Transformed(function, kind, numbers, has_aux, options)
    return Transformed(f, kind, argnums, has_aux, options)


def grad(f: Any = None, argnums: Argnums = 0, *, has_aux: bool = False, **options: Any) -> Any:
    """The gradient of a scalar function: a function of the same arguments.

    Parameters
    ----------
    f : callable
        A Python function of numbers and arrays that returns a float.
    argnums : int, str, or sequence of these
        The arguments to differentiate, by number or name; a tuple of gradients for a sequence.
    has_aux : bool
        Whether `f` returns `(value, aux)`; the result is then `(gradient, aux)`.
    **options
        See `adcompiler.compile.Options`.

    Returns
    -------
    callable
        The gradient has the structure, shapes and dtype of the argument.

    Raises
    ------
    NotDifferentiable
        At the call, for an argument that is no float or a result that is no scalar.
    ADCompilerError
        At the call, for a program outside the language.

    Examples
    --------
    >>> import adcompiler as ad
    >>> def f(x, y):
    ...     return (x + y) * (x * y)
    >>> ad.grad(f, (0, 1))(2.0, 3.0)
    (21.0, 16.0)
    """
    return _transform(f, "grad", argnums, has_aux, options)


def value_and_grad(f: Any = None, argnums: Argnums = 0, *, has_aux: bool = False, **options: Any) -> Any:
    """Value and gradient of a scalar function, computed together; parameters as for `grad`.

    Examples
    --------
    >>> import adcompiler as ad
    >>> def f(x):
    ...     return x ** 3 + 2.0 * x
    >>> ad.value_and_grad(f)(2.0)
    (12.0, 14.0)
    """
    return _transform(f, "value_and_grad", argnums, has_aux, options)


_KEPT: WeakKeyDictionary[FunctionType, dict[Any, Transformed]] = WeakKeyDictionary()


def _kept(f: Any, kind: Kind, argnums: Any, has_aux: bool, given: dict[str, Any]) -> Transformed:
    """The transformed function of an earlier call of `vjp` or `jvp` with the same one."""
    if not isinstance(f, FunctionType):
        return Transformed(f, kind, argnums, has_aux, Options.of(given))
    found = _KEPT.setdefault(f, {})
    key = (kind, argnums, has_aux, tuple(sorted(given.items())))
    if key not in found:
        found[key] = Transformed(f, kind, argnums, has_aux, Options.of(given))
    return found[key]


def _private(values: Sequence[Any]) -> tuple[Any, ...]:
    """Copies of the arrays among arguments, so that later changes are not seen."""

    def one(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.copy(order="K")
        return type(value)(map(one, value)) if type(value) in (tuple, list) else value

    return tuple(map(one, values))


def vjp(
    f: Callable[..., Any],
    *args: Any,
    argnums: Argnums | None = None,
    has_aux: bool = False,
    **options: Any,
) -> Any:
    """The value of a function and its pullback.

    Returns
    -------
    out : any
        What `f` returns (its first item with `has_aux`, which adds `aux` as a third result).
    pullback : callable
        Maps a cotangent shaped like `out` to a tuple with one entry for each positional argument: None for passive ones
        and those outside `argnums`. It may be called again, and does not see later changes of the arguments.

    Examples
    --------
    >>> import adcompiler as ad
    >>> def f(x, n):
    ...     return x * x * n
    >>> out, pullback = ad.vjp(f, 3.0, 2)
    >>> out, pullback(1.0)
    (18.0, (12.0, None))
    """
    numbers = None if argnums is None else tuple(_numbers(argnums)[0])
    transformed = _kept(f, "vjp", numbers, has_aux, options)
    kept = _private(args)
    entry, values = transformed.entry(kept, {})
    whole = transformed.primal.entry(_private(args), {})
    made = whole[0].call(whole[1])
    out = made[0] if has_aux else made
    tree = entry.differentiable_out
    hidden = _private(entry.captured())

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        bars = list(cotangents(tree, cotangent, out, entry.types))
        results = entry.run(values, bars, captured=hidden)
        found = dict(zip(entry.wrt, results[len(entry.types) :], strict=True))
        places = [transformed.binding.place(k, len(args)) for k in range(len(args))]
        return tuple(entry.derivative_at(values, place, found) for place in places)

    return (out, pullback, made[1]) if has_aux else (out, pullback)


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Any,
    *,
    argnums: Argnums | None = None,
    has_aux: bool = False,
    **options: Any,
) -> Any:
    """The value of a function and its derivative in one direction.

    Parameters
    ----------
    primals : sequence
        The arguments.
    tangents : sequence
        One tangent for each argument, None (or zeros) for a passive one; with `argnums` shaped as `argnums`.

    Returns
    -------
    out, tangent : any
        With `has_aux` the aux follows.

    Examples
    --------
    >>> import adcompiler as ad
    >>> def f(x, y):
    ...     return x * y
    >>> ad.jvp(f, (2.0, 3.0), (1.0, None))
    (6.0, 3.0)
    """
    primals = tuple(primals)
    given = _directions(primals, tangents, argnums)
    probe = _kept(f, "primal", (), False, options)
    binding, values = probe.binding, probe.binding.values(primals, {})
    specs = specs_of(values, binding.order)
    moving: list[int | str] = []
    for number, tangent in given:
        place = binding.place(number, len(primals))
        if tangent is not None and is_float(spec_at(specs, place)):
            moving.append(number)
    transformed = _kept(f, "jvp", tuple(moving), has_aux, options)
    entry, values = transformed.entry(primals, {})
    tangent_of = {binding.place(number, len(primals)): tangent for number, tangent in given}
    dots = [
        dot
        for place in entry.places
        for dot in tangent_leaves(at(values, place), tangent_of[place], binding.label(place))
    ]
    results = entry.run(values, dots)
    made = out_value(entry.lowered.out, results[: len(entry.types)], entry.types)
    tangent = entry.out_tangent(results)
    return (made[0], tangent, made[1]) if has_aux else (made, tangent)


def _directions(primals: tuple[Any, ...], tangents: Any, argnums: Argnums | None) -> list[tuple[int | str, Any]]:
    if argnums is None:
        numbers, given = list(range(len(primals))), tuple(tangents)
    else:
        numbers, single = _numbers(argnums)  # type: ignore[assignment]
        given = (tangents,) if single else tuple(tangents)
    if len(numbers) != len(given):
        raise TypeError(f"{len(given)} tangents for {len(numbers)} arguments")
    return list(zip(numbers, given, strict=True))
