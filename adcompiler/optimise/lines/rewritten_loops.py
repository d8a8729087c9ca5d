"""A function with some of its loops written anew."""

from __future__ import annotations

from collections.abc import Callable, Container

from adcompiler.analysis.scope import Path
from adcompiler.ir.build import Builder
from adcompiler.ir.walk import blocks, map_blocks
from adcompiler.ir.wengert import Block, Loop


def with_loops_anew(
    b: Builder, block: Block, chosen: Container[Path], write: Callable[[Builder, Loop, Path], None], path: Path = ()
) -> Block:
    """A block in which `write` has appended what stands for each loop at a chosen path; the rest is as it was."""
    with b.block() as lines:
        for position, stmt in enumerate(block):
            here = (*path, position)
            if isinstance(stmt, Loop) and here in chosen:
                with b.at(stmt.span):
                    write(b, stmt, here)
            else:
                nested = enumerate(blocks(stmt))
                arms = iter([with_loops_anew(b, inner, chosen, write, (*here, k)) for k, inner in nested])
                b.add(map_blocks(stmt, lambda _, arms=arms: next(arms)))  # type: ignore[misc]
    return tuple(lines)
