"""What a user may mark in a function."""

from __future__ import annotations

from typing import TypeVar

from adcompiler.handlers import handled_in

T = TypeVar("T")


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
        How many states may be kept at a time. By default as many as let no iteration run more than twice again:
        about the square root of `2 * n`.
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
    return range(n)
