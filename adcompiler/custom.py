"""What a user may mark in a function."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def stop_gradient(x: T) -> T:
    """`x`, with no derivative: a plain identity in Python, a constant for differentiation.

    Examples
    --------
    >>> import adcompiler as ad
    >>> ad.grad(lambda x: x * ad.stop_gradient(x))(3.0)
    3.0
    """
    return x
