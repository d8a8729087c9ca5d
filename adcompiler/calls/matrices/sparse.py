"""Sparse Jacobians and Hessians: directions of many columns or rows at once, and the entries read out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adcompiler.calls.instance import Instance
from adcompiler.calls.matrices.colours import Group, groups
from adcompiler.calls.matrices.dense import LANES, Matrix, Mode, leaves_of, split
from adcompiler.calls.matrices.directions import Leaf, in_lanes, lanes_of, only_real
from adcompiler.calls.matrices.patterns import Entries, Finder, entries
from adcompiler.calls.results import Tree, positions
from adcompiler.errors import NotDifferentiable
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign
from adcompiler.signature import OutTree

Ints = np.ndarray[Any, np.dtype[np.integer[Any]]]
Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a function of several directions: what it is, of which leaves directions are made, and the seeds."""

    matrix: Matrix
    leaves: tuple[Leaf, ...]
    seeds: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Gather:
    """Entries of a block that one result of a run holds: their numbers, all where None, and where they lie in it."""

    run: int
    result: int
    entries: Ints | None
    places: Ints


@dataclass(frozen=True, slots=True)
class Block:
    """The part of a matrix that belongs to a row leaf and a column leaf, and where its entries are found."""

    shape: tuple[int, int]
    begins: Ints
    columns: Ints
    dtype: str
    gathers: tuple[Gather, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """How a matrix is computed at arguments that agree in `key`."""

    key: tuple[object, ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    runs: tuple[Run, ...]
    blocks: Mapping[tuple[int, int], Block]


@dataclass(frozen=True, slots=True)
class Origins:
    """For each entry of the whole matrix the run that gives it, the result in which it lies, and its place there."""

    run: Ints
    result: Ints
    place: Ints


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
        fn = instance.lowering.interface
        only_real(fn.type(atom) for atom in (*(fn.params[p] for p in wrt), *(fn.results[p] for p in positions(tree))))
        self.finder = Finder(instance, kind, out, wrt)
        self.known: Structure | None = None

    def blocks(
        self, leaves: Sequence[Any], fresh: Callable[[], list[Any]], columns: Sequence[Leaf]
    ) -> dict[tuple[int, int], Any]:
        """The matrix by leaf of row and of column."""
        from scipy.sparse import csr_matrix

        key, structure = self.finder.key(leaves), self.known
        new = structure is None or structure.key != key
        if structure is None or new:
            structure = self._structure(key, fresh, columns)
        data = self._values(structure, fresh)
        found = {}
        for place, block in structure.blocks.items():
            # whoever gets a matrix may change it
            parts = data[place], block.columns.copy(), block.begins.copy()
            found[place] = csr_matrix(parts, shape=block.shape)
        if new and self.finder.by_numbers:
            self._compare(structure, found, fresh)
        self.known = structure
        return found

    def _compare(
        self, structure: Structure, found: Mapping[tuple[int, int], Any], fresh: Callable[[], list[Any]]
    ) -> None:
        """Refuse a pattern that is not that of the derivative: a comparison may end otherwise in the last bit.

        Products with directions in which every entry counts once are computed from the derivative alone.
        """
        if not structure.runs:
            return
        run, rng = structure.runs[0], np.random.default_rng(0)
        along_rows = run.matrix.mode == "reverse"
        seeded, others = (structure.rows, structure.columns) if along_rows else (structure.columns, structure.rows)
        size = sum(leaf.size for leaf in run.leaves)
        # entries that are missing may cancel each other where they meet in a lane
        for lanes in rng.integers(0, LANES, (2, size)):
            results = run.matrix.plan.results([*fresh(), *seeds_of(run.leaves, lanes, LANES)])
            seeds = list(split(np.eye(LANES)[:, lanes], run.leaves))
            for other, result in zip(others, run.matrix.found, strict=True):
                parts = [found[at, other].T if along_rows else found[other, at] for at in seeded]
                total = sum(part @ seed.T for part, seed in zip(parts, seeds, strict=True))
                sizes = sum(abs(part) @ seed.T for part, seed in zip(parts, seeds, strict=True))
                if not _agree(np.reshape(results[result], total.shape), total, sizes):
                    raise NotDifferentiable(
                        "the entries that may be other than zero depend on the last bits of a number",
                        self.instance.lowering.span,
                        "leave mode='auto', or let no loop or branch end at rounding",
                    )

    def _values(self, structure: Structure, fresh: Callable[[], list[Any]]) -> dict[tuple[int, int], Array]:
        """The values of each block's entries."""
        data = {place: np.empty(block.columns.size, block.dtype) for place, block in structure.blocks.items()}
        for number, run in enumerate(structure.runs):
            results = run.matrix.plan.results([*fresh(), *run.seeds])
            for place, block in structure.blocks.items():
                for gather in block.gathers:
                    if gather.run == number:
                        flat = np.reshape(results[gather.result], -1)
                        if gather.entries is None:
                            data[place] = flat.take(gather.places).astype(block.dtype, copy=False)
                        else:
                            data[place][gather.entries] = flat[gather.places]
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
        width, hessian = sum(leaf.size for leaf in columns), self.kind == "hessian"
        pattern = entries([ids[leaf.position] for leaf in rows], sets, width, keep)
        count = pattern.columns.size
        origins = Origins(np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.intp))
        runs = list[Run]()
        for group in groups(pattern, not hessian, not hessian or self._symmetric(), keep):
            self._add(runs, origins, group, pattern, rows, columns)
        row_leaves, column_leaves = (tuple(leaf.position for leaf in leaves) for leaves in (rows, columns))
        return Structure(key, row_leaves, column_leaves, tuple(runs), blocks_of(pattern, origins, rows, columns))

    def _symmetric(self) -> bool:
        """Whether second derivatives are symmetric: declared derivatives need not be those of their function."""
        fn = self.instance.lowering.lowered.func
        return not any(isinstance(s, Assign) and s.op == "custom" for s in walk(fn.body))

    def _add(
        self,
        runs: list[Run],
        origins: Origins,
        group: Group,
        pattern: Entries,
        rows: Sequence[Leaf],
        columns: Sequence[Leaf],
    ) -> None:
        """Add the runs for directions of a group, `LANES` at once."""
        lines, across = pattern.rows[group.served], pattern.columns[group.served]
        seeded, found = (lines, across) if group.side == "rows" else (across, lines)
        leaves, others = (rows, columns) if group.side == "rows" else (columns, rows)
        mode: Mode = "hessian" if self.kind == "hessian" else "reverse" if group.side == "rows" else "forward"
        matrix = self.instance.plan((mode, self.wrt, self.out), lambda: Matrix(self.instance, mode, self.out, self.wrt))
        firsts = np.cumsum([0, *(leaf.size for leaf in others)])
        leaf = np.searchsorted(firsts, found, "right") - 1
        colours = group.colours[seeded]
        origins.run[group.served] = len(runs) + colours // LANES
        origins.result[group.served] = np.array(matrix.found)[leaf]
        count = group.count
        # the last run may have fewer lanes
        lanes = lanes_of(min(LANES, count))
        last = np.where(colours // LANES == (count - 1) // LANES, lanes_of((count - 1) % LANES + 1), lanes)
        origins.place[group.served] = (found - firsts[leaf]) * last + colours % LANES
        for start in range(0, count, LANES):
            seeds = seeds_of(leaves, group.colours - start, lanes_of(min(LANES, count - start)))
            runs.append(Run(matrix, tuple(leaves), seeds))


def _agree(products: Array, total: Array, sizes: Array) -> bool:
    """Whether products are those with a matrix, but for rounding: `sizes` are those with its absolute values."""
    rounding = np.sqrt(np.finfo(products.dtype).eps)
    return bool(np.all(np.abs(products - total) <= rounding * (sizes + 1e-3 * np.max(sizes, initial=0.0))))


def seeds_of(leaves: Sequence[Leaf], lanes: Ints, count: int) -> tuple[Any, ...]:
    """For each leaf the lane in which each entry is one, of all leaves' entries; and how many lanes there are."""
    return (*(in_lanes(part, leaf) for leaf, part in zip(leaves, split(lanes, leaves), strict=True)), count)


def blocks_of(
    pattern: Entries, origins: Origins, rows: Sequence[Leaf], columns: Sequence[Leaf]
) -> dict[tuple[int, int], Block]:
    """The entries by leaf of row and of column."""
    made, top = {}, 0
    for row in rows:
        begins = pattern.begins[top : top + row.size + 1]
        here, left = pattern.columns[begins[0] : begins[-1]], 0
        lines = np.repeat(np.arange(row.size), np.diff(begins))
        for column in columns:
            mine = np.flatnonzero((here >= left) & (here < left + column.size))
            own = np.zeros(row.size + 1, pattern.begins.dtype)
            np.cumsum(np.bincount(lines[mine], minlength=row.size), out=own[1:])
            found = tuple(gathers(origins, mine + begins[0]))
            shape = row.size, column.size
            made[row.position, column.position] = Block(shape, own, here[mine] - left, row.type.dtype, found)
            left += column.size
        top += row.size
    return made


def gathers(origins: Origins, entries: Ints) -> Iterator[Gather]:
    """Where the entries of a block lie, result by result."""
    runs, results, places = origins.run[entries], origins.result[entries], origins.place[entries]
    many = int(results.max(initial=0)) + 1
    kinds = np.flatnonzero(np.bincount(runs * many + results))
    for run, result in (divmod(int(kind), many) for kind in kinds):
        mine = np.flatnonzero((runs == run) & (results == result))
        yield Gather(run, result, None if kinds.size == 1 else mine, places[mine])
