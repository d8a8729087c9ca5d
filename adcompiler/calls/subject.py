"""A function under one set of options, and what has been compiled of it for each signature."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import FunctionType, MethodType
from typing import Any, TypeVar

import numpy as np

from adcompiler.calls.binding import Binder
from adcompiler.calls.signing import Same, constants, exact, is_plain, signature
from adcompiler.compile import Compiled, Derivative, Options, lowered
from adcompiler.errors import ADCompilerError, Span, TypeProblem
from adcompiler.frontend.lower import Lowered, lower
from adcompiler.frontend.registry import DECLARED
from adcompiler.outside import Capture
from adcompiler.signature import Spec, StaticSpec, fields_of, run_time_leaves, spec_of
from adcompiler.source import SourceFunc, source_of

T = TypeVar("T")

# callers that come with ever new objects must not fill the memory
_MANY = 1024
# of one signature, for values of numbers that must be known and of what is captured
_FEW = 32


@dataclass(slots=True, eq=False)
class Lowering:
    """The Wengert list of a function for one specification of its arguments, and the derivatives made of it.

    Parameters
    ----------
    lowered : Lowered
        The function.
    given, final : tuple of Spec
        The specifications of the arguments, and those in which numbers that must be known have become constants.
    keys : tuple
        The signatures of the captured values.
    options : Options
        The options.
    span : Span or None
        The user's function.
    seconds : float
        How long it took.
    """

    lowered: Lowered
    given: tuple[Spec, ...]
    final: tuple[Spec, ...]
    keys: tuple[Hashable, ...]
    options: Options
    span: Span | None
    seconds: float
    made: dict[Derivative, Compiled] = field(default_factory=dict)
    alone: bool = field(init=False)

    def __post_init__(self) -> None:
        # most functions depend on their arguments alone
        self.alone = not self.lowered.guards and not self.lowered.captures and self.final == self.given

    def compiled(self, derivative: Derivative) -> Compiled:
        """A derivative of the function."""
        if derivative not in self.made:
            self.made[derivative] = Compiled(self.lowered.func, derivative, self.options, self.span)
        return self.made[derivative]

    def captured(self, values: tuple[Any, ...]) -> list[Any] | None:
        """The present values of what the function captures; None where the code no longer fits them."""
        if self.alone:
            return []
        try:
            for guard in self.lowered.guards:
                if guard.fetch() is not guard.expected and not guard.holds():
                    return None
            found = [_leaf(capture) for capture in self.lowered.captures]
        except (AttributeError, LookupError, NameError, ValueError):
            return None
        if self.keys and tuple(map(signature, found)) != self.keys:
            return None
        if self.final != self.given and not all(StaticSpec(v) == spec for v, spec in self._constants(values)):
            return None
        return found

    def _constants(self, values: tuple[Any, ...]) -> Iterator[tuple[Any, StaticSpec]]:
        for value, given, final in zip(values, self.given, self.final, strict=True):
            yield from constants(value, given, final)


def _leaf(capture: Capture) -> Any:
    value = capture.fetch()
    return value[()] if isinstance(value, np.ndarray) and not value.ndim else value


class Instance:
    """A function for one signature of its arguments, with what was prepared for the ways of calling it.

    Parameters
    ----------
    lowering : Lowering
        The compiled forms, shared by signatures of one specification.
    values : tuple
        Arguments of this signature.
    """

    def __init__(self, lowering: Lowering, values: tuple[Any, ...]) -> None:
        self.lowering = lowering
        self.plans: dict[Hashable, Any] = {}
        self.lock = threading.RLock()
        self.written = sorted(lowering.lowered.written)
        found = list(self._leaves(values))
        self.normal = not all(map(is_plain, found))
        # most calls pass numbers and arrays alone: these are the leaves as they are
        self.flat = len(found) == len(values) and all(a is b for a, b in zip(found, values, strict=True))

    def leaves(self, values: tuple[Any, ...], captured: Sequence[Any]) -> list[Any]:
        """The arguments of the compiled function; raises where one that is written shares memory with another."""
        found = [*values, *captured] if self.flat else [*self._leaves(values), *captured]
        if self.normal:
            found = [exact(leaf) for leaf in found]
        if self.written:
            self._check_overlap(found)
        return found

    def fresh(self, leaves: list[Any]) -> list[Any]:
        """The arguments with copies of the arrays that the function writes."""
        for k in self.written:
            leaves[k] = leaves[k].copy(order="K")
        return leaves

    def plan(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was prepared under a key; made at the first time."""
        if key not in self.plans:
            with self.lock:
                if key not in self.plans:
                    self.plans[key] = make()
        found: T = self.plans[key]
        return found

    def _leaves(self, values: tuple[Any, ...]) -> Iterator[Any]:
        for value, spec in zip(values, self.lowering.final, strict=True):
            yield from run_time_leaves(value, spec)

    def _check_overlap(self, leaves: list[Any]) -> None:
        names = self.lowering.lowered.func.params
        for k in self.written:
            for other, leaf in enumerate(leaves):
                if other != k and isinstance(leaf, np.ndarray) and share(leaves[k], leaf):
                    raise ADCompilerError(
                        f"'{names[k]}' and '{names[other]}' share memory, and the function writes into '{names[k]}'",
                        self.lowering.span,
                        f"pass a copy of one of them: {names[other]}.copy()",
                    )


