"""One program with its fixed cotangent, its derivatives computed once, and its differences."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import is_dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.ad.forward_gradient import is_ahead
from tests.support.differences import Estimate, along, directions
from tests.support.registry import Program
from tests.support.trees import assert_same, copied, leaves, noise, widened

T = TypeVar("T")
SWITCH = "ADCOMPILER_DISABLE_JIT"


@contextmanager
def interpreted() -> Iterator[None]:
    """Generated code that is first called here runs as plain Python."""
    before = os.environ.get(SWITCH)
    os.environ[SWITCH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SWITCH]
        else:
            os.environ[SWITCH] = before


def weighted_sum(function: Callable[..., Any], weights: Any) -> Callable[..., Any]:
    """Return a scalar function, as a user would reduce an array output."""

    def loss(*args: Any) -> Any:
        return np.sum(weights * function(*args))

    return loss


class Case:
    """A program under test; expensive results are kept from one check to the next.

    A plain case runs the generated code as plain Python; its option keeps it apart from the compiled one.
    """

    def __init__(self, program: Program, *, plain: bool = False) -> None:
        self.program, self.plain = program, plain
        self.options = {"cache": False} if plain else {}
        self.argnums = program.argnums
        self.rng = np.random.default_rng(zlib.crc32(program.name.encode()) + 1)

    def active(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments that are differentiated."""
        return tuple(args[i] for i in self.argnums)

    @cached_property
    def expected(self) -> Any:
        """What the plain function returns."""
        return self.program.function(*self.program.args())

    @cached_property
    def is_scalar(self) -> bool:
        """Whether `grad` applies: the output is one number."""
        return not self.is_structure and np.ndim(self.expected) == 0

    @property
    def is_structure(self) -> bool:
        """Whether there are several outputs."""
        return isinstance(self.expected, tuple | list | dict) or is_dataclass(self.expected)

    @cached_property
    def cotangent(self) -> Any:
        """One for a scalar output, fixed random numbers for the others."""
        return type(self.expected)(1.0) if self.is_scalar_number else noise(np.random.default_rng(5), self.expected)

    @property
    def is_scalar_number(self) -> bool:
        """Whether the output is a number and not a 0-d array."""
        return self.is_scalar and not isinstance(self.expected, np.ndarray)

    @cached_property
    def is_single(self) -> bool:
        """Whether any argument or output is in single precision."""
        found = leaves((self.program.args(), self.expected))
        return any(getattr(x, "dtype", None) in (np.float32, np.complex64) for x in found)

    def reverse(self, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """Return the value and the reverse-mode gradient of ``<cotangent, f(args)>``."""
        return self.or_refused(lambda: self._reverse(args))

    def _reverse(self, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        if self.is_scalar_number:
            value, gradient = self.value_and_grad(*args)
            if self.in_reverse:
                return value, gradient
            _, other = self._pullback(args)
            assert_same(gradient, other, rtol=1e-4 if self.is_single else 1e-10)
            return value, gradient
        return self._pullback(args)

    @cached_property
    def in_reverse(self) -> bool:
        """Whether the gradient runs in reverse mode: that of a few numbers may run in forward mode."""
        return not is_ahead(self.value_and_grad.view(*self.program.args()).plan.compiled.stages["derivative"])

    def _pullback(self, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """Return the value and the cotangents of the active arguments."""
        out, pullback = ad.vjp(self.program.function, *args, argnums=self.argnums, **self.options)
        entries = pullback(self.cotangent)
        assert len(entries) == len(args)
        assert all((entry is None) == (i not in self.argnums) for i, entry in enumerate(entries))
        return out, tuple(entries[i] for i in self.argnums)

    @cached_property
    def value_and_grad(self) -> Any:
        """The transformed function."""
        return ad.value_and_grad(self.program.function, self.argnums, **self.options)

    @cached_property
    def grad(self) -> Callable[..., Any]:
        """The function whose stages can be looked at; its `primal` takes any output."""
        return ad.grad(self.program.function, self.argnums, **self.options)

    @cached_property
    def grad_of_loss(self) -> Callable[..., Any]:
        """The gradient of the program, or of its weighted sum where it returns an array."""
        if self.is_scalar:
            return self.grad
        return ad.grad(weighted_sum(self.program.function, self.cotangent), self.argnums, **self.options)

    @cached_property
    def gradient(self) -> tuple[Any, ...]:
        """The gradient at the program's arguments."""
        return self.reverse(self.program.args())[1]

    def forward(self, args: tuple[Any, ...], tangents: Any) -> tuple[Any, Any]:
        """Return the value and the forward-mode derivative along `tangents`."""
        function, argnums = self.program.function, self.argnums
        return self.or_refused(lambda: ad.jvp(function, args, tangents, argnums=argnums, **self.options))

    @cached_property
    def tangents(self) -> tuple[Any, ...]:
        """Fixed random directions, shaped and typed like the active arguments."""
        return noise(np.random.default_rng(6), self.active(self.program.args()))

    @cached_property
    def estimates(self) -> list[tuple[Any, Estimate]]:
        """Directions and the differences of the plain function along them, in double precision."""
        wide = widened(self.program.args())
        primals = self.active(wide)

        def partial(*moved: Any) -> Any:
            full = list(copied(wide))
            for i, value in zip(self.argnums, moved, strict=True):
                full[i] = value
            return self.program.function(*full)

        cotangent = widened(self.cotangent)
        return [(d, along(partial, primals, d, cotangent)) for d in directions(self.rng, primals)]

    def or_refused(self, call: Callable[[], T]) -> T:
        """Return what `call` gives, or skip when the language lets this program be refused with its place."""
        try:
            with interpreted() if self.plain else nullcontext():
                return call()
        except ad.ADCompilerError as error:
            if not self.program.refusable:
                raise
            # an argument of a type outside the language has no place in the program
            assert (
                error.lineno is not None
                or "argument" in error.what
                or isinstance(error, ad.TypeProblem | ad.NotDifferentiable)
            )
            assert error.what
            assert error.fix
            pytest.skip(f"refused: {error.what}")
