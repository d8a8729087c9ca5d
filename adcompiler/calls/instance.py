"""A compiled function for one signature of its arguments."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from adcompiler.calls.kept.entries import Entry
from adcompiler.calls.lowering import Lowering
from adcompiler.calls.plan import Plan
from adcompiler.calls.signing import exact, is_plain
from adcompiler.critical import LOCK
from adcompiler.errors import ADCompilerError
from adcompiler.gpu_arrays import is_gpu_type, overlap
from adcompiler.signature import run_time_leaves

T = TypeVar("T")


class Instance:
    """A function for one signature of its arguments, with what was prepared for the ways of calling it.

    Parameters
    ----------
    lowering : Lowering
        The compiled forms, shared by signatures of one specification.
    values : tuple
        Arguments of this signature.
    entry : Entry, optional
        What other processes keep of it.
    """

    def __init__(self, lowering: Lowering, values: tuple[Any, ...], entry: Entry | None = None) -> None:
        self.lowering, self.entry = lowering, entry
        self.plans: dict[Hashable, Any] = {}
        self.written = sorted(lowering.face.written)
        found = list(self._leaves(values))
        self.normal = not all(map(is_plain, found))
        # most calls pass numbers and arrays alone: these are the leaves as they are
        self.flat = len(found) == len(values) and all(a is b for a, b in zip(found, values, strict=True))

    def leaves(self, values: tuple[Any, ...], captured: Sequence[Any]) -> list[Any]:
        """The arguments of the compiled function; raises where one that is written shares memory with another."""
        found = [*values, *captured] if self.flat else [*self._leaves(values), *captured]
        if self.normal:
            found = [exact(leaf) for leaf in found]
        if self.written:
            self._check_overlap(found)
        return found

    def fresh(self, leaves: list[Any]) -> list[Any]:
        """The arguments with copies of the arrays that the function writes."""
        for k in self.written:
            leaves[k] = duplicated(leaves[k])
        return leaves

    def open(self, leaves: list[Any]) -> list[Any]:
        """The arguments themselves; raises where the function writes into one that is read-only."""
        names = self.lowering.interface.params
        for k in self.written:
            if isinstance(leaves[k], np.ndarray) and not leaves[k].flags.writeable:
                raise ADCompilerError(
                    f"'{names[k]}' is read-only, and the function writes into it",
                    self.lowering.span,
                    f"pass a copy: {names[k]}.copy()",
                )
        return leaves

    def plan(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was prepared under a key, here or in an earlier process; made at the first time."""
        if key not in self.plans:
            with LOCK:
                if key not in self.plans:
                    kept = None if self.entry is None else self.entry.plan(self.lowering, key)
                    self.plans[key] = self._made(key, make) if kept is None else kept
        found: T = self.plans[key]
        return found

    def _made(self, key: Hashable, make: Callable[[], T]) -> T:
        made, entry = make(), self.entry
        if isinstance(made, Plan) and entry is not None:
            plan: Plan = made
            plan.keep = lambda: entry.keep(self.lowering, key, plan)
        return made

    def _leaves(self, values: tuple[Any, ...]) -> Iterator[Any]:
        for value, spec in zip(values, self.lowering.final, strict=True):
            yield from run_time_leaves(value, spec)

    def _check_overlap(self, leaves: list[Any]) -> None:
        names = self.lowering.interface.params
        for k in self.written:
            if isinstance(leaves[k], np.ndarray) and repeats(leaves[k]):
                raise ADCompilerError(
                    f"elements of '{names[k]}' share memory, and the function writes into '{names[k]}'",
                    self.lowering.span,
                    f"pass a copy: {names[k]}.copy()",
                )
            for other, leaf in enumerate(leaves):
                if other != k and share(leaves[k], leaf):
                    raise ADCompilerError(
                        f"'{names[k]}' and '{names[other]}' share memory, and the function writes into '{names[k]}'",
                        self.lowering.span,
                        f"pass a copy of one of them: {names[other]}.copy()",
                    )


def apart(leaves: Sequence[Any]) -> list[Any]:
    """The leaves with copies of the random generators: what is drawn of these, the others still draw."""
    generators = [leaf for leaf in leaves if isinstance(leaf, np.random.Generator)]
    if not generators:
        return list(leaves)
    # together: two of them may draw from one stream
    copies = iter(copy.deepcopy(generators))
    return [next(copies) if isinstance(leaf, np.random.Generator) else leaf for leaf in leaves]


def duplicated(array: Any) -> Any:
    """A copy of an array, where the array lies and in its order."""
    if isinstance(array, np.ndarray):
        return array.copy(order="K")
    from adcompiler.backend.gpu import exchange

    return exchange.duplicate(array)


def repeats(array: np.ndarray[Any, Any]) -> bool:
    """Whether elements of an array may lie in one place; of those that slices and transpositions give, none do.

    >>> repeats(np.ones((4, 6))[::-2, 1::3].T), repeats(np.broadcast_to(np.ones(3), (2, 3)))
    (False, True)
    """
    if array.size < 2:
        return False
    end = array.itemsize
    for stride, extent in sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if stride < end:
            return True
        end += stride * (extent - 1)
    return False


def share(a: Any, b: Any) -> bool:
    """Whether two leaves have an element in common; where that is too hard to tell, whether they may."""
    if is_gpu_type(type(a)) and is_gpu_type(type(b)):
        return overlap(a, b)
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray) or not np.may_share_memory(a, b):
        return False
    try:
        return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True
