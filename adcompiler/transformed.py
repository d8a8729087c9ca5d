"""A transformed function: called like the function it comes from, and open to inspection."""

from __future__ import annotations

import ast
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeAlias

from adcompiler.calls.binding import Argnum, argnums_of
from adcompiler.calls.binding import Argnums as BoundArgnums
from adcompiler.calls.direct import MISSED, Direct, direct
from adcompiler.calls.instance import Instance
from adcompiler.calls.kept.pickling import Carried, Parts
from adcompiler.calls.kept.portable import NotPortable, described
from adcompiler.calls.lowering import Lowering
from adcompiler.calls.plan import Plan
from adcompiler.calls.planning import gradient_plan, primal_plan
from adcompiler.calls.subject import Subject, subject
from adcompiler.options import Options
from adcompiler.signature import example

if TYPE_CHECKING:
    from adcompiler import inspect
    from adcompiler.frontend.state.context import Lowering as Program
    from adcompiler.frontend.state.values import Value

Function: TypeAlias = Callable[..., Any]
Argnums: TypeAlias = "Argnum | Sequence[Argnum]"
_SECOND = 2


def made_callable(name: str, f: object) -> Function:
    """The function that `name` was given; raises TypeError for anything that cannot be called."""
    if isinstance(f, (staticmethod, classmethod)):
        kind = type(f).__name__
        raise TypeError(f"{name}() needs a function, not a {kind}: write @{kind} above @{name}")
    if not callable(f):
        raise TypeError(f"{name}() needs a function, not {f!r}")
    return f


