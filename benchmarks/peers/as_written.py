"""A function as its author wrote it, with another library under the names of NumPy."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

from benchmarks.peers import loops_over_steps, whole_arrays


def as_written(function: Callable[..., Any], library: dict[str, Any]) -> Callable[..., Any]:
    """A function of whole arrays, and those of its module that it calls, with other meanings of some names."""
    assert isinstance(function, FunctionType)
    meaning = function.__globals__ | library
    for name, value in function.__globals__.items():
        if name not in library and isinstance(value, FunctionType) and value.__module__ == function.__module__:
            meaning[name] = FunctionType(value.__code__, meaning, name)
    return FunctionType(function.__code__, meaning, function.__name__)


def shared(name: str, library: dict[str, Any]) -> Callable[..., Any]:
    """The program of loops of that name, in the text that several libraries take."""
    module = whole_arrays if hasattr(whole_arrays, name) else loops_over_steps
    return as_written(getattr(module, name), library)
