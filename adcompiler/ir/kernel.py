"""A loop whose iterations run at the same time, as a function of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Func, Grow, Load, Stmt, Store, Var


class Written(Enum):
    """What a host calls that is not generated, by the name under which it calls it."""

    RUNNING_SUM = "device.running_sum"


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
    alone : bool
        Whether it runs lines of the host, once.
    """

    item: Func
    given: tuple[Var, ...]
    gathered: tuple[Var, ...]
    totals: tuple[Var, ...]
    folds: tuple[str, ...]
    added: tuple[Var, ...] = ()
    alone: bool = False


def is_alone(kernel: Kernel | Written) -> bool:
    """Whether a kernel runs lines of the host, once."""
    return isinstance(kernel, Kernel) and kernel.alone


def host_arrays(host: Func) -> frozenset[Var]:
    """The arrays of which a host only stores and reads elements, so that they may lie in its own memory.

    No kernel is given one, nor is a view of it: they hold numbers that a loop of the host computes, as its records do.
    """
    memory = memory_of(host)
    made = {s.target for s in walk(host.body) if isinstance(s, Assign) and kind(s.op) == "alloc" and s.op != "arange"}
    elsewhere = {memory.root(v) for v in (*host.params, *host.results) if isinstance(v, Var)}
    for stmt in walk(host.body):
        for v in (*_whole(host, stmt), *yields(stmt)):
            if isinstance(v, Var) and host.types[v.name].rank:
                elsewhere.add(memory.root(v))
    stored = {memory.root(s.array) for s in walk(host.body) if isinstance(s, Store)}
    return frozenset(v for v in made if memory.root(v) in stored - elsewhere)


def _whole(host: Func, stmt: Stmt) -> Iterator[Atom]:
    """What a statement reads but for the array of which it is given an element, or a row more."""
    match stmt:
        case Load(target=target) if not host.types[target.name].rank:
            return
        case Store(value=value) if not host.shape(value):
            return
        case Grow():
            return
        case Assign(op="dim"):
            return
        case _:
            yield from operands(stmt)
