"""Lines of innermost loops that are cheaper where a number is an ordinary one, which is asked once before the loops."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from adcompiler.ir.build import Builder
from adcompiler.ir.walk import all_defs, map_blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Func, Loop, Stmt, Var, While


@dataclass(slots=True)
class Upfront(ABC):
    """Rewrites the lines `taken`, whose second argument no iteration of their loop changes.

    What is prepared of that argument stands before the outermost loop that leaves it as it is: a number to use in its
    place, and whether it is an odd one, of which the plain line is wrong; None where that is known. An iteration
    chooses between two lines by one test for all odd numbers of its loop, and LLVM makes two loops of it.
    """

    b: Builder
    taken: set[Var]
    known: dict[Atom, tuple[Atom, Atom | None]] = field(default_factory=dict)

    @abstractmethod
    def prepared(self, by: Atom, dtype: str) -> tuple[Atom, Atom | None]:
        """A number to use in place of another one, and whether that must not be done."""

    @abstractmethod
    def line(self, stmt: Assign, number: Atom, odd: Atom | None) -> None:
        """Append a line with the number that was prepared, unless the test holds."""

    def block(self, block: Block) -> Block:
        """A block with the innermost loops rewritten."""
        built = list[Stmt]()
        for stmt in block:
            own = all_defs([stmt])
            for loop in innermost((stmt,)):
                for line in self.lines(loop):
                    by = line.args[1]
                    if by not in own and by not in self.known:
                        with self.b.block() as lines, self.b.at(line.span):
                            self.known[by] = self.prepared(by, self.b.type(line.target).dtype)
                        built += lines
            if isinstance(stmt, Loop) and is_innermost(stmt):
                built += self.loop(stmt, self.lines(stmt))
            else:
                built.append(map_blocks(stmt, self.block))
        return tuple(built)

    def lines(self, loop: Loop) -> list[Assign]:
        """The lines of an innermost loop to rewrite: of its values, by what it does not change."""
        own = {loop.index, *(c.var for c in loop.carried), *all_defs(loop.body)}
        lines = [s for s in loop.body if isinstance(s, Assign) and s.target in self.taken]
        return [s for s in lines if s.args[0] in own and s.args[1] not in own]

    def loop(self, loop: Loop, lines: list[Assign]) -> Block:
        """A loop with one test for all of its odd numbers."""
        odd: Atom | None = None
        with self.b.block() as built:
            for test in dict.fromkeys(self.known[s.args[1]][1] for s in lines):
                odd = test if odd is None or test is None else self.b.emit("logical_or", odd, test, hint="odd")
            with self.b.block() as body:
                for stmt in loop.body:
                    if isinstance(stmt, Assign) and stmt in lines:
                        number, test = self.known[stmt.args[1]]
                        with self.b.at(stmt.span):
                            self.line(stmt, number, None if test is None else odd)
                    else:
                        self.b.add(stmt)
            built.append(replace(loop, body=tuple(body)))
        return tuple(built)


def innermost(block: Block) -> Iterator[Loop]:
    """The loops that have no region in them."""
    for stmt in walk(block):
        if isinstance(stmt, Loop) and is_innermost(stmt):
            yield stmt


def is_innermost(loop: Loop) -> bool:
    """Whether a loop has no region in it."""
    return not any(isinstance(s, (Loop, While, Branch)) for s in loop.body)


def lines_of(fn: Func, op: str) -> list[Assign]:
    """The lines of an operation in the innermost loops of a function."""
    return [s for loop in innermost(fn.body) for s in loop.body if isinstance(s, Assign) and s.op == op]


__all__ = ["Upfront", "innermost", "is_innermost", "lines_of"]
