"""The benchmark programs by name."""

import importlib
import pkgutil

from benchmarks import programs
from benchmarks.program import Program


def names() -> list[str]:
    """The names of all programs.

    Examples
    --------
    >>> "lu_logdet" in names()
    True
    """
    return [module.name for module in pkgutil.iter_modules(programs.__path__)]


def load(name: str) -> Program:
    """The program of that name."""
    program: Program = importlib.import_module(f"benchmarks.programs.{name}").PROGRAM
    return program
