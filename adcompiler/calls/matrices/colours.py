"""Which directions serve a sparse matrix: entries of one direction that fall into one row are never both there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from adcompiler.calls.matrices.patterns import Entries

Ints = np.ndarray[Any, np.dtype[np.integer[Any]]]

#: Steps of a colouring beyond which every direction serves one column or row alone.
STEPS = 1 << 31


@dataclass(frozen=True, slots=True)
class Group:
    """Directions along columns or rows, and the entries that they give.

    Parameters
    ----------
    side : "columns" or "rows"
        What the directions are made of.
    colours : array of int
        For each column or row the direction of which it is a part; -1 where of none.
    served : array of int
        The numbers of the entries.
    """

    side: Literal["columns", "rows"]
    colours: Ints
    served: Ints

    @property
    def count(self) -> int:
        """How many directions."""
        return int(self.colours.max(initial=-1)) + 1


def groups(entries: Entries, rows: bool, peeled: bool, keep: bool) -> list[Group]:
    """The fewest directions found: along columns with some dense rows apart, or along rows with some dense columns.

    `rows` says whether there may be directions of many rows, `peeled` whether there may be directions of one.
    """
    ways: list[tuple[int, Callable[[], list[Group]]]] = [
        (_least(np.diff(entries.begins), peeled), lambda: _along_columns(entries, peeled, keep))
    ]
    if rows:
        counts = np.bincount(entries.columns, minlength=entries.width)
        ways.append((_least(counts, peeled), lambda: _along_rows(entries, peeled, keep)))
    # the one that promises more comes first; no other is tried that cannot need fewer
    found: list[Group] | None = None
    for least, way in sorted(ways, key=lambda pair: pair[0]):
        if found is None or least < total(found):
            other = way()
            found = other if found is None or total(other) < total(found) else found
    assert found is not None
    return found


def total(found: list[Group]) -> int:
    """How many directions there are in all."""
    return sum(group.count for group in found)


def _least(sizes: Ints, peeled: bool) -> int:
    """No fewer directions serve lines of these sizes, the largest of which may have directions of their own."""
    return int(_apart(sizes)[1] if peeled else sizes.max(initial=0))


def _apart(sizes: Ints) -> tuple[Ints, int]:
    """The lines that are served better by a direction of their own, and how many directions serve all at least."""
    order = np.argsort(-sizes, kind="stable")
    costs = np.arange(sizes.size + 1) + np.append(sizes[order], 0)
    best = int(np.argmin(costs))
    # a second function is worth compiling where it saves half of the work
    if not sizes.size or 2 * costs[best] > costs[0]:
        return order[:0], int(sizes.max(initial=0))
    return order[:best], int(costs[best])


def _along_columns(entries: Entries, peeled: bool, keep: bool) -> list[Group]:
    sizes = np.diff(entries.begins)
    dense = _apart(sizes)[0] if peeled else np.empty(0, np.int64)
    rows = entries.rows
    apart = np.isin(rows, dense)
    colours = colouring(rows[~apart], entries.columns[~apart], (sizes.size, entries.width), keep)
    found = [Group("columns", colours, np.flatnonzero(~apart))]
    if dense.size:
        alone = np.full(sizes.size, -1)
        alone[dense] = np.arange(dense.size)
        found.append(Group("rows", alone, np.flatnonzero(apart)))
    return found


def _along_rows(entries: Entries, peeled: bool, keep: bool) -> list[Group]:
    counts = np.bincount(entries.columns, minlength=entries.width)
    dense = _apart(counts)[0] if peeled else np.empty(0, np.int64)
    apart = np.isin(entries.columns, dense)
    rows = entries.rows
    colours = colouring(entries.columns[~apart], rows[~apart], (counts.size, entries.begins.size - 1), keep)
    found = [Group("rows", colours, np.flatnonzero(~apart))]
    if dense.size:
        alone = np.full(counts.size, -1)
        alone[dense] = np.arange(dense.size)
        found.append(Group("columns", alone, np.flatnonzero(apart)))
    return found


def colouring(rows: Ints, columns: Ints, shape: tuple[int, int], keep: bool) -> Ints:
    """Colours of columns, two of which differ where a row has an entry in both; -1 for a column without entries."""
    from adcompiler.calls.matrices.sparsity_loops import coloured, compiled

    begins, by_row = _lines(rows, columns, shape[0])
    across, by_column = _lines(columns, rows, shape[1])
    sizes = np.diff(begins).astype(np.int64)
    degrees = np.diff(across)
    if sizes.max(initial=0) == np.count_nonzero(degrees) or np.sum(sizes * sizes) > STEPS:
        alone = np.full(shape[1], -1)
        alone[degrees > 0] = np.arange(np.count_nonzero(degrees))
        return alone
    run = compiled(coloured, keep)
    orders = np.argsort(-degrees, kind="stable"), np.arange(shape[1])
    found = [run(begins, by_row, across, by_column, order) for order in orders]
    return min(found, key=lambda colours: int(colours.max(initial=-1)))


def _lines(keys: Ints, values: Ints, count: int) -> tuple[Ints, Ints]:
    """Where each key's values begin, and these key by key."""
    begins = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(keys, minlength=count), out=begins[1:])
    return begins, values[np.argsort(keys, kind="stable")].astype(np.int64)
