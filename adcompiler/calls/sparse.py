"""Sparse Jacobians and Hessians: directions of many columns or rows at once, and the entries read out of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adcompiler.calls.colours import Group, groups
from adcompiler.calls.instance import Instance
from adcompiler.calls.matrices import LANES, Leaf, Matrix, Mode, leaves_of, split
from adcompiler.calls.patterns import Entries, Finder, entries
from adcompiler.calls.results import Tree
from adcompiler.errors import NotDifferentiable
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign
from adcompiler.signature import OutTree

Ints = np.ndarray[Any, np.dtype[np.integer[Any]]]
Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Gather:
    """Entries that one result of a run holds: their numbers, all where None, and where they lie in it."""

    result: int
    entries: Ints | None
    places: Ints


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a function of several directions: what it is, its seeds, and the entries that it gives."""

    matrix: Matrix
    seeds: tuple[Array, ...]
    gathers: tuple[Gather, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """The part of a matrix that belongs to a row leaf and a column leaf; `entries` is None where it is all of it."""

    shape: tuple[int, int]
    begins: Ints
    columns: Ints
    entries: Ints | None
    dtype: str


@dataclass(frozen=True, slots=True)
class Structure:
    """How a matrix is computed at arguments that agree in `key`."""

    key: tuple[object, ...]
    count: int
    dtype: str
    runs: tuple[Run, ...]
    blocks: Mapping[tuple[int, int], Block]


class SparseMatrix:
    """The derivative of each result, or gradient, by each leaf of some arguments, as sparse matrices.

    The pattern is found at the first call, and again wherever anything differs on which it can depend.

    Parameters
    ----------
    instance : Instance
        The function.
    kind : "jacobian" or "hessian"
        What is computed.
    out : OutTree
        What of the function's result is differentiated.
    wrt : tuple of int
        Parameters by which it is.
    tree : Tree
        The form of what is differentiated.
    """

    def __init__(self, instance: Instance, kind: str, out: OutTree, wrt: tuple[int, ...], tree: Tree) -> None:
        self.instance, self.kind, self.out, self.wrt, self.tree = instance, kind, out, wrt, tree
        self.finder = Finder(instance, kind, out, wrt)
        self.known: Structure | None = None

    def blocks(
        self, leaves: Sequence[Any], fresh: Callable[[], list[Any]], columns: Sequence[Leaf]
    ) -> dict[tuple[int, int], Any]:
        """The matrix by leaf of row and of column."""
        from scipy.sparse import csr_matrix

        key, structure = self.finder.key(leaves), self.known
        if structure is None or structure.key != key:
            structure = self.known = self._structure(key, fresh, columns)
        data = self._data(structure, fresh)
        found = {}
        for place, block in structure.blocks.items():
            values = (data if block.entries is None else data[block.entries]).astype(block.dtype, copy=False)
            # whoever gets a matrix may change it
            found[place] = csr_matrix((values, block.columns.copy(), block.begins.copy()), shape=block.shape)
        return found

    def _data(self, structure: Structure, fresh: Callable[[], list[Any]]) -> Array:
        """The values of all entries."""
        data = np.empty(structure.count, structure.dtype)
        for run in structure.runs:
            # a parameter that the function writes has its tangents written too
            seeds = [s.copy() for s in run.seeds] if self.instance.written else run.seeds
            results = run.matrix.plan.results([*fresh(), *seeds])
            for gather in run.gathers:
                flat = np.reshape(results[gather.result], -1)
                if gather.entries is None:
                    data = flat[gather.places].astype(structure.dtype, copy=False)
                else:
                    data[gather.entries] = flat[gather.places]
        return data

    # -- the structure -----------------------------------------------------------------------------------------------

    def _structure(self, key: tuple[object, ...], fresh: Callable[[], list[Any]], columns: Sequence[Leaf]) -> Structure:
        ids, sets = self.finder.sets(fresh, columns)
        if self.kind == "hessian":
            rows = list(columns)
        else:
            shapes = [ids.get(p) for p in range(len(self.instance.lowering.interface.results))]
            rows = leaves_of(self.tree, shapes)
            if not rows:
                raise NotDifferentiable("the function returns no float", None, "return floats or arrays of them")
        keep = self.instance.lowering.of.options.cache
        width = sum(leaf.size for leaf in columns)
        pattern = entries([ids[leaf.position] for leaf in rows], sets, width, keep)
        hessian = self.kind == "hessian"
        found = groups(pattern, not hessian, not hessian or self._symmetric(), keep)
        runs = [run for group in found for run in self._runs(group, pattern, rows, columns)]
        dtype = np.result_type(*(leaf.type.dtype for leaf in rows)).name
        return Structure(key, pattern.columns.size, dtype, tuple(runs), blocks_of(pattern, rows, columns))

    def _symmetric(self) -> bool:
        """Whether second derivatives are symmetric: declared derivatives need not be those of their function."""
        fn = self.instance.lowering.lowered.func
        return not any(isinstance(s, Assign) and s.op == "custom" for s in walk(fn.body))

    def _runs(self, group: Group, pattern: Entries, rows: Sequence[Leaf], columns: Sequence[Leaf]) -> list[Run]:
        """The runs for directions of a group, `LANES` at once."""
        lines, across = pattern.rows[group.served], pattern.columns[group.served]
        seeded, found = (lines, across) if group.side == "rows" else (across, lines)
        leaves, others = (rows, columns) if group.side == "rows" else (columns, rows)
        mode: Mode = "hessian" if self.kind == "hessian" else "reverse" if group.side == "rows" else "forward"
        matrix = self.instance.plan((mode, self.wrt, self.out), lambda: Matrix(self.instance, mode, self.out, self.wrt))
        colours, all_served = group.colours[seeded], group.served.size == pattern.columns.size
        runs = []
        for start in range(0, group.count, LANES):
            lanes = min(LANES, group.count - start)
            here = np.flatnonzero((colours >= start) & (colours < start + lanes))
            gathers, first = [], 0
            for leaf, result in zip(others, matrix.found, strict=True):
                mine = here[(found[here] >= first) & (found[here] < first + leaf.size)]
                whole = all_served and mine.size == pattern.columns.size
                places = (found[mine] - first) * lanes + colours[mine] - start
                gathers.append(Gather(result, None if whole else group.served[mine], places.astype(np.intp)))
                first += leaf.size
            runs.append(Run(matrix, seeds_of(leaves, group.colours, start, lanes), tuple(gathers)))
        return runs


def seeds_of(leaves: Sequence[Leaf], colours: Ints, start: int, lanes: int) -> tuple[Array, ...]:
    """For each leaf one in the lane of each entry's colour."""
    flat = np.zeros((lanes, colours.size))
    here = np.flatnonzero((colours >= start) & (colours < start + lanes))
    flat[colours[here] - start, here] = 1.0
    parts = zip(leaves, split(flat, leaves), strict=True)
    return tuple(np.ascontiguousarray(part.T, leaf.type.dtype).reshape(*leaf.shape, lanes) for leaf, part in parts)


def blocks_of(pattern: Entries, rows: Sequence[Leaf], columns: Sequence[Leaf]) -> dict[tuple[int, int], Block]:
    """The entries by leaf of row and of column."""
    made, top = {}, 0
    for row in rows:
        begins = pattern.begins[top : top + row.size + 1]
        here, left = pattern.columns[begins[0] : begins[-1]], 0
        lines = np.repeat(np.arange(row.size), np.diff(begins))
        for column in columns:
            shape, dtype = (row.size, column.size), row.type.dtype
            if len(rows) == len(columns) == 1:
                made[row.position, column.position] = Block(shape, begins, here, None, dtype)
                continue
            mine = np.flatnonzero((here >= left) & (here < left + column.size))
            own = np.zeros(row.size + 1, pattern.begins.dtype)
            np.cumsum(np.bincount(lines[mine], minlength=row.size), out=own[1:])
            made[row.position, column.position] = Block(shape, own, here[mine] - left, mine + begins[0], dtype)
            left += column.size
        top += row.size
    return made
