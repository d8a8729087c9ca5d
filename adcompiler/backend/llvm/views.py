"""Views that need no reference of their own: another variable keeps their memory alive for as long as they are read.

Numba counts a reference for each view, and gives it up again: two calls for a row of a matrix, or for a transposed one.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from numba.core import ir
from numba.core.analysis import compute_cfg_from_blocks

from adcompiler.backend.llvm.exits import assignments

_PARTS = ("getitem", "static_getitem")


def lent(blocks: Mapping[Any, Any], arrays: set[str], kept: set[str], live: Mapping[Any, set[str]]) -> set[str]:
    """The views, and other names of arrays, whose memory outlives them.

    Parameters
    ----------
    blocks
        Of the function, with the lines that give up variables.
    arrays
        The arrays with one assignment each, which comes before all that reads them.
    kept
        Those of them that the caller keeps alive.
    live
        For each block the variables that are read from where it begins.
    """
    made = {line.target.name: line.value for line in assignments(blocks.values()) if line.target.name in arrays}
    owners = {name: owner for name in made if (owner := _owner(name, made, kept)) != name}
    free = {name for name, owner in owners.items() if owner in kept}
    others = owners.keys() - free
    if not others:
        return free
    late = _read_too_late({owners[name] for name in others}, blocks, live)
    return free | {name for name in others if name not in late.get(owners[name], ())}


def _owner(name: str, made: Mapping[str, Any], kept: set[str]) -> str:
    """The variable that has the memory of a view, found through other views."""
    while name not in kept:
        origin = _viewed(made[name])
        if origin not in made:
            break
        name = origin
    return name


def _viewed(value: Any) -> Any:
    """The variable of which a value may be a view, or another name."""
    if isinstance(value, ir.Var):
        return value.name
    if isinstance(value, ir.Expr) and (value.op in _PARTS or (value.op == "getattr" and value.attr == "T")):
        return value.value.name
    return None


def _read_too_late(owners: set[str], blocks: Mapping[Any, Any], live: Mapping[Any, set[str]]) -> dict[str, set[str]]:
    """For each of some variables what is read after it is given up.

    A view is read before its owner gets another value: the owner's comes before the view on every way to it.
    """
    graph, late = compute_cfg_from_blocks(blocks), dict[str, set[str]]()
    for label, block in blocks.items():
        for place, line in enumerate(block.body):
            if isinstance(line, ir.Del) and line.value in owners:
                found = late.setdefault(line.value, set())
                found.update(_read(block.body[place + 1 :]), *(live[after] for after, _ in graph.successors(label)))
    return late


def _read(lines: Any) -> Iterator[str]:
    return (v.name for line in lines if not isinstance(line, ir.Del) for v in line.list_vars())


__all__ = ["lent"]
