"""Loops over the entries of a sparsity pattern, which Numba compiles: reading it out of sets, and its colours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from adcompiler.backend import cpu

Ints = np.ndarray[Any, np.dtype[np.integer[Any]]]


def compiled(function: Callable[..., Any], keep: bool) -> Callable[..., Any]:
    """One of the functions below, by Numba; as it is where generated code runs as plain Python."""
    return function if cpu.interpreted() else _dispatcher(function, keep)


@lru_cache(maxsize=8)
def _dispatcher(function: Callable[..., Any], keep: bool) -> Callable[..., Any]:
    text = f"from __future__ import annotations\nimport numpy as np\n\n\n{inspect.getsource(function)}"
    found: Callable[..., Any] = cpu.numba_function(text, function.__name__, keep=keep)
    return found


def members(ids: Ints, sets: Ints, first: int, room: int, columns: int, most: int) -> tuple[Ints, Ints]:
    """The columns of some sets, row by row in ascending order: where each row begins, and the columns.

    `first` and `room` say where `sets` keeps the two numbers of each set; more than `most` columns in all are not
    gathered, and the last beginning is negative then.
    """
    begins = np.zeros(ids.size + 1, np.int64)
    found = np.empty(max(4 * ids.size, 64), np.int32)
    seen, met = np.full(columns, -1, np.int64), np.full(sets[0], -1, np.int64)
    agenda = np.empty(1024, np.int64)
    top = 0
    for row in range(ids.size):
        if top + columns > found.size:
            longer = np.empty(max(2 * found.size, top + columns), np.int32)
            longer[:top] = found[:top]
            found = longer
        start = top
        if ids[row] == 1:
            for k in range(columns):
                found[top + k] = k
            top += columns
        elif ids[row] > 1:
            agenda[0], left = ids[row], 1
            met[ids[row]] = row
            everything = False
            large = False
            while left:
                left -= 1
                here = agenda[left]
                begin, size = sets[first + here], sets[first + room + here]
                if size < 0:
                    large = True
                    if left + 2 > agenda.size:
                        more = np.empty(2 * agenda.size, np.int64)
                        more[:left] = agenda[:left]
                        agenda = more
                    for other in (begin, -size):
                        everything = everything or other == 1
                        if met[other] != row:
                            met[other] = row
                            agenda[left] = other
                            left += 1
                else:
                    for k in range(begin, begin + size):
                        if seen[sets[k]] != row:
                            seen[sets[k]] = row
                            found[top] = sets[k]
                            top += 1
            if everything:
                for k in range(columns):
                    found[start + k] = k
                top = start + columns
            elif large:
                found[start:top] = np.sort(found[start:top])
        begins[row + 1] = top
        if top > most:
            begins[ids.size] = -1
            return begins, found[:0]
    return begins, found[:top]


def coloured(begins: Ints, columns: Ints, across: Ints, rows: Ints, order: Ints) -> Ints:
    """Colours of the columns, two of which differ where a row has an entry in both.

    `begins` and `columns` give the entries of each row, `across` and `rows` those of each column; the columns are
    coloured in an order, each with the first colour that none before it excludes. A column without entries has -1.
    """
    colours = np.full(order.size, -1, np.int32)
    excluded = np.full(order.size + 1, -1, np.int64)
    for column in order:
        if across[column] == across[column + 1]:
            continue
        for k in range(across[column], across[column + 1]):
            row = rows[k]
            for j in range(begins[row], begins[row + 1]):
                other = colours[columns[j]]
                if other >= 0:
                    excluded[other] = column
        colour = 0
        while excluded[colour] == column:
            colour += 1
        colours[column] = colour
    return colours