def share(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    """Whether two arrays have an element in common; where that is too hard to tell, whether they may."""
    if not np.may_share_memory(a, b):
        return False
    try:
        return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


class Subject:
    """A function under one set of options.

    Parameters
    ----------
    function : callable
        The user's function.
    options : Options
        The options.
    """

    def __init__(self, function: Callable[..., Any], options: Options) -> None:
        self.function, self.options = function, options
        self.binder = Binder(function)
        self.lock = threading.RLock()
        self.instances: dict[Hashable, list[Instance]] = {}
        self.lowerings: dict[tuple[Spec, ...], list[Lowering]] = {}

    @cached_property
    def source(self) -> SourceFunc:
        """The function's text."""
        return source_of(self.binder.entry, self.binder.text or self.options.source)

    def find(self, values: tuple[Any, ...]) -> tuple[Instance, list[Any]]:
        """What was compiled for these values, and the arguments to call it with."""
        key = tuple(map(signature, values))
        for instance in self.instances.get(key, ()):
            captured = instance.lowering.captured(values)
            if captured is not None:
                return instance, instance.leaves(values, captured)
        with self.lock:
            return self._made(key, values)

    def _made(self, key: Hashable, values: tuple[Any, ...]) -> tuple[Instance, list[Any]]:
        for instance in self.instances.get(key, ()):
            captured = instance.lowering.captured(values)
            if captured is not None:
                return instance, instance.leaves(values, captured)
        lowering, captured = self._lowering(values)
        instance = Instance(lowering, values)
        leaves = instance.leaves(values, captured)
        if len(self.instances) >= _MANY:
            self.instances.clear()
            self.lowerings.clear()
        self.instances[key] = [instance, *self.instances.get(key, ())][:_FEW]
        return instance, leaves

    def _lowering(self, values: tuple[Any, ...]) -> tuple[Lowering, list[Any]]:
        specs = tuple(self._spec(k, value) for k, value in enumerate(values))
        for lowering in self.lowerings.get(specs, ()):
            captured = lowering.captured(values)
            if captured is not None:
                return lowering, captured
        lowering = self._lowered(specs, lambda: lowered(self.source, specs, values))
        return lowering, [_leaf(capture) for capture in lowering.lowered.captures]

    def lowering(self, specs: tuple[Spec, ...]) -> Lowering:
        """The Wengert list for arguments of which only the specifications are known; may raise `NotStatic`."""
        with self.lock:
            for known in self.lowerings.get(specs, ()):
                if known.final == specs and known.captured(()) is not None:
                    return known
            return self._lowered(specs, lambda: (lower(self.source, specs), specs))

    def _lowered(self, specs: tuple[Spec, ...], make: Callable[[], tuple[Lowered, tuple[Spec, ...]]]) -> Lowering:
        start = time.perf_counter()
        found, final = make()
        took = time.perf_counter() - start
        keys = tuple(signature(_leaf(capture)) for capture in found.captures)
        lowering = Lowering(found, specs, final, keys, self.options, self.span, took)
        # the newest first: after a change of the function's surroundings the old ones rarely fit again
        self.lowerings[specs] = [lowering, *self.lowerings.get(specs, ())][:_FEW]
        return lowering

    @property
    def span(self) -> Span | None:
        """The place of the user's function; None for a transformed one, whose text is made here."""
        return self.source.span(self.source.node) if self.binder.text is None else None

    def _spec(self, position: int, value: Any) -> Spec:
        if position < len(self.binder.first) and fields_of(type(value)) is not None:
            # a method's owner is an object with numbers, not an argument of numbers
            return StaticSpec(value)
        try:
            return spec_of(value)
        except TypeProblem as error:
            name = self.binder.label((position,))
            raise TypeProblem(f"argument {name!r}: {error.what}", error.span, error.fix) from error


@lru_cache(maxsize=128)
def _shared(function: Same, owner: Same, options: Options) -> Subject:
    bound = function.value if owner.value is None else MethodType(function.value, owner.value)
    return Subject(bound, options)


def subject(function: Callable[..., Any], options: Options) -> Subject:
    """The subject of a function, the same at each time it is asked for."""
    if isinstance(function, FunctionType):
        function = DECLARED.get(function, function)
    if isinstance(function, MethodType):
        # a bound method is made anew at each access
        return _shared(Same(function.__func__), Same(function.__self__), options)
    return _shared(Same(function), Same(None), options)
