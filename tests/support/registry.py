"""The list of whole programs: each file of ``tests/programs`` adds its functions to it and leaves them as they are."""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tests.programs

Factory = Callable[[np.random.Generator], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Program:
    """A user's function, a factory of its arguments, and the arguments to differentiate by."""

    name: str
    function: Callable[..., Any]
    factory: Factory
    argnums: tuple[int, ...]
    refusable: bool

    def args(self) -> tuple[Any, ...]:
        """Return fresh arguments, the same at every call."""
        return self.factory(np.random.default_rng(zlib.crc32(self.name.encode())))


PROGRAMS: dict[str, Program] = {}


def program(
    function: Callable[..., Any],
    args: Factory,
    argnums: tuple[int, ...] = (0,),
    *,
    name: str | None = None,
    refusable: bool = False,
) -> None:
    """Record `function`; `refusable` marks the constructs that may also be refused with their place."""
    short = name or function.__name__
    if short in PROGRAMS:
        raise ValueError(f"two programs are called {short}")
    PROGRAMS[short] = Program(short, function, args, argnums, refusable)


def load_programs() -> list[Program]:
    """Import every file of ``tests/programs`` and return what they recorded, in order of the files."""
    for module in sorted(info.name for info in pkgutil.iter_modules(tests.programs.__path__)):
        if not module.startswith("test_"):
            importlib.import_module(f"tests.programs.{module}")
    return list(PROGRAMS.values())
