"""The pipeline: from a user's function and the specifications of its arguments to compiled code, stage by stage."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from types import FunctionType, MethodType
from typing import Any

from adcompiler.ad.gradient import gradient
from adcompiler.ad.forward import tangent
from adcompiler.backend import cpu
from adcompiler.emit.text import emit
from adcompiler.errors import ADCompilerError, Span, UnsupportedSyntax
from adcompiler.frontend.lower import Lowered, lower
from adcompiler.frontend.signature import Spec, with_static
from adcompiler.frontend.values import NotStatic
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Func
from adcompiler.optimise.bounds import drop_bounds, prove_bounds
from adcompiler.optimise.lower import lower_arrays
from adcompiler.optimise.memory import promote
from adcompiler.optimise.sharing import share_loads
from adcompiler.optimise.simplify import simplify
from adcompiler.source import SourceFunc, source_of

TARGETS = ("cpu",)


@dataclass(frozen=True, slots=True)
class Options:
    """What a transformation may be told.

    Parameters
    ----------
    target : {"cpu"}
        Where the code runs.
    fastmath : bool
        Reserved for proven reductions; the order of the source is kept where it is False.
    boundscheck : bool
        Whether indices out of range raise IndexError.
    cache : bool
        Whether generated text and machine code may be kept on disk.
    memory : int or None
        Bytes a tape may take; None: any.
    source : str or None
        The function's text, where Python cannot give it.
    """

    target: str = "cpu"
    fastmath: bool = True
    boundscheck: bool = True
    cache: bool = True
    memory: int | None = None
    source: str | None = None

    @classmethod
    def of(cls, given: dict[str, Any]) -> Options:
        """Options from keywords; TypeError names one that does not exist."""
        known = [f.name for f in fields(cls)]
        for name in given:
            if name not in known:
                raise TypeError(f"unknown option {name!r}; the options are {', '.join(known)}")
        options = cls(**given)
        if options.target not in TARGETS:
            raise ADCompilerError(f"target {options.target!r} is not available", None, "use target='cpu'")
        if options.memory is not None:
            raise ADCompilerError("a memory budget is not available", None, "leave out memory=")
        return options


@dataclass(frozen=True, slots=True)
class Callee:
    """A user's callable taken apart: the Python function, and arguments it already has."""

    function: FunctionType
    before: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()


def callee(f: Callable[..., Any]) -> Callee:
    """The Python function behind a callable; raises UnsupportedSyntax where there is none."""
    if isinstance(f, functools.partial):
        inner = callee(f.func)
        return Callee(inner.function, (*inner.before, *f.args), (*inner.keywords, *f.keywords.items()))
    if isinstance(f, MethodType):
        inner = callee(f.__func__)
        return Callee(inner.function, (f.__self__, *inner.before), inner.keywords)
    if isinstance(getattr(f, "py_func", None), FunctionType):
        return Callee(f.py_func)  # type: ignore[attr-defined]
    if isinstance(f, FunctionType):
        if hasattr(f, "__wrapped__"):
            raise UnsupportedSyntax(
                f"`{f.__name__}` is wrapped by a decorator whose effect is not known",
                None,
                "put the transformation innermost, directly on the function",
            )
        return Callee(f)
    call = getattr(type(f), "__call__", None)
    if isinstance(call, FunctionType) and not isinstance(f, type):
        return Callee(call, (f,))
    name = getattr(f, "__name__", type(f).__name__)
    raise UnsupportedSyntax(
        f"`{name}` is not a Python function, so it has no source to transform",
        None,
        "wrap it in a function: lambda x: ...",
    )


