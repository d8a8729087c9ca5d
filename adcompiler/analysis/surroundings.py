"""A walk over a function in the order of its statements, with what is known at each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from adcompiler.analysis.access import loop_limits
from adcompiler.analysis.affine import affine
from adcompiler.analysis.conditions import Conditions
from adcompiler.analysis.known import Known
from adcompiler.analysis.scope import Frame, Path
from adcompiler.ir.walk import blocks
from adcompiler.ir.wengert import Assign, Block, Branch, Check, Func, Load, Loop, Stmt, Var, While

_Self = TypeVar("_Self", bound="Surroundings")


@dataclass(slots=True)
class Surroundings:
    """The facts and the blocks around the statement that is visited; a pass overrides what it wants to see."""

    fn: Func
    known: Known
    frames: list[Frame] = field(default_factory=list)

    @classmethod
    def of(cls: type[_Self], fn: Func) -> _Self:
        """Before the first statement."""
        forms = affine(fn)
        return cls(fn, Known(forms, Conditions(forms)))

    def visit(self) -> None:
        """Walk over the whole function."""
        for param in self.fn.params:
            self.learn_extents(param)
        self.block(self.fn.body, ())

    def block(self, block: Block, path: Path) -> None:
        """Visit the statements of a block in order."""
        for position, stmt in enumerate(block):
            self.statement(stmt, (*path, position))

    def statement(self, stmt: Stmt, path: Path) -> None:
        """Visit one statement and learn from it."""
        match stmt:
            case Check():
                self.check(stmt, path)
            case Assign(target=target) | Load(target=target):
                self.learn_extents(target)
            case Loop():
                self.loop(stmt, path)
            case While():
                with self.known.scope(()):
                    self.nested(stmt.condition, Frame(path, stmt, 0))
                    self.known.learn(self.known.conditions.implied(stmt.test))
                    self.nested(stmt.body, Frame(path, stmt, 1))
            case Branch():
                for arm, nested in enumerate(blocks(stmt)):
                    with self.known.scope(self.known.conditions.implied(stmt.test, arm == 0)):
                        self.nested(nested, Frame(path, stmt, arm))
            case _:
                pass

    def loop(self, stmt: Loop, path: Path) -> None:
        """Visit a counted loop."""
        frame = Frame(path, stmt, 0)
        with self.known.scope(loop_limits(self.known.affine, (frame,))):
            self.nested(stmt.body, frame)

    def nested(self, block: Block, frame: Frame) -> None:
        """Visit a block of a region."""
        self.frames.append(frame)
        self.block(block, (*frame.path, frame.arm))
        self.frames.pop()

    def check(self, stmt: Check, path: Path) -> None:
        """Visit a check."""
        self.learn_check(stmt)

    def learn_check(self, stmt: Check) -> None:
        """What failed is false from here on."""
        self.known.learn(self.known.conditions.implied(stmt.failed, False))
        cases = self.known.conditions.exactly(stmt.failed) or []
        self.known.scopes[-1].never += [case for case in cases if len(case) > 1]

    def learn_extents(self, array: Var) -> None:
        """The extents of an array that exists are not negative."""
        self.known.learn(self.known.affine.form(e) for e in self.fn.shape(array))


__all__ = ["Surroundings"]
