"""Views that need no reference of their own: another variable keeps their memory alive for as long as they are read.

Numba counts a reference for each view, and gives it up again: two calls for a row of a matrix, or for a transposed one.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from numba import types
from numba.core import ir

from adcompiler.backend.llvm.exits import assignments

_PARTS = ("getitem", "static_getitem")
# the indices for which a part of an array is no copy, alone or in a tuple
_WITHOUT_COPY = (types.Integer, types.SliceType, types.EllipsisType, types.NoneType)


def lent(
    blocks: Mapping[Any, Any],
    arrays: set[str],
    kept: set[str],
    lifetimes: Any,
    typeof: Callable[[str], Any],
) -> set[str]:
    """The views, and other names of arrays, whose memory outlives them.

    Parameters
    ----------
    blocks
        Of the function, with the lines that give up variables.
    arrays
        The arrays with one assignment each, which comes before all that reads them.
    kept
        Those of them that the caller keeps alive.
    lifetimes
        Numba's: for each block the variables that are read from where it begins, and the graph of the blocks.
    typeof
        Gives the type of a name.
    """
    lines = assignments(blocks.values())
    origins = {line.target.name: _viewed(line.value, typeof) for line in lines if line.target.name in arrays}
    holding, late = set(kept), dict[str, set[str]]()
    while True:
        owners = {name: owner for name in origins if (owner := _owner(name, origins, holding)) != name}
        late |= _read_too_late(set(owners.values()) - kept - late.keys(), blocks, lifetimes)
        # what is made of a view that is read too late may itself be made after the owner is given up
        found = {name for name, owner in owners.items() if name in late.get(owner, ())}
        if not found:
            return set(owners)
        holding |= found


def _owner(name: str, origins: Mapping[str, str | None], holding: set[str]) -> str:
    """The variable that keeps the memory of a view alive, found through other views that do not."""
    while name not in holding:
        origin = origins[name]
        if origin is None or origin not in origins:
            break
        name = origin
    return name


def _viewed(value: Any, typeof: Callable[[str], Any]) -> str | None:
    """The variable of which a value is a view, or another name."""
    if isinstance(value, ir.Var):
        return str(value.name)
    if not isinstance(value, ir.Expr):
        return None
    part = value.op in _PARTS and _copies_nothing(value, typeof)
    return str(value.value.name) if part or (value.op == "getattr" and value.attr == "T") else None


def _copies_nothing(part: Any, typeof: Callable[[str], Any]) -> bool:
    """Whether a part of an array has the array's memory, as it has for whole numbers and slices."""
    index = part.index if part.op == "getitem" else part.index_var
    if index is None:
        return False
    kind = typeof(index.name)
    kinds = kind.types if isinstance(kind, (types.UniTuple, types.Tuple)) else (kind,)
    return all(isinstance(one, _WITHOUT_COPY) for one in kinds)


def _read_too_late(owners: set[str], blocks: Mapping[Any, Any], lifetimes: Any) -> dict[str, set[str]]:
    """For each of some variables what is read after it is given up.

    A view is read before its owner gets another value: the owner's comes before the view on every way to it.
    """
    late: dict[str, set[str]] = {name: set() for name in owners}
    if not owners:
        return late
    graph, live = lifetimes.cfg, lifetimes.livemap
    for label, block in blocks.items():
        for place, line in enumerate(block.body):
            if isinstance(line, ir.Del) and line.value in owners:
                read = _read(block.body[place + 1 :])
                late[line.value].update(read, *(live[after] for after, _ in graph.successors(label)))
    return late


def _read(lines: Any) -> Iterator[str]:
    return (v.name for line in lines if not isinstance(line, ir.Del) for v in line.list_vars())


__all__ = ["lent"]
