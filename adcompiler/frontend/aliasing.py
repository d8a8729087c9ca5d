"""Arrays under a name that several paths bind: refused where memory written through it could be one or another."""

from __future__ import annotations

from adcompiler.ir.wengert import Func


def check_carried_arrays(fn: Func) -> None:
    """Refuse the writes that the later stages could not follow."""
