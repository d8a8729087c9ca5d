"""Loops over neighbours on a ring, `a[(i + 1) % n]`, in two: one to the end of the array, one from its beginning on."""

from __future__ import annotations

from dataclasses import dataclass

from adcompiler.analysis.turns import Turn
from adcompiler.ir.build import Builder
from adcompiler.ir.walk import all_defs, all_reads, rename
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Loop, Stmt, Store, Var

#: Operations that never raise, so that they may be done before a loop that does not run.
_PLAIN = frozenset(("add", "sub", "mul", "neg"))


@dataclass(frozen=True, slots=True)
class Half:
    """The iterations from `start` to `stop`, at most one or any number, and the lines of an index in them."""

    start: Atom
    stop: Atom
    lines: Block
    once: bool = False

    def region(self, b: Builder, loop: Loop, index: Atom, body: Block) -> Stmt:
        """The iterations with the index `index`, which is the start where there is one at most."""
        if not self.once:
            assert isinstance(index, Var)
            return Loop(index, self.start, self.stop, loop.step, (), body, None, False, loop.span)
        runs = b.emit("lt", self.start, self.stop, hint="runs", weak=True)
        return Branch(runs, body, (), (), loop.span)


def halves(b: Builder, loop: Loop, remainder: Assign, turn: Turn | None, lines: Block) -> tuple[Half, ...]:
    """The iterations of a loop whose number goes around once, before and behind that; none where it may not.

    `lines` make the remainder of a number that moves with the index one by one. What marks the place between the halves
    is added to the builder.
    """
    number, divisor = remainder.args
    made = lines_of(loop, {number})
    plain = all(isinstance(s, Assign) and s.op in _PLAIN for s in made)
    if turn is None or turn.below + turn.above != 1 or not plain or divisor in all_defs(loop.body):
        return ()
    names: dict[Var, Atom] = {loop.index: loop.start, **{v: b.like(v) for v in all_defs(made)}}
    b.extend(rename(made, names))
    first = names.get(number, number) if isinstance(number, Var) else number
    turned = plus(b, b.int("sub", loop.start, first), divisor, turn.above - turn.shift)
    ends = b.int("minimum", turned, loop.stop), b.int("maximum", turned, loop.start)
    whole = turn.shift + turn.below
    return (
        Half(loop.start, ends[0], shifted(b, lines, remainder, whole), turn.once and turn.below > 0),
        Half(ends[1], loop.stop, shifted(b, lines, remainder, whole - 1), turn.once and turn.above > 0),
    )


def shifted(b: Builder, lines: Block, remainder: Assign, by: int) -> Block:
    """Lines in which a remainder is the number and so many divisors."""
    number, divisor = remainder.args
    built: list[Stmt] = []
    for line in lines:
        if line != remainder:
            built.append(line)
            continue
        with b.block() as sums:
            total = plus(b, number, divisor, by)
        built += [*sums, Assign(remainder.target, "pos", (total,), (), remainder.span)]
    return tuple(built)


def plus(b: Builder, number: Atom, divisor: Atom, by: int) -> Atom:
    """A number and so many divisors."""
    return b.int("add" if by > 0 else "sub", number, b.int("mul", divisor, Const(abs(by)))) if by else number


def lines_of(loop: Loop, needed: set[Atom]) -> Block:
    """The lines of a loop by which names are computed."""
    lines: list[Stmt] = []
    for line in reversed(loop.body):
        if not isinstance(line, Store) and needed & all_defs([line]):
            lines.insert(0, line)
            needed = needed | all_reads([line])
    return tuple(lines)


__all__ = ["Half", "halves", "lines_of", "plus"]
