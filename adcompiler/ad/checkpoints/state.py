"""Which of the arrays that iterations write a kept state must hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from adcompiler.analysis.access import Access
from adcompiler.analysis.alias import aliases
from adcompiler.analysis.coverage import covered, is_add
from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Path
from adcompiler.ir.walk import map_blocks
from adcompiler.ir.wengert import Block, Func, Store, Var


def lasting(over: Dependence, written: Iterable[Var], loop: Path) -> frozenset[Var]:
    """The arrays of which the loop reads no element that is overwritten later: they are read where they lie.

    An iteration that runs again need not store into them: what it would store is there.
    """
    return frozenset(
        v
        for v in written
        if not over.defs[v].frames
        and not any(over.meets_later(r, w) for r in reads(over, v, loop) for w in over.writes[over.memory.root(v)])
    )


def passing(over: Dependence, written: Iterable[Var], loop: Path) -> frozenset[Var]:
    """The arrays of which each iteration reads only what it has written itself: their contents before do not matter."""
    return frozenset(v for v in written if all(covered(over, r, loop) for r in reads(over, v, loop)))


def reads(over: Dependence, array: Var, loop: Path) -> Iterator[Access]:
    """What a loop reads of the arrays that may share memory with `array`; an addition reads what it adds to."""
    root = over.memory.root(array)
    adds = (w for w in over.writes.get(root, ()) if is_add(over.fn, w))
    for access in (*over.reads.get(root, ()), *adds):
        if any(f.path == loop for f in access.frames):
            yield access


def without_stores(fn: Func, arrays: frozenset[Var]) -> Func:
    """A function that leaves some arrays as they are."""
    memory = aliases(fn)
    roots = {memory.root(v) for v in arrays}

    def visit(block: Block) -> Block:
        return tuple(
            map_blocks(s, visit) for s in block if not (isinstance(s, Store) and memory.root(s.array) in roots)
        )

    return replace(fn, body=visit(fn.body)) if arrays else fn
