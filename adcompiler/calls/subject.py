"""A function under one set of options, and what has been compiled of it for each signature."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Any

from adcompiler.calls.binding import Binder
from adcompiler.calls.instance import Instance
from adcompiler.calls.kept.entries import Entry, entry_of
from adcompiler.calls.lowering import Lowering, present
from adcompiler.calls.origin import Origin
from adcompiler.calls.signing import Same, signature
from adcompiler.critical import LOCK, critical_section
from adcompiler.errors import TypeProblem
from adcompiler.garbage_collector import uncollected
from adcompiler.handlers import DECLARED
from adcompiler.options import Options
from adcompiler.outside import Lowered
from adcompiler.signature import Spec, StaticSpec, fields_of, spec_of

# callers that come with ever new objects must not fill the memory
_MANY = 1024
# of one signature, for values of numbers that must be known and of what is captured
_FEW = 32


class Subject(Origin):
    """A function under one set of options.

    Parameters
    ----------
    function : callable
        The user's function.
    options : Options
        The options.
    """

    def __init__(self, function: Callable[..., Any], options: Options) -> None:
        super().__init__(function, options)
        self.code = self.binder.entry.__code__
        self.instances: dict[Hashable, list[Instance]] = {}
        self.lowerings: dict[tuple[Spec, ...], list[Lowering]] = {}

    def find(self, values: tuple[Any, ...]) -> tuple[Instance, list[Any]]:
        """What was compiled for these values, and the arguments to call it with."""
        if self.binder.entry.__code__ is not self.code:
            self._renew()
        key = tuple(map(signature, values))
        for instance in self.instances.get(key, ()):
            captured = instance.lowering.captured(values)
            if captured is not None:
                return instance, instance.leaves(values, captured)
        with LOCK, uncollected():
            return self._made(key, values)

    def _renew(self) -> None:
        """Forget what was compiled of lines that the function no longer has."""
        with LOCK:
            self.__dict__.pop("source", None)
            self.binder = Binder(self.function)
            self.instances, self.lowerings, self.code = {}, {}, self.binder.entry.__code__

    def _made(self, key: tuple[Hashable, ...], values: tuple[Any, ...]) -> tuple[Instance, list[Any]]:
        for instance in self.instances.get(key, ()):
            captured = instance.lowering.captured(values)
            if captured is not None:
                return instance, instance.leaves(values, captured)
        specs = tuple(self._spec(k, value) for k, value in enumerate(values))
        entry = entry_of(self, key)
        lowering, captured = self._lowering(specs, values, entry)
        instance = Instance(lowering, values, entry)
        leaves = instance.leaves(values, captured)
        if len(self.instances) >= _MANY:
            self.instances.clear()
            self.lowerings.clear()
        self.instances[key] = [instance, *self.instances.get(key, ())][:_FEW]
        return instance, leaves

    def _lowering(
        self, specs: tuple[Spec, ...], values: tuple[Any, ...], entry: Entry | None
    ) -> tuple[Lowering, list[Any]]:
        for lowering in self.lowerings.get(specs, ()):
            captured = lowering.captured(values)
            if captured is not None:
                return lowering, captured
        for lowering in entry.lowerings(specs) if entry is not None else ():
            captured = lowering.captured(values)
            if captured is not None:
                return self._entered(lowering), captured
        # a call whose machine code is there needs no compiler
        with critical_section():
            from adcompiler.compile import lowered

        lowering = self._lowered(specs, lambda: lowered(self.source, specs, values))
        return lowering, present(lowering.face.captures)

    def lowering(self, specs: tuple[Spec, ...]) -> Lowering:
        """The Wengert list for arguments of which only the specifications are known; may raise `NotStatic`."""
        from adcompiler.frontend.lower import lower

        with LOCK:
            if self.binder.entry.__code__ is not self.code:
                self._renew()
            for known in self.lowerings.get(specs, ()):
                if known.final == specs and known.captured(()) is not None:
                    return known
            return self._lowered(specs, lambda: (lower(self.source, specs), specs))

    def _lowered(self, specs: tuple[Spec, ...], make: Callable[[], tuple[Lowered, tuple[Spec, ...]]]) -> Lowering:
        start = time.perf_counter()
        found, final = make()
        return self._entered(Lowering(self, found, specs, final, time.perf_counter() - start))

    def _entered(self, lowering: Lowering) -> Lowering:
        # the newest first: after a change of the function's surroundings the old ones rarely fit again
        self.lowerings[lowering.given] = [lowering, *self.lowerings.get(lowering.given, ())][:_FEW]
        return lowering

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
    # a function whose calls are run again, but for the first: alone it is the function that it runs
    function = getattr(function, "__alone__", function)
    if isinstance(function, FunctionType):
        function = DECLARED.get(function, function)
    if isinstance(function, MethodType):
        # a bound method is made anew at each access
        return _shared(Same(function.__func__), Same(function.__self__), options)
    return _shared(Same(function), Same(None), options)
