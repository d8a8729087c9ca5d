"""Variables that need no memory: each is given a value once, before all that reads it on every way there.

Numba keeps a variable that is read outside its block in memory, with a store, and a load for each use, of all fields of
an array: most lines of a function, which LLVM then removes again.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from numba.core.analysis import compute_cfg_from_blocks, must_use_alloca

from adcompiler.backend.llvm.exits import assignments


def assigned_once(blocks: Mapping[int, Any], found: Any) -> tuple[set[str], set[str]]:
    """The names with one value that no other block reads, and those that blocks read which it dominates.

    `found` is Numba's of the names that each block reads and defines. Blocks are written in the order of their labels:
    a value is there for those behind its own.
    """
    counts = Counter(line.target.name for line in assignments(blocks.values()))
    elsewhere = must_use_alloca(blocks)
    homes = {name: label for label, names in found.defmap.items() for name in names if counts[name] == 1}
    readers: dict[str, list[int]] = {}
    for label, names in found.usemap.items():
        for name in names:
            readers.setdefault(name, []).append(label)
    dominators = compute_cfg_from_blocks(blocks).dominators()
    local, across = set[str](), set[str]()
    for name, home in homes.items():
        if name in elsewhere:
            continue
        if name not in readers:
            local.add(name)
        elif all(home < label and home in dominators[label] for label in readers[name]):
            across.add(name)
    return local, across
