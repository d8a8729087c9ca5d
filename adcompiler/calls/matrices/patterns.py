"""The sparsity pattern of a matrix of derivatives at some arguments."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from adcompiler.calls.instance import Instance
from adcompiler.calls.matrices.directions import Leaf
from adcompiler.calls.plan import Plan
from adcompiler.calls.results import Constant, Tree, positions, value_tree
from adcompiler.emit.functions.sets import COUNT, FIRST, LACKING, ROOM, ROUNDED, SMALL, TOP
from adcompiler.errors import NotDifferentiable
from adcompiler.options import Derivative
from adcompiler.signature import OutTree

Ints = np.ndarray[Any, np.dtype[np.integer[Any]]]

#: Room for sets, in words, beyond which large unions count as all columns.
WORDS = 1 << 27
#: Entries that a pattern may have.
ENTRIES = 1 << 30


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries that may be other than zero, row by row: where each row begins, and the columns in order."""

    begins: Ints
    columns: Ints
    width: int

    @property
    def rows(self) -> Ints:
        """The row of each entry."""
        return np.repeat(np.arange(self.begins.size - 1), np.diff(self.begins))


class Finder:
    """Finds the pattern of a Jacobian or a Hessian.

    Parameters
    ----------
    instance : Instance
        The function.
    kind : "jacobian" or "hessian"
        Of what.
    out : OutTree
        What of the function's result is differentiated.
    wrt : tuple of int
        Parameters by which it is.
    """

    def __init__(self, instance: Instance, kind: str, out: OutTree, wrt: tuple[int, ...]) -> None:
        lowering = instance.lowering
        fn = lowering.interface
        real = [p for p, result in enumerate(fn.results) if fn.type(result).is_float]
        outs = positions(value_tree(out, fn))
        if kind == "hessian":
            first = len(fn.results) + len(wrt) + len(real)
            # the rows are those of the gradient: parameters
            self.found = {p: first + k for k, p in enumerate(wrt)}
            count = first + len(wrt)
            derivative = Derivative("reverse", wrt, "one", tuple(sorted(outs)), second=True, pattern=True)
        else:
            first = len(fn.results)
            self.found = {p: first + real.index(p) for p in outs}
            count = first + len(real)
            derivative = Derivative("forward", wrt, pattern=True)
        self.instance = instance
        self.plan = instance.plan(derivative, lambda: Plan(lowering.compiled(derivative), Constant(None), count))

    @cached_property
    def read(self) -> tuple[int, ...]:
        """Positions of the arguments whose values decide the pattern: those that the compiled text reads."""
        text, name = self.plan.compiled.text, self.plan.compiled.name
        (function,) = (f for f in ast.parse(text).body if isinstance(f, ast.FunctionDef) and f.name == name)
        extents = {id(n.value) for n in ast.walk(function) if isinstance(n, ast.Attribute) and n.attr == "shape"}
        names = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and id(n) not in extents}
        count = len(self.instance.lowering.interface.params)
        return tuple(k for k, a in enumerate(function.args.args[:count]) if a.arg in names)

    @property
    def by_numbers(self) -> bool:
        """Whether floating numbers decide the pattern."""
        fn = self.instance.lowering.interface
        kinds = [fn.type(fn.params[k]) for k in self.read]
        return any(kind.is_float or kind.is_generator for kind in kinds)

    def key(self, leaves: Sequence[Any]) -> tuple[object, ...]:
        """What of the arguments decides the pattern: all shapes, and the bytes of what is read."""
        shapes = tuple(np.shape(leaf) for leaf in leaves)
        return shapes, tuple(_content(leaves[k]) for k in self.read)

    def sets(self, fresh: Callable[[], list[Any]], columns: Sequence[Leaf]) -> tuple[dict[int, Any], Ints]:
        """For each row leaf by position the numbers of the sets of its elements; and the sets."""
        width = sum(leaf.size for leaf in columns)
        room = 4 * width + (1 << 16)
        while True:
            sets = new_sets(width, room)
            results = self.plan.results([*fresh(), *numbered(columns), sets])
            if not sets[LACKING] or sets.size > WORDS:
                return {p: results[k] for p, k in self.found.items()}, sets
            room *= 4


def _content(leaf: Any) -> bytes:
    """The bytes of an argument's value; of a generator those of its state."""
    if isinstance(leaf, np.random.Generator):
        return pickle.dumps(leaf.bit_generator.state)
    return np.asarray(leaf).tobytes()


def new_sets(width: int, room: int) -> Ints:
    """The empty set, that of all columns, and each column alone, with room for more."""
    sets = np.zeros(FIRST + 10 * room, np.int64)
    top = FIRST + 2 * room
    sets[ROOM], sets[COUNT], sets[TOP], sets[ROUNDED] = room, width + 2, top + width, width <= 4 * SMALL
    alone = np.arange(width)
    sets[FIRST + 2 : FIRST + 2 + width] = top + alone
    sets[FIRST + room + 2 : FIRST + room + 2 + width] = 1
    sets[top : top + width] = alone
    return sets


def numbered(leaves: Sequence[Leaf]) -> list[Any]:
    """The seeds of a pattern: for each entry of the leaves the set that holds its column alone."""
    made, first = list[Any](), 2
    for leaf in leaves:
        seeds = np.arange(first, first + leaf.size).reshape(leaf.shape)
        made.append(seeds if leaf.shape else int(seeds))
        first += leaf.size
    return made


def entries(ids: Sequence[Any], sets: Ints, width: int, keep: bool) -> Entries:
    """The columns of sets, row by row."""
    from adcompiler.calls.matrices.sparsity_loops import compiled, members

    flat = np.concatenate([np.reshape(np.asarray(i, np.int64), -1) for i in ids])
    begins, columns = compiled(members, keep)(flat, sets, FIRST, int(sets[ROOM]), width, ENTRIES)
    if begins[-1] < 0:
        raise NotDifferentiable(
            f"the matrix of derivatives has more than {ENTRIES} entries that may be other than zero",
            None,
            "use vjp, jvp or hvp, which need no matrix",
        )
    small = max(int(begins[-1]), width) < np.iinfo(np.int32).max
    return Entries(begins.astype(np.int32) if small else begins, columns if small else columns.astype(np.int64), width)


__all__ = ["Entries", "Finder", "Tree", "entries"]
