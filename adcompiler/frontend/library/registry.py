"""The registry of handlers: what a NumPy function, method or attribute becomes in lines."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from adcompiler.errors import TypeProblem, nearest
from adcompiler.frontend.arrays.outputs import delivered, without_out
from adcompiler.frontend.state.values import Static, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Atom, Const

Handler: TypeAlias = Callable[[Builder, Sequence[Value], Mapping[str, Value]], Value]

FUNCTIONS: dict[object, Handler] = {}
METHODS: dict[str, Handler] = {}
ATTRIBUTES: dict[str, Callable[[Builder, Atom], Value]] = {}

# arguments that choose where or how NumPy computes, not what: these values change nothing
_NEUTRAL: Mapping[str, tuple[object, ...]] = {
    "order": (None, "C", "K", "A"),
    "subok": (True, False),
    "like": (None,),
    "device": (None, "cpu"),
    "casting": ("same_kind",),
    "where": (True,),
    "initial": (np._NoValue,),
    "dtype": (None,),
}


def implements(*members: object, method: str | None = None) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Enter a handler for functions, and for the array method of that name.

    The handler is declared with the builder first and then the parameters of the NumPy function, with its names
    and defaults, `other` for `b`; it is then called positionally or by keyword as that function is.
    """

    def enter(fn: Callable[..., Value]) -> Callable[..., Value]:
        handler = _bound(fn, title(members[0]) if members else f"the method {method}")
        for member in members:
            FUNCTIONS[member] = handler
        if method is not None:
            METHODS[method] = handler
        return fn

    return enter


def attribute(name: str) -> Callable[[Callable[[Builder, Atom], Value]], Callable[[Builder, Atom], Value]]:
    """Enter what an attribute of an array or a scalar is."""

    def enter(fn: Callable[[Builder, Atom], Value]) -> Callable[[Builder, Atom], Value]:
        ATTRIBUTES[name] = fn
        return fn

    return enter


def _bound(fn: Callable[..., Value], name: str) -> Handler:
    """A handler that gives `fn` its arguments by name and refuses the others."""
    signature = _numpys(inspect.signature(fn))

    def handler(b: Builder, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        out, kwargs = without_out(b, name, kwargs) if "out" not in signature.parameters else (None, kwargs)
        known = {k: v for k, v in kwargs.items() if k in signature.parameters}
        neutral_only(b, name, {k: v for k, v in kwargs.items() if k not in known}, signature.parameters)
        try:
            bound = signature.bind(*args, **known)
        except TypeError as error:
            fix = f"its arguments in the language are: {', '.join(signature.parameters)}"
            raise TypeProblem(f"{name}: {error}", b.span, fix) from error
        return delivered(b, name, fn(b, *bound.args, **bound.kwargs), out)

    return handler


def _numpys(signature: inspect.Signature) -> inspect.Signature:
    """The parameters of the NumPy function: those behind the builder, which has the name of the operand `other`."""
    _, *own = signature.parameters.values()
    return signature.replace(parameters=[p.replace(name="b") if p.name == "other" else p for p in own])


def neutral_only(b: Builder, name: str, kwargs: Mapping[str, Value], known: Iterable[str] = ()) -> None:
    """Refuse keyword arguments that would change the result; `known` are those that the function takes."""
    for key, value in kwargs.items():
        literal = value.value if isinstance(value, (Const, Static)) else value
        if not any(literal is ok or (isinstance(ok, str) and literal == ok) for ok in _NEUTRAL.get(key, ())):
            what = f"the argument {key!r} of {name} is outside the language"
            raise TypeProblem(what, b.span, f"leave it out{nearest(key, known)}")


def title(member: object) -> str:
    """A callable as a user writes it.

    >>> title(np.sum), title(np.add.at), title(np.linalg.norm)
    ('np.sum', 'np.add.at', 'np.linalg.norm')
    """
    name = str(getattr(member, "__name__", member))
    owner = getattr(member, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{name}"
    module = str(getattr(member, "__module__", None) or "numpy").lstrip("_")
    if module.partition(".")[0] == "adcompiler":
        return name
    if module == "numpy" or module.startswith("numpy."):
        module = "np" + module[len("numpy") :]
    return f"{module}.{name}"


__all__ = ["ATTRIBUTES", "FUNCTIONS", "METHODS", "Handler", "attribute", "implements", "neutral_only", "title"]
