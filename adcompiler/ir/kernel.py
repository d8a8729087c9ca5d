"""A loop whose iterations run at the same time, as a function of one of them."""

from __future__ import annotations

from dataclasses import dataclass

from adcompiler.ir.wengert import Func, Var


@dataclass(frozen=True, slots=True)
class Kernel:
    """What one thread of a GPU runs for each of its items.

    Parameters
    ----------
    item : Func
        Of the index of an iteration, then of `given` and `gathered`; its results are what it joins to `totals`.
    given : tuple of Var
        What iterations read, and arrays into whose own elements they store.
    gathered : tuple of Var
        Arrays to which iterations add; each thread has one of its own, and these are added up.
    totals : tuple of Var
        The names of the sums and extremes over all iterations.
    folds : tuple of str
        The operations that join to them: "add", "maximum" or "minimum".
    added : tuple of Var
        Those of `gathered` with which items do nothing but add to elements, so that all threads may share one array.
    """

    item: Func
    given: tuple[Var, ...]
    gathered: tuple[Var, ...]
    totals: tuple[Var, ...]
    folds: tuple[str, ...]
    added: tuple[Var, ...] = ()