@dataclass(slots=True)
class Program:
    """A function with its options: lowers it for each specification of arguments once."""

    callee: Callee
    options: Options
    memo: dict[tuple[Spec, ...], Lowered] = field(default_factory=dict)
    text: SourceFunc | None = None

    @property
    def source(self) -> SourceFunc:
        """The function's text and AST."""
        if self.text is None:
            self.text = source_of(self.callee.function, self.options.source)
        return self.text

    @property
    def span(self) -> Span:
        """The place of the definition."""
        return self.source.span(self.source.node)  # type: ignore[arg-type]

    def lowered(self, specs: tuple[Spec, ...]) -> Lowered:
        """The typed Wengert list, its index checks proven or moved out of loops."""
        found = self.memo.get(specs)
        if found is None or not all(guard.holds() for guard in found.guards):
            raw = lower(self.source, specs)
            bounds = prove_bounds if self.options.boundscheck else drop_bounds
            func = staged("bounds", bounds, staged("simplify", simplify, checked("lower", raw.func)))
            func = staged("share_loads", share_loads, staged("simplify", simplify, func))
            found = Lowered(func, raw.captures, raw.out, raw.written, raw.guards)
            self.memo[specs] = found
        return found


    def lowered_for(self, values: tuple[Any, ...], specs: tuple[Spec, ...]) -> tuple[Lowered, tuple[Spec, ...]]:
        """The primal for these arguments, and their specifications with those made constants that must be known."""
        while True:
            try:
                return self.lowered(specs), specs
            except NotStatic as need:
                specs = with_static(specs, values, need.positions)


@dataclass(slots=True)
class Compiled:
    """A function of one signature at every stage; text and machine code are made when asked for.

    Parameters
    ----------
    func : Func
        The readable form.
    span : Span
        The user's function.
    keep : bool
        Whether text and machine code may be kept on disk.
    """

    func: Func
    span: Span
    keep: bool
    seconds: dict[str, float] = field(default_factory=dict)
    runner: Callable[..., Any] | None = None
    fused: Func | None = None

    @property
    def readable(self) -> str:
        """The text a person reads; it runs with NumPy alone."""
        return emit(self.func, "python")

    @property
    def lowered(self) -> Func:
        """The form that is compiled: arrays as loops over elements."""
        if self.fused is None:
            func = staged("lower_arrays", lower_arrays, self.func)
            func = staged("share_loads", share_loads, staged("simplify", simplify, func))
            self.fused = staged("simplify", simplify, staged("promote", promote, func))
        return self.fused

    @property
    def text(self) -> str:
        """The text that Numba compiles."""
        return emit(self.lowered, "numba")

    def load(self, args: Sequence[Any]) -> Callable[..., Any]:
        """The callable for arguments of the types of `args`."""
        if self.runner is None:
            start = time.perf_counter()
            if cpu.interpreted():
                self.runner = cpu.python_function(self.readable, self.func.name, keep=self.keep)
            else:
                text = self.text
                self.seconds["lowering and printing"] = time.perf_counter() - start
                dispatcher = cpu.numba_function(text, self.func.name, keep=self.keep)
                start = time.perf_counter()
                cpu.specialise(dispatcher, args, self.span)
                self.seconds["Numba"] = time.perf_counter() - start
                self.runner = dispatcher
        return self.runner


def derivative(
    func: Func, mode: str, wrt: Sequence[int], outputs: Sequence[int] | None = None
) -> Func:
    """The readable derivative of a primal: "one" and "given" seeds for reverse, "forward"."""
    if mode == "forward":
        made = staged("tangent", lambda f: tangent(f, tuple(wrt)), func)
    else:
        assert mode in ("one", "given")
        made = staged("gradient", lambda f: gradient(f, wrt, mode, outputs), func)
    return staged("simplify", simplify, made)


def staged(name: str, stage: Callable[[Func], Func], func: Func) -> Func:
    """One stage of the pipeline, with its result verified where ADCOMPILER_CHECK is set."""
    return checked(name, stage(func))


def checked(name: str, func: Func) -> Func:
    """`func`, verified where ADCOMPILER_CHECK is set."""
    if os.environ.get("ADCOMPILER_CHECK"):
        try:
            verify(func)
        except AssertionError as error:
            raise AssertionError(f"after stage {name}: {error}") from error
    return func
