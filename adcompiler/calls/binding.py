"""The arguments of a call: bound to parameters, and found again by number or name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypeAlias

import numpy as np

from adcompiler.errors import NotDifferentiable, UnsupportedSyntax, nearest
from adcompiler.signature import SeqSpec, Spec, entry_point

Argnum: TypeAlias = "int | str"
Argnums: TypeAlias = "Argnum | tuple[Argnum, ...]"
Place: TypeAlias = "tuple[int, Any] | tuple[int]"

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def argnums_of(given: object) -> Argnums:
    """Numbers and names of arguments as the user gave them: one, or a tuple of them.

    >>> argnums_of(0), argnums_of(["w", np.int64(1)])
    (0, ('w', 1))
    """
    if isinstance(given, (tuple, list)):
        return tuple(_argnum(one) for one in given)
    return _argnum(given)


def _argnum(given: object) -> Argnum:
    if isinstance(given, str):
        return given
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
        return int(given)
    raise TypeError(f"argnums must hold numbers and names of arguments, not {given!r}")


class Binder:
    """How the arguments of a call of `function` become the values of its entry point's parameters.

    Values are in the order the front end uses: parameters by position, then by keyword only, then `*args` as a tuple
    and `**kwargs` as a dictionary. Those that a method or a partial function brings along come first.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = str(getattr(function, "__name__", type(function).__name__))
        self.text: str | None = None
        if hasattr(function, "__lower_call__"):
            self.entry, self.text = forwarding(function, self.name)
            self.first, self.named = (), {}  # type: tuple[object, ...], Mapping[str, object]
        else:
            self.entry, self.first, self.named = entry_point(function)
        self.signature = inspect.signature(self.entry, follow_wrapped=False)
        kinds = self.signature.parameters
        self.plain = [name for name, parameter in kinds.items() if parameter.kind not in _VARIADIC]
        self.variadic = [name for name, parameter in kinds.items() if parameter.kind in _VARIADIC]
        self.by_position = [n for n in self.plain if kinds[n].kind is not inspect.Parameter.KEYWORD_ONLY]
        self.star = next((n for n in self.variadic if kinds[n].kind is inspect.Parameter.VAR_POSITIONAL), None)
        self.simple = not self.variadic and not self.named and len(self.plain) == len(self.by_position)

    @property
    def needs_arguments(self) -> bool:
        """Whether a call has to give any."""
        try:
            self.values((), {})
        except TypeError:
            return True
        return False

    def values(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values of all parameters; raises TypeError as Python does where the arguments do not fit."""
        if self.simple and not kwargs:
            defaults = self.entry.__defaults__ or ()
            absent = len(self.plain) - len(self.first) - len(args)
            if absent == 0:
                return (*self.first, *args)
            if 0 < absent <= len(defaults):
                return (*self.first, *args, *defaults[-absent:])
        try:
            bound = self.signature.bind(*self.first, *args, **{**self.named, **kwargs})
        except TypeError as error:
            said = self._unexpected(kwargs) or f"{error}; its signature is {self.name}{self.signature}"
            raise TypeError(f"{self.name}() {said}") from None
        bound.apply_defaults()
        return tuple(bound.arguments[name] for name in (*self.plain, *self.variadic))

    def _unexpected(self, kwargs: Mapping[str, Any]) -> str:
        """What is wrong with the first keyword that no parameter has, if there is one that means a parameter."""
        if any(self.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD for name in self.variadic):
            return ""
        meant = ((name, nearest(name, self.plain)) for name in kwargs if name not in self.plain)
        return next((f"got an unexpected keyword argument {name!r}{near}" for name, near in meant if near), "")

    def arguments(self, values: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments of a call that have these values."""
        given = dict(zip((*self.plain, *self.variadic), values, strict=True))
        first = self.by_position[len(self.first) :]
        extra = given[self.star] if self.star is not None else ()
        more = {n: v for name in self.variadic if name != self.star for n, v in given[name].items()}
        by_name = {name: given[name] for name in self.plain if name not in self.by_position}
        return (*(given[name] for name in first), *extra), by_name | more

    def places(self, argnums: Argnums, specs: tuple[Spec, ...]) -> tuple[Place, ...]:
        """Where in the values the arguments with these numbers or names are; the numbers leave out what is bound."""
        found: list[Place] = []
        for number in argnums if isinstance(argnums, tuple) else (argnums,):
            place = self._place(number, specs)
            if place in found:
                raise ValueError(f"argnums names the argument {self.label(place)!r} of {self.name}() twice")
            found.append(place)
        return tuple(found)

    def everything(self, count: int) -> tuple[Place, ...]:
        """The places of the positional arguments of a call, of which `count` were given."""
        plain = self.by_position[len(self.first) :]
        star = len(self.plain)
        return tuple((len(self.first) + k,) if k < len(plain) else (star, k - len(plain)) for k in range(count))

    def label(self, place: Place) -> str:
        """What the user calls the argument at a place."""
        name = (*self.plain, *self.variadic)[place[0]]
        if len(place) == 1:
            return name
        return f"{name}[{place[1]}]" if name == self.star else str(place[1])

    def _place(self, number: Argnum, specs: tuple[Spec, ...]) -> Place:
        if isinstance(number, str):
            return self._named(number, specs)
        plain = self.by_position[len(self.first) :]
        extra = len(_group(specs[len(self.plain)]).items) if self.star else 0
        count = len(plain) + extra
        if not -count <= number < count:
            raise self._absent(f"argument {number}")
        return self.everything(count)[number]

    def _named(self, name: str, specs: tuple[Spec, ...]) -> Place:
        if name in self.plain[len(self.first) :] and name not in self.named:
            return (self.plain.index(name),)
        if self.variadic and self.variadic[-1] != self.star and name in _group(specs[-1]).keys:
            return (len(specs) - 1, name)
        raise self._absent(f"argument {name!r}")

    def _absent(self, what: str) -> NotDifferentiable:
        free = [n for n in self.plain[len(self.first) :] if n not in self.named]
        known = ", ".join([*free, *(f"*{n}" for n in self.variadic)])
        return NotDifferentiable(f"{self.name}() has no {what}", None, f"its arguments are: {known or 'none'}")


def _group(spec: Spec) -> SeqSpec:
    assert isinstance(spec, SeqSpec)
    return spec


def forwarding(function: Callable[..., Any], name: str) -> tuple[FunctionType, str]:
    """A plain function that calls `function` with its own parameters, and its text.

    An object that says itself how it is compiled is so treated like any function.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        what = f"{name!r} does not tell its parameters"
        raise UnsupportedSyntax(what, None, "wrap it in a plain function") from error
    heads, calls, defaults, by_name = list[str](), list[str](), list[object](), dict[str, object]()
    positional = [p for p in parameters if p.kind is inspect.Parameter.POSITIONAL_ONLY]
    for p in parameters:
        default = p.default is not inspect.Parameter.empty
        if p.kind is inspect.Parameter.KEYWORD_ONLY and not any(h.startswith("*") for h in heads):
            heads.append("*")
        star = "*" * (_VARIADIC.index(p.kind) + 1) if p.kind in _VARIADIC else ""
        heads.append(f"{star}{p.name}{'=None' if default else ''}")
        if positional and p is positional[-1]:
            heads.append("/")
        keyword = p.kind is inspect.Parameter.KEYWORD_ONLY
        calls.append(f"{p.name}={p.name}" if keyword else f"{star}{p.name}")
        if default and keyword:
            by_name[p.name] = p.default
        elif default:
            defaults.append(p.default)
    called = name if name.isidentifier() else "function"
    text = f"def {called}({', '.join(heads)}):\n    return transformed({', '.join(calls)})\n"
    scope: dict[str, Any] = {"transformed": function}
    exec(text, scope)
    made: FunctionType = scope[called]
    made.__defaults__, made.__kwdefaults__ = tuple(defaults) or None, by_name or None
    return made, text
