"""Where each name is defined: its statement and the blocks around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from adcompiler.ir.once import once
from adcompiler.ir.walk import blocks, defines, inner
from adcompiler.ir.wengert import Block, Branch, Func, Loop, Stmt, Var, While

Path = tuple[int, ...]
Role = Literal["param", "line", "index", "carry", "out"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One enclosing block: the region and which of its blocks."""

    path: Path
    region: Loop | While | Branch
    arm: int

    @property
    def is_loop(self) -> bool:
        """Whether the block runs once an iteration."""
        return not isinstance(self.region, Branch)


@dataclass(frozen=True, slots=True)
class Definition:
    """The statement that defines a name, its place, and the blocks around it, outermost first."""

    stmt: Stmt | None
    path: Path
    frames: tuple[Frame, ...]
    role: Role

    @property
    def loops(self) -> tuple[Frame, ...]:
        """The loops around the definition, outermost first."""
        return tuple(f for f in self.frames if f.is_loop)


def sites(
    block: Iterable[Stmt], path: Path = (), frames: tuple[Frame, ...] = ()
) -> Iterator[tuple[Stmt, Path, tuple[Frame, ...]]]:
    """Every statement with its path (positions and block numbers, alternating) and enclosing blocks."""
    for position, stmt in enumerate(block):
        here = (*path, position)
        yield stmt, here, frames
        if isinstance(stmt, (Loop, While, Branch)):
            for arm, nested in enumerate(blocks(stmt)):
                yield from sites(nested, (*here, arm), (*frames, Frame(here, stmt, arm)))


@once
def definitions(fn: Func) -> dict[Var, Definition]:
    """The definition of every name of a function."""
    found = {p: Definition(None, (), (), "param") for p in fn.params}
    for stmt, path, frames in sites(fn.body):
        region = isinstance(stmt, (Loop, While, Branch))
        for var in defines(stmt):
            found[var] = Definition(stmt, path, frames, "out" if region else "line")
        if isinstance(stmt, (Loop, While)):
            arm = Frame(path, stmt, 0)
            for var in inner(stmt):
                role: Role = "index" if isinstance(stmt, Loop) and var == stmt.index else "carry"
                found[var] = Definition(stmt, path, (*frames, arm), role)
    return found


def block_at(fn: Func, path: Path) -> Block:
    """The block that holds the statement at `path`."""
    block = fn.body
    for position, arm in zip(path[0:-1:2], path[1::2], strict=True):
        block = blocks(block[position])[arm]
    return block