class Transformed(Carried):
    """A function of the arguments of `function` that gives its value, its gradient, or both.

    Parameters
    ----------
    kind : "primal", "grad" or "value_and_grad"
        What it gives.
    function : callable
        The user's function.
    argnums : int, str or sequence of these
        The arguments to differentiate.
    has_aux : bool
        Whether the function returns a pair, of which only the first is differentiated.
    options : Options
        The options.
    """

    def __init__(self, kind: str, function: Function, argnums: object, has_aux: bool, options: Options) -> None:
        functools.update_wrapper(self, function, updated=())
        self.kind, self.function, self.has_aux, self.options = kind, function, has_aux, options
        self.argnums = argnums_of(argnums)
        self.in_class = False
        self.last: tuple[Instance, Plan] | None = None
        self.direct: Direct | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value or the derivative at these arguments."""
        direct = self.direct
        if direct is not None:
            result = direct(args, kwargs)
            if result is not MISSED:
                return result
        instance, plan, leaves = self._found(args, kwargs)
        self.last = instance, plan
        result = plan.run(instance.open(leaves) if self.kind == "primal" else instance.fresh(leaves))
        self.direct = self._direct(args, kwargs, instance, plan)
        return result

    def _direct(self, args: tuple[Any, ...], kwargs: dict[str, Any], instance: Instance, plan: Plan) -> Direct | None:
        """A shorter way for calls like the one just made; it is written when there is a second one."""
        plan.calls += 1
        if plan.calls < _SECOND:
            return None
        # what gives the same values may be written in several ways
        form = len(args), *kwargs
        if form not in plan.direct:
            plan.direct[form] = direct(self.subject.binder, args, kwargs, instance, plan)
        return plan.direct[form]

    def _found(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Instance, Plan, list[Any]]:
        of = self.subject
        values = of.binder.values(args, kwargs)
        instance, leaves = of.find(values)
        plan = instance.plans.get(self.key) or instance.plan(self.key, lambda: self._plan(instance.lowering, values))
        return instance, plan, leaves

    def _plan(self, lowering: Lowering, values: tuple[Any, ...] | None) -> Plan:
        if self.kind == "primal":
            return primal_plan(lowering)
        with_value = self.kind == "value_and_grad"
        return gradient_plan(lowering, self.subject.binder, values, self.places, self.has_aux, with_value)

    def __lower_call__(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """A call of this function in a program that is being compiled."""
        from adcompiler.calls.inside import nesting

        return nesting.call(low, self, self.subject, lambda lowering: self._plan(lowering, None), args, kwargs)

    @functools.cached_property
    def subject(self) -> Subject:
        """The function with what has been compiled of it."""
        return subject(self.function, self.options)

    @property
    def places(self) -> BoundArgnums:
        """The argument numbers with `self` counted where it is an argument."""
        if not self.in_class:
            return self.argnums
        return tuple(map(_behind_self, self.argnums)) if isinstance(self.argnums, tuple) else _behind_self(self.argnums)

    @functools.cached_property
    def key(self) -> tuple[object, ...]:
        """What tells this derivative from others of the same function."""
        return ("primal",) if self.kind == "primal" else (self.kind, self.argnums, self.has_aux, self.in_class)

    @functools.cached_property
    def primal(self) -> Transformed:
        """The compiled function itself."""
        return Transformed("primal", self.function, self.argnums, False, self.options)

    def __described__(self) -> tuple[Any, ...]:
        """What it is in any process: see `calls.portable`."""
        binder = self.subject.binder
        if binder.first or binder.named:
            raise NotPortable
        kind, _, *given = self._given(self.function)
        return "transformed", kind, self.in_class, repr(given), described(binder.entry), binder.text

    # -- as a method, in other processes ---------------------------------------------------------------------------

    def __set_name__(self, owner: type, name: str) -> None:
        # called through its class, a method takes `self` as an argument, which the argument numbers leave out
        self.in_class = True

    def __get__(self, owner: object, kind: type | None = None) -> Transformed:
        if owner is None:
            return self
        return type(self)(*self._given(MethodType(self.function, owner)))

    def _given(self, function: Function) -> tuple[Any, ...]:
        """What makes the same transformation of another function."""
        return self.kind, function, self.argnums, self.has_aux, self.options

    def _parts(self) -> Parts:
        return self._given(self.function), {"in_class": self.in_class}

    def __repr__(self) -> str:
        return f"<{self.kind} of {getattr(self, '__qualname__', self.function)}>"

    # -- inspection ------------------------------------------------------------------------------------------------

    def view(self, *args: Any, **kwargs: Any) -> inspect.View:
        """What was compiled for arguments like these; without arguments, for those of the last call.

        All methods of inspection below take arguments in this way.
        """
        if args or kwargs or self.last is None:
            if not (args or kwargs) and self.subject.binder.needs_arguments:
                name = self.subject.binder.name
                raise TypeError(f"{name}() has not been called yet: give arguments like those of a call")
            instance, plan, _ = self._found(args, kwargs)
        else:
            instance, plan = self.last
        from adcompiler import inspect

        return inspect.View(self.subject, instance, plan)

    def wengert(self, *args: Any, **kwargs: Any) -> inspect.WengertTable:
        """The Wengert list with types, activity and what is recorded, which prints as a table."""
        from adcompiler import inspect

        return inspect.wengert(self.view(*args, **kwargs))

    def adjoint_source(self, *args: Any, **kwargs: Any) -> str:
        """The text of the readable derivative: Python that runs as it stands, with NumPy."""
        return self.view(*args, **kwargs).readable

    def lowered_source(self, *args: Any, **kwargs: Any) -> str:
        """The text that Numba compiles: the same derivative with array statements as loops."""
        return self.view(*args, **kwargs).lowered

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """A report in words: what is active, what is recorded, how loops run, and how long compiling took."""
        from adcompiler.explain import explain

        return explain(self.view(*args, **kwargs))

    def show(self, *args: Any, **kwargs: Any) -> str:
        """Print the user's lines beside the derivative's, and return what is printed."""
        from adcompiler import inspect

        text = inspect.Printed(inspect.side_by_side(self.view(*args, **kwargs)))
        print(text)
        return text

    def report(self, path: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
        """Write a page of HTML to `path`: the user's lines beside the derivative's, `explain` and the Wengert list."""
        from adcompiler import report

        Path(path).write_text(report.page(self.view(*args, **kwargs)), encoding="utf-8")

    def export(self, path: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
        """Write the derivative for arguments like these to `path`, as a module that needs only NumPy and Numba."""
        from adcompiler import export

        view = self._program(args, kwargs)
        Path(path).write_text(export.module_text(view, self.kind), encoding="utf-8")

    def dispatcher(self, *args: Any, **kwargs: Any) -> Any:
        """A Numba function of the same arguments, to be called in other compiled code."""
        from adcompiler import export

        return export.dispatcher(self._program(args, kwargs), self.kind)

    def _program(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> inspect.View:
        """What was compiled that other compiled code can call with these arguments."""
        return self.view(*args, **kwargs)


class Seeded(Transformed):
    """A transformation whose compiled function has directions for parameters.

    Other compiled code calls a program that gives these itself: that of a call of this function.
    """

    def _program(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> inspect.View:
        if not args and not kwargs and self.last is not None:
            args, kwargs = self._examples(self.last[0])
        return Transformed("primal", self, self.argnums, False, self.options).view(*args, **kwargs)

    def _examples(self, instance: Instance) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """Arguments of a call with the signature of an instance."""
        return self.subject.binder.arguments(tuple(map(example, instance.lowering.final)))


def _behind_self(number: Argnum) -> Argnum:
    return number + 1 if isinstance(number, int) and number >= 0 else number
