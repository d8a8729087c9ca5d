"""What a user may mark in a function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import MethodType
from typing import Any, Generic, ParamSpec, TypeVar

from adcompiler.calls.kept.pickling import Carried, Parts
from adcompiler.handlers import handled_in

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


@handled_in("adcompiler.inside")
def stop_gradient(x: T) -> T:
    """The value of `x` as a constant: Python's identity, and nothing flows through it backwards or forwards.

    Parameters
    ----------
    x : float, array, tuple, list or dict
        Any value.

    Returns
    -------
    same as `x`
        `x` itself.

    Examples
    --------
    >>> import adcompiler as ad
    >>> def f(x):
    ...     return x * ad.stop_gradient(x)
    >>> ad.grad(f)(3.0)
    3.0
    """
    return x


NO_STATE = "checkpointed_range() keeps one state at least: snapshots must be positive"


@handled_in("adcompiler.inside")
def checkpointed_range(n: int, snapshots: int | None = None, memory: int | None = None) -> range:
    """`range(n)` for a loop of which reverse mode keeps some states and runs the iterations between again.

    Nothing of an iteration is recorded until its turn in the reverse sweep. Which states are kept is the schedule with
    the fewest iterations to run again (Griewank and Walther's *revolve*).

    Parameters
    ----------
    n : int
        The number of iterations.
    snapshots : int, optional
        How many states may be kept at a time, one at least. By default as many as let no iteration run more than once
        again before it is reversed: about the square root of `2 * n`.
    memory : int, optional
        How many bytes the states may take, instead of a number of snapshots.

    Returns
    -------
    range
        `range(n)`.

    Examples
    --------
    >>> import adcompiler as ad
    >>> def f(x):
    ...     for _ in ad.checkpointed_range(3, snapshots=2):
    ...         x = x * x
    ...     return x
    >>> f(2.0), ad.grad(f)(2.0)
    (256.0, 1024.0)
    """
    if snapshots is not None and memory is not None:
        raise TypeError("checkpointed_range() takes snapshots or memory, not both")
    if snapshots is not None and snapshots < 1:
        raise ValueError(NO_STATE)
    return range(n)


def run_again(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The value of a call that reverse mode runs again: a loop of one iteration, of which the state before is kept."""
    result: Any = None
    for _ in checkpointed_range(1, snapshots=1):
        result = function(*args, **kwargs)
    return result  # type: ignore[no-any-return]


class Checkpointed(Carried, Generic[P, R]):
    """A function whose calls reverse mode runs again; called as it is, the function itself."""

    function: Callable[P, R]

    def __init__(self, function: Callable[P, R]) -> None:
        if not callable(function):
            raise TypeError(f"checkpoint() needs a function, not {function!r}")
        functools.update_wrapper(self, function)
        self.function = self.__alone__ = function

    def _parts(self) -> Parts:
        return (self.function,), {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The value."""
        return run_again(self.function, *args, **kwargs)

    def __get__(self, owner: object, kind: type | None = None) -> Any:
        return self if owner is None else MethodType(self, owner)


@handled_in("adcompiler.inside")
def checkpoint(f: Callable[P, R]) -> Checkpointed[P, R]:
    """The function `f`, of whose calls reverse mode records nothing: it runs them again in the reverse sweep.

    What a call reads and the program overwrites later is copied before it.

    Parameters
    ----------
    f : callable
        A function of the language.

    Returns
    -------
    callable
        A function with the meaning of `f`.

    Examples
    --------
    >>> import adcompiler as ad
    >>> @ad.checkpoint
    ... def cube(x):
    ...     return x * x * x
    >>> def f(x):
    ...     return cube(cube(x))
    >>> f(2.0), ad.grad(f)(2.0)
    (512.0, 2304.0)
    """
    return Checkpointed(f)
