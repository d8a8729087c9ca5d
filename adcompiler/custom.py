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
