"""Variables that need no memory: each is given a value once, before all that reads it on every way there.

Numba keeps a variable that is read outside its block in memory, with a store, and a load for each use, of all fields of
an array: most lines of a function, which LLVM then removes again.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adcompiler.backend.llvm.exits import values_given


def assigned_once(blocks: Mapping[int, Any], lifetimes: Any) -> tuple[set[str], set[str]]:
    """The names with one value that no other block reads, and those that blocks read which it dominates.

    `lifetimes` is Numba's: which names each block reads and defines, and the graph of the blocks. These are written in
    the order of their labels: a value is there for those behind its own.
    """
    values, found = values_given(blocks), lifetimes.usedefs
    homes = {name: label for label, names in found.defmap.items() for name in names if len(values[name]) == 1}
    readers: dict[str, list[int]] = {}
    for label, names in found.usemap.items():
        for name in names:
            readers.setdefault(name, []).append(label)
    dominators = lifetimes.cfg.dominators()
    local, across = set[str](), set[str]()
    for name, home in homes.items():
        if name not in readers:
            local.add(name)
        elif all(home < label and home in dominators[label] for label in readers[name]):
            across.add(name)
    return local, across
