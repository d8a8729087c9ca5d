"""Array lines as loops over elements."""

from __future__ import annotations

from adcompiler.ir.wengert import Func


def lower_arrays(fn: Func) -> Func:
    """The same function."""
    return fn
