"""The least number that a loop counts to: a negative index stands for an element counted from the end."""

from __future__ import annotations

from adcompiler.ir.wengert import Const, Loop


def least_index(loop: Loop) -> int | None:
    """A bound on the index of a loop from below, where the text has one.

    >>> from adcompiler.ir.wengert import Var
    >>> n = Var("n")
    >>> least_index(Loop(Var("i"), Const(2), n, Const(1), (), (), None, False, None))
    2
    >>> least_index(Loop(Var("i"), n, Const(-1), Const(-1), (), (), None, False, None))
    0
    """
    if not isinstance(loop.step, Const) or not isinstance(loop.step.value, int):
        return None
    end, beyond = (loop.start, 0) if loop.step.value > 0 else (loop.stop, 1)
    return end.value + beyond if isinstance(end, Const) and isinstance(end.value, int) else None


__all__ = ["least_index"]
