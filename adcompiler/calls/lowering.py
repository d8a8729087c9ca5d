"""A function for one specification of its arguments, and the derivatives compiled of it."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from adcompiler.calls.origin import Origin
from adcompiler.calls.signing import constants, signature
from adcompiler.errors import ADCompilerError, Span
from adcompiler.ir.wengert import Func
from adcompiler.options import Derivative
from adcompiler.outside import ABSENT, Capture, Lowered
from adcompiler.signature import Spec, StaticSpec

if TYPE_CHECKING:
    from adcompiler.compile import Compiled


class Lowering:
    """A function for one specification of its arguments, and the derivatives made of it.

    Parameters
    ----------
    of : Origin
        The function.
    face : Lowered
        What a call needs of it: of one that an earlier process lowered without its lines.
    given, final : tuple of Spec
        The specifications of the arguments, and those in which numbers that must be known have become constants.
    seconds : float, optional
        How long the front end took; None where it has not run.
    """

    def __init__(
        self,
        of: Origin,
        face: Lowered,
        given: tuple[Spec, ...],
        final: tuple[Spec, ...],
        seconds: float | None = None,
    ) -> None:
        self.of, self.face, self.given, self.final = of, face, given, final
        self.keys: tuple[Hashable, ...] = tuple(map(signature, present(face.captures)))
        self.made: dict[Derivative, Compiled] = {}
        self.seconds = 0.0 if seconds is None else seconds
        # comparing specifications takes longer than all else that a call looks at
        self.as_given = final == given
        # some functions depend on their arguments alone
        self.alone = not face.guards and not face.captures and self.as_given
        self._lowered = None if seconds is None else face

    @property
    def interface(self) -> Func:
        """The function with its parameters and results, and perhaps without its lines."""
        return self.face.func

    @property
    def lowered(self) -> Lowered:
        """The function with its lines."""
        if self._lowered is None:
            # a call whose machine code is there needs no front end
            from adcompiler.frontend.lower import lower

            start = time.perf_counter()
            found = lower(self.of.source, self.final)
            if outline(found) != outline(self.face):
                raise ADCompilerError(
                    f"what {self.of.binder.name}() finds around it has changed since it was called",
                    self.span,
                    "call it again first",
                )
            self._lowered, self.seconds = found, time.perf_counter() - start
        return self._lowered

    @property
    def span(self) -> Span | None:
        """The place of the user's function."""
        return self.of.span

    def compiled(self, derivative: Derivative) -> Compiled:
        """A derivative of the function."""
        if derivative.mode == "reverse" and not derivative.pattern:
            derivative = replace(derivative, memory=self.of.options.memory)
        if derivative not in self.made:
            self.made[derivative] = self._compiler()(self.lowered.func, derivative, self.of.options, self.span)
        return self.made[derivative]

    def _compiler(self) -> type[Compiled]:
        if self.face.device or self.of.options.target == "cuda":
            from adcompiler.device import OnDevice

            return OnDevice
        from adcompiler.compile import Compiled

        return Compiled

    def captured(self, values: tuple[Any, ...]) -> list[Any] | None:
        """The present values of what the function captures; None where the code no longer fits them."""
        if self.alone:
            return []
        try:
            for guard in self.face.guards:
                if guard.fetch() is not guard.expected and not guard.holds():
                    return None
            found = present(self.face.captures)
        except ABSENT:
            return None
        if self.keys and tuple(map(signature, found)) != self.keys:
            return None
        if not self.as_given and not all(StaticSpec(v) == spec for v, spec in self._constants(values)):
            return None
        return found

    def _constants(self, values: tuple[Any, ...]) -> Iterator[tuple[Any, StaticSpec]]:
        for value, given, final in zip(values, self.given, self.final, strict=True):
            yield from constants(value, given, final)


def present(captures: Sequence[Capture]) -> list[Any]:
    """The present values of what a function captures."""
    return [leaf(capture.fetch()) for capture in captures]


def leaf(value: Any) -> Any:
    """A captured value as the compiled function takes it."""
    return value[()] if isinstance(value, np.ndarray) and not value.ndim else value


def outline(found: Lowered) -> tuple[Any, ...]:
    """What two lowered forms of a function must have in common to be called alike."""
    results = tuple(map(found.func.type, found.func.results))
    return tuple(capture.key for capture in found.captures), found.func.params, results, found.written
